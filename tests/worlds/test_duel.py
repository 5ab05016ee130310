"""Duel: its rules by hand, its bits, its limits, and that it can be played."""

import numpy as np
import pytest

import il_envs
from il_envs import ExpertPolicy, WorldEnv, hard_optimal, run_episodes, soft_optimal
from il_envs.buttons import joint_index
from il_envs.play.hands import Hands
from il_envs.testing import ExploringPolicy
from il_envs.worlds.duel.rules import (
    BUTTONS,
    COLUMNS,
    FIRES,
    ROAMS,
    SHAPE,
    SITUATIONS,
    WINDS_UP,
    situation,
)
from tests.play.player import begun, down

DUEL = il_envs.get_world("Duel")


def chord_of(*pressed: str) -> int:
    return int(joint_index(np.isin(BUTTONS, pressed)))


def outcome(before: tuple[int, ...], *pressed: str) -> tuple[tuple[float, float], dict]:
    """Hits given and taken, and the probability of each situation after a step."""
    model, chord = DUEL.truth.model(), chord_of(*pressed)
    number = int(np.ravel_multi_index(before, SHAPE))
    given, taken = model.features[number, chord]
    assert model.reward[number, chord] == given - taken
    row = model.transition[[chord * SITUATIONS + number]].toarray()[0]
    after = {tuple(int(part) for part in situation(k)): float(row[k]) for k in np.flatnonzero(row)}
    return (given, taken), after


def parts(after: dict, *names: str) -> set:
    """The values that parts of the situation can have."""
    places = [("mine", "theirs", "rounds", "shield", "phase").index(name) for name in names]
    values = {tuple(key[place] for place in places) for key in after}
    return {value[0] for value in values} if len(names) == 1 else values


def chances(after: dict, name: str) -> dict:
    """The probability of each value of a part of the situation."""
    place = ("mine", "theirs", "rounds", "shield", "phase").index(name)
    sums: dict = {}
    for key, probability in after.items():
        sums[key[place]] = sums.get(key[place], 0.0) + probability
    return {value: pytest.approx(total) for value, total in sums.items()}


# The rules. A situation is (mine, theirs, rounds, shield, phase).


def test_left_and_right_step_aside_and_the_ends_are_ends():
    for column, pressed, to in (
        (3, ("left",), 2), (3, ("right",), 4), (3, (), 3), (0, ("left",), 0), (6, ("right",), 6),
    ):  # fmt: skip
        assert parts(outcome((column, 1, 2, 1, ROAMS), *pressed)[1], "mine") == {to}


def test_left_and_right_together_are_a_stumble():
    hits, after = outcome((3, 3, 1, 1, FIRES), *BUTTONS)
    assert hits == (0, 1)
    assert outcome((3, 3, 1, 1, ROAMS), "left", "right", "fire")[0] == (0, 0)
    hits, after = outcome((2, 5, 1, 1, ROAMS), "left", "right", "fire", "reload")
    assert parts(after, "mine", "rounds") == {(2, 1)}


@pytest.mark.parametrize(
    ("mine", "theirs", "pressed", "given"),
    [
        (3, 3, ("fire",), 1),
        (3, 2, ("fire",), 0),
        (3, 2, ("fire", "left"), 1),  # ends in its column
        (2, 2, ("fire", "left"), 1),  # begins there
        (3, 2, ("fire", "right"), 0),
        (3, 3, ("fire", "reload"), 0),
        (3, 3, ("fire", "shield"), 0),
        (3, 3, ("left", "right", "fire"), 0),
        (3, 3, ("left",), 0),
    ],
)
def test_a_shot_hits_in_the_columns_that_it_sweeps(mine, theirs, pressed, given):
    assert outcome((mine, theirs, 2, 1, WINDS_UP), *pressed)[0] == (given, 0)
    assert outcome((mine, theirs, 0, 1, WINDS_UP), *pressed)[0] == (0, 0)  # without a round


def test_a_broken_shield_does_not_keep_me_from_firing():
    assert outcome((3, 3, 2, 0, ROAMS), "fire", "shield")[0] == (1, 0)


