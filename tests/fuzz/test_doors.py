"""What other processes and programs send: actions, requests, answers, models, tables, rewards."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from il_envs import (
    WORLDS,
    Budget,
    BudgetExceededError,
    Problem,
    TabularModel,
    TabularReward,
    UndeclaredSourceError,
    WorldVectorEnv,
    get_world,
)
from il_envs.learning.learned_reward import InvalidRewardError, rewards_of
from il_envs.remote.channel import Channel, Message, ProtocolError
from il_envs.remote.numbering import Numbering
from il_envs.remote.server import ProblemServer
from leaderboard.measures.checked import CheckedPolicy, tensors_of
from leaderboard.measures.checked_tables import InvalidActionError, policy_table
from leaderboard.measures.references import required_reference
from leaderboard.running.learned import FailedError, Report, policy_of, require_success
from tests.fuzz.nonsense import Nonsense
from tests.remote.connected import channels

INPUTS = 500
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.statistical) for seed in range(1, 10))]
MOST = 2**28  # bytes
INSTANCE = "FourRooms~0123456789abcdef"
REFUSALS = (
    BudgetExceededError, UndeclaredSourceError, gym.error.ResetNeeded, LookupError, ValueError,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _memory() -> Iterator[None]:
    """No test takes more memory than it may."""
    tracemalloc.start()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST


@pytest.mark.parametrize("seed", SEEDS)
def test_actions(seed: int) -> None:
    """A refused action changes no state."""
    nonsense, refused = Nonsense(seed), 0
    worlds = [WORLDS[name] for name in ("DriftCar", "FourRooms", "Gauntlet", "LaneKeeping")]
    for world in worlds:
        env = WorldVectorEnv(world.name, 2, autoreset_mode="SameStep")
        env.reset(seed=seed)
        env.action_space.seed(seed)
        for _ in range(INPUTS // len(worlds)):
            action = nonsense.array(np.asarray(env.action_space.sample()))
            before = env.states.copy()
            try:
                env.step(action)
            except ValueError:
                refused += 1
                assert (env.states == before).all()
            observations = env.observe()
            assert observations.dtype.kind != "f" or np.isfinite(observations).all()
    assert 50 < refused < INPUTS


KINDS = ("demonstrations", "env", "reset", "begin", "step", "expert", "intervene", "model")
ARRAYS = ("actions", "rows", "proposed", "observations")
FIELDS = ("transitions", "num_envs", "reward", "autoreset_mode", "env")


def request(nonsense: Nonsense, like: np.ndarray) -> Message:
    """A request that may be one."""
    choose = nonsense.random.choice
    usual = {
        "transitions": 5,
        "num_envs": 2,
        "reward": False,
        "autoreset_mode": "SameStep",
        "env": 0,
    }
    fields = {
        name: usual[name] if nonsense.random.random() < 0.8 else nonsense.value()
        for name in FIELDS
        if nonsense.random.random() < 0.95
    }
    if isinstance(fields.get("num_envs"), int) and abs(fields["num_envs"]) > 1_000:
        fields["num_envs"] = 2**40  # what is refused, and not what takes memory that there is
    arrays = {name: nonsense.array(like) for name in ARRAYS if nonsense.random.random() < 0.5}
    arrays |= {"rows": np.array([True, False])} if nonsense.random.random() < 0.5 else {}
    return Message(choose(KINDS), fields, arrays)


def serve(server: ProblemServer, channel: Channel) -> None:
    """Serve until a message says that it is the last."""
    while True:
        try:
            if server.serve().kind == "finished":
                return
        except ProtocolError:
            channel.send(Message("malformed"))


@pytest.mark.parametrize("seed", SEEDS)
def test_requests(seed: int) -> None:
    """A refused request costs nothing, and none costs more than there is."""
    nonsense = Nonsense(seed)
    kinds = {"answer": 0, "refused": 0, "malformed": 0}
    for _ in range(INPUTS // 25):
        sources = nonsense.random.sample(["demonstrations", "expert", "env", "reward", "model"], 4)
        world = get_world(nonsense.random.choice(["DriftCar", "FourRooms", "Gauntlet", INSTANCE]))
        problem = Problem(world, frozenset(sources), Budget(200, 100), seed)
        like = np.zeros((2, *(world.spaces.action.shape or ())))
        first = [
            Message("env", {"num_envs": 2, "reward": False, "autoreset_mode": "SameStep"}),
            Message("reset", {"env": 0}),
        ]
        with channels() as (near, far):
            server = ProblemServer(problem, near, Numbering.of(world))
            thread = threading.Thread(target=serve, args=[server, near])
            thread.start()
            for message in [*first, *(request(nonsense, like) for _ in range(25))]:
                before = problem.meter.as_dict()
                far.send(message)
                answer = far.receive()
                kinds[answer.kind] += 1
                counts = problem.meter.as_dict()
                assert answer.kind == "answer" or counts == before
                assert (
                    answer.kind != "answer" or [*counts.values()] == answer.arrays["meter"].tolist()
                )
                assert problem.meter.labels <= 200
                assert problem.meter.steps <= 100
            far.send(Message("finished"))
            thread.join()
    assert min(kinds.values()) > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_answers(seed: int) -> None:
    """Whatever a learner's process says, the scorer has numbers or a line."""
    nonsense, kinds = Nonsense(seed), {"valid": 0, "refused": 0}
    world = get_world("DriftCar")
    numbering = Numbering.of(get_world("DriftCar~0123456789abcdef"))
    observation = np.zeros((2, 17), np.float32)
    asked: list[Callable[[Any], Any]] = [
        lambda policy: CheckedPolicy(policy, world).predict(observation),
        lambda policy: tensors_of(policy),
        lambda policy: policy.reward,
        lambda policy: policy.action_moments(observation, 0),
        lambda policy: policy.seed(3),
    ]
    for _ in range(INPUTS):
        fields = {
            name: nonsense.value()
            for name in (
                "warnings",
                "updates",
                "is_exact",
                "is_gaussian",
                "status",
                "reason",
                "reward",
            )
            if nonsense.random.random() < 0.7
        }
        names = ("actions", "decided", "mean", "covariance", "table", "rewards")
        arrays = {name: nonsense.array(np.zeros((2, 2), np.float32)) for name in names}
        kind = nonsense.random.choice(["answer"] * 4 + ["failed", "policy", "x", ""])
        with channels() as (near, far):
            far.send(Message(kind, fields, arrays))
            try:
                if nonsense.random.random() < 0.2:
                    Report.of(require_success(near.receive(), "policy"))
                else:
                    report = Report((), 0, False, False, False, True, False)
                    nonsense.random.choice(asked)(policy_of(near, report, numbering))
                kinds["valid"] += 1
            except (ProtocolError, FailedError, InvalidActionError, InvalidRewardError):
                kinds["refused"] += 1
    assert min(kinds.values()) > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_models(seed: int) -> None:
    nonsense, kinds = Nonsense(seed), {"valid": 0, "refused": 0}
    usual = {
        "transition": np.full((3, 2, 3), 1.0 / 3.0), "reward": np.zeros((3, 2)),
        "initial": np.full(3, 1.0 / 3.0), "features": np.eye(3), "available": np.ones((3, 2), bool),
    }  # fmt: skip
    for _ in range(INPUTS):
        given: dict[str, Any] = dict(usual)
        for name in nonsense.random.sample(list(usual), nonsense.random.randint(0, 2)):
            given[name] = nonsense.array(usual[name])
        horizon = 4 if nonsense.random.random() < 0.8 else nonsense.value()
        try:
            model = TabularModel(**given, horizon=horizon)
            kinds["valid"] += 1
            assert model.states == 3
        except ValueError:
            kinds["refused"] += 1
    assert min(kinds.values()) > 50


