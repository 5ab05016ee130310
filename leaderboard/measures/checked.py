"""Validation of the policy that training returns, and of its actions."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.spaces import checked_actions, within_bounds
from il_envs.learning.policy import Policy
from il_envs.world import World
from leaderboard.measures.checked_tables import InvalidActionError

PREDICT_ARGUMENTS = ("observation", "state", "episode_start", "deterministic")
OPTIONAL_METHODS = ("tensors", "action_probabilities")
"""Optional methods of a policy; a value of None counts as leaving the method out."""


def require_policy(policy: object) -> None:
    """Check the policy that training has returned, as far as possible without calling it.

    Raises:
        TypeError: if it has no method `predict` with the right arguments, or if an optional method
            is not a method.
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
    with suppress(ValueError):  # compiled code may have no signature
        signature = inspect.signature(policy.predict)
        try:
            signature.bind(*PREDICT_ARGUMENTS)
        except TypeError as error:
            wanted = ", ".join(PREDICT_ARGUMENTS)
            raise TypeError(f"predict of {kind} must take ({wanted}), not {signature}") from error


def tensors_of(owner: object) -> dict[str, NDArray[Any]]:
    """The arrays that the method `tensors` of a policy or a reward returns, made contiguous; empty
    if it has no such method.

    Raises:
        TypeError: if it does not return a dict from names to arrays of numbers.
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
    """A policy whose actions are all checked before they reach the world."""

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
        """The policy's actions and state, checked.

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
            within_bounds(rows, self._world, actions)
        except (ValueError, TypeError) as error:
            raise InvalidActionError(str(error)) from error
        return actions, state
