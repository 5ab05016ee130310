"""The shooter's experts: what they look at, how often they slip, how late they are, their bits."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import stats

from il_envs import ExpertPolicy, WorldVectorEnv, get_world, run_episodes
from il_envs.worlds.shooter import expert, view
from il_envs.worlds.shooter.pad import TURN_LEFT, TURN_RIGHT

NAMES = ("Shooter", "Shooter20")
ERROR_RATE = 1e-4  # of each statistical test here, in one run


class TestGoldenBits:
    """Recorded once. A change means that old results are of another world: raise its version."""

    def test_expert_episodes(self):
        hashes = {}
        for name, style in product(NAMES, expert.EXPERTS):
            world = get_world(name)
            episodes = run_episodes(world, "training", partial(ExpertPolicy, style=style), [2019])
            hashes[f"{name} {style}"] = episodes[0].state_hash[:16]
        assert hashes == {
            "Shooter scripted": "88f575d122398720",
            "Shooter noisy": "dc38dd9ae78105f9",
            "Shooter lagged": "d15fd11cbc83f808",
            "Shooter20 scripted": "b963dbfd4e202765",
            "Shooter20 noisy": "002dcf6b06936b30",
            "Shooter20 lagged": "784f4575130c25ef",
        }


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def _decisions(observations, pad):
    """What `expert.decide` makes of observations, int8 [rows, pad]."""
    actions = np.ones((len(observations), pad), np.int8)  # to be written over
    for seen, action in zip(observations, actions, strict=True):
        expert.decide(seen, action)
    return actions


def test_the_scripted_expert_knows_the_observation_alone(name):
    env = WorldVectorEnv(name, 16)
    observations, _ = env.reset(seed=0)
    policy, random = ExpertPolicy(env), np.random.default_rng(0)
    pad, pressed = env.single_action_space.n, 0
    for _ in range(1_000):
        actions, _ = policy.predict()
        np.testing.assert_array_equal(actions, _decisions(observations, pad))
        pressed = pressed + actions.sum(0)
        slips = random.random(actions.shape) < 0.02
        observations, *_ = env.step(actions ^ slips)
    never = {env.world.spaces.action_names[k] for k in np.flatnonzero(pressed == 0)}
    assert never <= {"weapon 1", "weapon 4"}, "the expert has no use for these"


def test_pixels_have_the_same_expert():
    pixels, fight = WorldVectorEnv("ShooterPixels", 8), WorldVectorEnv("Shooter", 8)
    fight.reset(seed=3)
    pixels.states = fight.states
    for _ in range(100):
        actions = [ExpertPolicy(env).predict()[0] for env in (pixels, fight)]
        np.testing.assert_array_equal(*actions)
        fight.step(actions[0])
        pixels.states = fight.states


@pytest.mark.parametrize("world", [*NAMES, "Gauntlet"])
def test_each_button_of_the_noisy_expert_slips_in_four_percent_of_the_steps(world):
    rows, steps = 64, 100
    env = WorldVectorEnv(world, rows)
    env.reset(seed=0)
    clean, noisy = ExpertPolicy(env), ExpertPolicy(env, "noisy")
    slips = np.zeros((steps, rows, env.single_action_space.n), np.bool_)
    for step in range(steps):
        actions, _ = noisy.predict()
        slips[step] = actions != clean.predict()[0]
        env.step(actions)
    buttons = slips.shape[2]
    for k in range(buttons):
        count = int(slips[:, :, k].sum())
        assert stats.binomtest(count, steps * rows, 0.04).pvalue > ERROR_RATE / buttons
    assert stats.binomtest(int(slips.sum()), slips.size, 0.04).pvalue > ERROR_RATE
    pairs = int((slips[1:] & slips[:-1]).sum())  # of slips in a row, which are independent
    assert stats.binomtest(pairs, slips[1:].size, 0.04**2).pvalue > ERROR_RATE
    assert len({row.tobytes() for row in slips.swapaxes(0, 1)}) == rows, "players slip alike"


def test_the_lagged_expert_is_four_steps_late_in_all_but_turns(name):
    env = WorldVectorEnv(name, 8)
    env.reset(seed=0)
    clean, lagged = ExpertPolicy(env), ExpertPolicy(env, "lagged")
    turns = np.isin(np.arange(env.single_action_space.n), [TURN_LEFT, TURN_RIGHT])
    decided = [np.zeros((8, turns.size), np.int8)] * 4
    memory, differs = None, 0
    for _ in range(300):
        decided.append(clean.predict()[0])
        actions, memory = lagged.predict(state=memory)
        np.testing.assert_array_equal(actions[:, ~turns], decided[-5][:, ~turns])
        np.testing.assert_array_equal(actions[:, turns], decided[-1][:, turns])
        differs += (decided[-5] != decided[-1]).sum()
        env.step(actions)
        if (env.states["step"] == 0).any():
            break
    assert differs > 500


def test_the_lagged_expert_forgets_where_an_episode_starts(name):
    env = WorldVectorEnv(name, 2)
    env.reset(seed=0)
    lagged, memory = ExpertPolicy(env, "lagged"), None
    for _ in range(8):
        actions, memory = lagged.predict(state=memory)
        env.step(actions)
    assert actions.any(1).all()
    fresh, _ = lagged.predict(state=memory, episode_start=np.array([True, False]))
    turns = [TURN_LEFT, TURN_RIGHT]
    assert not np.delete(fresh[0], turns).any()
    assert np.delete(fresh[1], turns).any()


def test_slips_cost_something_and_lag_costs_more(name):
    """Each style plays the same 40 episodes. Seen in Shooter: 18, 17 and 7 enemies destroyed."""
    scores = []
    for style in ("scripted", "noisy", "lagged"):
        make = partial(ExpertPolicy, style=style)
        episodes = run_episodes(get_world(name), "held_out", make, range(40))
        scores.append(np.mean([episode.total_reward for episode in episodes]))
    assert scores[0] > scores[1] > scores[2] > 2.0


@pytest.mark.parametrize(
    ("entries", "button", "pressed"),
    [
        ({}, "turn right", True),
        ({view.WAY_AHEAD: 1.0}, "turn right", False),
        ({view.WAY_AHEAD: 1.0}, "forward", True),
        ({view.WAY_AHEAD: 1.0}, "sprint", True),
        ({view.WAY_LEFT: 1.0}, "turn left", True),
        ({view.WAY_LEFT: 1.0}, "strafe left", True),
        ({view.TARGET: 1.0, view.TARGET_AHEAD: 1.0, view.TARGET_NEAR: 0.3}, "fire", True),
        ({view.TARGET: 1.0, view.TARGET_AHEAD: -1.0, view.TARGET_NEAR: 0.3}, "fire", False),
        (
            {view.TARGET: 1, view.TARGET_AHEAD: 0.8, view.TARGET_LEFT: 0.6, view.TARGET_NEAR: 0.3},
            "fire",
            False,
        ),
        ({view.MAGAZINE_LEVEL: 0.0}, "reload", True),
        ({view.MAGAZINE_LEVEL: 0.0, view.RESERVE_LEVEL: 0.0}, "reload", False),
        ({view.THREAT_SOON: 0.9}, "shield", True),
        ({view.THREAT_SOON: 0.9, view.THREAT_LEFT: 0.9}, "shield", False),
        ({view.THREAT_SOON: 0.9, view.HEALTH_LEVEL: 0.5}, "dash", True),
        ({view.REACH: 1.0, view.HEALTH_LEVEL: 0.5}, "use", True),
        ({view.REACH: 1.0}, "use", False),
        ({view.HEALTH_LEVEL: 0.5}, "use", False),
    ],
)  # fmt: skip
def test_habits(entries, button, pressed):
    """A player in full health with all its rounds and energies, and these entries besides."""
    assert _presses("Shooter", entries, button) == pressed


FAR = {view.TARGET: 1, view.TARGET_AHEAD: 1, view.TARGET_NEAR: 2 / 12}
NEAR = FAR | {view.TARGET_NEAR: 2 / 5}
RUNNING = 3.0 / 12.5


@pytest.mark.parametrize(
    ("world", "entries", "button", "pressed"),
    [
        ("Shooter20", FAR, "weapon 3", True),
        ("Shooter20", FAR | {view.MAGAZINE_LEVEL: 4 / 40}, "weapon 3", True),
        ("Shooter20", FAR | {view.MAGAZINE_LEVEL: 3 / 40}, "weapon 3", False),
        ("Shooter20", FAR | {view.MAGAZINE_LEVEL: 3 / 40}, "alternate fire", True),
        ("Shooter20", FAR | {view.MAGAZINE_LEVEL: 1 / 40}, "alternate fire", False),
        ("Shooter20", FAR | {view.MAGAZINE_LEVEL: 1 / 40}, "fire", True),
        ("Shooter20", NEAR, "weapon 2", True),
        ("Shooter20", NEAR | {view.MAGAZINE_LEVEL: 3 / 40}, "weapon 2", False),
        ("Shooter20", FAR | {view.TARGET_SPEED_LEFT: RUNNING}, "fire", True),
        ("Shooter", FAR | {view.TARGET_SPEED_LEFT: RUNNING}, "fire", False),
    ],
)  # fmt: skip
def test_weapons(world, entries, button, pressed):
    """The one for the distance that has rounds enough; at 10 m a target that runs to the side at 3
    m/s is in a rifle's line but not in the slower gun's."""
    assert _presses(world, entries, button) == pressed


def _presses(world, entries, button):
    names = get_world(world).spaces.action_names
    seen = np.zeros(view.HELD + len(names), np.float32)
    full = [view.HEALTH_LEVEL, view.MAGAZINE_LEVEL, view.RESERVE_LEVEL, view.SHIELD_LEVEL]
    seen[[*full, view.DASH_LEVEL]] = 1.0
    seen[list(entries)] = list(entries.values())
    return _decisions(seen[None], len(names))[0][names.index(button)]
