"""Which key does what: the game's own commands, and a world's keys, which a player can change.

The game's keys are the same in every world, so that nobody has to learn them twice; worlds use
other keys. A player's changes are kept in a file, `keys.json` in the folder of the player's files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gymnasium as gym
import pygame

from il_envs.world import World

Command = Literal[
    "leave", "pause", "restart", "next", "help", "view", "hints", "ghost", "slower", "faster",
    "infer", "step", "discard", "take over", "screenshot", "mute", "full screen",
]  # fmt: skip


@dataclass(frozen=True)
class CommandKeys:
    """The keys of one of the game's commands, and the button of a gamepad, if it has one."""

    command: Command
    keys: tuple[str, ...]
    meaning: str
    pad: str = ""


COMMANDS = (
    CommandKeys("help", ("h", "f1"), "the keys of this world"),
    CommandKeys("pause", ("p",), "pause, and go on", "start"),
    CommandKeys("restart", ("r",), "the same episode again"),
    CommandKeys("next", ("n",), "the next episode"),
    CommandKeys("leave", ("escape",), "leave", "back"),
    CommandKeys("slower", ("-",), "slower"),
    CommandKeys("faster", ("=",), "faster"),
    CommandKeys("step", (".",), "a single step, and pause"),
    CommandKeys("view", ("v",), "the other view"),
    CommandKeys("hints", ("tab",), "what the expert would do"),
    CommandKeys("ghost", ("g",), "the expert's ghost"),
    CommandKeys("infer", ("i",), "infer what I want"),
    CommandKeys("take over", ("t",), "take over: hold, or tap"),
    CommandKeys("discard", ("backspace",), "discard the recorded episode"),
    CommandKeys("screenshot", ("f12",), "save a picture"),
    CommandKeys("mute", ("m",), "sound on and off"),
    CommandKeys("full screen", ("f11",), "full screen on and off"),
)


def command_of_codes() -> dict[int, Command]:
    """The game's commands by pygame's key codes."""
    return {pygame.key.key_code(key): row.command for row in COMMANDS for key in row.keys}


def command_of_pad() -> dict[str, Command]:
    """The game's commands by the buttons of a gamepad."""
    return {row.pad: row.command for row in COMMANDS if row.pad}


def has_turns(world: World) -> bool:
    """Whether each press of a key is a move of its own, for which the world can wait."""
    return isinstance(world.spaces.action, gym.spaces.Discrete)


def keys_of(world: World, changes: Mapping[str, str]) -> dict[str, str]:
    """The keyboard key of each of a world's keys, by the name that the world gives the key.

    Args:
        changes: the keys that the player has chosen, likewise.
    """
    return {key.key: changes.get(key.key, key.key) for key in world.views.keys}


def rebound(world: World, changes: Mapping[str, str], name: str, key: str) -> dict[str, str]:
    """The changes with one more: the world's key `name` is now the keyboard's `key`.

    Raises:
        ValueError: if the keyboard has no such key, or it is in use.
    """
    code = _code(key)
    if code is None:
        raise ValueError(f"there is no key {key!r}")
    for row in COMMANDS:
        if code in map(pygame.key.key_code, row.keys):
            raise ValueError(f"{key} is the game's key for {row.command!r}")
    for other in world.views.keys:
        is_taken = pygame.key.key_code(keys_of(world, changes)[other.key]) == code
        if is_taken and other.key != name:
            raise ValueError(f"{key} is the key for {other.label!r} already")
    return {**changes, name: key}


def _code(key: str) -> int | None:
    """pygame's code of a key; None if there is no such key."""
    try:
        return pygame.key.key_code(key)
    except ValueError:
        return None


class KeyFile:
    """The file that keeps the keys which players have chosen, by world."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, world: World) -> dict[str, str]:
        """The player's changes for a world; keys that cannot be used are left out.

        Raises:
            ValueError: if the file is not one of ours; the message is one line.
        """
        chosen = self._read().get(world.name, {})
        names = keys_of(world, {})
        changes = {
            name: str(key)
            for name, key in (chosen.items() if isinstance(chosen, dict) else ())
            if name in names and _code(str(key)) not in {None, *command_of_codes()}
        }
        codes = [_code(key) for key in keys_of(world, changes).values()]
        return changes if len(set(codes)) == len(codes) else {}

    def write(self, world: World, changes: Mapping[str, str]) -> None:
        """Keep the player's changes for a world.

        Raises:
            OSError: if the file cannot be written.
            ValueError: if it exists and is not one of ours.
        """
        kept = self._read()
        kept[world.name] = dict(changes)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.new")
        temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.path)

    def _read(self) -> dict[str, object]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise ValueError(f"{self.path}: no keys in it: {error}") from error
        if not isinstance(kept, dict):
            raise ValueError(f"{self.path}: no keys in it: it must hold an object of worlds")
        return kept
