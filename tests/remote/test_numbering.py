"""Another process sees an instance under other numbers, and what it learns there is right here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from il_envs import Budget, Problem, World, get_world
from il_envs.buttons import chords_of
from il_envs.exact.linear_quadratic import linear_quadratic_soft_optimal
from il_envs.exact.soft_optimal import soft_optimal
from il_envs.learning.learned_reward import TabularReward, reward_table
from il_envs.learning.policy import LinearPolicy, TabularPolicy
from il_envs.remote.channel import Channel
from il_envs.remote.numbering import Numbering
from il_envs.world import WORLDS
from leaderboard.measures.checked_tables import learned_reward, policy_table
from leaderboard.measures.references import linear_reference, tabular_reference
from tests.leaderboard.answered import answered
from tests.remote.connected import remote

CODE = "0123456789abcdef"
TABULAR = ("FourRooms", "Objectworld", "RiskyBridge", "CliffChain", "Duel")


def instance(name: str) -> World:
    return get_world(f"{name}~{CODE}")


@pytest.mark.parametrize("name", WORLDS)
def test_a_registered_world_has_its_own_numbers(name: str) -> None:
    world = get_world(name)
    numbers = Numbering.of(world)
    assert numbers.nameplate.spaces == world.spaces
    actions = np.stack([world.spaces.action.sample() for _ in range(3)])
    assert numbers.meant(actions) is actions
    assert numbers.shown(actions) is actions


@pytest.mark.parametrize("name", WORLDS)
def test_actions_come_back_as_what_they_were(name: str) -> None:
    world = instance(name)
    numbers, there = Numbering.of(world), Numbering.of(world).nameplate
    world.spaces.action.seed(0)
    actions = np.stack([world.spaces.action.sample() for _ in range(64)])
    assert there.spaces.action_names == ()
    shown = numbers.shown(actions)
    assert all(action in there.spaces.action for action in shown)
    np.testing.assert_array_equal(numbers.meant(shown), actions)
    assert numbers.actions is not None
    if numbers.actions.size > 2:  # of two, either order is likely
        assert (shown != actions).any()


@pytest.mark.parametrize("name", ["DriftCar", "Shooter", "FourRooms"])
def test_observations_are_in_the_space_that_is_told(name: str) -> None:
    world = instance(name)
    problem = Problem(world, frozenset({"env", "demonstrations"}), Budget(50, 1_000), 3)
    with remote(problem) as there:
        env = there.env(4)
        observations, _ = env.reset()
        assert all(each in env.single_observation_space for each in observations)
        observations, *_ = env.step(env.action_space.sample())
        assert all(each in env.single_observation_space for each in observations)
        there.demonstrations().check_spaces(there.observation_space, there.action_space)


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """All that is sent through channels."""
    sent: list[bytes] = []
    send = Channel.send

    def overhearing(self: Channel, message: Any) -> None:
        sent.append(repr((message.kind, message.fields)).encode())
        sent.extend(array.tobytes() for array in message.arrays.values())
        send(self, message)

    monkeypatch.setattr(Channel, "send", overhearing)
    yield sent


def test_the_code_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = frozenset({"demonstrations", "env", "expert", "model", "reward"})
    problem = Problem(instance("FourRooms"), sources, Budget(50, 1_000), 3)
    with overheard(monkeypatch) as sent, remote(problem) as there:
        there.demonstrations(20)
        env = there.env(2)
        env.reset()
        with pytest.raises(ValueError, match="FourRooms: action"):
            env.step(np.array([9, 9]))
        with pytest.raises(ValueError, match="FourRooms"):
            env.step(np.zeros((7, 7)))
        there.expert(env)
        there.model()
    assert len(sent) > 20
    assert not any(CODE.encode() in each for each in sent)


@pytest.mark.parametrize("name", TABULAR)
def test_a_model_is_the_same_world_under_other_numbers(name: str) -> None:
    """Demonstrations are possible in it, and its soft-optimal policy is that of the world."""
    world = instance(name)
    reference = tabular_reference(world)
    assert reference is not None
    sources = frozenset({"demonstrations", "model", "reward"})
    with remote(Problem(world, sources, Budget(100, 0), 3)) as there:
        model, shown = there.model(), there.demonstrations().episodes[0]
    actions = shown.actions
    if isinstance(world.spaces.action, gym.spaces.MultiBinary):
        actions = actions @ (1 << np.arange(actions.shape[1]))
    model.check_trajectories(shown.observations[None], actions[None])
    assert (model.transition != reference.model.transition).nnz > 0
    solved = soft_optimal(model, "causal", reference.temperature)
    assert solved.expected_return == pytest.approx(reference.expected_return, abs=1e-10)
    policy = TabularPolicy(solved.policy, 0, chords_of(world.spaces.action))
    policy.reward = model.reward  # type: ignore[attr-defined]
    with answered(policy, world) as learned:
        table = policy_table(learned, reference.model)  # type: ignore[arg-type]
        reward = learned_reward(learned, world)
    np.testing.assert_allclose(table, reference.policy, atol=1e-10)
    assert isinstance(reward, TabularReward)
    own = reward_table(reward, reference.model, world.spaces.action)
    np.testing.assert_array_equal(own, reference.model.reward)


def test_a_linear_world_is_the_same_under_other_numbers() -> None:
    world = get_world("LaneKeeping~0000000000000001")
    reference = linear_reference(world)
    assert reference is not None
    numbers = Numbering.of(world)
    assert numbers.actions is not None
    assert list(numbers.actions) == [1, 0]  # or the test would not see them
    model = numbers.model(reference.model)
    solved = linear_quadratic_soft_optimal(model)  # type: ignore[arg-type]
    assert solved.expected_return == pytest.approx(reference.expected_return, rel=1e-12)
    policy = LinearPolicy(solved.policy, numbers.nameplate.spaces.action, 0)
    states = np.random.default_rng(0).normal(size=(7, 5))
    with answered(policy, world) as learned:
        mean, covariance = learned.action_moments(states, 3)  # type: ignore[attr-defined]
        actions, _ = learned.predict(states, deterministic=True)
    np.testing.assert_allclose(mean, reference.policy.mean(3, states), rtol=1e-8)
    np.testing.assert_allclose(covariance[0], reference.policy.covariance[3], rtol=1e-8)
    np.testing.assert_allclose(actions, reference.policy.mean(0, states).clip(-1, 1), rtol=1e-8)


def test_the_expert_is_asked_under_the_numbers_of_there() -> None:
    """What it answers, taken there, is what it would have done here."""
    world = instance("Duel")
    sources = frozenset({"env", "expert"})
    here = Problem(world, sources, Budget(2_000, 2_000), 5)
    own = here.env(8)
    own.reset()
    with remote(Problem(world, sources, Budget(2_000, 2_000), 5)) as there:
        env = there.env(8)
        env.reset()
        numbers = Numbering.of(world)
        for _ in range(30):
            answer, here_answer = there.expert(env), here.expert(own)
            np.testing.assert_array_equal(numbers.meant(answer), here_answer)
            seen, *_ = env.step(answer)
            states, *_ = own.step(here_answer)
            np.testing.assert_array_equal(seen, numbers.observed(states))


class Listening(TabularPolicy):
    """A policy that keeps which states it is asked about."""

    def __init__(self, states: int, actions: int) -> None:
        super().__init__(np.full((states, actions), 1.0 / actions), 0)
        self.heard: list[list[int]] = []

    def action_probabilities(self, observation: Any, step: int) -> Any:
        self.heard.append(observation.tolist())
        return super().action_probabilities(observation, step)


class ListeningReward:
    """A reward that keeps what it is asked about."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, int]] = []

    def reward(self, observation: Any, action: Any, next_observation: Any, ended: Any) -> Any:
        rows = zip(observation.tolist(), action.tolist(), next_observation.tolist(), strict=True)
        self.heard += rows
        return 10.0 * observation + action

    def tensors(self) -> dict[str, Any]:
        return {}


