"""The functions of a single environment, compiled like the loops of `batch.py`, around one row."""
# ruff: noqa: F821
# mypy: ignore-errors

from il_envs.engine.lanes import loop
from il_envs.engine.row import begin, is_inside


@loop
def look(states, params, observations, measures):
    """Observe and measure."""
    observe(states[0], params, observations[0].entries)
    measure(states[0], params, measures[0].entries)


@loop
def reset_and_look(states, later, params, observations, measures):
    """Begin the episode that is so many after the present one of the row's stream."""
    begin(reset, states[0], later, params)
    look(states, params, observations, measures)


@loop
def step_and_look(states, actions, low, high, params, max_episode_steps, observations, measures):
    """One step; returns (valid, reward, terminated, truncated). An invalid action does nothing."""
    state, action = states[0], actions[0].entries
    if not is_inside(action, low, high):
        return False, 0.0, False, False
    reward, terminated = step(state, action, params)
    state.step += 1
    look(states, params, observations, measures)
    return True, reward, bool(terminated), state.step >= max_episode_steps
