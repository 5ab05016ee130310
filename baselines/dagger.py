"""DAgger: dataset aggregation (Ross, Gordon and Bagnell 2011, algorithm 3.1), and HG-DAgger.

DAgger: the learner acts, the expert labels the states that the learner visits with its own actions,
and the policy is trained on all labels so far. The cost then grows like T (theorem 3.2). The last
round's policy is returned. If it learns from demonstrations as well, it is trained from new
weights: those that were fitted to few demonstrations for long do worse when they are trained on
(Ash and Adams 2020, "On warm-starting neural network training").

HG-DAgger (Kelly et al. 2019, "HG-DAgger: interactive imitation learning with human experts",
algorithm 1): the learner acts until the expert takes over, and only what the expert then does is
added to its demonstrations. A person finds it easier to drive than to say what should be done while
somebody else drives.
"""

import warnings
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, restore
from baselines.labelled_steps import LabelledSteps
from baselines.networks import NetworkPolicy
from il_envs import (
    Algorithm,
    Problem,
    SessionEndedError,
    TabularPolicy,
    TrainingWarning,
    tunable,
    tuned,
)


@dataclass(frozen=True)
class DAggerConfig:
    """Settings of DAgger."""

    rounds: int = 20
    """Data sets to aggregate; they share the label budget equally, and the steps if mixing is
    "takeover"."""
    mixing: Literal["first", "exponential", "takeover"] = "first"
    """Who acts. beta is the probability that the expert does at a step of round i = 1, 2, ...:
    "first" is 1 in the first round and 0 afterwards, and 0 in all if there is an initial policy;
    "exponential" is mixing_base ** (i - 1). With "takeover" the expert decides, and labels what it
    does itself."""
    mixing_base: float = 0.5
    """Base of the exponential schedule."""
    num_envs: int = 16
    """Episodes that run side by side; 1 if the expert is a person."""
    label_share: float = tunable(0.1, 0.05, 1.0, log=True)
    """Share of the visited states that the expert labels, unless mixing is "takeover". Consecutive
    states are similar, so labelling a share of them covers more episodes with the same budget."""
    label_shift: int | None = 0
    """Steps by which the expert's labels are late, as a person's are; None to estimate it in each
    round from all labels so far, with 0 where they do not tell."""
    demonstrated_share: float = 0.0
    """Share of the label budget that is spent on demonstrations before the first round."""
    demonstration_shift: int | None = 0
    """The same as `label_shift`, of the demonstrations."""
    updates_per_round: int = tunable(200, 50, 800, log=True)
    """Gradient steps after each round but the last, from the previous round's weights; not used
    for a table of counts."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """The supervised learner; its `updates` are taken on the demonstrations, and after the last
    round."""


def train(problem: Problem, seed: int, config: DAggerConfig) -> ClonedPolicy:
    """Aggregate labels until the budget is spent or the labeller leaves, and return the last
    policy.

    Raises:
        TypeError: if the problem's initial policy cannot be trained any further.
    """
    collection = Collection(problem, seed, config)
    policy = first_policy(problem, seed, config.cloning)
    if collection.demonstrate() and problem.initial_policy is None:
        policy = collection.fit(policy, config.cloning.updates, seed)
    collection.begin()
    for round_number in range(1, config.rounds + 1):
        problem.progress("round", round_number, config.rounds)
        stays = collection.run(policy, round_number)
        is_last = round_number == config.rounds or not stays
        updates = config.cloning.updates if is_last else config.updates_per_round
        if is_last and collection.is_mixed:
            policy = blank_policy(problem, seed, config.cloning)
        policy = collection.fit(policy, updates, seed + round_number)
        if not stays:
            break
    collection.warn_of_unknown_lags()
    return policy


def first_policy(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """A copy of the problem's initial policy, or an untrained one.

    Raises:
        TypeError: if the initial policy is of another kind.
    """
    initial, blank = problem.initial_policy, blank_policy(problem, seed, config)
    if initial is None:
        return blank
    if not isinstance(initial, NetworkPolicy | TabularPolicy) or type(initial) is not type(blank):
        raise TypeError(
            f"DAgger goes on from a {type(blank).__name__}, as behaviour cloning returns it, "
            f"not from a {type(initial).__name__}"
        )
    return deepcopy(initial)


class Collection:
    """The labels so far, and the environments in which they are collected."""

    def __init__(self, problem: Problem, seed: int, config: DAggerConfig) -> None:
        self._problem = problem
        self._config = config
        self._random = np.random.default_rng(seed)
        self._order = np.random.default_rng([seed, 1])  # of episodes
        self._shown = LabelledSteps(1, config.demonstration_shift)
        self._labelled = LabelledSteps(config.num_envs, config.label_shift)

    def demonstrate(self) -> bool:
        """Add demonstrations; returns whether there are any."""
        config = self._config
        count = round(config.demonstrated_share * self._problem.budget.labels)
        if count:
            shown = self._problem.demonstrations(count)
            keys = config.num_envs * self._order.random(len(shown.episodes))
            self._shown.add(shown, keys)
        return count > 0

    @property
    def is_mixed(self) -> bool:
        """Whether there are both demonstrations and labels."""
        return len(self._shown) > 0 and len(self._labelled) > 0

    def begin(self) -> None:
        """Begin the first episodes."""
        self._env = self._problem.env(self._config.num_envs)
        self._observation, _ = self._env.reset()
        self._groups = self._group_of_each_environment()

    def run(self, policy: ClonedPolicy, round_number: int) -> bool:
        """Collect the labels of round 1, 2, ...; returns whether the labeller stays."""
        try:
            while not self._is_over(round_number):
                self._step(policy, round_number)
        except SessionEndedError:
            return False
        return True

    def _is_over(self, round_number: int) -> bool:
        """Whether a round has had its share of the labels or, if the expert may leave the learner
        alone, of the steps."""
        meter, budget, rounds = self._problem.meter, self._problem.budget, self._config.rounds
        demonstrated = meter.demonstrations
        labels = demonstrated + (budget.labels - demonstrated) * round_number // rounds
        if self._config.mixing == "takeover":
            steps = budget.steps * round_number // rounds
            if meter.steps + self._config.num_envs > steps:
                return True
        return meter.labels >= labels

    def _step(self, policy: ClonedPolicy, round_number: int) -> None:
        problem, config, env = self._problem, self._config, self._env
        action, _ = policy.predict(self._observation, deterministic=True)
        if config.mixing == "takeover":
            action, asked = problem.intervene(env, action)
            label = action
        else:
            share = mixing_share(config, round_number)
            if config.mixing == "first" and problem.initial_policy is not None:
                share = 0.0
            expert_drives = self._random.random(config.num_envs) < share
            asked = expert_drives | (self._random.random(config.num_envs) < config.label_share)
            asked &= np.cumsum(asked) <= problem.labels_left
            label = problem.expert(env, asked, action)
            action[expert_drives & asked] = label[expert_drives & asked]
        self._labelled.see(self._observation)
        self._labelled.label(asked, label, self._groups)
        self._observation, _, terminated, truncated, _ = env.step(action)
        ended = terminated | truncated
        self._labelled.act(action, ended)
        if ended.any():
            self._groups = self._group_of_each_environment()

    def _group_of_each_environment(self) -> NDArray[np.float64]:
        """The keys by which labels are sorted, so that neighbours are of the same episode. The
        last are held out; where there is one environment alone, these must not be the newest."""
        keys = np.arange(self._config.num_envs, dtype=np.float64)
        return keys if len(keys) > 1 else self._order.random(1)

    def fit(self, policy: ClonedPolicy, updates: int, seed: int) -> ClonedPolicy:
        """The policy trained on all labels so far; the same one if there are not two of them, or
        if there are only the demonstrations that it has learned from before."""
        parts = [part.pairs() for part in (self._shown, self._labelled) if len(part)]
        knows_all = self._problem.initial_policy is not None and not len(self._labelled)
        if knows_all or sum(len(groups) for *_, groups in parts) < 2:
            return policy
        rows, targets, groups = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.argsort(groups, kind="stable")
        return clone(
            policy, rows[order], targets[order], groups[order],
            self._config.cloning, updates, seed, self._problem.progress,
        )  # fmt: skip

    def warn_of_unknown_lags(self) -> None:
        """Warn if a lag was to be estimated and could not be."""
        for name, shift, part in (
            ("label_shift", self._config.label_shift, self._labelled),
            ("demonstration_shift", self._config.demonstration_shift, self._shown),
        ):
            if shift is None and len(part) and part.estimated_shift() is None:
                warnings.warn(
                    f"{len(part)} labels do not tell how late they are, they are taken as prompt; "
                    f"give {name} in steps if it is known",
                    TrainingWarning,
                    stacklevel=3,
                )


def mixing_share(config: DAggerConfig, round_number: int) -> float:
    """beta of round 1, 2, ...: the probability that the expert acts at a step."""
    if config.mixing == "first":
        return 1.0 if round_number == 1 else 0.0
    return config.mixing_base ** (round_number - 1)


algorithm = tuned(
    Algorithm(
        name="dagger",
        summary="dataset aggregation: the learner drives, the expert labels; last policy",
        sources=frozenset({"env", "expert"}),
        config=DAggerConfig(),
        train=train,
        restore=lambda world, tensors, config: restore(world, tensors, config.cloning),
    ),
    __file__,
)
takeover = tuned(
    replace(
        algorithm,
        name="hg-dagger",
        summary="dataset aggregation: the learner drives, the expert takes over when it errs",
        sources=frozenset({"demonstrations", "env", "expert"}),
        config=DAggerConfig(mixing="takeover", demonstrated_share=0.5),
    ),
    __file__,
)
