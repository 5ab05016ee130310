"""Twelve published claims about imitation learning, measured here: `leaderboard claims`."""
