"""MAIL, and the 15th and 16th identities of the theory: buttons by enumeration, its two limits."""

import random
import tempfile
from copy import deepcopy
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.distributions import BernoulliDistribution
from stable_baselines3.common.logger import Logger

from baselines import action_models, actor_critic, mail, mail_a2c, stable_baselines
from baselines.actor_critic import ActorCritic, learn
from baselines.heads.bernoulli import BernoulliHead
from baselines.mail import MAILConfig
from baselines.networks import one_thread
from il_envs import Budget, Problem, WorldVectorEnv, get_world, run_episodes
from il_envs.buttons import joint_chords
from il_envs.learning.problem import SEED_BLOCK
from il_envs.stable_baselines import GymnasiumVecEnv
from il_envs.testing import check_algorithm
from il_envs.wrappers.vector import SingleButton
from leaderboard.studies.concurrency import ARMS, FACTORS

EVERY_SOURCE = mail.algorithm.sources
SMALL_CONFIG = MAILConfig(
    num_envs=16, rollout_steps=5, hidden_sizes=(16,), expert_batch_size=64, updates=100
)
CONSTANT = {"imitation_weight": 1.0, "final_imitation_weight": 1.0}
ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        mail.algorithm,
        mail.single,
        mail.reinforcement,
        mail.single_reinforcement,
        mail.imitation,
        stable_baselines.a2c,
        stable_baselines.ppo,
    )
}
SIZES = ("num_envs", "rollout_steps", "hidden_sizes", "expert_batch_size", "updates")


def small(algorithm, **changes):
    """The algorithm with a small network and few environments."""
    if isinstance(algorithm.config, MAILConfig):
        changes = {name: getattr(SMALL_CONFIG, name) for name in SIZES} | changes
    else:
        changes = {"num_envs": 1} | changes
    return replace(algorithm, config=replace(algorithm.config, **changes))


def problem_of(world, labels=200, steps=400, sources=EVERY_SOURCE, seed=0):
    return Problem(get_world(world), sources, Budget(labels, steps), seed)


def trained(world="Buttons", algorithm=mail.algorithm, seed=0, labels=200, steps=400, **changes):
    """The policy, and the problem it was trained on."""
    problem = problem_of(world, labels, steps, algorithm.sources, seed)
    algorithm = small(algorithm, **changes)
    return algorithm.train(problem, seed, algorithm.config), problem


def mean_return(world, policy):
    episodes = run_episodes(get_world(world), "held_out", lambda env: policy, range(20))
    return np.mean([episode.total_reward for episode in episodes])


def assert_equal_tensors(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        np.testing.assert_array_equal(tensor, second[name], err_msg=name)


def _tensors(network):
    return ActorCritic(network, 0).tensors()


# --- Contracts ---


@pytest.mark.parametrize("name", ALGORITHMS)
def test_contract(name):
    check_algorithm(small(ALGORITHMS[name]), get_world("Buttons"))


@pytest.mark.parametrize("name", ["mail", "maps-rl", "mail-il"])
def test_any_world_trains(name, world):
    check_algorithm(small(ALGORITHMS[name], updates=20), world, labels=100)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mail", {"action_model": "joint"}),
        ("mail-il", {"action_model": "joint"}),
        ("mail-il", {"action_model": "saps"}),
        ("mail", {"recurrent_units": 8}),
        ("mail-il", {"recurrent_units": 8}),
        ("mail-saps", {"recurrent_units": 8}),
        ("mail", {"final_imitation_weight": 0.01, "imitation_decay": "exponential"}),
    ],
    ids=str,
)
def test_variants_train(name, changes):
    check_algorithm(small(ALGORITHMS[name], **changes), get_world("Buttons"))


@pytest.mark.parametrize("name", ["mail", "mail-il"])
@pytest.mark.parametrize("toy", ["Walk", "Maze", "LaneKeeping"])
def test_memory_in_any_action_space(name, toy):
    check_algorithm(small(ALGORITHMS[name], recurrent_units=8), get_world(toy), labels=100)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_they_apply_to_worlds_of_buttons(name, world):
    buttons = isinstance(world.spaces.action, gym.spaces.MultiBinary)
    assert ALGORITHMS[name].applies_to(world) == buttons


def test_every_arm_of_the_table_of_concurrency_has_one_algorithm():
    declared = [algorithm.factors for algorithm in ALGORITHMS.values() if algorithm.factors]
    for arm in ARMS:
        assert declared.count(dict(zip(FACTORS, arm, strict=True))) == 1
    assert len(declared) == len(ARMS) + 1  # imitation alone


