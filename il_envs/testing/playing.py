"""Checks of what a world does for people: gentle starts and assistance."""

from pkgutil import resolve_name

import numpy as np

from il_envs.engine.single import WorldEnv
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.rollout import replay, run_episodes
from il_envs.testing.exploring import ExploringPolicy
from il_envs.world import World

GENTLE = {"gentle_start": True}
SEEDS = range(40, 44)
STEPS = 300


def check_gentle_start(world: World) -> None:
    """A gentle start is deterministic, told in observation and info, the same in a batch as alone,
    and its episodes replay; it leaves other episodes and the parameters as they are. A world that
    has none refuses in one line."""
    env = WorldEnv(world.name)
    if world.dynamics.gentle_start is None:
        try:
            env.reset(seed=0, options=GENTLE)
        except ValueError as error:
            assert str(error) == f"{world.name} has no gentle start"
            return
        raise AssertionError("a gentle start that does not exist is not refused")
    params = env.params.tobytes()
    rows = WorldVectorEnv(world.name, len(SEEDS))
    seen, told = rows.reset(seed=list(SEEDS), options=GENTLE)
    for i, seed in enumerate(SEEDS):
        env.reset(seed=seed)
        ordinary = env.state
        observation, info = env.reset(seed=seed, options=GENTLE)
        assert env.state.tobytes() != ordinary.tobytes(), "a gentle start is an ordinary one"
        assert env.state.tobytes() == rows.states[i].tobytes(), "a row starts differently"
        assert np.array_equal(observation, env.observe()), "the observation is of another state"
        assert np.array_equal(observation, seen[i]), "a row's observation differs"
        assert info == {name: told[name][i] for name in info}, "a row's info differs"
        env.reset(seed=seed)
        assert env.state.tobytes() == ordinary.tobytes(), "an ordinary start is not what it was"
    assert env.params.tobytes() == params, "a gentle start changed the parameters"
    for episode in run_episodes(world, "training", ExploringPolicy, SEEDS, gentle_start=True):
        played = replay(world, "training", episode.seed, episode.actions, gentle_start=True)
        assert played == (episode.total_reward, episode.state_hash), "an episode does not replay"


def check_assist(world: World) -> None:
    """Whatever the state and whatever the player does, assistance stays in the action space; it
    gives the same answer twice and changes nothing that it is given."""
    if world.views.assist is None:
        return
    assist, env = resolve_name(world.views.assist), WorldEnv(world.name)
    space = world.spaces.action
    space.seed(0)
    env.reset(seed=SEEDS[0])
    params = env.params.tobytes()
    for _ in range(STEPS):
        action = space.sample()
        state, given = env.state, action.copy()
        executed = assist(state, env.params, action)
        assert space.contains(executed), f"assistance makes {executed!r} of {action!r}"
        assert np.array_equal(action, given), "assistance changed the player's action"
        assert state.tobytes() == env.state.tobytes(), "assistance changed the state"
        assert np.array_equal(executed, assist(state, env.params, action)), "two answers"
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    assert env.params.tobytes() == params, "assistance changed the parameters"
