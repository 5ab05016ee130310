"""Episodes of a world that someone plays by hand, against its expert.

The keys are the world's own (`Views.keys`), so every world plays through this file: axes that
ramp while a key is held, buttons that are pressed in chords, and turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from pkgutil import resolve_name
from typing import Any, Literal

import numpy as np
import pygame

from il_envs.drawing.canvas import Canvas
from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import run_episodes
from il_envs.play import panel
from il_envs.play.held_keys import HeldKeys
from il_envs.play.panel import KEY_ROW, SCORE_ROW
from il_envs.world import Split, World

Command = Literal["quit", "restart", "pause", "help", "next", "view"]
COMMANDS: tuple[tuple[Command, tuple[str, ...], str], ...] = (
    ("pause", ("p", "space"), "pause"),
    ("restart", ("r", "backspace"), "restart"),
    ("view", ("v", "tab"), "the other view"),
    ("help", ("h",), "show or hide the keys"),
    ("next", ("return", "enter"), "next episode, after the end"),
    ("quit", ("escape", "q"), "quit"),
)
"""The player's own keys; one that the world uses belongs to the world."""

FIRST_PAUSE, LATER_PAUSE = 4.0, 1.0  # s, before a watched and a later episode begins by itself
MOUSE = "left mouse button"  # among the keys that are held
MOUSE_ROW = ("mouse", "turn, left button to fire")  # of the help


@dataclass(frozen=True)
class Result:
    """One finished episode: the returns of the player and of the expert from the same start.

    In a world without an expert, `expert_total`, `ratio` and `difference` are None.
    """

    seed: int
    total: float
    expert_total: float | None

    @property
    def ratio(self) -> float | None:
        """The player's share of the expert's return; None unless both are positive.

        For negative returns a smaller share would be better, and for a return of 0 there is none.
        """
        if self.expert_total is None or self.total <= 0.0 or self.expert_total <= 0.0:
            return None
        return self.total / self.expert_total

    @property
    def difference(self) -> float | None:
        """The player's return minus the expert's."""
        return None if self.expert_total is None else self.total - self.expert_total


