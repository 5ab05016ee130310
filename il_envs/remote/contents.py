"""What is more than numbers and arrays, as messages and back: terms, demonstrations, models."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from il_envs.exact.linear_gaussian import LinearQuadraticModel
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.metering import Budget, Source
from il_envs.learning.rollout import Episode
from il_envs.remote.channel import Message
from il_envs.world import Dynamics, Spaces, Truth, World

Arrays = Mapping[str, NDArray[Any]]
Parts = tuple[dict[str, Any], dict[str, NDArray[Any]]]
"""The fields and the arrays of a message."""


@dataclass(frozen=True)
class Terms:
    """What an algorithm's process is told of its problem.

    Attributes:
        world: name, spaces and limit of the world, and whether it has a model. Of one that has
            crossed everything else is unknown, and its model raises LookupError.
    """

    world: World
    sources: frozenset[Source]
    budget: Budget

    def message(self) -> Message:
        """The message that tells them."""
        observation, bounds = _space_parts("observation", self.world.spaces.observation)
        action, more = _space_parts("action", self.world.spaces.action)
        told = {
            "world": self.world.name,
            "max_episode_steps": self.world.dynamics.max_episode_steps,
            "has_model": self.world.truth.model is not None,
            "observation": observation,
            "action": action,
            "action_names": self.world.spaces.action_names,
            "sources": sorted(self.sources),
            "labels": self.budget.labels,
            "steps": self.budget.steps,
        }
        return Message("terms", told, bounds | more)

    @staticmethod
    def of(message: Message) -> "Terms":
        """The terms that a message tells."""
        told = message.fields
        spaces = Spaces(
            _space("observation", told["observation"], message.arrays),
            _space("action", told["action"], message.arrays),
            tuple(told["action_names"]),
        )
        world = _nameplate(told["world"], spaces, told["max_episode_steps"], told["has_model"])
        return Terms(world, frozenset(told["sources"]), Budget(told["labels"], told["steps"]))


def _nameplate(name: str, spaces: Spaces, max_episode_steps: int, has_model: bool) -> World:
    """A world of which nothing else is known."""

    def unknown(*arguments: Any) -> Any:
        raise LookupError(f"{name} is in another process")

    dynamics = Dynamics(
        state=np.dtype([("unknown", "u1")]),
        params=unknown,
        reset=unknown,
        step=unknown,
        observe=unknown,
        measure=unknown,
        measures=(),
        control_period=1.0,
        max_episode_steps=max_episode_steps,
    )
    truth = Truth(model=unknown if has_model else None)
    return World(name, "", dynamics, spaces, experts={}, truth=truth)


def _space_parts(name: str, space: gym.Space[Any]) -> Parts:
    if isinstance(space, gym.spaces.Box):
        return {"kind": "Box"}, {f"{name}.low": space.low, f"{name}.high": space.high}
    if isinstance(space, gym.spaces.Discrete):
        return {"kind": "Discrete", "n": int(space.n), "start": int(space.start)}, {}
    assert isinstance(space, gym.spaces.MultiBinary)
    return {"kind": "MultiBinary", "n": gym.spaces.flatdim(space)}, {}


def _space(name: str, told: Mapping[str, Any], arrays: Arrays) -> Any:
    if told["kind"] == "Box":
        low, high = arrays[f"{name}.low"], arrays[f"{name}.high"]
        return gym.spaces.Box(low, high, dtype=low.dtype.type)
    if told["kind"] == "Discrete":
        return gym.spaces.Discrete(told["n"], start=told["start"])
    return gym.spaces.MultiBinary(told["n"])


def demonstrations_parts(shown: Demonstrations) -> Parts:
    """Demonstrations as a message; rewards and measures cross as they are shown."""
    told = {
        "world": shown.world,
        "split": shown.split,
        "style": shown.style,
        "episodes": [
            {
                "seed": episode.seed,
                "terminated": episode.terminated,
                "state_hash": episode.state_hash,
                "decisions": episode.decisions,
                "measures": list(episode.measures),
            }
            for episode in shown.episodes
        ],
    }
    arrays: dict[str, NDArray[Any]] = {}
    for k, episode in enumerate(shown.episodes):
        arrays[f"{k}.observations"] = episode.observations
        arrays[f"{k}.actions"] = episode.actions
        arrays[f"{k}.rewards"] = episode.rewards
        arrays |= {f"{k}.measures.{name}": array for name, array in episode.measures.items()}
    return told, arrays


def demonstrations_of(message: Message) -> Demonstrations:
    """The demonstrations that a message shows."""
    told, arrays = message.fields, message.arrays
    episodes = tuple(
        Episode(
            seed=each["seed"],
            observations=arrays[f"{k}.observations"],
            actions=arrays[f"{k}.actions"],
            rewards=arrays[f"{k}.rewards"],
            measures={name: arrays[f"{k}.measures.{name}"] for name in each["measures"]},
            terminated=each["terminated"],
            state_hash=each["state_hash"],
            decisions=each["decisions"],
        )
        for k, each in enumerate(told["episodes"])
    )
    return Demonstrations(told["world"], told["split"], told["style"], episodes)


def model_parts(model: object) -> Parts:
    """A known model as a message.

    Raises:
        LookupError: if it is of a kind that has none.
    """
    if isinstance(model, LinearQuadraticModel):
        values = {each.name: getattr(model, each.name) for each in fields(model)}
        horizon = values.pop("horizon")
        return {"kind": "linear", "horizon": int(horizon)}, values
    if not isinstance(model, TabularModel):
        raise LookupError(f"a {type(model).__name__} cannot be told to another process")
    transition = model.transition
    arrays = {
        "data": transition.data,
        "indices": transition.indices,
        "indptr": transition.indptr,
        "initial": model.initial,
        "reward": model.reward,
        "features": model.features,
        "available": model.available,
    }
    told = {
        "kind": "tabular",
        "states": model.states,
        "actions": model.actions,
        "horizon": model.horizon,
        "discount": model.discount,
    }
    return told, {name: array for name, array in arrays.items() if array is not None}


def model_of(message: Message) -> TabularModel | LinearQuadraticModel:
    """The known model that a message tells."""
    told, arrays = message.fields, message.arrays
    if told["kind"] == "linear":
        return LinearQuadraticModel(horizon=told["horizon"], **arrays)
    states, actions = told["states"], told["actions"]
    stacked = sparse.csr_array(
        (arrays["data"], arrays["indices"], arrays["indptr"]), (states * actions, states)
    )
    return TabularModel(
        [stacked[a * states : (a + 1) * states] for a in range(actions)],
        arrays.get("reward"),
        arrays["initial"],
        told["horizon"],
        told["discount"],
        arrays.get("features"),
        arrays.get("available"),
    )
