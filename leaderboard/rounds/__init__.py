"""Rounds: submissions that are trained and scored in instances that nobody could know."""
