"""Runs imitation-learning algorithms on worlds, keeps the raw results, and makes the table."""


class UserError(Exception):
    """A mistake of the user's; its text is one line that says what was wrong and what is right."""

    exit_code = 1


class UsageError(UserError):
    """An argument of the command line that cannot be."""

    exit_code = 2
