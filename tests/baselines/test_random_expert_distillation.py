"""Random expert distillation: what its reward is, and where it is high."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import torch

from baselines.random_expert_distillation import HELD_OUT, REDConfig, algorithm, distill
from baselines.reward_learning import PPOConfig
from baselines.reward_networks import SupportReward, load_reward
from il_envs import Budget, LearnedReward, Problem, collect, get_world
from il_envs.testing import check_algorithm

SMALL = REDConfig(
    hidden_sizes=(32, 32),
    outputs=16,
    updates=400,
    batch_size=128,
    ppo=PPOConfig(num_envs=4, rollout_steps=32, batch_size=64, epochs=2, hidden_sizes=(8,)),
)


def _distilled(world, seed=0, labels=2_000, **settings):
    problem = Problem(get_world(world), algorithm.sources, Budget(labels, 0), seed)
    return distill(problem, seed, replace(SMALL, **settings)), problem


def _rewards(reward, shown, actions=None, ended=None):
    actions = shown.actions if actions is None else actions
    ended = np.zeros(len(shown), np.bool_) if ended is None else ended
    return reward.reward(shown.observations, actions, shown.observations, ended)


@pytest.mark.parametrize("toy", ["DriftCar", "Buttons", "Maze"])
def test_contract(toy):
    config = replace(SMALL, updates=20)
    check_algorithm(replace(algorithm, config=config), get_world(toy))


def test_pictures_are_not_for_it(world):
    assert algorithm.applies_to(world) != (world.name == "ShooterPixels")


def test_the_reward_is_the_exponential_of_the_squared_error():
    world = get_world("DriftCar")
    spaces = world.spaces.observation, world.spaces.action
    reward = SupportReward(*spaces, (8,), outputs=5, seed=0)
    reward.sigma.fill_(3.0)
    shown = collect("DriftCar", 50, 0)
    with torch.no_grad():
        inputs = reward.inputs(shown.observations, shown.actions)
        error = (reward.body(inputs) - reward.target(inputs)).square().numpy().mean(1)
    np.testing.assert_allclose(_rewards(reward, shown), np.exp(-3.0 * error), rtol=1e-5)


def test_the_target_stays_and_the_prediction_comes_to_it():
    (trained, problem), (untrained, _) = _distilled("DriftCar"), _distilled("DriftCar", updates=0)
    for name, weight in untrained.target.state_dict().items():
        torch.testing.assert_close(trained.target.state_dict()[name], weight, rtol=0, atol=0)
    assert not any(weight.requires_grad for weight in trained.target.parameters())
    shown = collect("DriftCar", 500, 10**6)
    inputs = trained.inputs(shown.observations, shown.actions)
    with torch.no_grad():
        errors = [float(reward.error(inputs).mean()) for reward in (trained, untrained)]
    assert errors[0] < errors[1] / 10.0
    assert problem.meter.steps == 0


def test_nine_in_ten_held_out_demonstrations_have_the_usual_reward():
    for usual_reward in (0.5, 0.9):
        reward, problem = _distilled("DriftCar", usual_reward=usual_reward)
        shown = collect("DriftCar", 2_000, problem._demonstration_seed)
        held_out = _rewards(reward, shown)[len(shown) - len(shown) // HELD_OUT :]
        assert len(held_out) == 200
        assert (held_out > usual_reward).mean() == 0.9


def test_rewards_are_in_the_unit_interval_whatever_is_asked():
    reward, _ = _distilled("DriftCar")
    shown, generator = collect("DriftCar", 500, 10**6), np.random.default_rng(0)
    for scale in (0.1, 1.0, 10.0):
        noise = generator.normal(size=shown.observations.shape).astype(np.float32)
        moved = reward.reward(
            shown.observations + scale * noise, shown.actions, shown.observations,
            np.zeros(len(shown), np.bool_),
        )  # fmt: skip
        assert (moved >= 0.0).all()
        assert (moved <= 1.0).all()
    assert (_rewards(reward, shown) > 0.0).all()


def test_the_experts_pairs_are_worth_more_than_the_same_with_other_actions():
    """Fresh pairs of the expert; the actions of the others are dealt out anew among the states, so
    that states and actions are the same on both sides. A reward that has learned nothing would
    have a share of .5 (give or take .02) of pairs in which the expert's is the higher one."""
    shown = collect("DriftCar", 1_000, 10**6)
    shuffled = np.random.default_rng(0).permutation(shown.actions)
    for updates, low, high in ((0, 0.4, 0.65), (400, 0.8, 1.0)):
        reward, _ = _distilled("DriftCar", updates=updates)
        assert low < (_rewards(reward, shown) > _rewards(reward, shown, shuffled)).mean() < high


def test_a_car_beside_the_experts_path_earns_less():
    reward, _ = _distilled("DriftCar")
    shown = collect("DriftCar", 1_000, 10**6)
    beside = shown.observations.copy()
    beside[:, 5] += 3.0  # m of lateral error
    ended = np.zeros(len(shown), np.bool_)
    moved = reward.reward(beside, shown.actions, beside, ended)
    assert (_rewards(reward, shown) > moved).mean() > 0.9


def test_the_end_is_worth_something_only_if_the_expert_ends():
    """The expert of Walk ends its episodes; that of DriftCar does not."""
    for world, worth in (("Walk", 1.0), ("DriftCar", 0.0)):
        reward, _ = _distilled(world, updates=5)
        with torch.no_grad():
            assert reward(reward.absorbing_input).tolist() == [worth]
        shown = collect(world, 200, 0)
        ended = np.arange(len(shown)) % 2 == 0
        rest = _rewards(reward, shown, ended=ended) - _rewards(reward, shown)
        np.testing.assert_allclose(rest, 99.0 * worth * ended, rtol=1e-5)


@pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Shooter"])
def test_it_comes_back_from_its_tensors(name, tmp_path):
    reward, _ = _distilled(name, updates=5)
    path = tmp_path / "reward.safetensors"
    safetensors.numpy.save_file(reward.tensors(), path)
    loaded, shown = load_reward(path, name), collect(name, 200, 0)
    ended = np.arange(len(shown)) % 2 == 0
    np.testing.assert_array_equal(
        _rewards(loaded, shown, ended=ended), _rewards(reward, shown, ended=ended)
    )
    assert isinstance(loaded, LearnedReward)
    with pytest.raises(ValueError, match="no reward learned in LaneKeeping"):
        load_reward(path, "LaneKeeping")


@pytest.mark.parametrize(
    ("name", "value"),
    [("usual_reward", 0.0), ("usual_reward", 1.5), ("outputs", 0), ("gain", np.nan)],
)
def test_settings_are_checked(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
        REDConfig(**{name: value})
