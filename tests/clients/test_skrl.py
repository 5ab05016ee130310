"""skrl's PPO with default settings on DriftCar: it samples without bounds, and does not clip."""

import gymnasium as gym
import pytest
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.trainers.torch import SequentialTrainer
from skrl.utils.model_instantiators.torch import deterministic_model, gaussian_model

from il_envs.wrappers import MultiDiscreteButtons

NETWORK = [{"name": "net", "input": "OBSERVATIONS", "layers": [32, 32], "activations": "elu"}]
STEPS = 64


def train(env) -> None:
    env = wrap_env(env)
    spaces = {
        "observation_space": env.observation_space,
        "action_space": env.action_space,
        "device": env.device,
    }
    models = {
        "policy": gaussian_model(**spaces, network=NETWORK, output="ACTIONS"),
        "value": deterministic_model(**spaces, network=NETWORK, output="ONE"),
    }
    settings = PPO_CFG()
    settings.experiment.write_interval = settings.experiment.checkpoint_interval = 0
    agent = PPO(
        models=models,
        memory=RandomMemory(
            memory_size=settings.rollouts, num_envs=env.num_envs, device=env.device
        ),
        cfg=settings,
        **spaces,
    )
    limits = {"timesteps": STEPS, "headless": True, "disable_progressbar": True}
    SequentialTrainer(env=env, agents=agent, cfg=limits).train()


def test_single_environments_clip_when_asked():
    env = gym.make("il_envs/DriftCar-v0", clip_actions=True)
    train(env)
    assert env.unwrapped.state["episode"] + env.unwrapped.state["step"] > 0


def test_vector_environments_clip_when_asked():
    env = gym.make_vec("il_envs/DriftCar-v0", 8, "vector_entry_point", clip_actions=True)
    train(env)
    states = env.unwrapped.states
    assert ((states["episode"] > 0) | (states["step"] > 0)).all()


def test_otherwise_the_action_is_refused_by_name():
    """All of 64 samples of two Gaussians of deviation 1 are within bounds once in 10^21 runs."""
    with pytest.raises(ValueError, match=r"DriftCar: action entry \d \((steer|drive)\)"):
        train(gym.make("il_envs/DriftCar-v0"))


def test_buttons_are_multi_discrete_for_it():
    env = MultiDiscreteButtons(gym.make("il_envs/Gauntlet-v0"))
    assert wrap_env(env).action_space == gym.spaces.MultiDiscrete([2, 2, 2])
