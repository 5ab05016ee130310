"""The way in for algorithms of others.

bundle.py     an algorithm as its author hands it in
signatures.py by whom
submit.py     making a bundle
review.py     running one again, in instances that nobody could know
pulling.py    fetching one that is listed
commands.py   the commands of these
"""
