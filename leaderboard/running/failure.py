"""What an error says of a cell, in the scorer's process and in the algorithm's."""

import traceback

from il_envs.learning.learned_reward import InvalidRewardError
from leaderboard.cells import Status
from leaderboard.measures.checked_tables import InvalidActionError
from leaderboard.texts import one_line

INVALID = (InvalidActionError, InvalidRewardError)
"""Errors for invalid output of a learner; their message is the whole reason of the failure."""


def failure_of(error: BaseException) -> tuple[Status, str]:
    """The status and the reason of a cell in which an error was raised."""
    if isinstance(error, INVALID):
        return "invalid action", str(error)
    is_refused = isinstance(error, MemoryError) or "allocate memory" in str(error)  # as Torch says
    reason = one_line(traceback.format_exception_only(error)[-1])
    return "memory" if is_refused else "error", reason
