"""Lessons: a person at the keys teaches a policy, by takeovers and by labels."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pygame
import pytest

from baselines.bc import BCConfig
from baselines.networks import NetworkPolicy
from il_envs import TabularPolicy
from il_envs.learning.installed import find_algorithm
from il_envs.learning.stored_policy import (
    StoredPolicy,
    keep_policy,
    load_policy,
)
from il_envs.play import teaching
from il_envs.play.app import run
from il_envs.play.game import Game
from il_envs.play.lesson import Lesson
from il_envs.play.level import FULL
from il_envs.play.screens.teaching import TeachScreen
from il_envs.play.sounds import Sounds
from il_envs.play.teaching import Mode, Plan, finish, learn
from il_envs.play.window import Window
from il_envs.world import get_world
from tests.play.conftest import IlPlay
from tests.play.player import FrameByFrame, down, tap, up

CAR = get_world("DriftCar")
QUICK = BCConfig(updates=20, hidden_sizes=(8, 8), validation_interval=10)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> StoredPolicy:
    """A policy that knows nothing, and lessons that train in no time."""
    algorithm = find_algorithm("hg-dagger")
    config = replace(algorithm.config, cloning=QUICK, updates_per_round=5)
    monkeypatch.setattr(teaching, "find_algorithm", lambda name: replace(algorithm, config=config))
    monkeypatch.setattr(teaching, "TRIALS", range(2))
    policy = NetworkPolicy(CAR.spaces.observation, CAR.spaces.action, (8, 8), seed=3)
    return StoredPolicy(policy, CAR, "bc", labels=100, seed=1)


class Pupil:
    """A lesson on the screen, with a person who acts on what is seen."""

    def __init__(
        self, stage: Window, folder: Path, stored: StoredPolicy, mode: Mode, labels: int
    ) -> None:
        self.plan = Plan(stored, mode, labels, rounds=2, label_shift=0)
        self.game = Game(stored.world, "training", 0, FULL)
        self.lesson = Lesson(self.game.env)
        self.game.watch(self.lesson)
        self.game.control.asks_labels = mode == "label"
        self.kept = folder / "kept"
        self.stage = stage
        self.screen = TeachScreen(
            self.game, self.lesson, stage, Sounds(is_muted=True), folder, lambda: None
        )

    def teach(
        self, hands: Callable[[int], Iterable[pygame.event.Event]], frames: int = 20_000
    ) -> None:
        """Let the person act at each frame in which the learner is seen to act, by the number of
        that frame among those, and leave when the lesson is over."""
        self.lesson.start(
            lambda lesson: learn(self.plan, lesson),
            lambda lesson: finish(self.plan, lesson, self.kept),
        )
        frame = seen = 0

        def events() -> list[pygame.event.Event]:
            nonlocal frame, seen
            frame += 1
            assert frame < frames
            if self.lesson.is_over:
                return tap("escape")
            if self.lesson.asked_state() is None:
                time.sleep(0.002)  # it trains
                return []
            seen += 1
            return list(hands(seen))

        run(self.screen, self.stage, events, FrameByFrame(1.0 / 25.0))


def test_labels_are_what_was_held_when_the_learner_acted(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[np.ndarray, np.ndarray]] = []
    original = Lesson.label

    def label(lesson, states, params, rows, proposed):
        answer = original(lesson, states, params, rows, proposed)
        given.append((np.array(answer)[0], proposed[0]))
        return answer

    monkeypatch.setattr(Lesson, "label", label)
    pupil = Pupil(stage, tmp_path, stored, "label", 40)
    pupil.teach(lambda frame: [down("up"), down("left")])
    assert pupil.lesson.error is None
    assert pupil.lesson.labels == len(given) == 40
    assert sum(held.tolist() == [1.0, 1.0] for held, _ in given) >= 20  # keys take time to rise
    assert all(held.min() >= 0.0 for held, _ in given)
    assert dict(pupil.lesson.rows)["labels"] == "40"
    again = load_policy(pupil.kept)
    assert (again.algorithm, again.labels) == ("hg-dagger", 140)


def test_only_what_the_person_drives_is_a_label(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[tuple[bool, np.ndarray, np.ndarray]] = []
    original = Lesson.intervene

    def intervene(lesson, states, params, proposed):
        actions, taken = original(lesson, states, params, proposed)
        answers.append((bool(taken[0]), np.array(actions)[0], proposed[0]))
        return actions, taken

    monkeypatch.setattr(Lesson, "intervene", intervene)
    pupil = Pupil(stage, tmp_path, stored, "takeover", 30)

    def hands(frame: int) -> list[pygame.event.Event]:
        if frame % 40 == 10:
            return [down("t"), down("up")]
        return [up("t"), up("up")] if frame % 40 == 25 else []

    pupil.teach(hands)
    assert pupil.lesson.error is None
    taken = [answer for answer in answers if answer[0]]
    assert pupil.lesson.labels == len(taken) == 30
    assert pupil.lesson.takeovers >= 2
    assert dict(pupil.lesson.rows)["takeovers"] == str(pupil.lesson.takeovers)
    left = [(done, proposed) for is_taken, done, proposed in answers if not is_taken]
    same = [np.array_equal(done, proposed) for done, proposed in left]
    assert sum(same) > len(same) / 2  # the others hand back


def test_escape_ends_a_lesson_with_what_was_learned(
    stage: Window, tmp_path: Path, stored: StoredPolicy
) -> None:
    pupil = Pupil(stage, tmp_path, stored, "label", 10_000)
    pupil.teach(lambda frame: tap("escape") if pupil.lesson.labels >= 20 else [down("up")])
    assert pupil.lesson.error is None
    assert 20 <= pupil.lesson.labels < 30
    assert load_policy(pupil.kept).labels == 100 + pupil.lesson.labels


def test_a_window_that_is_closed_ends_a_lesson_with_what_was_learned(
    stage: Window, tmp_path: Path, stored: StoredPolicy, capsys: pytest.CaptureFixture[str]
) -> None:
    pupil = Pupil(stage, tmp_path, stored, "label", 10_000)
    quit_event = pygame.event.Event(pygame.QUIT)
    pupil.teach(lambda frame: [quit_event] if pupil.lesson.labels >= 20 else [down("up")])
    assert pupil.lesson.is_over
    assert "the learner trains on what there is" in capsys.readouterr().err
    assert load_policy(pupil.kept).labels == 100 + pupil.lesson.labels


def test_the_game_is_in_the_learners_states(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    original = Game.begin_at

    def begin_at(game: Game, state: np.void) -> None:
        begun.append(int(state["step"]))
        original(game, state)

    monkeypatch.setattr(Game, "begin_at", begin_at)
    pupil = Pupil(stage, tmp_path, stored, "label", 150)
    pupil.teach(lambda frame: [down("left")])
    assert set(begun) == {0}  # never out of step in the middle of an episode
    assert len(begun) >= 2


def test_what_goes_wrong_in_the_algorithm_is_said_and_the_window_stays(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(stored, policy=object())
    pupil = Pupil(stage, tmp_path, broken, "label", 20)
    pupil.teach(lambda frame: [])
    assert "nothing is kept" in dict(pupil.lesson.rows)
    assert not pupil.kept.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--takeover"], "need a --policy to begin with"),
        (["--policy", "nowhere"], "nowhere: no policy in it"),
        (["Shooter", "--policy", "DIR"], "is for DriftCar"),
        (["--expert", "--policy", "DIR"], "--expert and --policy do not go together"),
        (["--takeover", "--label", "--policy", "DIR"], "not allowed with argument"),
        (["--labels", "0", "--label", "--policy", "DIR"], "'0' is no whole number from 1 on"),
        (["--label", "--policy", "DIR", "--keep", "../x"], "use letters, digits and . _ -"),
        (["--label", "--policy", "DIR", "--record", "r"], "--record has no effect in a lesson"),
        (["--label", "--policy", "DIR", "--keep", "old"], "there is a policy 'old' already"),
    ],
)
def test_a_lesson_that_cannot_be_is_one_line(
    il_play: IlPlay,
    stage: Window,
    tmp_path: Path,
    stored: StoredPolicy,
    options: list[str],
    complaint: str,
) -> None:
    folder = tmp_path / "learned"
    keep_policy(folder, stored)
    (tmp_path / "policies" / "old").mkdir(parents=True)
    result = il_play(*[str(folder) if option == "DIR" else option for option in options])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert complaint in line


def test_labels_are_not_asked_where_every_step_is_a_move(
    il_play: IlPlay, stage: Window, tmp_path: Path
) -> None:
    rooms = get_world("FourRooms")
    states, actions = rooms.spaces.observation.n, rooms.spaces.action.n
    table = TabularPolicy(np.full((states, actions), 1.0 / actions), 0)
    keep_policy(tmp_path / "learned", StoredPolicy(table, rooms, "bc", 100, 0))
    result = il_play("--policy", str(tmp_path / "learned"), "--label")
    assert result.exit_code == 2
    assert result.stderr == (
        "il-play: in FourRooms every step is a move, so there is nothing to hold; use --takeover\n"
    )


def test_a_learned_policy_is_watched(
    il_play: IlPlay, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from il_envs.play.theatre import Theatre

    games: list[Game] = []
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))
    monkeypatch.setattr(
        Theatre, "show", lambda theatre, screen: games.append(screen._following().game)
    )
    keep_policy(tmp_path / "learned", stored)
    assert il_play("--policy", str(tmp_path / "learned"), "--level", "full").exit_code == 0
    assert games[0].player == "bc"
    assert games[0].world is CAR


def test_a_label_is_what_is_held_in_the_next_episode_too(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[tuple[int, bool]] = []
    original = Lesson.label

    def label(lesson, states, params, rows, proposed):
        answer = original(lesson, states, params, rows, proposed)
        held.append((int(states["step"][0]), bool(np.array(answer)[0].any())))
        return answer

    monkeypatch.setattr(Lesson, "label", label)
    pupil = Pupil(stage, tmp_path, stored, "label", 150)
    presses = iter([[down("left")]])
    pupil.teach(lambda frame: next(presses, []))
    starts = [k for k, (step, _) in enumerate(held) if step == 0]
    assert len(starts) >= 2
    assert all(is_held for _, is_held in held[starts[1] :])


def test_commands_that_are_the_learners_do_nothing(
    stage: Window, tmp_path: Path, stored: StoredPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    asked: list[int] = []
    original, ask = Game.begin_at, Lesson._ask

    def begin_at(game: Game, state: np.void) -> None:
        begun.append(int(state["episode"]))
        original(game, state)

    def asking(lesson, states, proposed):
        if states[0]["step"] == 0:
            asked.append(int(states[0]["episode"]))
        return ask(lesson, states, proposed)

    monkeypatch.setattr(Game, "begin_at", begin_at)
    monkeypatch.setattr(Lesson, "_ask", asking)
    pupil = Pupil(stage, tmp_path, stored, "label", 30)
    keys = {100: "t", 110: "n", 120: "r"}
    pupil.teach(lambda frame: tap(keys[frame]) if frame in keys else [])
    assert pupil.lesson.error is None
    assert begun == asked
    assert not pupil.screen._commands() & {"restart", "next", "take over"}


def test_a_lesson_without_a_label_keeps_nothing(
    stage: Window, tmp_path: Path, stored: StoredPolicy
) -> None:
    pupil = Pupil(stage, tmp_path, stored, "takeover", 30)
    pupil.teach(lambda frame: tap("escape") if frame == 100 else [])
    assert pupil.lesson.rows == [("labels", "0"), ("nothing is kept", "nothing was taught")]
    assert not pupil.kept.exists()


def test_an_ended_lesson_trains_even_if_it_was_paused(
    stage: Window, tmp_path: Path, stored: StoredPolicy
) -> None:
    pupil = Pupil(stage, tmp_path, stored, "label", 1000)
    pupil.teach(lambda frame: {150: tap("p"), 160: tap("escape")}.get(frame, []))
    assert pupil.lesson.is_over
    assert pupil.lesson.asked_state() is None
    assert pupil.kept.exists()


def test_ctrl_c_keeps_what_was_learned(stage: Window, tmp_path: Path, stored: StoredPolicy) -> None:
    def hands(frame: int) -> list[pygame.event.Event]:
        if pupil.lesson.labels >= 20:
            raise KeyboardInterrupt
        return [down("up")]

    pupil = Pupil(stage, tmp_path, stored, "label", 1000)
    with pytest.raises(KeyboardInterrupt):
        pupil.teach(hands)
    assert load_policy(pupil.kept).labels == 100 + pupil.lesson.labels


def test_what_cannot_be_kept_is_refused_before_the_lesson(
    il_play: IlPlay,
    stage: Window,
    tmp_path: Path,
    stored: StoredPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_policy(tmp_path / "learned", stored)
    (tmp_path / "file").touch()
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path / "file"))
    result = il_play("--policy", str(tmp_path / "learned"), "--takeover")
    assert result.exit_code == 2
    assert result.stderr == (
        f"il-play: cannot write to {tmp_path / 'file' / 'policies'}: Not a directory\n"
    )