# --- Identity 15: independent buttons are a distribution over all chords ---


@pytest.mark.parametrize("buttons", range(1, 11))
class TestButtonsByEnumeration:
    def _heads(self, buttons):
        logits = torch.tensor(np.random.default_rng(buttons).normal(0, 2, (3, buttons)))
        theirs = BernoulliDistribution(buttons).proba_distribution(logits)
        pressed = 1.0 / (1.0 + np.exp(-logits.numpy()))
        chords = joint_chords(buttons)
        exact = np.where(chords, pressed[:, None], 1.0 - pressed[:, None]).prod(2)  # [3, 2^K]
        return logits, theirs, chords, exact

    def test_likelihoods(self, buttons):
        logits, theirs, chords, exact = self._heads(buttons)
        ours = BernoulliHead(gym.spaces.MultiBinary(buttons))
        np.testing.assert_allclose(exact.sum(1), 1.0, rtol=1e-12)
        np.testing.assert_allclose(ours.probabilities(logits), exact, rtol=1e-10)
        for chord, column in zip(torch.tensor(chords), exact.T, strict=True):
            actions = chord.expand(3, -1).double()
            np.testing.assert_allclose(theirs.log_prob(actions), np.log(column), atol=1e-10)
            loss = ours.negative_log_likelihood(logits, actions)
            assert loss.item() == pytest.approx(-np.log(column).mean(), abs=1e-10)

    def test_entropy(self, buttons):
        _, theirs, _, exact = self._heads(buttons)
        np.testing.assert_allclose(theirs.entropy(), -(exact * np.log(exact)).sum(1), atol=1e-8)

    def test_samples(self, buttons):
        logits, _, chords, exact = self._heads(buttons)
        count = 20_000
        many = BernoulliDistribution(buttons).proba_distribution(logits[:1].expand(count, -1))
        generator = torch.Generator().manual_seed(0)
        ours = BernoulliHead(gym.spaces.MultiBinary(buttons)).choose(
            logits[:1].expand(count, -1), generator
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            theirs = many.sample()
        for samples in (ours.numpy(), theirs.numpy()):
            np.testing.assert_allclose(samples.mean(0), exact[0] @ chords, atol=0.015)  # 4 sigma


# --- Identity 16: its limits are A2C and behaviour cloning ---


def _mail_model(env, expert=None, weight=0.0, reinforcement=1.0, **arguments):
    return mail_a2c.MAIL(
        "MlpPolicy",
        GymnasiumVecEnv(env),
        expert=expert,
        imitation_weight=lambda remaining: weight,
        reinforcement_weight=reinforcement,
        **A2C_ARGUMENTS | arguments,
    )


A2C_ARGUMENTS = {"n_steps": 5, "ent_coef": 0.01, "gae_lambda": 0.9, "seed": 3, "device": "cpu"}


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


def env_of(world, rows=8):
    return WorldVectorEnv(world, rows, autoreset_mode="SameStep")


def expert_of(world, seed=0, **changes):
    config = replace(SMALL_CONFIG, **changes)
    actions = action_models.ACTION_MODELS[config.action_model](get_world(world).spaces.action)
    return mail.demonstrated(problem_of(world), actions, seed, config)


@pytest.mark.parametrize("world", ["Buttons", "Walk", "Maze", "LaneKeeping"])
@pytest.mark.parametrize("imitates", [False, True])
def test_without_imitation_it_is_stable_baselines_a2c_bit_for_bit(world, imitates):
    ours = _mail_model(env_of(world), expert_of(world) if imitates else None, weight=0.0)
    start = deepcopy(_tensors(ours.policy))
    learn(ours, 10 * 5 * 8)
    theirs = A2C("MlpPolicy", GymnasiumVecEnv(env_of(world)), **A2C_ARGUMENTS)
    assert_equal_tensors(_tensors(theirs.policy), start)
    learn(theirs, 10 * 5 * 8)
    assert_equal_tensors(_tensors(ours.policy), _tensors(theirs.policy))
    assert any((start[name] != tensor).any() for name, tensor in _tensors(ours.policy).items())


def test_the_configured_algorithm_without_imitation_is_a2c():
    """Every setting reaches Stable-Baselines3, and the problem's seeds are used."""
    config = replace(
        mail.reinforcement.config, num_envs=8, rollout_steps=5, hidden_sizes=(16, 12), discount=0.9,
        gae_lambda=0.8, learning_rate=2e-3, final_learning_rate=2e-3, entropy_coefficient=0.02,
        value_coefficient=0.3, max_grad_norm=0.4,
    )  # fmt: skip
    problem = problem_of("Buttons", sources=mail.reinforcement.sources, seed=4)
    ours = mail.train(problem, 5, config)
    theirs = A2C(
        "MlpPolicy", GymnasiumVecEnv(env_of("Buttons")), n_steps=5, gamma=0.9, gae_lambda=0.8,
        learning_rate=2e-3, ent_coef=0.02, vf_coef=0.3, max_grad_norm=0.4, use_rms_prop=False,
        policy_kwargs={
            "net_arch": [16, 12], "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        seed=5, device="cpu",
    )  # fmt: skip
    theirs.env._seeds = [9 * SEED_BLOCK + i for i in range(8)]
    learn(theirs, 400)
    assert_equal_tensors(ours.tensors(), _tensors(theirs.policy))


@pytest.mark.parametrize(
    ("rate", "final_rate", "weight", "final_weight"),
    [(3e-3, 3e-3, 1.0, 1.0), (3e-3, 0.0, 1.0, 1.0), (3e-3, 3e-3, 2.0, 0.0)],
)
def test_without_live_data_it_is_behaviour_cloning(rate, final_rate, weight, final_weight):
    config = replace(
        mail.imitation.config, hidden_sizes=(16, 12), expert_batch_size=32, updates=50,
        learning_rate=rate, final_learning_rate=final_rate, max_grad_norm=np.inf,
        imitation_weight=weight, final_imitation_weight=final_weight, imitation_decay="linear",
    )  # fmt: skip
    sources = mail.imitation.sources
    ours = mail.train(problem_of("Buttons", sources=sources), 7, config)
    start = mail.train(problem_of("Buttons", sources=sources), 7, replace(config, updates=0))
    assert start.tensors().keys() == ours.tensors().keys()

    shown = problem_of("Buttons", sources=sources).demonstrations()
    observations, actions = torch.tensor(shown.observations), torch.tensor(shown.actions)
    network = deepcopy(start.network)
    actor = torch.nn.Sequential(network.mlp_extractor.policy_net, network.action_net)
    optimiser = torch.optim.Adam(actor.parameters(), rate, eps=1e-5, fused=True)
    generator = torch.Generator().manual_seed(7)
    head = BernoulliHead(gym.spaces.MultiBinary(3))
    with one_thread():
        for update in range(50):
            optimiser.param_groups[0]["lr"] = rate + (final_rate - rate) * (update / 50)
            rows = torch.randint(len(actions), (32,), generator=generator)
            loss = head.negative_log_likelihood(actor(observations[rows]), actions[rows])
            optimiser.zero_grad()
            (loss * (weight + (final_weight - weight) * (update / 50))).backward()
            optimiser.step()
    for name, tensor in _tensors(network).items():
        np.testing.assert_allclose(ours.tensors()[name], tensor, rtol=0, atol=1e-6, err_msg=name)
    learned = {n for n, tensor in start.tensors().items() if (tensor != ours.tensors()[n]).any()}
    assert learned == {name for name in start.tensors() if "policy_net" in name or "action" in name}


@pytest.mark.parametrize("units", [0, 8])
def test_imitation_alone_begins_with_the_weights_of_reinforcement(units, monkeypatch):
    changes = {"recurrent_units": units, "seed": 9}
    alone, _ = trained(algorithm=mail.imitation, updates=0, **changes)
    monkeypatch.setattr(mail_a2c, "descend", lambda *arguments: None)
    assert_equal_tensors(trained(**changes)[0].tensors(), alone.tensors())


class TestDemonstrationsTeachTheActorAlone:
    def _gradients(self, network, loss):
        network.zero_grad()
        loss.backward()
        return {name: weight.grad for name, weight in network.named_parameters()}

    @pytest.mark.parametrize("model", ["maps", "saps", "joint"])
    def test_the_critic_has_no_gradient_from_them(self, model):
        policy, _ = trained(action_model=model)
        gradients = self._gradients(
            policy.network, expert_of("Buttons", action_model=model).loss(policy.network)
        )
        actor = {name for name in gradients if "policy_net" in name or "action_net" in name}
        critic = {name for name in gradients if "value_net" in name}
        assert actor | critic == set(gradients)
        assert all(gradients[name] is None for name in critic)
        assert all(gradients[name].abs().sum() > 0 for name in actor)

    def test_nor_has_a_critic_with_memory(self):
        policy, _ = trained(recurrent_units=8)
        expert = expert_of("Buttons", recurrent_units=8)
        gradients = self._gradients(policy.network, expert.loss(policy.network))
        critic = {name for name in gradients if "value_net" in name or "lstm_critic" in name}
        assert len(critic) == 2 + 2 + 4
        assert {name for name, gradient in gradients.items() if gradient is None} == critic

    @pytest.mark.parametrize("imitation_weight", [1.0, 100.0])
    def test_an_update_moves_the_critic_as_without_them(self, imitation_weight):
        learned = []
        for weight in (0.0, imitation_weight):
            model = _mail_model(
                env_of("Buttons"), expert_of("Buttons"), weight, max_grad_norm=np.inf
            )
            learn(model, 5 * 8)
            learned.append(_tensors(model.policy))
        without, with_them = learned
        for name, tensor in without.items():
            assert np.array_equal(tensor, with_them[name]) == ("value_net" in name), name


def test_the_update_is_the_weighted_sum_of_both_losses():
    """One step of plain gradient descent is linear in the weights."""
    plain = {"optimizer_class": torch.optim.SGD}
    start = _tensors(_mail_model(env_of("Buttons"), policy_kwargs=plain).policy)

    def step(imitation, reinforcement):
        model = _mail_model(
            env_of("Buttons"), expert_of("Buttons"), imitation, reinforcement, max_grad_norm=np.inf,
            policy_kwargs=plain, learning_rate=0.1,
        )  # fmt: skip
        learn(model, 5 * 8)
        return {name: tensor - start[name] for name, tensor in _tensors(model.policy).items()}

    live, shown, both = step(0.0, 1.0), step(1.0, 1e-30), step(0.7, 0.4)
    for name in start:
        expected = 0.4 * live[name] + 0.7 * shown[name]
        np.testing.assert_allclose(both[name], expected, atol=1e-6, err_msg=name)


# --- What is imitated ---


def test_a_chord_is_every_one_of_its_buttons_to_a_learner_of_single_ones():
    chords = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1], [1, 1, 1, 1]], np.int8)
    targets = action_models.single_button_targets(chords)
    expected = [
        [1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0.5, 0, 0, 0.5],
        [0, 0.25, 0.25, 0.25, 0.25],
    ]
    assert targets.dtype == torch.float32
    np.testing.assert_array_equal(targets, np.array(expected, np.float32))
    model = action_models.saps(gym.spaces.MultiBinary(4))
    np.testing.assert_array_equal(model.targets(chords), targets)
    singles = (targets.numpy() > 0) @ model.chords  # every button that may be chosen, added up
    np.testing.assert_array_equal(singles, chords)