def test_rounds_are_spent_and_reloaded():
    for rounds, pressed, then in (
        (2, ("fire",), 1), (0, ("fire",), 0), (0, ("reload",), 1), (1, ("reload", "fire"), 2),
        (2, ("reload",), 2), (2, ("fire", "shield"), 2), (0, ("reload", "shield", "left"), 1),
    ):  # fmt: skip
        assert parts(outcome((1, 5, rounds, 1, ROAMS), *pressed)[1], "rounds") == {then}


def test_a_bolt_hits_who_ends_the_step_in_its_column():
    for mine, theirs, pressed, taken in (
        (3, 3, (), 1), (3, 3, ("left",), 0), (2, 3, ("right",), 1), (2, 3, (), 0),
        (0, 0, ("left",), 1), (3, 3, ("shield",), 0), (3, 3, ("shield", "reload"), 0),
    ):  # fmt: skip
        hits, after = outcome((mine, theirs, 1, 1, FIRES), *pressed)
        assert hits == (0, taken)
        for phase in (ROAMS, WINDS_UP):
            assert outcome((mine, theirs, 1, 1, phase), *pressed)[0] == (0, 0)
        if taken:
            assert parts(after, "mine", "rounds") == {(COLUMNS // 2, 0)}


def test_a_shield_breaks_on_a_bolt_and_mends_by_and_by():
    assert parts(outcome((3, 3, 1, 1, FIRES), "shield")[1], "shield") == {0}
    assert parts(outcome((3, 3, 1, 1, FIRES), "left")[1], "shield") == {1}
    assert outcome((3, 3, 1, 0, FIRES), "shield")[0] == (0, 1)
    assert chances(outcome((3, 1, 1, 0, ROAMS), "shield")[1], "shield") == {0: 0.8, 1: 0.2}


def test_both_may_be_hit():
    hits, after = outcome((1, 1, 2, 1, FIRES), "fire")
    assert hits == (1, 1)
    assert parts(after, "mine", "rounds", "phase") == {(3, 0, ROAMS)}
    assert chances(after, "theirs") == {0: 0.5, 6: 0.5}  # at least three from the middle


def test_firing_while_stepping_aside_gives_a_hit_and_takes_none():
    for step in ("left", "right"):
        assert outcome((3, 3, 2, 0, FIRES), "fire", step)[0] == (1, 0)


def test_who_was_hit_comes_back_far_from_me():
    assert chances(outcome((0, 0, 2, 1, ROAMS), "fire")[1], "theirs") == dict.fromkeys(
        (3, 4, 5, 6), 0.25
    )
    assert chances(outcome((5, 5, 2, 1, ROAMS), "fire", "left")[1], "theirs") == {0: 0.5, 1: 0.5}


def test_the_opponent_moves_and_fires_as_it_is_told():
    def moves(mine, theirs, phase):
        return chances(outcome((mine, theirs, 1, 1, phase))[1], "theirs")

    assert moves(1, 3, ROAMS) == {2: 0.2, 3: 0.2, 4: 0.6}
    assert moves(5, 3, ROAMS) == {2: 0.6, 3: 0.2, 4: 0.2}
    assert moves(3, 3, ROAMS) == {2: 0.3, 3: 0.4, 4: 0.3}
    assert moves(3, 6, ROAMS) == {5: 0.2, 6: 0.8}
    assert moves(0, 0, ROAMS) == {0: 0.7, 1: 0.3}
    assert moves(1, 3, WINDS_UP) == {2: 0.8, 3: 0.2}
    assert moves(3, 3, WINDS_UP) == {3: 1.0}
    assert moves(1, 3, FIRES) == {3: 1.0}
    for phase, then in (
        (ROAMS, {ROAMS: 0.2, WINDS_UP: 0.8}), (WINDS_UP, {FIRES: 1.0}), (FIRES, {ROAMS: 1.0}),
    ):  # fmt: skip
        assert chances(outcome((1, 5, 1, 1, phase))[1], "phase") == then
    # It looks at where I end the step.
    assert chances(outcome((3, 3, 1, 1, WINDS_UP), "left")[1], "theirs") == {2: 0.8, 3: 0.2}


def test_an_episode_starts_in_the_middle_with_all_whole_and_full():
    starts = np.flatnonzero(DUEL.truth.model().initial)
    assert [tuple(int(part) for part in situation(k)) for k in starts] == [
        (3, column, 2, 1, ROAMS) for column in range(COLUMNS)
    ]


def test_left_and_right_are_alike():
    """The mirror image of a situation and a chord is worth the same."""
    solution = hard_optimal(DUEL.truth.model())
    now = situation(np.arange(SITUATIONS))
    last = COLUMNS - 1
    mirror = np.ravel_multi_index((last - now.mine, last - now.theirs, *now[2:]), SHAPE)
    np.testing.assert_allclose(solution.value[:, mirror], solution.value, atol=1e-12)


# The world.


def test_golden_bits():
    episode = run_episodes(DUEL, "training", ExpertPolicy, [7])[0]
    assert episode.state_hash[:16] == "734228adce17cd5c"


def test_info_counts_the_hits():
    for episode in run_episodes(DUEL, "training", ExploringPolicy, range(20)):
        given, taken = episode.measures["hits_given"], episode.measures["hits_taken"]
        np.testing.assert_array_equal(np.diff(given) - np.diff(taken), episode.rewards)
        assert given[0] == taken[0] == 0
        assert set(np.diff(given)) <= {0.0, 1.0}
        assert len(episode) == 40
        assert not episode.terminated


def test_the_state_remembers_the_chord():
    env = WorldEnv("Duel")
    env.reset(seed=0)
    assert env.state["chord"] == 0
    for pressed in (("right", "fire"), (), BUTTONS):
        env.step(np.isin(BUTTONS, pressed))
        assert env.state["chord"] == chord_of(*pressed)
    env.reset()
    assert env.state["chord"] == env.state["hits_given"] == 0


def test_identity_14_a_low_temperature_is_hard_optimality():
    """0 <= temperature * V_soft - V_hard <= temperature * steps left * log 32."""
    model = DUEL.truth.model()
    hard = hard_optimal(model)
    bound = np.log(32.0) * (model.horizon - np.arange(model.horizon + 1))[:, None]
    for temperature in (1e-1, 1e-2, 1e-3):
        soft = soft_optimal(model, "causal", temperature)
        excess = temperature * soft.value - hard.value
        assert (excess >= -1e-9).all()
        assert (excess <= temperature * bound + 1e-9).all()
        assert 0.0 <= hard.expected_return - soft.expected_return <= temperature * bound.max()
    assert hard.expected_return - soft.expected_return < 1e-4


def test_the_text_tells_the_situation():
    env = WorldEnv("Duel", render_mode="ansi")
    env.reset(seed=0)
    env.states["situation"] = np.ravel_multi_index((1, 4, 0, 1, FIRES), SHAPE)
    env.states["chord"] = chord_of("left", "shield")
    env.states["hits_given"], env.states["step"] = 3, 12
    assert env.render().splitlines() == [
        "....V..  fires",
        ".A.....  rounds 0/2, shield whole",
        "held: left + shield",
        "hits: 3 given, 0 taken",
        "step 12",
    ]
    env.states["chord"] = 0
    assert "held: nothing" in env.render()


def test_it_is_played_in_chords(window):
    game, hands = begun(DUEL), Hands(DUEL, {})

    def step(*keys: str) -> int:
        """The chord of a step in which these keys are held."""
        hands.release()
        for key in keys:
            hands.handle(down(key))
        game.advance(DUEL.dynamics.control_period, hands)
        return int(game.env.state["chord"])

    assert step("left", "space") == chord_of("left", "fire")
    assert step("up", "down") == chord_of("reload", "shield")
    assert step() == 0  # time does not wait
    assert game.step == 3
    for _ in range(37):
        step("right")
    assert game.phase == "over"