def test_the_order_of_questions_tells_nothing() -> None:
    """All states are asked about, in the order of the numbers there."""
    world = instance("RiskyBridge")
    model = tabular_reference(world).model  # type: ignore[union-attr]
    policy, listening = Listening(model.states, model.actions), ListeningReward()
    policy.reward = listening  # type: ignore[attr-defined]
    with answered(policy, world) as learned:
        reward = learned_reward(learned, world)
        assert reward is not None
        table = reward_table(reward, model, world.spaces.action)
        policy_table(learned, model)  # type: ignore[arg-type]
    assert policy.heard[0] == list(range(model.states))
    assert listening.heard == sorted(listening.heard)
    numbers = Numbering.of(world)
    here = np.arange(model.states)[:, None], np.arange(model.actions)[None]
    wanted = 10.0 * numbers.observed(here[0]) + numbers.shown(here[1])
    np.testing.assert_allclose(table, wanted)


def test_refusals_and_what_was_not_asked_have_the_numbers_of_there() -> None:
    world = instance("Duel")
    problem = Problem(world, frozenset({"env", "expert"}), Budget(100, 100), 5)
    with remote(problem) as there:
        env = there.env(2)
        env.reset()
        for entry in range(5):
            wrong = np.zeros((2, 5), np.int8)
            wrong[1, entry] = 7
            with pytest.raises(ValueError, match=f"action entry {entry} of row 1 is 7"):
                env.step(wrong)
    problem = Problem(instance("RiskyBridge"), frozenset({"env", "expert"}), Budget(100, 100), 5)
    with remote(problem) as there:
        env = there.env(3)
        env.reset()
        answer = there.expert(env, np.array([False, True, False]))
        assert answer[[0, 2]].tolist() == [0, 0]


def test_demonstrations_do_not_tell_the_state_by_its_measures() -> None:
    sources = frozenset({"demonstrations", "reward"})
    with remote(Problem(instance("RiskyBridge"), sources, Budget(50, 0), 5)) as there:
        shown = there.demonstrations().episodes[0]
    assert shown.measures == {}
    assert np.isfinite(shown.rewards).all()
