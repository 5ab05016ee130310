"""Heads of policy networks: distributions over actions, one class a file.

A new one is a class in a file of its own, and a line in `HEADS`.
"""

from typing import Any

import gymnasium as gym

from baselines.heads.autoregressive import AutoregressiveHead
from baselines.heads.conditional_vae import ConditionalVAEHead
from baselines.heads.flow import FlowHead
from baselines.heads.head import ActionHead
from baselines.heads.joint import JointHead
from baselines.heads.mixture import MixtureHead
from baselines.heads.plain import plain_head

HEADS: dict[str, type[ActionHead]] = {
    "mixture": MixtureHead,
    "cvae": ConditionalVAEHead,
    "flow": FlowHead,
    "autoregressive": AutoregressiveHead,
    "joint": JointHead,
}
"""Heads to choose instead of a space's plain one."""

PLAIN = "plain"
"""Name of the head that a space has by default."""


def action_head(space: gym.Space[Any], name: str = PLAIN) -> ActionHead:
    """The head of that name for an action space.

    Raises:
        ValueError: if there is no head of that name.
        TypeError: if it is not for such a space.
    """
    if name == PLAIN:
        return plain_head(space)
    if name not in HEADS:
        raise ValueError(f"there is no head {name!r}; there are {', '.join((PLAIN, *HEADS))}")
    if not HEADS[name].fits(space):
        raise TypeError(f"the head {name!r} is for {HEADS[name].actions()}, and not for {space}")
    head: Any = HEADS[name]
    made: ActionHead = head(space)
    return made


__all__ = ["HEADS", "PLAIN", "ActionHead", "action_head", "plain_head"]
