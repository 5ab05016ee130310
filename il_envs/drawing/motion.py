"""States on the way from one step to the next, for pictures that are painted between two steps.

What is a number that changes smoothly goes from the old value to the new one; everything else, such
as the buttons held, has its new value from the start of the step.
"""

import numpy as np

from il_envs.views import States


def is_step(before: np.void, after: np.void) -> bool:
    """Whether the second state may follow the first one in an episode; otherwise it is a start or
    has been restored."""
    same = all(before[name] == after[name] for name in ("key", "episode"))
    return bool(same and after["step"] == before["step"] + 1)


def on_the_way(before: np.void, after: np.void, share: float, fields: tuple[str, ...]) -> States:
    """A copy of the second state whose `fields` are so far on a straight way from the first one's.

    Args:
        share: from 0, the first state's values, to 1.

    Returns:
        One State record, [1].
    """
    shown = np.array([after])
    for name in fields:
        shown[name] = before[name] + share * (after[name] - before[name])
    return shown


def turn(shown: States, before: np.void, share: float, cosine: str, sine: str) -> None:
    """Turn a direction, given by the names of its two fields, from the first state's to that of
    `shown` [1], in place."""
    start = complex(before[cosine], before[sine])
    way = (1.0 - share) * start + share * complex(shown[cosine][0], shown[sine][0])
    if abs(way) > 1e-9:
        shown[cosine], shown[sine] = way.real / abs(way), way.imag / abs(way)


def around(before: float, after: float, share: float, length: float) -> float:
    """A place on a closed way of this length, so far on the shorter way from one to another."""
    way = (after - before + length / 2) % length - length / 2
    return (before + share * way) % length


def eased(share: float) -> float:
    """The share of a way that begins and ends gently."""
    return share * share * (3.0 - 2.0 * share)
