"""What training returns and how a policy acts, checked before anything believes it."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.spaces import checked_actions, within_bounds
from il_envs.learning.policy import Policy
from il_envs.world import World
from leaderboard.checked_tables import InvalidActionError

PREDICT_ARGUMENTS = ("observation", "state", "episode_start", "deterministic")
OPTIONAL_METHODS = ("tensors", "action_probabilities")
"""Of a policy; None is the same as leaving one out."""


def require_policy(policy: object) -> None:
    """Check what training has returned, as far as that can be seen before it is used.

    Raises:
        TypeError: if it has no method `predict` of the right arguments, or something else in the
            place of an optional method.
    """
    kind = type(policy).__name__
    if isinstance(policy, type):
        raise TypeError(f"train must return a policy, not the class {policy.__name__} itself")
    if not hasattr(policy, "predict"):
        raise TypeError(f"train must return a policy with a method predict, not {kind}")
    for name in ("predict", *OPTIONAL_METHODS):
        method = getattr(policy, name, None)
        if not callable(method) and (name == "predict" or method is not None):
            found = type(method).__name__
            raise TypeError(f"{name} of a policy must be a method, in {kind} it is of type {found}")
    with suppress(ValueError):  # compiled code may not tell what it takes
        signature = inspect.signature(policy.predict)
        try:
            signature.bind(*PREDICT_ARGUMENTS)
        except TypeError as error:
            wanted = ", ".join(PREDICT_ARGUMENTS)
            raise TypeError(f"predict of {kind} must take ({wanted}), not {signature}") from error


def tensors_of(owner: object) -> dict[str, NDArray[Any]]:
    """What the method `tensors` of a policy or a reward returns, contiguous; empty if it has none.

    Raises:
        TypeError: if it is no dict of names to arrays of numbers.
    """
    tensors = getattr(owner, "tensors", None)
    if tensors is None:
        return {}
    named = tensors()
    must = "tensors must return a dict of names to arrays of numbers"
    if not isinstance(named, Mapping):
        raise TypeError(f"{must}, not {type(named).__name__}")
    for name in named:
        if not isinstance(name, str):
            raise TypeError(f"{must}; the name {name!r} is of type {type(name).__name__}")
    return {name: _numbers(array, f"{must}; {name!r}") for name, array in named.items()}


def _numbers(array: object, what: str) -> NDArray[Any]:
    try:
        numbers = np.asarray(array, order="C")
    except (TypeError, ValueError, RuntimeError) as error:  # ragged; of a tensor with a gradient
        raise TypeError(f"{what} is no array: {error}") from error
    if numbers.dtype.kind not in "biuf" or numbers.dtype.itemsize > 8:
        raise TypeError(f"{what} has dtype {numbers.dtype}")
    return numbers


class CheckedPolicy:
    """A policy whose every answer is checked before the world sees it."""

    def __init__(self, policy: Policy, world: World) -> None:
        require_policy(policy)
        self._policy = policy
        self._world = world

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """The policy's answer.

        Raises:
            InvalidActionError: if it is not (actions [rows, ...] in the action space, state).
        """
        answer = self._policy.predict(observation, state, episode_start, deterministic)
        if not isinstance(answer, tuple) or len(answer) != 2:
            kind = type(answer).__name__
            raise InvalidActionError(f"predict must return (actions, state), not {kind}")
        actions, state = answer
        try:
            rows = checked_actions(actions, self._world, (len(observation),))
            within_bounds(rows, self._world)
        except (ValueError, TypeError) as error:
            raise InvalidActionError(str(error)) from error
        return actions, state