class Answering:
    """A policy with these probabilities."""

    def __init__(self, probabilities: Any) -> None:
        self._probabilities = probabilities

    def predict(self, *_: Any) -> Any:
        raise NotImplementedError

    def action_probabilities(self, observation: Any, step: int) -> Any:
        return self._probabilities


@pytest.mark.parametrize("seed", SEEDS)
def test_tables(seed: int) -> None:
    nonsense, kinds = Nonsense(seed), {"valid": 0, "refused": 0}
    model = required_reference(get_world("CliffChain")).model
    usual = np.full((model.states, model.actions), 1.0 / model.actions)
    for _ in range(INPUTS):
        given = usual if nonsense.random.random() < 0.3 else nonsense.array(usual)
        try:
            table = policy_table(Answering(given), model)
            assert np.isfinite(table).all()
            np.testing.assert_allclose(table.sum(-1), 1.0)
            assert (table >= 0.0).all()
            kinds["valid"] += 1
        except InvalidActionError:
            kinds["refused"] += 1
    assert min(kinds.values()) > 50


class Paying:
    """A reward with this answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def reward(self, *_: Any) -> Any:
        return self._answer

    def tensors(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("seed", SEEDS)
def test_rewards(seed: int) -> None:
    nonsense, kinds = Nonsense(seed), {"valid": 0, "refused": 0}
    world = get_world("FourRooms")
    rows = np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, bool)
    for _ in range(INPUTS):
        try:
            if nonsense.random.random() < 0.5:
                table = TabularReward(nonsense.array(np.zeros((121, 4))))
                table.check_spaces(world.spaces.observation, world.spaces.action)
                assert rewards_of(table, *rows).shape == (2,)
            else:
                usual = np.zeros(2)
                answer = (
                    nonsense.value() if nonsense.random.random() < 0.2 else nonsense.array(usual)
                )
                assert np.isfinite(rewards_of(Paying(answer), *rows)).all()
            kinds["valid"] += 1
        except InvalidRewardError:
            kinds["refused"] += 1
    assert min(kinds.values()) > 50
