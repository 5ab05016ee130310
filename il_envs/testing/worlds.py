"""Checks that every world must pass."""

import copy
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from numba import njit
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.engine.single import WorldEnv
from il_envs.engine.spaces import zero_rows
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import replay, run_episodes
from il_envs.testing.exploring import ExploringPolicy
from il_envs.testing.playing import check_assist, check_gentle_start
from il_envs.views import States
from il_envs.world import Split, World

ROWS = 4
STEPS = 10_000
EPISODES = 400
INEXACT_CALLS = re.compile(
    r"call[^\n]*@\"?(?:llvm\.)?(sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|exp|exp2|expm1|log|log2"
    r"|log10|log1p|pow|cbrt|hypot|fma|fmuladd)f?(?:\.|\"|\()"
)
FAST_MATH = re.compile(
    r"\bf(?:add|sub|mul|div|cmp) (?:fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b"
)


def check_gymnasium(world: World) -> None:
    """Gymnasium's own checker passes without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(world.id, render_mode="rgb_array").unwrapped)


def check_determinism(world: World) -> None:
    """The same seed gives the same episode, and a different seed a different one."""
    first, second = (run_episodes(world, "training", ExploringPolicy, [7, 8]) for _ in range(2))
    assert [e.state_hash for e in first] == [e.state_hash for e in second], "a seed does not repeat"
    assert first[0].state_hash != first[1].state_hash, "two seeds give the same episode"


def check_rows_equal_single(world: World) -> None:
    """Row i of a vector environment is bitwise the single environment with seed s + i."""
    seed = 11
    vector = WorldVectorEnv(world.name, ROWS, autoreset_mode=AutoresetMode.SAME_STEP)
    singles = [WorldEnv(world.name) for _ in range(ROWS)]
    observations, _ = vector.reset(seed=seed)
    for i, single in enumerate(singles):
        observation, _ = single.reset(seed=seed + i)
        assert _same_bits(observation, observations[i]), f"reset differs in row {i}"
    policy, episodes = ExploringPolicy(vector), 0
    for step in range(STEPS):
        actions, _ = policy.predict(observations)
        observations, rewards, terminated, truncated, info = vector.step(actions)
        for i, single in enumerate(singles):
            observation, *rest, single_info = single.step(actions[i])
            ended = rest[1] or rest[2]
            assert rest == [rewards[i], terminated[i], truncated[i]], f"step {step} row {i} differs"
            assert all(
                single_info[name] == (info["final_info"] if ended else info)[name][i]
                for name in world.dynamics.measures
            ), f"info differs at step {step}, row {i}"
            if ended:
                assert _same_bits(observation, info["final_obs"][i]), f"last observation, row {i}"
                observation, _ = single.reset()
                episodes += 1
            assert _same_bits(observation, observations[i]), f"observation, step {step} row {i}"
            assert single.state.tobytes() == vector.states[i].tobytes(), (
                f"state, step {step} row {i}"
            )
    assert episodes > ROWS, "too few episodes ended for this check to mean anything"


def check_spaces_and_aliasing(world: World) -> None:
    """Observations stay in their space, and no returned array is ever written to again."""
    env = WorldVectorEnv(world.name, ROWS)
    observations, _ = env.reset(seed=3)
    policy, kept = ExploringPolicy(env), []
    for _ in range(300):
        actions, _ = policy.predict(observations)
        observations, rewards, *_ = env.step(actions)
        assert env.observation_space.contains(observations), "an observation leaves its space"
        assert np.isfinite(rewards).all(), "a reward is not finite"
        kept.append((observations, observations.copy()))
    assert all(_same_bits(array, copy) for array, copy in kept), "a returned array was written to"


def check_save_and_restore(world: World) -> None:
    """A restored state continues bit for bit, random stream and episode length included."""
    env = WorldEnv(world.name)
    env.reset(seed=5)
    actions = run_episodes(world, "training", ExploringPolicy, [5])[0].actions
    half = len(actions) // 2
    for action in actions[:half]:
        env.step(action)
    saved = env.state
    outcomes = [env.step(action) for action in actions[half:]]
    other = WorldEnv(world.name)
    other.state = saved
    for action, (observation, *rest) in zip(actions[half:], outcomes, strict=True):
        again, *rest_again = other.step(action)
        assert _same_bits(observation, again) and rest == rest_again, "a restored state differs"
    env.reset()
    other.reset()
    assert env.state.tobytes() == other.state.tobytes(), "the next episode differs after a restore"


def check_replay(world: World) -> None:
    """Recorded actions replay to the same return and the same state hashes."""
    splits: tuple[Split, ...] = ("training", "held_out")
    for split in splits:
        for episode in run_episodes(world, split, ExploringPolicy, [21, 22, 23]):
            total, state_hash = replay(world, split, episode.seed, episode.actions)
            assert total == episode.total_reward, "the return differs in a replay"
            assert state_hash == episode.state_hash, "the states differ in a replay"


def check_bad_actions(world: World) -> None:
    """An action of wrong shape, out of range or not a number raises ValueError, without effect."""
    env = WorldEnv(world.name)
    env.reset(seed=1)
    before = env.state.tobytes()
    for name, action in _bad_actions(world.spaces.action):
        try:
            env.step(action)
        except ValueError as error:
            assert world.name in str(error), f"the error on {name} does not name the world: {error}"
        else:
            raise AssertionError(f"an action {name} was accepted")
        assert env.state.tobytes() == before, f"an action {name} changed the state"


def check_exact_arithmetic(world: World) -> None:
    """Kernels use IEEE basic operations and square roots only: no libm, nothing fused or fast."""
    reset, step, observe, measure = world.dynamics.kernels.values()

    @njit
    def everything(states, action, params, observation, measures):  # type: ignore[no-untyped-def]
        state = states[0]
        reset(state, params)
        outcome = step(state, action, params)
        observe(state, params, observation)
        measure(state, params, measures)
        return outcome

    env = WorldEnv(world.name)
    env.reset(seed=0)
    action = np.atleast_1d(np.asarray(env.action_space.sample()))
    observation = zero_rows(world.spaces.observation)
    measures = np.zeros(len(world.dynamics.measures))
    everything(env.states, action, env.params, observation, measures)
    for code in everything.inspect_llvm().values():
        inexact = INEXACT_CALLS.search(code)
        assert inexact is None, f"a kernel calls {inexact and inexact.group(1)}, whose bits vary"
        assert FAST_MATH.search(code) is None, "a kernel is compiled with fast-math flags"


def check_experts(world: World) -> None:
    """Every style of expert acts validly, and gives the same answer when asked twice."""
    for style in world.experts:
        env = WorldVectorEnv(world.name, ROWS)
        env.reset(seed=2)
        expert = ExpertPolicy(env, style)
        actions, memory = expert.predict()
        again, memory_again = expert.predict()
        assert env.action_space.contains(actions), f"the {style} expert leaves the action space"
        assert _same_bits(actions, again) and _same_bits(memory, memory_again), f"{style} differs"


def check_copies(world: World) -> None:
    """Copies and pickled copies of environments and experts continue bit for bit from the same
    state, each with its own random streams and spaces."""
    for make in (copy.deepcopy, lambda original: pickle.loads(pickle.dumps(original))):
        for env, steps in ((WorldEnv(world.name), 100), (WorldVectorEnv(world.name, ROWS), 100)):
            env.reset(seed=6)
            env.action_space.seed(6)
            actions = [env.action_space.sample() for _ in range(steps)]
            env.step(actions[0])
            again = make(env)
            assert env.action_space.sample().tolist() == again.action_space.sample().tolist(), (
                "the action space of a copy has another random stream"
            )
            for action in actions[1:]:
                outcomes = env.step(action), again.step(action)
                assert _same_bits(outcomes[0][0], outcomes[1][0]), "a copy observes something else"
                if isinstance(env, WorldEnv) and (outcomes[0][2] or outcomes[0][3]):
                    env.reset()
                    again.reset()
            assert env.states.tobytes() == again.states.tobytes(), "a copy is in another state"
        for style in world.experts:
            expert = make(ExpertPolicy(WorldEnv(world.name), style))
            assert expert.style == style, "a copied expert has another style"


def check_reference(world: World) -> None:
    """The mean return of the world's expert is within five standard errors of the exact reference's
    expected return, which fails by chance one time in a million; its samples are episodes."""
    if world.truth.reference is None:
        return
    reference = world.truth.reference()
    numbers = reference.expected_return, reference.entropy, reference.log_partition
    assert np.isfinite(numbers).all(), f"return, entropy and log partition are {numbers}"
    seeds = range(EPISODES)
    episodes = run_episodes(world, "training", ExpertPolicy, seeds, keep_observations=False)
    returns = np.array([episode.total_reward for episode in episodes])
    deviation = max(returns.std(ddof=1), reference.temperature)  # rare losses may not have come up
    difference = abs(returns.mean() - reference.expected_return)
    assert difference < 5.0 * deviation / np.sqrt(EPISODES), (
        f"the expert returns {returns.mean():g}, {reference.expected_return:g} is expected"
    )
    states, actions = reference.sample(3, seed=0)
    steps = world.dynamics.max_episode_steps
    assert actions.shape[:2] == (3, steps), "sampled episodes have another length"
    assert states.shape[:2] == (3, steps + 1), (
        "sampled episodes do not have a state more than steps"
    )


def check_pictures(world: World) -> None:
    """Every picture is a function of the history alone, whatever was painted before, and leaves the
    state unchanged; it changes in the course of an episode."""
    if not world.views.pictures:
        return
    env = WorldEnv(world.name)
    histories = [_history(env, seed, steps) for seed, steps in ((9, 20), (4, 40))]
    params = env.params.tobytes()
    for view in world.views.pictures:
        used = Canvas(world, env.params)
        used.view = view
        for history in histories:
            first = _painted(used, history)
        assert first.shape == (SIZE[1], SIZE[0], 3), f"{view.draw}: the picture has the wrong size"
        assert len(np.unique(first.reshape(-1, 3), axis=0)) > 1, f"{view.draw}: nothing is seen"
        fresh = Canvas(world, env.params)
        fresh.view = view
        assert _same_bits(first, used.pixels()), f"{view.draw}: painting twice gives two pictures"
        assert _same_bits(first, _painted(fresh, history)), f"{view.draw}: the past shows through"
        begun = _painted(fresh, history[:1])
        assert not _same_bits(first, begun), f"{view.draw}: an episode looks like its beginning"
        assert used.history.tobytes() == history.tobytes(), f"{view.draw}: drawing changed a state"
        assert env.params.tobytes() == params, f"{view.draw}: drawing changed the parameters"


def _history(env: WorldEnv, seed: int, steps: int) -> States:
    """The states of an episode of an exploring policy, of at most `steps` steps."""
    env.reset(seed=seed)
    policy, states = ExploringPolicy(env), [env.state]
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(policy.predict(env.states)[0][0])
        states.append(env.state)
        if terminated or truncated:
            break
    return np.array(states)


def _painted(canvas: Canvas, history: States) -> NDArray[np.uint8]:
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas.pixels()


def check_text(world: World) -> None:
    """A world with a text view renders it in the mode "ansi", without changing the state."""
    if world.views.text is None:
        return
    env = WorldEnv(world.name, render_mode="ansi")
    env.reset(seed=4)
    before = env.state.tobytes(), env.params.tobytes()
    text = env.render()
    assert isinstance(text, str) and text.strip(), "the text is empty"
    assert before == (env.state.tobytes(), env.params.tobytes()), "writing changed the state"


WORLD_CHECKS: tuple[Callable[[World], None], ...] = (
    check_gymnasium,
    check_determinism,
    check_rows_equal_single,
    check_spaces_and_aliasing,
    check_save_and_restore,
    check_replay,
    check_bad_actions,
    check_exact_arithmetic,
    check_experts,
    check_copies,
    check_reference,
    check_pictures,
    check_text,
    check_gentle_start,
    check_assist,
)


def check_world(world: World) -> None:
    """Run every check of a world."""
    for check in WORLD_CHECKS:
        check(world)


def _bad_actions(space: gym.Space[Any]) -> Iterator[tuple[str, Any]]:
    shape = space.shape or ()
    yield "of wrong shape", np.zeros((*shape, 2), space.dtype)
    yield "made of text", np.full(shape, "left")
    if isinstance(space, gym.spaces.Box):
        yield "not a number", np.full(shape, np.nan)
        yield "too large", space.high + 1.0
        yield "infinite", np.full(shape, np.inf)
    elif isinstance(space, gym.spaces.Discrete):
        yield "too large", int(space.start + space.n)
        yield "fractional", 0.5
    else:
        yield "with a 2", np.full(shape, 2)
        yield "that wraps round", np.full(shape, 256)
        yield "of floats", np.full(shape, 0.5)


def _same_bits(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return first.dtype == second.dtype and first.tobytes() == second.tobytes()
