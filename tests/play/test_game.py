"""The game: steps at a fixed tick whatever the frames, what is held, turns, results."""

from dataclasses import replace

import numpy as np
import pytest

from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import run_episodes
from il_envs.play.game import COUNTDOWN, LONGEST_FRAME, SPEEDS, Game, next_speed
from il_envs.play.hands import Hands
from il_envs.play.level import FULL, STANDARD
from il_envs.play.pilots import ExpertPilot, PolicyPilot
from il_envs.play.results import Result
from il_envs.world import World, get_world
from tests.play.player import FRAME, begun, down, play, tap, up

pytestmark = pytest.mark.usefixtures("window")
CAR, SHOOTER, DUEL = get_world("DriftCar"), get_world("Shooter"), get_world("Duel")
STILL, PILLAR = get_world("FourRoomsStill"), get_world("Pillar")


def hands_of(world: World, *keys: str) -> Hands:
    hands = Hands(world, {})
    for key in keys:
        hands.handle(down(key))
    return hands


@pytest.mark.parametrize("speed", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("world", [CAR, DUEL, PILLAR], ids=lambda world: world.name)
def test_the_tick_is_held_whatever_the_frames(world: World, speed: float) -> None:
    period, random = world.dynamics.control_period, np.random.default_rng(3)
    game, hands, time = begun(world), hands_of(world), 0.0
    game.speed = speed
    for _ in range(60):
        seconds = float(random.choice([0.001, 0.004, 0.017, 0.05, 0.2]))
        game.advance(seconds, hands)
        if game.phase == "over":
            break
        time += seconds
        ticks = time * speed / period
        assert abs(game.step - int(ticks)) <= (abs(ticks - round(ticks)) < 1e-6), time
    assert game.step >= 2


def test_a_slow_frame_takes_as_many_steps_as_fast_ones_and_a_hang_takes_few() -> None:
    slow, fast = begun(CAR), begun(CAR)
    slow.advance(0.2, hands_of(CAR))
    play(fast, hands_of(CAR), 20, 0.01)
    assert slow.step == fast.step == 5
    assert slow.env.state.tobytes() == fast.env.state.tobytes()
    hung = begun(CAR)
    hung.advance(60.0, hands_of(CAR))
    assert hung.step == int(LONGEST_FRAME / CAR.dynamics.control_period)


def test_the_picture_shows_the_way_to_the_state_that_the_step_then_gives() -> None:
    game, hands = begun(CAR, 5), hands_of(CAR, "up", "left")
    env = WorldEnv("DriftCar")
    env.reset(seed=5, options={"gentle_start": True} if game.starts_gently else None)
    for _ in range(60):
        before = game.step
        game.advance(FRAME, hands)
        if game.step == before:
            assert game.env.state.tobytes() == env.state.tobytes()  # looking ahead changes nothing
            continue
        env.step(game.executed)
        assert game.env.state.tobytes() == env.state.tobytes()
    assert game.step == int(60 * FRAME / 0.04)


def test_a_key_acts_in_the_step_in_whose_time_it_was_pressed() -> None:
    game, hands = begun(SHOOTER), hands_of(SHOOTER)
    play(game, hands, 2)
    assert game.step == 0
    hands.handle(down("space"))
    play(game, hands, 1)
    assert game.step == 1
    assert game.env.state["held"][6] == 1


def test_a_tap_shorter_than_a_step_is_one_step_long() -> None:
    game, hands = begun(SHOOTER), hands_of(SHOOTER)
    fired = []
    for frame in range(12):
        if frame == 3:
            for event in tap("space"):
                hands.handle(event)
        game.advance(FRAME, hands)
        fired.append((game.step, int(game.env.state["held"][6])))
    assert [held for step, held in dict(fired).items()] == [0, 0, 1, 0, 0][: game.step + 1]


def test_six_buttons_are_held_at_once() -> None:
    keys = ["w", "a", "left", "space", "left shift", "q"]
    game, hands = begun(SHOOTER), hands_of(SHOOTER, *keys)
    play(game, hands, 10)
    names = [key.key for key in SHOOTER.views.keys]
    held = [names[k] for k in np.flatnonzero(game.env.state["held"])]
    assert sorted(held) == sorted(keys)
    hands.handle(up("space"))
    play(game, hands, 3)
    assert int(game.env.state["held"].sum()) == 5


def test_four_taps_in_a_third_of_a_second_are_four_moves() -> None:
    game, hands = begun(STILL, 3), hands_of(STILL)
    cells = [int(game.env.state["cell"])]
    for frame in range(18):
        if frame in (0, 4, 9, 14):
            for event in tap("down" if frame % 2 else "up"):
                hands.handle(event)
        game.advance(FRAME, hands)
        if cells[-1] != int(game.env.state["cell"]):
            cells.append(int(game.env.state["cell"]))
    assert game.step == 4


def test_taps_in_one_frame_are_moves_in_the_frames_that_follow() -> None:
    game, hands = begun(STILL, 3), hands_of(STILL)
    for event in [*tap("up"), *tap("left"), *tap("down"), *tap("right")]:
        hands.handle(event)
    play(game, hands, 4)
    assert game.step == 4


def test_a_world_of_turns_waits_and_repeats_a_key_that_stays_down() -> None:
    game, hands = begun(STILL, 3), hands_of(STILL)
    play(game, hands, 300)
    assert game.step == 0
    hands.handle(down("up"))
    play(game, hands, 1)
    assert game.step == 1
    play(game, hands, round(1.0 / FRAME))
    assert game.step == 1 + round(1.0 / STILL.dynamics.control_period)


def test_a_clocked_world_of_turns_goes_on_in_the_last_direction() -> None:
    game, hands = begun(STILL, 3, is_clocked=True), hands_of(STILL)
    play(game, hands, 60)
    assert game.step == 0  # nobody has chosen a direction yet
    for event in tap("up"):
        hands.handle(event)
    play(game, hands, 61)
    assert game.step == 4
    assert not game.takes_turns


def test_countdown_then_play() -> None:
    game = Game(CAR, "training", 0, STANDARD)
    hands = hands_of(CAR, "up")
    play(game, hands, round(COUNTDOWN / FRAME) - 2)
    assert (game.phase, game.step) == ("countdown", 0)
    play(game, hands, 8)
    assert game.phase == "playing"
    assert game.step >= 1
    assert Game(STILL, "training", 0, STANDARD).countdown == 0.0


def test_nothing_moves_while_paused_but_a_single_step() -> None:
    game, hands = begun(CAR), hands_of(CAR, "up")
    play(game, hands, 10)
    game.is_paused = True
    step, state = game.step, game.env.state.tobytes()
    play(game, hands, 60)
    assert game.env.state.tobytes() == state
    game.advance_step(hands)
    assert (game.step, game.is_paused) == (step + 1, True)


def test_episode_ends_with_the_experts_return_from_the_same_start() -> None:
    game, hands = begun(CAR, 5, FULL), hands_of(CAR, "up", "left")
    while game.phase != "over":
        game.advance(FRAME, hands)
    assert game.results == [Result(5, game.total, None)]
    ended = game.step
    play(game, hands, 60)
    assert game.step == ended
    expert = run_episodes(CAR, "training", ExpertPolicy, [5])[0].total_reward
    assert game.results == [Result(5, game.total, expert)]
    assert 0.0 < game.total < 0.5 * expert
    game.begin(6)
    assert (game.seed, game.phase, game.step, game.total) == (6, "countdown", 0, 0.0)


def test_a_result_is_completed_when_the_next_episode_begins_at_once() -> None:
    game, hands = begun(CAR, 5, FULL), hands_of(CAR, "up", "left")
    while game.phase != "over":
        game.advance(FRAME, hands)
    game.begin(6)
    assert game.results[0].expert_total is not None


@pytest.mark.parametrize("world", [CAR, STILL, DUEL], ids=lambda world: world.name)
def test_watching_the_expert_gives_its_return(world: World) -> None:
    game = Game(world, "held_out", 3, FULL)
    game.watch(ExpertPilot(game.env))
    hands = hands_of(world, world.views.keys[0].key)  # which does nothing
    game.phase = "playing"
    while game.phase != "over":
        game.advance(0.2, hands)
    game.finish()
    assert game.results[0].total == game.results[0].expert_total


def test_a_policy_acts_as_it_is_scored() -> None:
    class Left:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            asked.append((observation.shape, state, episode_start.tolist(), deterministic))
            return np.array([[1.0, 0.5]], np.float32), len(asked)

    asked: list[tuple] = []
    game = Game(CAR, "training", 0, FULL)
    game.watch(PolicyPilot("left", game.env, Left()))
    game.phase = "playing"
    play(game, hands_of(CAR, "right"), 10)
    assert game.step == 4
    assert asked[:2] == [((1, 17), None, [True], False), ((1, 17), 1, [False], False)]
    assert game.env.state["steering"] > 0.0


def test_the_player_takes_over_and_the_policy_gets_its_control_back_gradually() -> None:
    game = Game(CAR, "training", 0, FULL)
    game.watch(ExpertPilot(game.env))
    game.phase = "playing"
    hands = hands_of(CAR, "right", "up")
    play(game, hands, 30)
    game.control.take_over(True)
    play(game, hands, 30)
    taken = game.executed.copy()
    assert game.control.player_acts
    assert taken[0] == -1.0
    game.control.take_over(False)
    gaps = []
    for _ in range(40):
        game.advance(FRAME, hands)
        if game.phase == "over":
            break
        gaps.append(abs(float(game._action[0]) - float(game.control.proposed[0])))
    assert gaps[0] > 0.0
    assert gaps[-1] == 0.0 or game.phase == "over"


@pytest.mark.parametrize(
    ("total", "expert", "ratio", "difference"),
    [
        (10.0, 40.0, 0.25, -30.0),
        (-500.0, -250.0, None, -250.0),
        (-3.0, 0.0, None, -3.0),
        (0.0, 40.0, None, -40.0),
        (5.0, -5.0, None, 10.0),
        (5.0, None, None, None),
    ],
)
def test_only_returns_that_are_both_positive_have_a_ratio(
    total: float, expert: float | None, ratio: float | None, difference: float | None
) -> None:
    result = Result(7, total, expert)
    assert (result.ratio, result.difference) == (ratio, difference)


def test_a_world_without_an_expert_is_played_to_its_end() -> None:
    game = begun(replace(CAR, experts={}), 5, FULL)
    hands = hands_of(CAR, "up", "left")
    while game.phase != "over":
        game.advance(FRAME, hands)
    game.finish()
    assert game.results == [Result(5, game.total, None)]
    game.draw()


def test_speeds_are_a_ladder() -> None:
    speed, climbed = min(SPEEDS), []
    for _ in SPEEDS:
        climbed.append(speed)
        speed = next_speed(speed, faster=True)
    assert tuple(climbed) == SPEEDS
    assert next_speed(max(SPEEDS), faster=True) == max(SPEEDS)
    assert next_speed(0.3, faster=False) == 0.25


def test_the_mouse_presses_the_keys_that_the_world_says() -> None:
    game, hands = begun(SHOOTER), hands_of(SHOOTER)
    hands.place = (900.0, 258.0)
    hands.click(True)
    heading = complex(game.env.state["heading_cos"], game.env.state["heading_sin"])
    play(game, hands, 12)
    after = complex(game.env.state["heading_cos"], game.env.state["heading_sin"])
    assert game.env.state["fired"] > 0
    assert after != heading


def test_a_clocked_world_of_turns_takes_taps_one_by_one_in_their_order() -> None:
    game, hands = begun(STILL, 3, is_clocked=True), hands_of(STILL)
    moves: list[int] = []
    for event in [*tap("left"), *tap("left"), *tap("up")]:
        hands.handle(event)
    values = {key.key: int(key.value) for key in STILL.views.keys}
    while len(moves) < 5:
        before = game.step
        play(game, hands, 1)
        if game.step > before:
            moves.append(int(game.executed))
    assert moves == [values[key] for key in ("left", "left", "up", "up", "up")]


def test_in_turns_whoever_takes_over_is_waited_for() -> None:
    game, hands = Game(STILL, "training", 3, FULL), hands_of(STILL)
    game.watch(ExpertPilot(game.env))
    game.phase = "playing"
    play(game, hands, 30)
    game.control.take_over(True)
    step = game.step
    for taps in (1, 2):
        play(game, hands, 60)
        assert game.step == step + taps - 1
        for event in tap("left"):
            hands.handle(event)
    play(game, hands, 60)
    game.control.take_over(False)
    play(game, hands, 60)
    game.control.take_over(True)
    step = game.step
    play(game, hands, 60)
    assert game.step == step  # nothing is left of the last takeover


def test_what_is_tapped_during_the_countdown_does_not_count() -> None:
    game, hands = Game(SHOOTER, "training", 0, STANDARD), hands_of(SHOOTER)
    for event in [*tap("space"), down("w")]:
        hands.handle(event)
    while game.step < 2:
        game.advance(FRAME, hands)
    assert game.env.state["held"][6] == 0
    assert game.env.state["held"][0] == 1