def test_targets_of_the_other_models():
    chords = joint_chords(3)[[5, 0, 7]]
    space = gym.spaces.MultiBinary(3)
    joint, own = action_models.joint(space), action_models.maps(space)
    assert (joint.targets(chords).dtype, joint.targets(chords).tolist()) == (
        torch.int64, [5, 0, 7],
    )  # fmt: skip
    assert own.targets(chords).dtype == torch.float32
    np.testing.assert_array_equal(own.targets(chords), chords)
    numbers = action_models.maps(gym.spaces.Discrete(4)).targets(np.array([3, 0]))
    assert (numbers.dtype, numbers.tolist()) == (torch.int64, [3, 0])


@pytest.mark.parametrize("model", ["saps", "joint"])
def test_only_buttons_are_numbered(model):
    with pytest.raises(TypeError, match=r"a space MultiBinary\(n\), not of Discrete\(3\)"):
        trained("Walk", action_model=model)


def test_a_soft_target_is_reached():
    """Imitating chords one button at a time ends in shares of the buttons, not in one of them."""
    policy, _ = trained(
        algorithm=mail.imitation, action_model="saps", labels=1000, updates=600, learning_rate=1e-2
    )
    rows = np.eye(9, dtype=np.float32)
    probabilities = policy.action_probabilities(rows, 0)
    for place in range(8):
        expected = np.zeros(8)
        pressed = [2**k for k in range(3) if (place >> k) & 1]
        expected[pressed or [0]] = 1.0 / max(len(pressed), 1)
        np.testing.assert_allclose(probabilities[place], expected, atol=0.05)


