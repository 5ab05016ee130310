"""Rewards that are networks: what they see, what the end of an episode is worth, saving them."""

import numpy as np
import pytest
import safetensors.numpy
import torch

from baselines.reward_networks import FORMS, RewardNetwork, excess_slope, load_reward
from il_envs import LearnedReward, TabularReward, collect, get_world, reward_table
from il_envs.learning.learned_reward import InvalidRewardError


def _network(name, **settings):
    world = get_world(name)
    shown = collect(name, 300, seed=0)
    network = RewardNetwork(world.spaces.observation, world.spaces.action, (8, 8), 0, **settings)
    network.fit_normalisation(shown.observations, shown.actions)
    return network, shown


def _rewards(network, shown, ended=None):
    ended = np.zeros(len(shown), np.bool_) if ended is None else ended
    return network.reward(shown.observations, shown.actions, shown.observations, ended)


def test_the_forms_are_those_of_a_discriminator():
    logits = torch.linspace(-4, 4, 9, dtype=torch.float64)
    share = 1.0 / (1.0 + torch.exp(-logits))
    expected = {
        "logit": torch.log(share) - torch.log(1 - share),
        "survival": -torch.log(1 - share),
        "mortality": torch.log(share),
    }
    assert set(FORMS) == set(expected)
    for name, form in FORMS.items():
        torch.testing.assert_close(form(logits), expected[name])
    assert (FORMS["survival"](logits) > 0).all()
    assert (FORMS["mortality"](logits) < 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_the_end_is_worth_the_absorbing_state_for_ever(form):
    network, shown = _network("DriftCar", discount=0.9, form=form)
    ended = np.arange(len(shown)) % 3 == 0
    with torch.no_grad():
        absorbing = FORMS[form](network(network.absorbing_input)).item()
    rest = sum(0.9**k for k in range(1, 400)) * absorbing
    expected = _rewards(network, shown) + rest * ended
    np.testing.assert_allclose(_rewards(network, shown, ended), expected, atol=1e-5)


def test_without_discount_the_end_is_worth_nothing():
    network, shown = _network("DriftCar", discount=0.0)
    ended = np.ones(len(shown), np.bool_)
    np.testing.assert_array_equal(_rewards(network, shown, ended), _rewards(network, shown))


@pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Shooter", "Duel"])
@pytest.mark.parametrize("state_only", [False, True])
def test_it_comes_back_from_its_tensors(name, state_only, tmp_path):
    network, shown = _network(name, state_only=state_only, discount=0.95, form="survival")
    path = tmp_path / "reward.safetensors"
    safetensors.numpy.save_file(network.tensors(), path)
    loaded = load_reward(path, name)
    ended = np.arange(len(shown)) % 2 == 0
    np.testing.assert_array_equal(_rewards(loaded, shown, ended), _rewards(network, shown, ended))
    assert isinstance(loaded, LearnedReward)


def test_a_table_comes_back_too(tmp_path):
    table = np.arange(484.0).reshape(121, 4)
    safetensors.numpy.save_file(TabularReward(table).tensors(), tmp_path / "reward.safetensors")
    loaded = load_reward(tmp_path / "reward.safetensors", "FourRooms")
    assert isinstance(loaded, TabularReward)
    np.testing.assert_array_equal(loaded.table, table)


def test_what_is_no_reward_of_that_world_is_described(tmp_path):
    network, _ = _network("FourRooms")
    path = tmp_path / "reward.safetensors"

    def refused(world="FourRooms"):
        with pytest.raises(ValueError, match=r"reward\.safetensors: ") as caught:
            load_reward(path, world)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no reward can be read" in refused()  # missing
    path.write_bytes(b"")
    assert "no reward can be read" in refused()
    safetensors.numpy.save_file(network.tensors(), path)
    assert "no reward learned in DriftCar" in refused("DriftCar")
    safetensors.numpy.save_file(network.tensors() | {"form": np.array(7)}, path)
    assert "form 7" in refused()
    bias = {"body.0.bias": network.tensors()["body.0.bias"] * np.float32(np.nan)}
    safetensors.numpy.save_file(network.tensors() | bias, path)
    assert "not finite" in refused()
    safetensors.numpy.save_file({"table": np.zeros(7)}, path)
    with pytest.raises(InvalidRewardError, match="must have the shape"):
        load_reward(path, "FourRooms")


def test_a_reward_of_states_alone_does_not_see_actions():
    network, _ = _network("FourRooms", state_only=True)
    world = get_world("FourRooms")
    table = reward_table(network, world.known_model(), world.spaces.action)
    np.testing.assert_allclose(table, np.repeat(table[:, :1], 4, axis=1), atol=1e-12)
    other, _ = _network("FourRooms")
    table = reward_table(other, world.known_model(), world.spaces.action)
    assert np.ptp(table, axis=1).min() > 1e-4


def test_an_anchored_reward_is_zero_in_the_absorbing_state():
    network, shown = _network("DriftCar", anchored=True)
    ended = np.ones(len(shown), np.bool_)
    np.testing.assert_array_equal(_rewards(network, shown, ended), _rewards(network, shown))
    plain, _ = _network("DriftCar")
    with torch.no_grad():
        absorbing = plain(plain.absorbing_input).item()
    np.testing.assert_allclose(
        _rewards(network, shown), _rewards(plain, shown) - absorbing, atol=1e-6
    )


@pytest.mark.parametrize(("steepest", "excess"), [(2.0, 1.5**2), (5.1, 0.0)])
def test_what_is_steeper_than_it_may_be_counts(steepest, excess):
    """A plane has the same slope wherever the sides are."""
    weight = 5.0 * torch.tensor([0.6, 0.0, 0.8])
    sides = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(0))
    found = excess_slope(lambda inputs: inputs @ weight, *sides, steepest, torch.Generator())
    assert found.item() == pytest.approx(excess, rel=1e-5)


def test_pictures_are_refused():
    world = get_world("ShooterPixels")
    with pytest.raises(TypeError, match="no reward network for pictures"):
        RewardNetwork(world.spaces.observation, world.spaces.action, (8,), 0)


def test_a_form_that_is_none_is_refused():
    with pytest.raises(ValueError, match="one of logit, survival, mortality, not 'foo'"):
        _network("FourRooms", form="foo")
