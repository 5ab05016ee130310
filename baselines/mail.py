"""MAIL: multi-action imitation learning (Harmer et al. 2018), and the methods compared with it.

A policy with independent buttons (MAPS, multi-action per time-step) is trained by reinforcement and
imitation learning at once: the loss of each update is A2C's on live data plus the negative
log-likelihood of the expert's actions in the demonstrations. Imitation gives a learning signal at
every update, and reinforcement lets the policy surpass the expert. The methods compared with it
press one button at a time (SAPS), or learn from only one of the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.utils import LinearSchedule, set_random_seed, update_learning_rate
from stable_baselines3.common.vec_env import VecTransposeImage

from baselines.action_models import ACTION_MODELS, ActionModel
from baselines.actor_critic import (
    ActorCritic,
    has_buttons,
    learn,
    load_tensors,
    network_name,
    policy_of,
    untouched_generators,
)
from baselines.mail_a2c import (
    MAIL,
    Expert,
    ExpertRows,
    ExpertSequences,
    RecurrentMAIL,
    Schedule,
    descend,
)
from baselines.networks import one_thread
from il_envs import Algorithm, Problem, World, tunable, tuned
from il_envs.stable_baselines import GymnasiumVecEnv, check_start

ActionModelName = Literal["maps", "saps", "joint"]
Decay = Literal["linear", "exponential"]


@dataclass(frozen=True)
class MAILConfig:
    """Settings of MAIL. The paper does not publish its button counts, weights and coefficients."""

    action_model: ActionModelName = "maps"
    """In a world of K buttons: "maps" presses each with its own probability, "saps" at most one at
    a time (K + 1 outputs), "joint" any chord (2^K outputs). In other worlds "maps" stands for the
    world's own actions."""
    imitation_weight: float = tunable(0.3, 0.03, 0.9, log=True)
    """Initial weight of the imitation loss, lambda_IL in the paper."""
    final_imitation_weight: float = 1e-5
    """The same in the last update; if both are 0, no demonstrations are used."""
    imitation_decay: Decay = "exponential"
    """Schedule from the initial to the final weight of the imitation loss."""
    reinforcement_weight: float = 1.0
    """Weight of A2C's loss; if it is 0, there is no live data and no environment is used."""
    num_envs: int = 64
    """Environments that run side by side."""
    rollout_steps: int = 8
    """Steps in each of them between two updates: the n of n-step returns."""
    discount: float = 0.995
    """Discount of rewards per step."""
    gae_lambda: float = 0.95
    """lambda of generalised advantage estimation (Schulman et al. 2016); 1 gives n-step returns."""
    learning_rate: float = tunable(1e-3, 2e-4, 5e-3, log=True)
    """Initial learning rate of Adam."""
    final_learning_rate: float = 0.0
    """Learning rate in the last update; the schedule is linear."""
    entropy_coefficient: float = tunable(0.001, 1e-4, 0.03, log=True)
    """Coefficient of the entropy bonus on live data, in nats, summed over all buttons."""
    value_coefficient: float = 0.5
    """Coefficient of the critic's squared error."""
    max_grad_norm: float = 0.5
    """Norm to which longer gradients are clipped."""
    hidden_sizes: tuple[int, ...] = (128, 128)
    """Units of each hidden layer of the actor and of the critic, which share none of them. With
    image observations a convolutional network, which they do share, comes first."""
    recurrent_units: int = 0
    """Units of an LSTM before the hidden layers, in actor and critic alike; 0 for no memory."""
    expert_batch_size: int = 512
    """Demonstrated transitions in an update; with memory, in sequences of `rollout_steps`."""
    updates: int = 4_000
    """Gradient steps if there is no live data. Otherwise there is one for each rollout, and as many
    rollouts as the budget of steps allows."""

    def __post_init__(self) -> None:
        for field, names in (("action_model", ActionModelName), ("imitation_decay", Decay)):
            if getattr(self, field) not in get_args(names):
                known = ", ".join(get_args(names))
                raise ValueError(f"{field} is {getattr(self, field)!r}; there are: {known}")
        for field in ("num_envs", "rollout_steps", "expert_batch_size"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}; it must be 1 or more")
        weights = self.imitation_weight, self.final_imitation_weight
        if min(*weights, self.reinforcement_weight) < 0.0:
            raise ValueError("the weights of imitation and reinforcement must be 0 or more")
        if max(*weights, self.reinforcement_weight) == 0.0:
            raise ValueError("the weights of imitation and reinforcement are all 0")
        if self.imitation_decay == "exponential" and min(weights) == 0.0 < max(weights):
            raise ValueError("a weight of 0 cannot be decayed from or to exponentially")


