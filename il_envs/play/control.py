"""Who is in control: the player's hands, with or without assistance, or a pilot."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import gymnasium as gym
from numpy.typing import NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.engine.single import WorldEnv
from il_envs.learning.recorded_episode import Controller
from il_envs.play.hands import Hands
from il_envs.play.held_keys import HeldKeys
from il_envs.play.keys import has_turns
from il_envs.play.pilots import Pilot

HAND_BACK = 0.4  # s of game time, over which a pilot gets its control back


class Control:
    """Chooses the action of the coming step.

    Args:
        env: the environment in which it acts.
        canvas: its picture, in which the mouse points.
        assists: whether the world's assistance, if it has one, helps the player.

    Attributes:
        pilot: who acts instead of the player; None for the player.
        is_taken_over: whether the player acts instead of the pilot.
        asks_labels: whether the player is asked for labels while the pilot acts.
        has_assistance: whether the player is helped.
        proposed: what the pilot would do in the coming step; None while it makes up its mind.
        label: what the player's hands would do in the coming step, whoever acts; None before the
            first frame, and in a world of turns while nothing is held.
    """

    def __init__(self, env: WorldEnv, canvas: Canvas, assists: bool) -> None:
        self.pilot: Pilot | None = None
        self.is_taken_over = False
        self.asks_labels = False
        self._env = env
        self._canvas = canvas
        self._held = HeldKeys(env.world)
        self._is_turns = has_turns(env.world)
        assist = env.world.views.assist if assists else None
        self.has_assistance = assist is not None
        self._assist = None if assist is None else resolve_name(assist)
        self.begin()

    @property
    def player_acts(self) -> bool:
        """Whether the player is in control now."""
        return self.pilot is None or self.is_taken_over

    @property
    def controller(self) -> Controller:
        """Who is in control now, as recordings have it."""
        return "person" if self.pilot is None or self.is_taken_over else self.pilot.controller

    def begin(self) -> None:
        """Forget the last episode."""
        self._held.let_go()
        self.label: NDArray[Any] | None = None
        self.proposed: NDArray[Any] | None = None
        self._hands_on = 0.0  # the weight of the player's last action, while it is handed back
        if self.pilot is not None:
            self.pilot.begin()

    def take_over(self, takes: bool) -> None:
        """Take over from the pilot, with the keys as if they had been held as it acts, or hand
        back."""
        if takes and not self.is_taken_over:
            if self._is_turns:
                self.label = None
            elif self.proposed is not None:
                self._held.follow(self.proposed)
        self.is_taken_over = takes and self.pilot is not None

    def action(self, observation: Any, hands: Hands, seconds: float) -> NDArray[Any] | None:
        """The action after so much more game time; None if there is none yet.

        There is none while the pilot makes up its mind, and in a world of turns before the first
        key. A world of turns goes on with the last key, but not for a player who has taken over:
        that one is waited for in every step.
        """
        keys = {**hands.held(), **self._pointed(hands)}
        held = self._held.action(keys, seconds, hands.direct())
        if held is not None:
            if self._assist is not None:
                held = self._assist(self._env.state, self._env.params, held)
            self.label = held
        if self.pilot is not None and self.proposed is None:
            self.proposed = self.pilot.decide(observation)
        if self.player_acts:
            self._hands_on = 1.0
            return self.label
        return self._handed_back(seconds)

    def turn(self, held: Mapping[str, float]) -> NDArray[Any] | None:
        """The action of a turn, for the latest of these keys; None if there is none."""
        return self._held.action(held, 0.0)

    def step_taken(self, executed: NDArray[Any]) -> None:
        """Tell the pilot what was executed; it has to decide anew."""
        if self.pilot is not None:
            self.pilot.step_taken(executed, self.player_acts, self.label)
            if self._is_turns:
                self.label = None
        self.proposed = None

    def _handed_back(self, seconds: float) -> NDArray[Any] | None:
        """The pilot's action; after a takeover it comes in gradually."""
        self._hands_on = max(self._hands_on - seconds / HAND_BACK, 0.0)
        decided, last = self.proposed, self.label
        is_box = isinstance(self._env.world.spaces.action, gym.spaces.Box)
        if decided is None or last is None or self._hands_on == 0.0 or not is_box:
            return decided
        blend = self._hands_on * last + (1.0 - self._hands_on) * decided
        return blend.astype(decided.dtype)

    def _pointed(self, hands: Hands) -> dict[str, float]:
        """The keys that the mouse holds down."""
        pointer = self._canvas.view.pointer
        if pointer is None or hands.place is None:
            return {}
        place = (round(hands.place[0]), round(hands.place[1]))
        keys = resolve_name(pointer)(
            self._env.state, self._env.params, self._canvas, place, hands.is_clicking
        )
        return dict.fromkeys(keys, 1.0)