# --- Schedules ---


@pytest.mark.parametrize(
    ("start", "end", "decay", "expected"),
    [
        (2.0, 2.0, "linear", [2.0, 2.0, 2.0]),
        (2.0, 2.0, "exponential", [2.0, 2.0, 2.0]),
        (2.0, 0.0, "linear", [2.0, 1.0, 0.0]),
        (0.0, 2.0, "linear", [0.0, 1.0, 2.0]),
        (4.0, 0.04, "exponential", [4.0, 0.4, 0.04]),
    ],
)
def test_imitation_weights(start, end, decay, expected):
    config = MAILConfig(imitation_weight=start, final_imitation_weight=end, imitation_decay=decay)
    weights = mail.imitation_weights(config)
    assert [weights(remaining) for remaining in (1.0, 0.5, 0.0)] == pytest.approx(expected)


def test_weights_and_rates_change_over_the_training(monkeypatch):
    logged = {"train/imitation_weight": [], "train/learning_rate": []}

    class Recorder(Logger):
        def record(self, key, value, exclude=None):
            logged.setdefault(key, []).append(value)

    monkeypatch.setattr(actor_critic, "Logger", Recorder)
    weights = {"imitation_weight": 1.0, "final_imitation_weight": 0.5, "imitation_decay": "linear"}
    trained(learning_rate=0.01, steps=4 * 80, **weights)
    assert logged["train/imitation_weight"] == pytest.approx([0.875, 0.75, 0.625, 0.5])
    assert logged["train/learning_rate"] == pytest.approx([0.0075, 0.005, 0.0025, 0.0])
    assert len(logged["train/imitation_loss"]) == len(logged["train/policy_loss"]) == 4


