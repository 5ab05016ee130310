"""What the player seems to want, beside the board, and the agent that would follow it."""

from pkgutil import resolve_name
from typing import Literal

import numpy as np

from il_envs.drawing.canvas import GHOST_COLOURS, Ghost
from il_envs.engine.single import WorldEnv
from il_envs.play.game import Game
from il_envs.play.inference import Infer, Inference, InferenceError, Inferred, infer
from il_envs.views import States

Shown = Literal["nothing", "reward", "agent"]
NEXT: dict[Shown, Shown] = {"nothing": "reward", "reward": "agent", "agent": "nothing"}
WALK_STEPS = 12  # that the agent is seen to take
STEP_TIME = 0.2  # s, of each of them
REST_TIME = 0.8  # s, at the end of its walk


class InferencePanel:
    """The inferred reward of a game, over the legend of its picture.

    Args:
        game: the game that is played.
        infer: what computes it, as in `Inference`.

    Attributes:
        shown: what is shown of it.
    """

    def __init__(self, game: Game, infer: Infer = infer) -> None:
        self.shown: Shown = "nothing"
        self._game = game
        self._infer = infer
        self._inference: Inference | None = None
        self._walk: States | None = None  # of the agent, from the player's place on
        self._walked_from: tuple[Inferred | None, int, int] = (None, 0, 0)
        self._time = 0.0  # s since the walk began

    def show_next(self) -> str:
        """Show the reward, then its agent too, then nothing; returns what there is to say."""
        game = self._game
        if game.control.pilot is not None:
            return "what you want is inferred while you play, not while you watch"
        if self._inference is None:
            try:
                self._inference = Inference(game.world, game.split, self._infer)
            except InferenceError as error:
                return str(error)
        self.shown = NEXT[self.shown]
        return {
            "nothing": "what you want is no longer shown",
            "reward": "what you seem to want, in colours     I: an agent that acts on it",
            "agent": "an agent that wants what you seem to want     I: off",
        }[self.shown]

    def frame(self, seconds: float) -> str:
        """Go on by a frame; returns what there is to say, if there is."""
        self._game.guests = ()
        if self._inference is None or self.shown == "nothing":
            return ""
        try:
            self._inference.go_on(self._game.moves)
        except InferenceError as error:
            self.close()
            return str(error)
        newest = self.newest
        if self.shown == "agent" and newest is not None and self._game.phase != "over":
            self._time += seconds
            self._game.guests = (self._ghost(newest),)
        return ""

    @property
    def newest(self) -> Inferred | None:
        """What was inferred last; None before the first time."""
        return None if self._inference is None else self._inference.newest

    def paint(self) -> None:
        """Paint the reward over the legend of the game's picture."""
        game, canvas = self._game, self._game.canvas
        if self.shown == "nothing" or canvas.view.reward is None:
            return
        states = game.world.known_model().states
        reward = np.zeros(states) if self.newest is None else self.newest.reward
        paint_reward = resolve_name(canvas.view.reward)
        paint_reward(reward, game.env.state, canvas.params, canvas)

    @property
    def mark(self) -> str:
        """The mark in the line of state; empty if nothing is shown."""
        if self.shown == "nothing":
            return ""
        moves = 0 if self.newest is None else self.newest.moves
        return f"inferred from {moves} move{'' if moves == 1 else 's'}"

    def close(self) -> None:
        """End the computation, and show nothing."""
        if self._inference is not None:
            self._inference.close()
            self._inference = None
        self.shown, self._game.guests = "nothing", ()

    def _ghost(self, inferred: Inferred) -> Ghost:
        """The agent on its walk, which begins anew when the player moves or the reward changes."""
        place = (inferred, self._game.seed, self._game.step)
        if self._walk is None or place != self._walked_from:
            self._walk, self._walked_from, self._time = self._future(inferred), place, 0.0
        steps = len(self._walk) - 1
        time = self._time % (steps * STEP_TIME + REST_TIME)
        taken = min(int(time / STEP_TIME), steps - 1)
        share = min(time / STEP_TIME - taken, 1.0)
        return Ghost("your agent", GHOST_COLOURS[1], self._walk[: taken + 2], share)

    def _future(self, inferred: Inferred) -> States:
        """The states of the agent from the player's one on; its luck is not the player's."""
        env = WorldEnv(self._game.world.name, self._game.split)
        state = self._game.env.state
        state["key"] += 1
        env.state = state
        states, observation, is_over = [env.state], env.observe(), False
        while len(states) <= WALK_STEPS and not is_over:
            action = inferred.action(int(env.state["step"]), int(observation))
            observation, _, terminated, truncated, _ = env.step(action)
            states.append(env.state)
            is_over = terminated or truncated
        return np.array(states, env.state.dtype)
