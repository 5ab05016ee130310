"""GAIL and AIRL: what the discriminator is at its best, and what the policy is paid."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from baselines import adversarial
from baselines.actor_critic import learn, untouched_generators
from baselines.adversarial import AdversarialConfig, Discriminator, Rows
from baselines.networks import one_thread
from baselines.reward_learning import (
    Normalised,
    PPOConfig,
    Transitions,
    demonstrated,
    log_probabilities,
    optimise,
)
from il_envs import Budget, Problem, TrainingWarning, get_world
from il_envs.stable_baselines import GymnasiumVecEnv
from il_envs.testing import check_algorithm
from il_envs.wrappers.vector import RewardWrapper

SMALL_PPO = PPOConfig(num_envs=4, rollout_steps=32, batch_size=64, epochs=2, hidden_sizes=(8,))
SMALL = {
    name: replace(
        algorithm,
        config=replace(
            algorithm.config, hidden_sizes=(8,), batch_size=32, updates_per_rollout=2, ppo=SMALL_PPO
        ),
    )
    for name, algorithm in {
        "gail": adversarial.algorithm,
        "airl": adversarial.airl,
        "airl-state": adversarial.airl_state,
    }.items()
}
WORLDS = ["DriftCar", "Buttons", "Maze"]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("toy", WORLDS)
def test_contract(name, toy):
    check_algorithm(SMALL[name], get_world(toy))


@pytest.mark.parametrize("name", SMALL)
def test_pictures_are_not_for_them(name, world):
    pictures = world.name == "ShooterPixels"
    assert SMALL[name].applies_to(world) != pictures


def _problem(world="Walk", labels=300, steps=10_000):
    return Problem(get_world(world), adversarial.algorithm.sources, Budget(labels, steps), 0)


def _counts(seed, states=9, total=1000):
    """How often each state is visited, int [states], of the given total."""
    return np.random.default_rng(seed).multinomial(total, np.full(states, 1 / states))


def _tabular(counts):
    """Rows of a discriminator of states alone, each state as often as it was visited."""
    states = np.repeat(np.arange(len(counts)), counts)
    inputs = torch.zeros(len(states), 10, dtype=torch.float64)
    inputs[torch.arange(len(states)), torch.as_tensor(states)] = 1.0
    return Rows(inputs, inputs[:, :0], inputs[:, :0], torch.zeros(len(states)))


def _best_discriminator(expert, learner):
    """One with a number for each state, trained to the end."""
    problem = _problem()
    config = AdversarialConfig(state_only=True, hidden_sizes=())
    shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
    discriminator = Discriminator(problem, shown, 0, config).double()
    optimiser = torch.optim.LBFGS(
        discriminator.parameters(),
        max_iter=500,
        tolerance_grad=1e-10,
        line_search_fn="strong_wolfe",
    )

    def loss():
        optimiser.zero_grad()
        value = discriminator.cross_entropy(expert, learner)
        value.backward()
        return value

    optimiser.step(loss)
    return discriminator, loss().item()


class TestOptimalDiscriminator:
    """Identity 12: max over D of E_expert[log D] + E_policy[log(1 - D)] = 2 JS - log 4."""

    def test_the_objective_is_the_jensen_shannon_divergence(self):
        counts = _counts(0), _counts(1)
        discriminator, loss = _best_discriminator(*map(_tabular, counts))
        expert, learner = (c / c.sum() for c in counts)
        middle = (expert + learner) / 2
        kl = [(p * np.log(p / middle)).sum() for p in (expert, learner)]
        assert -loss == pytest.approx(sum(kl) - np.log(4), abs=1e-8)
        one_each = _tabular(np.ones(9, int))
        with torch.no_grad():
            logits = discriminator(one_each).numpy()
        np.testing.assert_allclose(logits, np.log(expert / learner), atol=1e-4)

    def test_equal_sides_give_one_half_everywhere(self):
        rows = _tabular(_counts(0))
        discriminator, loss = _best_discriminator(rows, rows)
        assert loss == pytest.approx(np.log(4), abs=1e-10)
        with torch.no_grad():
            shares = torch.sigmoid(discriminator(rows)).numpy()
        np.testing.assert_allclose(shares, 0.5, atol=2e-5)


class TestDiscriminator:
    @pytest.fixture(autouse=True)
    def _known_policy(self, monkeypatch):
        """Actions have the log probabilities 0, 1, 2, ..."""

        def known(policy, observations, actions):
            return torch.arange(float(len(actions)))

        monkeypatch.setattr(adversarial, "log_probabilities", known)

    def _sides(self, config):
        """A discriminator, some transitions of which one terminates, and their side."""
        problem = _problem("DriftCar")
        random = np.random.default_rng(0)
        space = problem.observation_space
        observations, following = random.normal(size=(2, 6, *space.shape)).astype(np.float32)
        transitions = Transitions(
            observations,
            random.uniform(-1, 1, (6, 2)).astype(np.float32),
            following,
            np.array([False, False, True, False, False, False]),
            np.array([9, 8, 7, 3, 2, 1]),
        )
        discriminator = Discriminator(problem, transitions, 0, config)
        return discriminator, transitions, discriminator.side(transitions, None)

    def test_airl_is_the_formula(self):
        """f = g(s, a) + discount * h(s') - h(s), log D - log(1 - D) = f - log pi; the network that
        stands for h puts out (1 - discount) h."""
        discriminator, transitions, side = self._sides(adversarial.airl.config)
        observations, actions, following, terminated, _ = transitions
        reward, potential = discriminator.reward, discriminator.potential
        with torch.no_grad():
            g, before, after = (
                reward(reward.inputs(observations, actions)),
                potential(potential.inputs(observations, actions)) / 0.01,
                potential(potential.inputs(following, actions)) / 0.01,
            )
            absorbing = potential(potential.absorbing_input) / 0.01
            after = torch.where(torch.as_tensor(terminated), absorbing, after)
            f = g + 0.99 * after - before
            logits = discriminator(side.rows)
            np.testing.assert_allclose(logits[:-1], f - torch.arange(6.0), rtol=1e-4, atol=1e-4)
            rest = reward(reward.absorbing_input) + (0.99 - 1.0) * absorbing
            np.testing.assert_allclose(logits[-1:], rest, atol=1e-4)

    def test_time_in_the_absorbing_state_counts(self):
        _, _, side = self._sides(AdversarialConfig())
        rest = sum(0.99**k for k in range(1, 8))  # of the seven steps that were left
        assert side.absorbed == pytest.approx(rest / (rest + 6))
        drawn = side.draw(100_000, torch.Generator().manual_seed(0)).inputs
        share = (drawn[:, -1] == 1.0).double().mean().item()
        assert share == pytest.approx(side.absorbed, abs=0.007)  # 4 standard deviations
        _, _, side = self._sides(AdversarialConfig(absorbing=False))
        assert side.absorbed == 0.0


class Scaled:
    """A reward as the critic is shown it: values are means, not sums."""

    def __init__(self, reward, discount):
        self._reward, self._scale = reward, 1.0 - discount

    def reward(self, *transitions):
        return self._scale * self._reward.reward(*transitions)

    def tensors(self):
        return self._reward.tensors()


def _fixed(reward):
    """A learner that never learns: it pays a reward that is there already."""
    return lambda policy, rollout: reward.reward(*rollout[:4])


@pytest.mark.parametrize("name", ["DriftCar", "Maze"])
def test_a_reward_that_is_never_learned_is_stable_baselines_ppo(name):
    """Paying after a rollout is the same as training PPO in an environment that pays."""
    steps, config, world = 2_048, replace(SMALL_PPO, rollout_steps=256), get_world(name)
    problems = [_problem(name, steps=steps) for _ in range(2)]
    shown = demonstrated(problems[0].demonstrations(), world.dynamics.max_episode_steps)
    reward = Discriminator(problems[0], shown, 3, AdversarialConfig()).reward
    with one_thread(), untouched_generators():
        ours = optimise(problems[0], reward.observation_encoder, _fixed(reward), config, seed=1)
        paid = Scaled(reward, config.discount)
        env = GymnasiumVecEnv(RewardWrapper(problems[1].env(config.num_envs), paid))
        model = PPO(
            "MlpPolicy", env, n_steps=config.rollout_steps, batch_size=config.batch_size,
            n_epochs=config.epochs, ent_coef=0.0, seed=1, device="cpu",
            policy_kwargs={
                "net_arch": [8], "activation_fn": torch.nn.Tanh,
                "features_extractor_class": Normalised,
                "features_extractor_kwargs": {"encoder": reward.observation_encoder},
                "optimizer_kwargs": {"eps": 1e-5, "fused": True},
            },
        )  # fmt: skip
        learn(model, steps)
    theirs = dict(model.policy.named_parameters())
    for weight_name, weight in ours.named_parameters():
        np.testing.assert_allclose(
            weight.detach(), theirs[weight_name].detach(), atol=1e-5, err_msg=weight_name
        )


def test_a_rollout_is_what_happened(monkeypatch):
    """Next observations, ends and the steps that were left are those of the environment."""
    seen = []
    problem = _problem("Walk", steps=4 * 256)
    shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
    reward = Discriminator(problem, shown, 0, AdversarialConfig()).reward

    def learner(policy, rollout):
        seen.append(rollout)
        return np.zeros(len(rollout.terminated))

    optimise(problem, reward.observation_encoder, learner, replace(SMALL_PPO, rollout_steps=256), 0)
    (rollout,) = seen
    assert rollout.terminated.any()
    before, after = rollout.observations.argmax(1), rollout.next_observations.argmax(1)
    assert (np.abs(after - before) <= 1).all(), "a walker takes one step at a time"
    arrived_or_fell = (after == 8) | ((before == 0) & (after == 0) & (rollout.actions == 0))
    assert arrived_or_fell[rollout.terminated].all()
    for row in range(4):
        left, ends = rollout.steps_left[row::4], rollout.terminated[row::4]
        expected = problem.max_episode_steps
        for k in range(256):
            expected -= 1
            assert left[k] == expected
            if ends[k] or expected == 0:
                expected = problem.max_episode_steps


def test_demonstrated_transitions_know_how_they_end():
    problem = _problem("Walk")
    shown = problem.demonstrations()
    transitions = demonstrated(shown, problem.max_episode_steps)
    ends = np.cumsum([len(episode) for episode in shown.episodes]) - 1
    expected = np.zeros(len(shown), np.bool_)
    expected[ends] = [episode.terminated for episode in shown.episodes]
    np.testing.assert_array_equal(transitions.terminated, expected)
    inner = ~np.isin(np.arange(len(shown)), ends)
    np.testing.assert_array_equal(
        transitions.next_observations[:-1][inner[:-1]], transitions.observations[1:][inner[:-1]]
    )
    lengths = np.array([len(episode) for episode in shown.episodes])
    np.testing.assert_array_equal(transitions.steps_left[ends], problem.max_episode_steps - lengths)


@pytest.mark.parametrize(
    ("space", "draw"),
    [("DriftCar", "box"), ("Walk", "discrete"), ("Buttons", "buttons")],
)
def test_log_probabilities_are_those_of_the_policy(space, draw):
    problem = _problem(space, steps=4 * 32)
    shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
    reward = Discriminator(problem, shown, 0, AdversarialConfig()).reward
    network = optimise(problem, reward.observation_encoder, _fixed(reward), SMALL_PPO, 0)
    logs = log_probabilities(network, shown.observations, shown.actions)
    rows, _ = network.obs_to_tensor(shown.observations)
    with torch.no_grad():
        distribution = network.get_distribution(rows).distribution
    actions = torch.as_tensor(shown.actions)
    exact = distribution.log_prob(actions.to(torch.float32) if draw != "discrete" else actions)
    exact = exact.sum(1) if exact.ndim == 2 else exact
    np.testing.assert_allclose(logs, exact, atol=1e-5)


def test_the_environments_rewards_are_not_needed():
    """Problems without the source "reward" give NaN; none reaches the policy."""
    policy = SMALL["gail"].train(_problem("DriftCar", steps=4 * 32), 0, SMALL["gail"].config)
    assert all(np.isfinite(tensor).all() for tensor in policy.tensors().values())


class TestWarnings:
    def _train(self, monkeypatch, share):
        """With a discriminator that tells so much of what it has not seen apart."""
        monkeypatch.setattr(Discriminator, "told_apart", lambda *sides: share)
        SMALL["gail"].train(_problem(steps=4 * 128), 0, SMALL["gail"].config)

    def test_a_discriminator_that_cannot_be_deceived_is_warned_of(self, monkeypatch):
        with pytest.warns(TrainingWarning, match=r"still tells 100.0% of unseen transitions apart"):
            self._train(monkeypatch, 1.0)

    def test_one_that_is_mostly_right_is_not(self, monkeypatch):
        self._train(monkeypatch, 0.9)  # warnings are errors here

    def test_the_share_is_of_either_side(self):
        rows = _tabular(np.ones(9, int))
        discriminator, _ = _best_discriminator(_tabular(_counts(0)), _tabular(_counts(1)))
        with torch.no_grad():
            logits = discriminator(rows)[:-1]
        taken = ((logits > 0).double().mean() + (logits < 0).double().mean()) / 2
        assert discriminator.told_apart(rows, rows) == pytest.approx(taken.item(), abs=1e-6)

    def test_a_reward_that_is_not_finite_ends_the_training(self, monkeypatch):
        problem = _problem(steps=4 * 128)
        shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
        reward = Discriminator(problem, shown, 0, AdversarialConfig()).reward

        def learner(policy, rollout):
            return np.full(len(rollout.terminated), np.nan)

        with pytest.raises(ArithmeticError, match="not finite after 128 steps: it has diverged"):
            optimise(problem, reward.observation_encoder, learner, SMALL_PPO, 0)
