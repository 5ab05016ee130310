"""The policies that MAIL learns: their probabilities and memory, pictures, and what they reach."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from numba import njit
from safetensors.numpy import load, save
from stable_baselines3 import A2C

import il_envs
from baselines import action_models, actor_critic, mail, mail_a2c
from baselines.actor_critic import learn
from baselines.networks import one_thread
from il_envs import ExactPolicy, get_world
from il_envs.buttons import joint_chords, joint_index, single_button_chords
from il_envs.random import integer
from il_envs.stable_baselines import GymnasiumVecEnv
from tests.baselines.test_mail import (
    ALGORITHMS,
    CONSTANT,
    SMALL_CONFIG,
    assert_equal_tensors,
    env_of,
    expert_of,
    mean_return,
    problem_of,
    trained,
)
from tests.contract import toy_worlds

SIDE = 36  # pixels: the smallest picture that the convolutions of Stable-Baselines3 take


@njit
def reset_recall(state, params):
    state.place = integer(state, 8)
    state.held = 0


@njit
def observe_recall(state, params, out):
    out[:] = 0.0
    if state.step == 0:
        for k in range(3):
            out[k] = 1 + ((state.place >> k) & 1)


@njit
def step_recall(state, action, params):
    held = action[0] + 2 * action[1] + 4 * action[2]
    return 1.0 if held == state.place else 0.0, False


@njit
def observe_picture(state, params, out):
    out[:] = 0
    place = state.place % 8
    for k in range(3):
        if (place >> k) & 1:
            out[12 * k : 12 * k + 12, :, k] = 255


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.fixture
def recall(monkeypatch):
    """Buttons that are shown at the first step, and to be pressed for ten."""
    buttons = toy_worlds.BUTTONS
    world = replace(
        buttons,
        name="Recall",
        spaces=replace(buttons.spaces, observation=gym.spaces.Box(0.0, 2.0, (3,))),
        dynamics=replace(
            buttons.dynamics,
            reset=reset_recall,
            observe=observe_recall,
            step=step_recall,
            max_episode_steps=10,
        ),
    )
    monkeypatch.setitem(il_envs.WORLDS, world.name, world)
    return world.name


@pytest.fixture
def picture(monkeypatch):
    """Buttons whose digits are seen in a picture."""
    buttons = toy_worlds.BUTTONS
    seen = gym.spaces.Box(0, 255, (SIDE, SIDE + 1, 3), np.uint8)
    world = replace(
        buttons,
        name="Picture",
        spaces=replace(buttons.spaces, observation=seen),
        dynamics=replace(buttons.dynamics, observe=observe_picture),
    )
    monkeypatch.setitem(il_envs.WORLDS, world.name, world)
    return world.name


@pytest.mark.parametrize(
    ("changes", "chords"),
    [
        ({"action_model": "maps"}, joint_chords(3)),
        ({"action_model": "saps"}, single_button_chords(3)),
        ({"action_model": "joint"}, joint_chords(3)),
    ],
    ids=["maps", "saps", "joint"],
)
def test_probabilities_are_those_of_the_samples(changes, chords):
    policy, _ = trained(**changes)
    assert isinstance(policy, ExactPolicy)
    rows = np.eye(9, dtype=np.float32)
    probabilities = policy.action_probabilities(rows, step=3)
    assert (probabilities.dtype, probabilities.shape) == (np.float64, (9, 8))
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-12)
    count = 5000
    samples, _ = policy.predict(np.repeat(rows, count, 0))
    assert samples.dtype == np.int8
    numbers = joint_index(samples).reshape(9, count)
    shares = np.stack([np.bincount(row, minlength=8) for row in numbers]) / count
    np.testing.assert_allclose(shares, probabilities, atol=0.03)  # 4 sigma
    assert set(numbers.flat) <= set(joint_index(chords).tolist())
    modes, _ = policy.predict(rows, deterministic=True)
    np.testing.assert_array_equal(joint_index(modes), probabilities.argmax(1))


def test_probabilities_of_discrete_actions():
    policy, _ = trained("Maze")
    probabilities = policy.action_probabilities(np.arange(12), 0)
    assert (probabilities.dtype, probabilities.shape) == (np.float64, (12, 4))
    actions, _ = policy.predict(np.repeat(np.arange(12), 5000))
    assert actions.dtype == np.int64
    shares = [(actions.reshape(12, -1) == action).mean(1) for action in range(4)]
    np.testing.assert_allclose(np.transpose(shares), probabilities, atol=0.03)


def test_a_policy_with_memory_or_of_a_continuum_tells_no_probabilities():
    assert not isinstance(trained(recurrent_units=4)[0], ExactPolicy)
    assert not isinstance(trained("LaneKeeping")[0], ExactPolicy)


def test_more_buttons_than_can_be_numbered_have_no_joint_probabilities():
    space = gym.spaces.MultiBinary(13)
    chords = single_button_chords(13)
    for actions, table in ((space, None), (gym.spaces.Discrete(14), chords)):
        network = A2C.policy_aliases["MlpPolicy"](gym.spaces.Box(0, 1, (2,)), actions, lambda _: 0)
        policy = actor_critic.policy_of(network, 0, table)
        assert policy.predict(np.zeros((3, 2), np.float32))[0].shape == (3, 13)
        with pytest.raises(ValueError, match="13 buttons have 8,192 chords"):
            policy.action_probabilities(np.zeros((3, 2), np.float32), 0)


def test_continuous_actions_are_valid():
    policy, _ = trained("LaneKeeping")
    space = get_world("LaneKeeping").spaces.action
    rows = problem_of("LaneKeeping").demonstrations().observations
    for deterministic in (True, False):
        actions, _ = policy.predict(rows * 100, deterministic=deterministic)
        assert actions.dtype == space.dtype
        assert all(space.contains(action) for action in actions)


def test_every_weight_is_kept_once(picture):
    tensors = trained(picture)[0].tensors()
    kept = load(save({name: np.ascontiguousarray(array) for name, array in tensors.items()}))
    assert_equal_tensors(tensors, kept)
    convolutions = [name for name in tensors if ".cnn." in name and "weight" in name]
    assert len(convolutions) == 3


# --- Memory ---


class TestMemory:
    def test_it_recalls_what_a_policy_without_cannot(self, recall):
        returns = {}
        for units in (0, 16):
            policy, _ = trained(
                recall, mail.imitation, labels=1000, recurrent_units=units, rollout_steps=10,
                updates=500, learning_rate=1e-2,
            )  # fmt: skip
            returns[units] = mean_return(recall, policy)
        assert returns[16] == 10.0
        assert returns[0] < 5.0  # the first step, and one in eight of the others

    def test_with_live_data_it_learns_to_recall_as_well(self, recall):
        policy, _ = trained(
            recall, mail.algorithm, labels=1000, steps=20_000, recurrent_units=16, rollout_steps=10,
            num_envs=8, learning_rate=3e-2, discount=0.99, **CONSTANT,
        )  # fmt: skip
        assert mean_return(recall, policy) > 6.0

    def test_the_state_is_carried_and_forgotten_where_an_episode_starts(self):
        policy, _ = trained(recurrent_units=8)
        network = policy.network
        first, second = np.eye(9, dtype=np.float32)[:4], np.eye(9, dtype=np.float32)[4:8]
        starts = np.array([True, True, True, True])
        _, state = policy.predict(first, None, starts)
        assert [part.shape for part in state] == [(1, 4, 8)] * 2
        before = [part.copy() for part in state]
        _, later = policy.predict(second, state, ~starts)
        _, again = policy.predict(second, state, np.array([False, True, False, True]))
        _, fresh = policy.predict(second, None, starts)
        for carried, mixed, new, old, copy in zip(later, again, fresh, state, before, strict=True):
            np.testing.assert_array_equal(mixed[:, [0, 2]], carried[:, [0, 2]])
            np.testing.assert_allclose(mixed[:, [1, 3]], new[:, [1, 3]], atol=1e-7)
            assert (carried != new).all()
            np.testing.assert_array_equal(old, copy)
        assert not network.training

    def test_live_data_are_evaluated_as_they_were_gathered(self):
        """Values and likelihoods of the rollout come out again, memory and its resets included."""
        model = mail_a2c.RecurrentMAIL(
            "MlpLstmPolicy", GymnasiumVecEnv(env_of("Buttons")), expert=None,
            imitation_weight=lambda remaining: 0.0, reinforcement_weight=1.0, n_steps=12, seed=0,
            device="cpu", policy_kwargs={"lstm_hidden_size": 8},
        )  # fmt: skip
        resets = 0
        evaluate = model.live_data

        def checked():
            nonlocal resets
            buffer, rollout = model.rollout_buffer, evaluate()
            resets += int(buffer.episode_starts[1:].sum())
            for ours, theirs in (
                (rollout.values, buffer.values),
                (rollout.log_likelihood, buffer.log_probs),
                (rollout.advantages, buffer.advantages),
                (rollout.returns, buffer.returns),
            ):
                np.testing.assert_allclose(ours.detach(), theirs.T.flatten(), atol=1e-5)
            return rollout

        model.live_data = checked
        learn(model, 5 * 12 * 8)
        assert resets > 20

    def _sequences(self, readers=3, length=4, units=8):
        problem = problem_of("Buttons", labels=150)
        shown = problem.demonstrations()
        expert = mail.demonstrated(
            problem_of("Buttons", labels=150), action_models.maps(problem.action_space), 0,
            replace(
                SMALL_CONFIG, recurrent_units=units, rollout_steps=length,
                expert_batch_size=readers * length,
            ),
        )  # fmt: skip
        return expert, shown

    def test_readers_play_whole_demonstrations_one_after_another(self):
        expert, shown = self._sequences()
        lengths = [len(episode) for episode in shown.episodes]
        first = np.cumsum([0, *lengths[:-1]])
        last = np.cumsum(lengths) - 1
        assert len(first) > 2
        batches = [expert._read() for _ in range(200)]
        rows, starts = (
            np.concatenate([batch[k].numpy().reshape(3, 4) for batch in batches], 1) for k in (0, 1)
        )
        seen = set()
        for row, start in zip(rows, starts, strict=True):
            assert start[0]
            ended = np.isin(row[:-1], last)
            np.testing.assert_array_equal(start[1:], ended)
            np.testing.assert_array_equal(row[1:][~ended], row[:-1][~ended] + 1)
            assert np.isin(row[1:][ended], first).all()
            seen |= set(row[1:][ended])
        assert seen == set(first)

    def test_memory_goes_on_from_one_minibatch_to_the_next(self):
        expert, shown = self._sequences()
        twin, _ = self._sequences()
        network = trained(recurrent_units=8)[0].network
        losses = [expert.loss(network).item() for _ in range(30)]
        rows, starts = (
            torch.cat([part.reshape(3, 4) for part in parts], 1).flatten()
            for parts in zip(*(twin._read() for _ in range(30)), strict=True)
        )
        nothing = torch.zeros(1, 3, 8), torch.zeros(1, 3, 8)
        observations = torch.tensor(shown.observations)[rows]
        with torch.no_grad():
            distribution, _ = network.get_distribution(observations, nothing, starts.float())
            likelihoods = distribution.log_prob(torch.tensor(shown.actions).float()[rows])
        expected = -likelihoods.reshape(3, 30, 4).mean((0, 2))
        np.testing.assert_allclose(losses, expected, atol=1e-6)


# --- Learning ---


@pytest.mark.parametrize("name", ["mail", "maps-rl", "mail-il"])
def test_concurrent_buttons_are_learned_perfectly(name):
    policy, _ = trained(
        algorithm=ALGORITHMS[name], labels=2000, steps=16_000, learning_rate=1e-2, updates=300
    )
    assert mean_return("Buttons", policy) == 40.0


@pytest.mark.parametrize("name", ["mail-saps", "saps-rl"])
def test_one_button_at_a_time_does_what_it_can(name):
    """It can press 0, 1, 2 and 4 of the 8 chords that are asked for."""
    policy, _ = trained(algorithm=ALGORITHMS[name], labels=2000, steps=16_000, learning_rate=1e-2)
    modes, _ = policy.predict(np.eye(9, dtype=np.float32), deterministic=True)
    assert joint_index(modes)[[0, 1, 2, 4, 8]].tolist() == [0, 1, 2, 4, 0]


@pytest.mark.parametrize("name", ["mail", "mail-il"])
def test_pictures_are_learned(name, picture):
    policy, _ = trained(
        picture, ALGORITHMS[name], labels=300, steps=4000, num_envs=4, hidden_sizes=(),
        learning_rate=1e-3, **CONSTANT,
    )  # fmt: skip
    assert mean_return(picture, policy) == 40.0
    rows = problem_of(picture).demonstrations().observations
    assert policy.action_probabilities(rows, 0).max(1).min() > 0.5


def test_demonstrations_leave_the_value_head_behind_shared_convolutions_alone(picture):
    network = trained(picture)[0].network
    network.zero_grad()
    expert_of(picture).loss(network).backward()
    without = {name for name, weight in network.named_parameters() if weight.grad is None}
    assert without == {name for name, _ in network.named_parameters() if "value_net" in name}
