"""Stable-Baselines3 in worlds of buttons, through `gym.make` alone."""

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.evaluation import evaluate_policy

import il_envs
from baselines.networks import one_thread

STEPS = 256


@pytest.mark.parametrize("learner", [PPO, A2C])
@pytest.mark.parametrize("name", ["Shooter", "Gauntlet", "Pillar", "Duel"])
def test_it_learns_and_predicts(name, learner):
    world = il_envs.get_world(name)
    with one_thread():
        model = learner("MlpPolicy", world.id, seed=0, device="cpu", n_steps=64)
        before = [weight.clone() for weight in model.policy.parameters()]
        model.learn(STEPS)
    after = model.policy.parameters()
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    env = gym.make(world.id, split="held_out")
    observation, _ = env.reset(seed=0)
    for deterministic in (True, False):
        action, _ = model.predict(observation, deterministic=deterministic)
        assert world.spaces.action.contains(np.asarray(action, np.int8))
        env.step(action)
    mean, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=1)
    assert np.isfinite(mean)
