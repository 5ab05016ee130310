"""Episodes of a world, one after another, that a person plays or watches.

Time comes in frames of any length; the world's steps come at its own fixed period of game time. A
step is taken at the end of its period, with the action that is held then. Until then the picture
shows the way to the state to which that action leads, so that a key is seen to act at once and the
picture moves at every frame. A world of turns waits for a key, and shows the way after the step.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from il_envs.drawing.canvas import GHOST_COLOURS, Canvas, Ghost
from il_envs.engine.single import WorldEnv
from il_envs.learning.recorder import Recorder
from il_envs.play.companion import Companion
from il_envs.play.control import Control
from il_envs.play.hands import Hands
from il_envs.play.inference import Moves, offers_inference
from il_envs.play.keys import has_turns
from il_envs.play.level import Level
from il_envs.play.pilots import Pilot
from il_envs.play.results import Result
from il_envs.views import States
from il_envs.world import Split, World

TIME_IS_UP = "Time is up"
COUNTDOWN = 3.0  # s, before an episode in real time
ROUNDING = 1e-9  # s, that sums of frames may miss a period by
LONGEST_FRAME = 0.25  # s; a longer one is a hang of the machine, in which nobody could play
MOVE_TIME = 0.12  # s, that a turn's move is seen to take
SPEEDS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)  # of game time to real time, by key
EXPERT_STEPS = 20  # a frame, in which the expert ends an episode after the player


def next_speed(speed: float, faster: bool) -> float:
    """The next of `SPEEDS`, or the same if there is none."""
    others = [other for other in SPEEDS if (other > speed if faster else other < speed)]
    if not others:
        return speed
    return min(others) if faster else max(others)


class Game:
    """Episodes of one world.

    Args:
        world: the world to play in.
        split: the split of the world.
        seed: of the first episode; the next one adds 1.
        level: speed, assistance and start.
        is_clocked: whether a world of turns goes on by itself, at its period.

    Attributes:
        control: who chooses the actions.
        takes_turns: whether the world waits for the player's keys.
        phase: "countdown" before the first step, "playing", or "over" at an episode's end.
        countdown: s of real time that are left of it.
        is_paused: whether time stands still.
        speed: game time over real time.
        results: the finished episodes.
        total: the return of this episode so far.
        executed: the action of the last step.
        terminated: whether the episode ended by termination.
        recorder: what records the steps; None if nothing does.
        moves: of every episode so far, where a reward can be inferred from them.
        guests: ghosts other than the expert's.
    """

    def __init__(
        self,
        world: World,
        split: Split,
        seed: int,
        level: Level,
        is_clocked: bool = False,
    ) -> None:
        self.world = world
        self.split = split
        self.level = level
        self.speed = level.speed
        self.is_paused = False
        self.shows_ghost = False
        self.results: list[Result] = []
        self.recorder: Recorder | None = None
        self.moves: list[Moves] = []
        self.guests: tuple[Ghost, ...] = ()
        self.env = WorldEnv(world.name, split)
        self.canvas = Canvas(world, self.env.params)
        self.canvas.shows_expert = False
        self.takes_turns = has_turns(world) and not is_clocked
        self._ahead = WorldEnv(world.name, split)  # the coming step is tried out here
        self.control = Control(self.env, self.canvas, level.assist)
        self._companion = Companion(world, split) if world.experts else None
        self.begin(seed)

    def watch(self, pilot: Pilot) -> None:
        """Let a pilot act instead of the player, from the beginning of this episode."""
        self.control.pilot = pilot
        self.takes_turns = False
        self.begin(self.seed)

    def record(self, recorder: Recorder) -> None:
        """Hand the steps to a recorder, from the beginning of this episode; to finish it when an
        episode has ended is up to the caller."""
        self.recorder = recorder
        self.begin(self.seed)

    @property
    def starts_gently(self) -> bool:
        """Whether episodes start gently."""
        return self.level.gentle_start and self.world.dynamics.gentle_start is not None

    @property
    def player(self) -> str:
        """Who plays: "you", or the name of the pilot."""
        return "you" if self.control.pilot is None else self.control.pilot.name

    @property
    def step(self) -> int:
        """Steps taken in this episode."""
        return int(self.env.states[0]["step"])

    @property
    def is_moving(self) -> bool:
        """Whether the picture still shows the way to the last state."""
        return self._moved < 1.0

    @property
    def history(self) -> States:
        """The states of this episode so far, [n]; the picture may still be on its way to the last
        one."""
        shown = self.canvas.history
        if self.takes_turns and self._next is not None:
            return np.append(shown, np.array([self._next], shown.dtype))
        return shown

    def begin(self, seed: int) -> None:
        """Begin the episode of a seed."""
        self.seed = seed
        options = {"gentle_start": True} if self.starts_gently else {}
        self.env.reset(seed=seed, options=options)
        if self.recorder is not None:
            self.recorder.begin(seed, self.starts_gently)
        self._begin()
        if offers_inference(self.world):
            self.moves.append(Moves(seed, [int(self._observation)]))

    def begin_at(self, state: np.void) -> None:
        """Begin an episode at a state of somebody else's; it cannot be recorded."""
        self.env.state = state
        self._begin()

    def _begin(self) -> None:
        """Begin an episode at the environment's state."""
        self.finish()
        self._observation = self.env.observe()
        self.control.begin()
        self.canvas.begin(self.env.state)
        self.canvas.ghosts = ()
        self.phase: Literal["countdown", "playing", "over"] = "countdown"
        self.countdown = 0.0 if self.takes_turns else COUNTDOWN
        self.is_paused = False
        self.ending = ""
        self.total = 0.0
        self.terminated = False
        self._time = 0.0  # s of real time since the first step could be taken
        self._late = 0.0  # s of game time since the last step
        self._action: NDArray[Any] | None = None  # that the coming step would take
        self._next: np.void | None = None  # the state to which it would lead
        self._moved = 1.0  # share of a turn's move that the picture has shown
        if self._companion is not None:
            self._companion.begin(self.env.state)

    def advance(self, seconds: float, hands: Hands) -> None:
        """Go on by a frame of this length of real time, with what the player holds."""
        seconds = min(seconds, LONGEST_FRAME)
        if self.phase == "playing":
            self._time += seconds
        if self.phase == "over":
            self._moved = min(self._moved + seconds / MOVE_TIME, 1.0)
            self._finish_result()
        elif self.is_paused:
            return
        elif self.phase == "countdown":
            self.countdown -= seconds
            if self.countdown <= 0.0:
                self.phase = "playing"
                hands.forget_taps()
        elif self.takes_turns:
            self._take_turns(seconds, hands)
        else:
            self._run(seconds, hands)

    def advance_step(self, hands: Hands) -> None:
        """Take one step at once, and pause."""
        if self.phase == "over" or self.takes_turns:
            return
        self.phase, self.is_paused = "playing", True
        period = self.world.dynamics.control_period
        self._action = self.control.action(self._observation, hands, period)
        if self._action is not None:
            self._take(self._action)
            hands.count_step()
            self._late = 0.0
            self._look_ahead(hands, 0.0)

    def draw(self) -> None:
        """Paint the present picture on the canvas."""
        period = self.world.dynamics.control_period
        if self._next is None or (self.phase == "over" and not self.takes_turns):
            self._set_ghosts(self.step)
            self.canvas.draw()
        elif self.takes_turns:
            self._set_ghosts(self.step)
            self.canvas.draw(self._next, self._moved)
        else:
            self._set_ghosts(self.step + 1)
            self.canvas.draw(self._next, min(self._late / period, 1.0))

    def _run(self, seconds: float, hands: Hands) -> None:
        """Let the world's clock run: a step whenever its period is over."""
        period = self.world.dynamics.control_period
        self._late += seconds * self.speed
        self._look_ahead(hands, seconds)
        while self._late >= period - ROUNDING and self.phase == "playing":
            if self._action is None:  # somebody has still to choose one
                self._late = 0.0
                break
            self._take(self._action)
            hands.count_step()
            self._late -= period
            self._look_ahead(hands, 0.0)

    def _look_ahead(self, hands: Hands, seconds: float) -> None:
        """Choose the action of the coming step, and find the state to which it leads."""
        if self.phase != "playing":
            self._next = None
            return
        self._action = self.control.action(self._observation, hands, seconds * self.speed)
        if seconds > 0.0:
            hands.count_frame()
        self._next = None
        if self._action is not None:
            self._ahead.state = self.env.state
            self._ahead.step(self._action)
            self._next = self._ahead.state

    def _take_turns(self, seconds: float, hands: Hands) -> None:
        """Move once for each tap, and again in every period while a key stays down."""
        self._moved = min(self._moved + seconds / MOVE_TIME, 1.0)
        self._late += seconds * self.speed
        tap = hands.next_tap()
        if tap is None and self._late < self.world.dynamics.control_period - ROUNDING:
            return
        action = self.control.turn(hands.held() if tap is None else {tap: 1.0})
        if action is not None:
            if self._next is not None:
                self.canvas.add(self._next)
            self._take(action)
            self._next, self._moved, self._late = self.env.state, 0.0, 0.0

    def _take(self, action: NDArray[Any]) -> None:
        """Take a step."""
        self._observation, reward, terminated, truncated, _ = self.env.step(action)
        self.executed = action
        self.total += reward
        if self.moves:
            self.moves[-1].add(int(action), int(self._observation))
        if self.recorder is not None:
            self._record(reward)
        self.control.step_taken(action)
        if not self.takes_turns:
            self.canvas.add(self.env.state)
        if self._companion is not None:
            self._companion.go_on(self.step + 1)
        if terminated or truncated:
            self.phase = "over"
            self.terminated = terminated
            self.ending = TIME_IS_UP if truncated else "Over"
            self.results.append(Result(self.seed, self.total, None))

    def _record(self, reward: float) -> None:
        """Hand the step that was taken to the recorder."""
        assert self.recorder is not None
        control = self.control
        self.recorder.add(
            self.executed,
            reward,
            self.env.state,
            time=self._time,
            controller=control.controller,
            label=control.label if control.asks_labels and not control.player_acts else None,
            speed=0.0 if self.is_paused else self.speed,  # a single step is taken while paused
            assisted=control.player_acts and control.has_assistance,
        )

    def _finish_result(self) -> None:
        """Let the expert act to the end of its episode, a few steps a frame, for its return."""
        companion = self._companion
        if companion is not None and self.results[-1].expert_total is None:
            companion.go_on(companion.steps + EXPERT_STEPS)
            if companion.is_over:
                self.results[-1] = replace(self.results[-1], expert_total=companion.total)

    def finish(self) -> None:
        """Complete the last result, when no more frames will come."""
        while self.results and self._companion and self.results[-1].expert_total is None:
            self._finish_result()

    def _set_ghosts(self, step: int) -> None:
        self.canvas.ghosts = self.guests
        if self.shows_ghost and self._companion is not None:
            expert = Ghost("expert", GHOST_COLOURS[0], self._companion.history(step))
            self.canvas.ghosts = (*self.guests, expert)