class Game:
    """Episodes of one world, one after another, controlled by held keys or by the expert.

    Attributes:
        phase: "ready" before the first step, "playing", "paused", or "over" at an episode's end.
        results: results of the episodes finished so far.
        is_running: False once the player has quit.
    """

    def __init__(
        self, world: World, split: Split, seed: int, watch_expert: bool, uses_mouse: bool = False
    ) -> None:
        self.world = world
        self.split = split
        self.seed = seed
        self.uses_mouse = uses_mouse
        self.watched = "expert, watched" if watch_expert else "you"
        self.results: list[Result] = []
        self.is_running = True
        self.shows_help = False
        self._env = WorldEnv(world.name, split)
        self._expert = ExpertPolicy(self._env) if watch_expert else None
        self._canvas = Canvas(world, self._env.params)
        self._held = HeldKeys(world)
        self._begin(seed)

    @property
    def state(self) -> np.void:
        """A copy of the world's state."""
        return self._env.state

    def _begin(self, seed: int) -> None:
        self.seed = seed
        self.phase: Literal["ready", "playing", "paused", "over"] = "ready"
        self._pause = LATER_PAUSE
        if not self.results:  # the keys are shown, and a player begins when they have been read
            self._pause = inf if self._expert is None else FIRST_PAUSE
        self._env.reset(seed=seed)
        self._canvas.begin(self._env.state)
        self._held.let_go()
        self._memory: Any = None
        self._total = 0.0

    def command(self, command: Command) -> None:
        """Execute the command of one of the player's own keys."""
        if command == "quit":
            self.is_running = False
        elif command == "restart":
            self._begin(self.seed)
        elif command == "help":
            self.shows_help = not self.shows_help
        elif command == "view":
            pictures = self.world.views.pictures
            shown = pictures.index(self._canvas.view)
            self._canvas.view = pictures[(shown + 1) % len(pictures)]
        elif command == "next" and self.phase == "over":
            self._begin(self.seed + 1)
        elif command == "pause" and self.phase != "over":
            self.phase = "playing" if self.phase == "paused" else "paused"

    def tick(self, held: Sequence[str], place: tuple[int, int] | None = None) -> None:
        """Advance by one control period with these keys held, the latest last.

        Args:
            place: the mouse's place in the picture, if it has been there.
        """
        seconds = self.world.dynamics.control_period
        if self.phase == "ready":
            self._pause -= seconds
            if held or self._pause <= 0.0:
                self.phase = "playing"
        if self.phase != "playing":
            return
        if self._expert is not None:
            actions, self._memory = self._expert.predict(state=self._memory)
            action = actions[0]
        else:
            keys = dict.fromkeys([*held, *self._pointed(held, place)], 1.0)
            chosen = self._held.action(keys, seconds)
            if chosen is None:
                return
            action = chosen
        _, reward, terminated, truncated, _ = self._env.step(action)
        self._canvas.add(self._env.state)
        self._total += reward
        if terminated or truncated:
            self.phase = "over"
            self._ending = "Time is up" if truncated else "Over"
            self.results.append(Result(self.seed, self._total, self._expert_total()))

    def _expert_total(self) -> float | None:
        """The expert's return in this episode."""
        if not self.world.experts:
            return None
        return run_episodes(self.world, self.split, ExpertPolicy, [self.seed])[0].total_reward

    def _pointed(self, held: Sequence[str], place: tuple[int, int] | None) -> Sequence[str]:
        """The keys that the mouse holds down."""
        pointer = self._canvas.view.pointer
        if pointer is None or place is None:
            return ()
        keys: Sequence[str] = resolve_name(pointer)(
            self.state, self._env.params, self._canvas, place, MOUSE in held
        )
        return keys

    def paint(self, window: pygame.Surface) -> None:
        """Paint the world, and a panel over it where there is something to show."""
        self._canvas.draw()
        window.blit(self._canvas.surface, (0, 0))
        if self.phase == "over":
            result = self.results[-1]
            rows = [(self.watched, f"{result.total:.1f}")]
            if result.expert_total is not None:
                rows.append(("expert", f"{result.expert_total:.1f}"))
            if result.ratio is not None:
                rows.append(("ratio", f"{100.0 * result.ratio:.0f} %"))
            elif result.difference is not None:
                rows.append(("difference", f"{result.difference:+.1f}"))
            seconds = int(self.state["step"]) * self.world.dynamics.control_period
            title = f"{self._ending} after {seconds:.1f} s"
            footer = "Enter: next episode     Esc: quit"
            panel.paint(window, title, rows, footer, SCORE_ROW)
        elif self.phase == "ready" and not self.results:
            footer = "begins when you press a key of the game"
            if self._expert is not None:
                footer = f"begins in {ceil(self._pause)} s"
            panel.paint(window, self.world.name, self._help(), footer, KEY_ROW)
        elif self.shows_help:
            panel.paint(window, self.world.name, self._help(), "", KEY_ROW)
        elif self.phase == "paused":
            panel.paint(window, "Paused", [], "", KEY_ROW)

    def _help(self) -> list[tuple[str, str]]:
        rows = [(key.key, key.label) for key in self.world.views.keys]
        if self.uses_mouse and self._canvas.view.pointer is not None:
            rows.append(MOUSE_ROW)
        free = command_keys(self.world)
        for command, _, label in COMMANDS:
            names = [key for key, meaning in free.items() if meaning == command]
            if names:
                rows.append((" or ".join(names), label))
        return rows


def command_keys(world: World) -> dict[str, Command]:
    """The player's own keys that the world does not use, with their commands."""
    taken = {key.key for key in world.views.keys}
    return {
        key: command
        for command, keys, _ in COMMANDS
        for key in keys
        if key not in taken and (command != "view" or len(world.views.pictures) > 1)
    }
