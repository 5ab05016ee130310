"""The other side of `make bench-exact` and `make bench-peers`: the library `imitation`, run by an
environment of its own.

Reads one JSON object a line and answers each with one JSON line. Arrays travel in .npz files.

    {"task": "versions"} -> {"versions": ...}
    {"task": "load", "model": PATH} -> {}
    {"task": "backward"} -> {"seconds": ...}
    {"task": "forward"}, after a backward -> {"seconds": ...}
    {"task": "save", "path": PATH} -> {}; value, policy and visits of the last passes
    {"task": "learn", "network": "linear" or "tabular", "iterations": ...}
        -> {"seconds": ..., "visit_error": ..., "gradient": ..., "reward": [S]}
    {"task": "gail", "demonstrations": PATH, "steps": ..., "updates": ...} -> {"seconds": ...}
    {"task": "ppo", "steps": ...} -> {"seconds": ...}
"""

import contextlib
import json
import sys
import time
from importlib.metadata import version
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from imitation.algorithms.adversarial.gail import GAIL
from imitation.algorithms.mce_irl import MCEIRL, mce_occupancy_measures, mce_partition_fh
from imitation.data.types import Transitions
from imitation.data.wrappers import RolloutInfoWrapper
from imitation.rewards.reward_nets import BasicRewardNet
from imitation.util import logger
from imitation.util.networks import RunningNorm
from seals.base_envs import TabularModelPOMDP
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv


def dense_environment(arrays: Any, observations: np.ndarray) -> TabularModelPOMDP:
    """A model in the form that `imitation` reads, with its transitions as a dense [S, A, S']."""
    states, actions = arrays["reward"].shape
    dense = np.zeros((states, actions, states))
    rows = np.repeat(np.arange(actions * states), np.diff(arrays["indptr"]))
    dense[rows % states, rows // states, arrays["indices"]] = arrays["probabilities"]
    return TabularModelPOMDP(
        transition_matrix=dense,
        observation_matrix=observations,
        reward_matrix=arrays["reward"][:, 0],  # it knows rewards of states only
        horizon=int(arrays["horizon"]),
        initial_state_dist=arrays["initial"],
    )


class Yardstick:
    """Answers requests; keeps the model and the last results between them."""

    def versions(self) -> dict[str, Any]:
        """What it runs."""
        names = ("imitation", "stable-baselines3", "gymnasium", "numpy", "torch")
        return {"versions": ", ".join(f"{name} {version(name)}" for name in names)}

    def load(self, model: str) -> dict[str, Any]:
        """Read a model."""
        self.arrays = dict(np.load(model))
        self.env = dense_environment(self.arrays, self.arrays["features"])
        return {}

    def backward(self) -> dict[str, Any]:
        """Soft values, action values and policy."""
        start = time.perf_counter()
        self.value, _, self.policy = mce_partition_fh(self.env)
        return {"seconds": time.perf_counter() - start}

    def forward(self) -> dict[str, Any]:
        """State visits at each step under the policy of `backward`."""
        start = time.perf_counter()
        self.visits, _ = mce_occupancy_measures(self.env, pi=self.policy)
        return {"seconds": time.perf_counter() - start}

    def save(self, path: str) -> dict[str, Any]:
        """Write the last results."""
        np.savez(path, value=self.value, policy=self.policy, visits=self.visits)
        return {}

    def learn(self, network: str, iterations: int) -> dict[str, Any]:
        """Inverse reinforcement learning from the true reward's own visits, exactly counted."""
        _, expert_visits = mce_occupancy_measures(self.env)
        features = self.arrays["features"]
        observations = features if network == "linear" else np.eye(len(features))
        env = dense_environment(self.arrays, observations)
        torch.manual_seed(0)
        reward_network = BasicRewardNet(
            env.observation_space, env.action_space, use_action=False, hid_sizes=()
        )
        learner = MCEIRL(
            expert_visits, env, reward_network, np.random.default_rng(0), log_interval=None
        )
        start = time.perf_counter()
        visits = learner.train(max_iter=iterations)
        seconds = time.perf_counter() - start
        with torch.no_grad():
            inputs = torch.as_tensor(observations, dtype=torch.float32)
            reward = reward_network(inputs, None, None, None).double().numpy()
        return {
            "seconds": seconds,
            "visit_error": np.abs(visits - expert_visits).max(),
            "gradient": np.abs(features.T @ (visits - expert_visits)).max(),
            "reward": reward.tolist(),
        }

    def gail(self, demonstrations: str, steps: int, updates: int) -> dict[str, Any]:
        """Generative adversarial imitation learning, set as its documentation does."""
        learner = pendulum_ppo(RolloutInfoWrapper)
        arrays = np.load(demonstrations)
        trainer = GAIL(
            demonstrations=Transitions(**arrays, infos=np.array([{}] * len(arrays["dones"]))),
            demo_batch_size=1024,
            n_disc_updates_per_round=updates,
            venv=learner.get_env(),
            gen_algo=learner,
            reward_net=BasicRewardNet(
                learner.observation_space, learner.action_space, normalize_input_layer=RunningNorm
            ),
            custom_logger=logger.configure(format_strs=()),
        )
        start = time.perf_counter()
        trainer.train(steps)
        return {"seconds": time.perf_counter() - start}

    def ppo(self, steps: int) -> dict[str, Any]:
        """The policy's optimiser alone, on the world's own reward."""
        learner = pendulum_ppo()
        start = time.perf_counter()
        learner.learn(steps)
        return {"seconds": time.perf_counter() - start}


def pendulum_ppo(*wrappers: Any) -> PPO:
    """PPO in 32 pendulums."""

    def pendulum() -> gym.Env[Any, Any]:
        env: gym.Env[Any, Any] = gym.make("Pendulum-v1")
        for wrapper in wrappers:
            env = wrapper(env)
        return env

    env = DummyVecEnv([pendulum] * 32)
    return PPO("MlpPolicy", env, n_steps=256, batch_size=1024, n_epochs=10, seed=0, device="cpu")


def main() -> None:
    """Answer requests until there are no more."""
    yardstick, answers = Yardstick(), sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # whatever the libraries print
        for line in sys.stdin:
            request = json.loads(line)
            answer = getattr(yardstick, request.pop("task"))(**request)
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
