"""A person, simulated at a gamepad, lifts a cloned policy by taking over from it."""

import time
from collections import deque
from pathlib import Path

import numpy as np
import pygame
import pytest

from il_envs import Budget, ExpertPolicy, Problem, get_world, run_episodes
from il_envs.learning.installed import find_algorithm
from il_envs.learning.policy import Policy
from il_envs.learning.stored_policy import StoredPolicy
from il_envs.play.game import Game
from il_envs.play.hands import DEAD_ZONE
from il_envs.play.lesson import Lesson
from il_envs.play.level import FULL
from il_envs.play.screens.teaching import TeachScreen
from il_envs.play.sounds import Sounds
from il_envs.play.teaching import Plan, learn, usual_shift
from il_envs.play.window import Window
from tests.play.player import FRAME, tap

CAR = get_world("DriftCar")
TRIALS = range(900_600_000, 900_600_064)  # seeds of held-out episodes
DEMONSTRATED, LABELS, ROUNDS = 2_000, 4_000, 8
SPEED = 0.25  # of the game, at which the person teaches
DELAY = 0.2  # s of real time, from seeing to doing
TREMOR = 0.1  # standard deviation of the person's error, of full lock


def survival(policy: Policy) -> float:
    """The share of held-out episodes that a policy drives to their end."""
    episodes = run_episodes(CAR, "held_out", lambda env: policy, TRIALS, keep_observations=False)
    return float(np.mean([not episode.terminated for episode in episodes]))


def pushed(amount: float) -> float:
    """How far a stick is pushed to give an amount from -1 to 1, beyond its dead zone."""
    return float(np.sign(amount) * (DEAD_ZONE + (1.0 - DEAD_ZONE) * min(abs(amount), 1.0)))


def axis(number: int, push: float) -> pygame.event.Event:
    """An axis of a gamepad that is pushed, from -1 to 1."""
    return pygame.event.Event(pygame.CONTROLLERAXISMOTION, axis=number, value=round(32767 * push))


class Instructor:
    """Takes over, with a gamepad, as a person would who sees and acts late: when the car goes
    astray, or the learner steers otherwise for a while. Hands back when all has been well for a
    third of a second.
    """

    ASTRAY, STEADY = 1.5, 0.75  # m from the centreline
    WRONG, RIGHT = 0.35, 0.25  # mean difference in steering, of the wheel's half range
    QUICKNESS = 0.1  # share of a new difference that is in the mean after a frame
    PATIENCE = 20  # frames for which all must be well
    TREMOR_KEPT = 0.9  # of a tremor, in the next frame

    def __init__(self, game: Game, seed: int) -> None:
        self._game = game
        self._expert = ExpertPolicy(game.env)
        self._random = np.random.default_rng(seed)
        self._commands: deque[np.ndarray] = deque(maxlen=round(DELAY / FRAME) + 1)
        self._sights: deque[tuple[float, float]] = deque(maxlen=round(DELAY / FRAME) + 1)
        self._tremor = np.zeros(2)
        self._difference = 0.0
        self._well = 0

    def events(self) -> list[pygame.event.Event]:
        """What the person does in this frame."""
        control, state = self._game.control, self._game.env.states[0]
        command = self._expert.predict()[0][0]
        wrong = 0.0
        if control.proposed is not None:
            wrong = abs(float(command[0] - control.proposed[0]))
        self._commands.append(command.astype(np.float64))
        self._sights.append((abs(float(state["lateral"])), wrong))
        return [*self._takeover(*self._sights[0]), *self._hands(self._commands[0])]

    def _takeover(self, astray: float, wrong: float) -> list[pygame.event.Event]:
        """The key that takes over or hands back, given what was seen a moment ago."""
        self._difference += self.QUICKNESS * (wrong - self._difference)
        well = astray < self.STEADY and self._difference < self.RIGHT
        self._well = self._well + 1 if well else 0
        if self._game.control.is_taken_over:
            return tap("t") if self._well > self.PATIENCE else []
        if astray > self.ASTRAY or self._difference > self.WRONG:
            self._well = 0
            return tap("t")
        return []

    def _hands(self, command: np.ndarray) -> list[pygame.event.Event]:
        """The sticks and triggers that give a command, with an unsteady hand."""
        noise = self._random.standard_normal(2)
        self._tremor *= self.TREMOR_KEPT
        self._tremor += np.sqrt(1.0 - self.TREMOR_KEPT**2) * TREMOR * noise
        steer, drive = np.clip(command + self._tremor, -1.0, 1.0)
        return [
            axis(0, -pushed(steer)),
            axis(5, pushed(max(drive, 0.0))),
            axis(4, pushed(max(-drive, 0.0))),
        ]


def lesson(seed: int, stage: Window, folder: Path) -> tuple[float, float]:
    """The survival before and after a lesson."""
    bc = find_algorithm("bc")
    cloned = bc.train(Problem(CAR, bc.sources, Budget(DEMONSTRATED, 0), seed), seed, bc.config)
    before = survival(cloned)
    stored = StoredPolicy(cloned, CAR, "bc", DEMONSTRATED, seed)
    plan = Plan(stored, "takeover", LABELS, ROUNDS, usual_shift(CAR, SPEED))
    game = Game(CAR, "training", 0, FULL)
    game.speed = SPEED
    given = Lesson(game.env)
    game.watch(given)
    screen = TeachScreen(game, given, stage, Sounds(is_muted=True), folder, lambda: None)
    person = Instructor(game, seed)
    given.start(lambda lesson: learn(plan, lesson), lambda lesson: [])
    while not given.is_over:
        if given.asked_state() is None:
            time.sleep(0.005)
        else:
            for event in person.events():
                screen.handle(event)
        screen.frame(FRAME)
    assert given.error is None
    assert given.policy is not None
    assert given.labels <= LABELS
    after = survival(given.policy)
    print(f"seed {seed}: {before:.2f} -> {after:.2f}, {given.labels} labels")
    return before, after


@pytest.mark.statistical
def test_a_person_lifts_a_cloned_policy_by_taking_over(stage: Window, tmp_path: Path) -> None:
    """From at most half of the episodes survived to four fifths on average over three lessons, with
    at most 4,000 labels each of a person who is 200 ms late and trembles.

    Lessons with the seeds 0 to 5 led to .97, .84, 1.00, .98, .77 and .98. With their mean of .92
    and deviation of .09, the mean of three is below .8 with a probability of .02.
    """
    lessons = [lesson(seed, stage, tmp_path) for seed in (0, 1, 2)]
    assert max(before for before, _ in lessons) <= 0.5
    assert np.mean([after for _, after in lessons]) >= 0.8
