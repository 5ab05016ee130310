"""Whether results are what they say.

replays.py       its episodes, by their actions
statements.py    what a cell says of itself: seeds, budget, meter, versions, files
measured.py      exact metrics, controlled returns, the share outside the support
references.py    the reference rows, run again
retrained.py     cells trained again
command.py       the command `leaderboard verify`
"""
