"""One recorded episode: its file, which shows every edit, and its replay.

The file is a NumPy archive, which `numpy.load` reads: an array for each array of `RecordedEpisode`,
and `header`, the bytes of a JSON object with everything else. The last 64 bytes, the comment of the
archive, are the SHA-256 of all bytes before them.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, get_args
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.engine.single import WorldEnv
from il_envs.learning.rollout import Episode
from il_envs.world import Split, UnknownNameError, World, get_world

FORMAT = 1
"""Version of the file format."""
SUFFIX = ".npz"
Controller = Literal["person", "policy", "expert"]
CONTROLLERS: tuple[Controller, ...] = get_args(Controller)
"""Who can be in control; codes are places in this tuple, which is stored in the header."""
PERSON = CONTROLLERS.index("person")

SHORT_HASH = 8  # bytes of the SHA-256 of a State record that are kept for each step
DIGEST = hashlib.sha256().digest_size * 2  # characters
DAMAGES = (KeyError, TypeError, ValueError, EOFError, BadZipFile, ZlibError, NotImplementedError)
"""Exceptions for archives that NumPy and this module cannot read."""


class RecordingError(ValueError):
    """A recording that cannot be used; the message says in one line which and why."""


class DamagedError(RecordingError):
    """A file whose contents are not those that were written."""


class RecordingWarning(UserWarning):
    """A file that is ignored, or an episode that is kept although it does not replay."""


@dataclass(frozen=True, repr=False, kw_only=True)
class RecordedEpisode:
    """An episode of T steps as somebody played it.

    Attributes:
        id: when it was recorded (UTC) and a random number; the file's name without its suffix.
        world_id: id of the world with its version, as in `il_envs/DriftCar-v0`.
        suite: version of il-envs.
        split: the split of the world.
        seed: the seed given to `reset`.
        gentle_start: whether `reset` had the option "gentle_start".
        player: name of the player.
        terminated: True if it terminated; otherwise it was truncated or cut short.
        state_hash: SHA-256 over the State records after every step, hex, as in `Episode`.
        replay_ok: whether it replayed to the same states when it was recorded.
        actions: the executed actions, [T, ...].
        rewards: float64 [T].
        controllers: who was in control at each step, uint8 [T], a place in `CONTROLLERS`.
        labels: what the person would have done while something else was in control, [T, ...];
            zero elsewhere.
        labelled: the steps that have a label, bool [T].
        times: seconds of real time from the start of the episode to each step, float64 [T].
        states: the first bytes of the SHA-256 of the State record after each step, uint8 [T, 8].
        speeds: speed of the game at each step, 1 for real time, float64 [T].
        assisted: the steps at which the player was helped, bool [T].
    """

    id: str
    world_id: str
    suite: str
    split: Split
    seed: int
    gentle_start: bool
    player: str
    terminated: bool
    state_hash: str
    replay_ok: bool
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    controllers: NDArray[np.uint8]
    labels: NDArray[Any]
    labelled: NDArray[np.bool_]
    times: NDArray[np.float64]
    states: NDArray[np.uint8]
    speeds: NDArray[np.float64]
    assisted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.actions)

    def __repr__(self) -> str:
        return (
            f"<RecordedEpisode {self.id} of {self.player} in {self.world_id}, {self.split}, "
            f"seed {self.seed}: {len(self)} steps>"
        )

    @property
    def total_reward(self) -> float:
        """The return: the sum of the rewards from first to last, as in `Episode`."""
        return float(np.cumsum(self.rewards)[-1])

    @property
    def date(self) -> datetime:
        """When it was recorded, in UTC."""
        return datetime.strptime(self.id.partition("-")[0], DATE).replace(tzinfo=timezone.utc)


DATE = "%Y%m%dT%H%M%S%f"
ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")
ARRAYS: dict[str, type[np.generic] | None] = {
    "actions": None, "rewards": np.float64, "controllers": np.uint8, "labels": None,
    "labelled": np.bool_, "times": np.float64, "states": np.uint8, "speeds": np.float64,
    "assisted": np.bool_,
}  # fmt: skip
"""The arrays and their dtypes; None stands for the action space's."""
HEADER_CHECKS: dict[str, Callable[[Any], bool]] = {
    "id": lambda value: isinstance(value, str) and ID.fullmatch(value) is not None,
    "world_id": lambda value: isinstance(value, str),
    "suite": lambda value: isinstance(value, str),
    "split": lambda value: value in get_args(Split),
    "seed": lambda value: type(value) is int and value >= 0,
    "gentle_start": lambda value: isinstance(value, bool),
    "player": lambda value: isinstance(value, str) and value.isprintable(),
    "terminated": lambda value: isinstance(value, bool),
    "state_hash": lambda value: isinstance(value, str),
    "replay_ok": lambda value: isinstance(value, bool),
}
"""Whether a value of the header is of its kind."""
HEADER = tuple(field.name for field in fields(RecordedEpisode) if field.name not in ARRAYS)


