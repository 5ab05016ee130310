"""The official results, and what is released with them.

making.py     every bundled algorithm in every world, in instances that nobody could know
evidence.py   what cells were scored from, which is too large to be committed
release.py    policies and demonstrations with their cards
"""
