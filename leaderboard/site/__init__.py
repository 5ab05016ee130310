"""The board as static pages: `leaderboard site DIR ... --out HTML`.

rows.py     the rows of runs and rounds, as the board has them
clips.py    films of episodes
charts.py   pictures that need no program
pages.py    pages from templates
build.py    the command
"""
