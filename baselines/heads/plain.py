"""The head of an action space that behaviour cloning has by default: one mode, or none hidden."""

from typing import Any

import gymnasium as gym

from baselines.heads.bernoulli import BernoulliHead
from baselines.heads.categorical import CategoricalHead
from baselines.heads.gaussian import GaussianHead

PlainHead = GaussianHead | CategoricalHead | BernoulliHead


def plain_head(space: gym.Space[Any]) -> PlainHead:
    """A Gaussian for Box actions, a categorical distribution for Discrete ones, and independent
    Bernoulli distributions for buttons.

    Raises:
        TypeError: if there is no head for the space.
    """
    for kind in (GaussianHead, CategoricalHead, BernoulliHead):
        if isinstance(space, kind.kinds):
            return kind(space)  # type: ignore[arg-type]
    raise TypeError(f"no likelihood for the action space {space}")