def new_id() -> str:
    """An id for an episode that ends now; ids of later episodes sort after it."""
    return f"{datetime.now(timezone.utc).strftime(DATE)}-{token_hex(4)}"


def short_hash(state: np.void) -> bytes:
    """The bytes of `RecordedEpisode.states` for a State record."""
    return hashlib.sha256(state.tobytes()).digest()[:SHORT_HASH]


def encoded(episode: RecordedEpisode) -> bytes:
    """The contents of an episode's file."""
    header = {name: getattr(episode, name) for name in HEADER}
    text = json.dumps({"format": FORMAT, "controllers": CONTROLLERS, **header})
    arrays = {name: getattr(episode, name) for name in ARRAYS}
    return signed(np.frombuffer(text.encode(), np.uint8), arrays)


def signed(header: NDArray[np.uint8], arrays: dict[str, NDArray[Any]]) -> bytes:
    """An archive of a header and arrays that ends in the SHA-256 of what is before."""
    buffer = BytesIO()
    np.savez_compressed(buffer, header=header, **arrays)  # type: ignore[arg-type]
    with ZipFile(buffer, "a") as archive:
        archive.comment = bytes(DIGEST)  # its length is part of what is hashed
    content = buffer.getvalue()[:-DIGEST]
    return content + hashlib.sha256(content).hexdigest().encode()