def train(problem: Problem, seed: int, config: MAILConfig) -> ActorCritic:
    """Learn from the demonstrations and the environment steps that the budget allows.

    Raises:
        TypeError: if "saps" or "joint" is asked for and actions are not buttons.
        ValueError: if there are too many buttons to number their chords, no demonstrations, fewer
            steps than one rollout takes, or Discrete spaces that do not start at 0.
    """
    actions = ACTION_MODELS[config.action_model](problem.action_space)
    with one_thread(), untouched_generators():
        expert = None
        if config.imitation_weight > 0.0 or config.final_imitation_weight > 0.0:
            expert = demonstrated(problem, actions, seed, config)
        if config.reinforcement_weight > 0.0:
            network = reinforce(problem, actions, expert, seed, config)
        else:
            assert expert is not None  # the weights are not all 0
            network = imitate(problem.observation_space, actions, expert, seed, config)
    return policy_of(network, seed, actions.chords)


def demonstrated(problem: Problem, actions: ActionModel, seed: int, config: MAILConfig) -> Expert:
    """All demonstrations that the budget allows, as minibatches for the learner's network.

    Raises:
        ValueError: if there are none, or their spaces are not the problem's.
    """
    demonstrations = problem.demonstrations()
    demonstrations.check_spaces(problem.observation_space, problem.action_space)
    observations, episode_index = demonstrations.observations, demonstrations.episode_index
    targets = actions.targets(demonstrations.actions)
    del demonstrations  # frees memory: pictures are large, and these are a copy
    if is_image_space(problem.observation_space):
        observations = np.ascontiguousarray(VecTransposeImage.transpose_image(observations))
    rows = torch.from_numpy(observations), targets
    if not config.recurrent_units:
        return ExpertRows(*rows, config.expert_batch_size, seed)
    return ExpertSequences(
        *rows,
        episode_index,
        readers=max(1, config.expert_batch_size // config.rollout_steps),
        length=config.rollout_steps,
        units=config.recurrent_units,
        seed=seed,
    )


def reinforce(
    problem: Problem, actions: ActionModel, expert: Expert | None, seed: int, config: MAILConfig
) -> ActorCriticPolicy:
    """The network trained on the whole budget of steps, with or without imitation."""
    model = _algorithm(config)(
        network_name(problem.observation_space, bool(config.recurrent_units)),
        GymnasiumVecEnv(actions.wrap(problem.env(config.num_envs, reward=True))),
        expert=expert,
        imitation_weight=imitation_weights(config),
        reinforcement_weight=config.reinforcement_weight,
        learning_rate=learning_rates(config),
        n_steps=config.rollout_steps,
        gamma=config.discount,
        gae_lambda=config.gae_lambda,
        ent_coef=config.entropy_coefficient,
        vf_coef=config.value_coefficient,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs=network_arguments(config),
        seed=seed,
        device="cpu",
    )
    learn(model, problem.budget.steps)
    return model.policy


def imitate(
    observation_space: Any, actions: ActionModel, expert: Expert, seed: int, config: MAILConfig
) -> ActorCriticPolicy:
    """The network trained by imitation alone, from the same initial weights as in `reinforce`.

    Raises:
        ValueError: if a space is Discrete and does not start at 0.
    """
    check_start(observation_space)
    check_start(actions.space)
    rates, weights = learning_rates(config), imitation_weights(config)
    set_random_seed(seed)
    network = _network(observation_space, actions, config)
    for update in range(config.updates):
        remaining = 1.0 - update / config.updates
        update_learning_rate(network.optimizer, rates(remaining))
        descend(network, weights(remaining) * expert.loss(network), config.max_grad_norm)
    return network


def restore(world: World, tensors: Mapping[str, NDArray[Any]], config: MAILConfig) -> ActorCritic:
    """The policy whose `tensors` these are; it samples anew, from seed 0.

    Raises:
        KeyError, RuntimeError: if they are not those of such a policy for this world.
    """
    actions = ACTION_MODELS[config.action_model](world.spaces.action)
    with untouched_generators():
        network = _network(world.spaces.observation, actions, config)
    load_tensors(network, tensors)
    return policy_of(network, 0, actions.chords)


def _network(observation_space: Any, actions: ActionModel, config: MAILConfig) -> Any:
    """An untrained network, whose weights come from the global generators."""
    if is_image_space(observation_space):
        observation_space = VecTransposeImage.transpose_space(observation_space)
    name = network_name(observation_space, bool(config.recurrent_units))
    kind: Any = _algorithm(config).policy_aliases[name]
    rates = learning_rates(config)
    return kind(observation_space, actions.space, rates, **network_arguments(config))


def network_arguments(config: MAILConfig) -> dict[str, Any]:
    """Arguments of Stable-Baselines3's networks; actor and critic have separate hidden layers.

    The critic estimates the learner's returns, not the expert's, so demonstrations must not train
    it; only the convolutions for images are shared.
    """
    memory = {"lstm_hidden_size": config.recurrent_units} if config.recurrent_units else {}
    return {
        "net_arch": list(config.hidden_sizes),
        "optimizer_class": torch.optim.Adam,
        "optimizer_kwargs": {"eps": 1e-5, "fused": True},
    } | memory


def learning_rates(config: MAILConfig) -> Schedule:
    """Schedule of the learning rate."""
    return LinearSchedule(config.learning_rate, config.final_learning_rate, 1.0)


def imitation_weights(config: MAILConfig) -> Schedule:
    """Schedule of the weight of the imitation loss."""
    start, end = config.imitation_weight, config.final_imitation_weight
    if config.imitation_decay == "exponential" and start > 0.0:
        return lambda remaining: start * (end / start) ** (1.0 - remaining)
    return LinearSchedule(start, end, 1.0)


def _algorithm(config: MAILConfig) -> type[MAIL] | type[RecurrentMAIL]:
    return RecurrentMAIL if config.recurrent_units else MAIL


SINGLE = MAILConfig(action_model="saps", entropy_coefficient=0.01, rollout_steps=16)

algorithm = tuned(
    Algorithm(
        name="mail",
        summary="concurrent buttons, imitation and actor-critic learning in every update",
        sources=frozenset({"demonstrations", "env", "reward"}),
        config=MAILConfig(),
        train=train,
        applies_to=has_buttons,
        factors={"actions": "MAPS", "learning": "IL + RL"},
        restore=restore,
    ),
    __file__,
)
single = tuned(
    replace(
        algorithm,
        name="mail-saps",
        summary="one button at a time, imitation and actor-critic learning in every update",
        config=SINGLE,
        factors={"actions": "SAPS", "learning": "IL + RL"},
    ),
    __file__,
)
reinforcement = tuned(
    replace(
        algorithm,
        name="maps-rl",
        summary="concurrent buttons, actor-critic learning alone",
        sources=frozenset({"env", "reward"}),
        config=MAILConfig(imitation_weight=0.0, final_imitation_weight=0.0),
        factors={"actions": "MAPS", "learning": "RL"},
    ),
    __file__,
)
single_reinforcement = tuned(
    replace(
        reinforcement,
        name="saps-rl",
        summary="one button at a time, actor-critic learning alone",
        config=replace(SINGLE, imitation_weight=0.0, final_imitation_weight=0.0),
        factors={"actions": "SAPS", "learning": "RL"},
    ),
    __file__,
)
imitation = tuned(
    replace(
        algorithm,
        name="mail-il",
        summary="concurrent buttons, imitation alone",
        sources=frozenset({"demonstrations"}),
        config=MAILConfig(
            imitation_weight=1.0, final_imitation_weight=1.0, reinforcement_weight=0.0
        ),
        factors={"actions": "MAPS", "learning": "IL"},
    ),
    __file__,
)