def test_a_weight_that_falls_to_0_draws_no_more_demonstrations():
    expert = expert_of("Buttons")
    weights = []
    loss = expert.loss
    expert.loss = lambda network: weights.append(1) or loss(network)
    model = mail_a2c.MAIL(
        "MlpPolicy", GymnasiumVecEnv(env_of("Buttons")), expert=expert,
        imitation_weight=lambda remaining: remaining, reinforcement_weight=1.0, **A2C_ARGUMENTS,
    )  # fmt: skip
    learn(model, 4 * 5 * 8)
    assert len(weights) == 3  # of 4 updates, at 3/4, 1/2, 1/4 and 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imitation_weight": -1.0}, "must be 0 or more"),
        ({"reinforcement_weight": -1.0}, "must be 0 or more"),
        (
            {"imitation_weight": 0.0, "final_imitation_weight": 0.0, "reinforcement_weight": 0.0},
            "are all 0",
        ),
        ({"final_imitation_weight": 0.0, "imitation_decay": "exponential"}, "cannot be decayed"),
        ({"imitation_decay": "exp"}, "imitation_decay is 'exp'; there are: linear, exponential"),
        ({"action_model": "MAPS"}, "action_model is 'MAPS'; there are: maps, saps, joint"),
        ({"num_envs": 0}, "num_envs is 0; it must be 1 or more"),
        ({"rollout_steps": 0}, "rollout_steps is 0"),
        ({"expert_batch_size": 0}, "expert_batch_size is 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MAILConfig(**changes)


# --- Budgets, and what is refused ---


@pytest.mark.parametrize("steps", [80, 159, 160, 1000])
@pytest.mark.parametrize("changes", [{}, {"recurrent_units": 4}], ids=str)
def test_all_labels_and_all_whole_rollouts_are_used(steps, changes):
    _, problem = trained(labels=123, steps=steps, **changes)
    assert problem.meter.demonstrations == 123
    assert problem.meter.steps == steps // 80 * 80
    # Whoever declares the reward is told that of the demonstrations as well.
    assert problem.meter.reward_reads == problem.meter.steps + 123


def test_what_is_not_used_is_not_asked_for():
    _, problem = trained(algorithm=mail.reinforcement)
    assert (problem.meter.labels, problem.meter.steps) == (0, 400)
    _, problem = trained(algorithm=mail.imitation)
    assert (problem.meter.labels, problem.meter.steps) == (200, 0)


def test_fewer_steps_than_a_rollout_are_refused():
    message = "79 environment steps are less than a rollout of 5 steps in 16 environments"
    with pytest.raises(ValueError, match=message):
        trained(steps=79)


@pytest.mark.parametrize(
    ("world", "message"),
    [("Buttons", "p_in"), ("Maze", "probability tensor"), ("LaneKeeping", "is nan")],
)
def test_weights_that_are_not_finite_end_the_training(world, message):
    before = torch.distributions.Distribution._validate_args
    with pytest.raises((RuntimeError, ValueError), match=message):
        trained(world, value_coefficient=float("inf"))
    assert torch.distributions.Distribution._validate_args == before


def test_no_labels_are_refused():
    with pytest.raises(
        ValueError, match="0 demonstrated transitions asked for, must be 1 or more; 0 of 0"
    ):
        trained(labels=0)


@pytest.mark.parametrize(("other", "kind"), [("DriftCar", "observations"), ("Walk", "actions")])
def test_another_worlds_demonstrations_are_refused(other, kind):
    problem = problem_of("Buttons")
    problem.demonstrations = problem_of(other).demonstrations
    with pytest.raises(
        ValueError, match=f"the demonstrated {kind} of {other} are not in the space"
    ):
        mail.train(problem, 0, SMALL_CONFIG)


# --- Determinism, and the surroundings ---


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_seed_repeats_and_nothing_global_changes(name, tmp_path, monkeypatch, two_threads):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    space = get_world("Buttons").spaces.action
    space.seed(0)

    def surroundings():
        return repr(
            (
                random.getstate(),
                np.random.get_state(),  # noqa: NPY002
                torch.get_rng_state().tolist(),
                torch.get_num_threads(),
                space.np_random.bit_generator.state,
                [
                    path for path in tmp_path.iterdir() if "torchinductor" not in path.name
                ],  # torch's
            )
        )

    before = surroundings()
    steps = 2048 if name == "ppo-saps" else 400
    first, second, other = (
        trained(algorithm=ALGORITHMS[name], seed=seed, steps=steps)[0] for seed in (5, 5, 6)
    )
    first.predict(np.eye(9, dtype=np.float32))
    second.predict(np.eye(9, dtype=np.float32))
    assert surroundings() == before
    assert_equal_tensors(first.tensors(), second.tensors())
    assert any((first.tensors()[n] != t).any() for n, t in other.tensors().items())
    rows = np.repeat(np.eye(9, dtype=np.float32), 20, 0)
    samples = [policy.predict(rows)[0] for policy in (first, second, first)]
    np.testing.assert_array_equal(samples[0], samples[1])
    assert (samples[0] != samples[2]).any()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_training_takes_one_thread(name, two_threads):
    algorithm, threads = small(ALGORITHMS[name]), []
    problem = problem_of("Buttons", steps=2048, sources=algorithm.sources)

    def counted(source):
        return lambda *args, **kwargs: (
            threads.append(torch.get_num_threads()) or source(*args, **kwargs)
        )

    problem.env, problem.demonstrations = counted(problem.env), counted(problem.demonstrations)
    algorithm.train(problem, 0, algorithm.config)
    assert set(threads) == {1}
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("name", "theirs", "steps"), [("a2c-saps", A2C, 404), ("ppo-saps", PPO, 4100)]
)
def test_stable_baselines_own_algorithms_are_left_as_they_are(name, theirs, steps):
    policy, problem = trained(algorithm=ALGORITHMS[name], seed=2, steps=steps)
    env = GymnasiumVecEnv(SingleButton(env_of("Buttons", 1)))
    model = theirs("MlpPolicy", env, seed=2, device="cpu")
    env._seeds = [5 * SEED_BLOCK]
    learn(model, steps)
    assert model.num_timesteps == problem.meter.steps
    assert_equal_tensors(policy.tensors(), _tensors(model.policy))


@pytest.mark.parametrize("space", ["observation_space", "space"])
def test_discrete_spaces_that_do_not_start_at_0_are_refused(space):
    actions = action_models.maps(gym.spaces.Discrete(3))
    spaces = {"observation_space": gym.spaces.Discrete(3), "space": actions.space}
    spaces[space] = gym.spaces.Discrete(3, start=2)
    actions = replace(actions, space=spaces["space"])
    with pytest.raises(
        ValueError, match=r"needs Discrete spaces from 0, not Discrete\(3, start=2\)"
    ):
        mail.imitate(spaces["observation_space"], actions, None, 0, SMALL_CONFIG)