def decoded(content: bytes) -> RecordedEpisode:
    """The episode in the contents of a file.

    Raises:
        DamagedError: if they are damaged or edited.
        RecordingError: if they are of another format.
    """
    body, digest = content[:-DIGEST], content[-DIGEST:]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise DamagedError("damaged or edited: its contents do not have the recorded hash")
    try:
        with np.load(BytesIO(content), allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            if header["format"] != FORMAT:
                raise RecordingError(f"of the format {header['format']}, this reads {FORMAT}")
            if tuple(header["controllers"]) != CONTROLLERS:
                raise RecordingError(f"its controllers are {header['controllers']}")
            return _checked(
                RecordedEpisode(
                    **{name: header[name] for name in HEADER},
                    **{name: archive[name] for name in ARRAYS},
                )
            )
    except RecordingError:
        raise
    except DAMAGES as error:
        raise DamagedError(f"damaged: {error}") from error


def _checked(episode: RecordedEpisode) -> RecordedEpisode:
    """The episode, if its header has values of their kinds and each of its arrays T rows, at least
    one, and its dtype."""
    for name, is_right in HEADER_CHECKS.items():
        value = getattr(episode, name)
        if not is_right(value):
            raise DamagedError(f"damaged: {name} is {value!r}")
    for name, kind in ARRAYS.items():
        found = getattr(episode, name).dtype
        if kind is not None and found != kind:
            raise DamagedError(f"damaged: {name} has dtype {found}")
    lengths = {name: len(getattr(episode, name)) for name in ARRAYS}
    if set(lengths.values()) != {len(episode)} or not len(episode):
        raise DamagedError(f"damaged: lengths of its arrays are {lengths}")
    return episode


def read_episode(path: Path) -> RecordedEpisode:
    """The episode in a file.

    Raises:
        DamagedError: if the file is damaged or edited.
        RecordingError: if it cannot be read, is of another format, or has another episode's name.
    """
    try:
        episode = decoded(path.read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from error
    except RecordingError as error:
        raise type(error)(f"{path}: {error}") from error
    if path.name != episode.id + SUFFIX:
        raise RecordingError(f"{path}: was {episode.id}{SUFFIX} when it was written; rename it")
    return episode


def write_episode(folder: Path, episode: RecordedEpisode) -> Path:
    """Write an episode into a folder, whole or not at all; returns the path of its file.

    Raises:
        OSError: if it cannot be written.
    """
    path, temporary = folder / (episode.id + SUFFIX), folder / f".{episode.id}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(encoded(episode))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return path


def world_of(episode: RecordedEpisode) -> World:
    """The world in which an episode was recorded.

    Raises:
        RecordingError: if there is no such world in that version.
    """
    name = episode.world_id.split("/")[-1].rpartition("-v")[0]
    try:
        world = get_world(name)
    except UnknownNameError as error:
        raise RecordingError(f"{_origin(episode)}; {error}") from error
    if world.id != episode.world_id:
        raise RecordingError(_versions(episode, world))
    return world


def replayed(recorded: RecordedEpisode) -> Episode:
    """Play an episode again in a new environment, and compare every state, reward and the end.

    Raises:
        RecordingError: if the world has another version, or something does not agree.
    """
    world = world_of(recorded)
    try:
        return _replayed(recorded, world)
    except RecordingError:
        raise
    except (ValueError, TypeError, OverflowError, gym.error.Error) as error:  # of actions or seeds
        raise RecordingError(f"does not replay: {error}") from error


def _replayed(recorded: RecordedEpisode, world: World) -> Episode:
    env = WorldEnv(world.name, recorded.split)
    options = {"gentle_start": True} if recorded.gentle_start else None
    observation, info = env.reset(seed=recorded.seed, options=options)
    observations, infos, rewards = [observation], [info], []
    digest = hashlib.sha256()
    terminated = truncated = False
    for step, action in enumerate(recorded.actions):
        if terminated or truncated:
            raise RecordingError(f"goes on for {len(recorded) - step} steps after its end")
        observation, reward, terminated, truncated, info = env.step(action)
        if recorded.states[step].tobytes() != short_hash(env.states[0]):
            raise RecordingError(
                f"its states do not replay from step {step} on: {_versions(recorded, world)}"
            )
        if recorded.rewards[step] != reward:
            told = f"{recorded.rewards[step]}, its replay gives {reward}"
            raise RecordingError(f"the reward of step {step} is {told}")
        digest.update(env.states.tobytes())
        observations.append(observation)
        infos.append(info)
        rewards.append(reward)
    for name, was, now in (
        ("terminated", recorded.terminated, terminated),
        ("state hash", recorded.state_hash, digest.hexdigest()),
    ):
        if was != now:
            raise RecordingError(f"{name} is {was}, its replay gives {now}")
    return Episode(
        seed=recorded.seed,
        observations=np.stack(observations),
        actions=recorded.actions,
        rewards=np.array(rewards),
        measures={
            name: np.array([info[name] for info in infos]) for name in world.dynamics.measures
        },
        terminated=terminated,
        state_hash=digest.hexdigest(),
    )


def person_steps(recorded: RecordedEpisode, episode: Episode) -> list[Episode]:
    """The steps of an episode at which the person acted or gave a label, as episodes without gaps.

    At a labelled step the action is the label and the reward NaN, and the next observation is still
    the one to which the executed action led.

    Args:
        episode: its replay.
    """
    labelled = recorded.labelled & (recorded.controllers != PERSON)
    chosen = labelled | (recorded.controllers == PERSON)
    if chosen.all() and not labelled.any():
        return [episode]
    actions, rewards = episode.actions.copy(), episode.rewards.copy()
    actions[labelled], rewards[labelled] = recorded.labels[labelled], np.nan
    edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    return [
        replace(
            episode,
            observations=episode.observations[begin : end + 1],
            actions=actions[begin:end],
            rewards=rewards[begin:end],
            measures={name: m[begin : end + 1] for name, m in episode.measures.items()},
            terminated=episode.terminated and end == len(episode),
            state_hash="",  # which is of whole episodes
        )
        for begin, end in edges.reshape(-1, 2).tolist()
    ]


def _origin(episode: RecordedEpisode) -> str:
    return f"recorded in {episode.world_id} of il-envs {episode.suite}"


def _versions(episode: RecordedEpisode, world: World) -> str:
    """Where an episode was recorded, beside what is installed."""
    if (episode.world_id, episode.suite) == (world.id, version("il-envs")):
        return f"{_origin(episode)}, as is installed here"
    return f"{_origin(episode)}, this is {world.id} of il-envs {version('il-envs')}"
