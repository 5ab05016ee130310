"""`il-play`, `il-play WORLD`: worlds that are played by hand, or watched."""

import argparse
from collections.abc import Iterable
from functools import partial

from il_envs.learning.recorder import Recorder
from il_envs.learning.stored_policy import StoredPolicy, load_policy
from il_envs.play.commands.refusals import (
    NotKeptError,
    RefusedError,
    require_expert,
    require_keys,
    require_picture,
    require_use,
)
from il_envs.play.game import Game
from il_envs.play.inference import InferenceError, inferring_algorithm
from il_envs.play.keys import has_turns
from il_envs.play.level import BEGINNER, LEVELS, STANDARD, Level
from il_envs.play.pilots import ExpertPilot, PolicyPilot
from il_envs.play.results import Result
from il_envs.play.theatre import Theatre
from il_envs.world import WORLDS, World, get_world

EVERYWHERE = {"seed", "split", "level", "speed", "clock", "mute"}
OF_ONE_WORLD = {
    "expert": "il-play WORLD --expert",
    "record": "il-play WORLD --record NAME",
    "infer": "il-play WORLD --infer",
}


def choose(options: argparse.Namespace) -> None:
    """Let the user choose worlds at the title, and play them.

    Raises:
        RefusedError: if an option needs a world.
    """
    for name, example in OF_ONE_WORLD.items():
        if getattr(options, name):
            raise RefusedError(f"--{name} needs a world: {example}")
    require_use(options, "at the title", EVERYWHERE)
    worlds = [world for world in WORLDS.values() if world.views.pictures]
    theatre = Theatre(worlds, options.mute)
    level = LEVELS[options.level or BEGINNER.name]
    try:
        theatre.show(theatre.title(partial(_game, options, None, None), level))
    finally:
        theatre.close()
        for game in theatre.games:
            for line in summary(game.results, game.player):
                print(f"{game.world.name}, {line}")


def play(options: argparse.Namespace) -> None:
    """Play a world, or watch its expert or a learned policy in it.

    Raises:
        RefusedError: if that cannot be done.
        RecordingError: if it cannot be recorded.
        StoredPolicyError: if the policy cannot be loaded.
        UnknownNameError: if there is no such world.
        NotKeptError: if an episode could not be recorded.
    """
    require_use(
        options,
        "on a game",
        EVERYWHERE | {"world", "policy", "player", "mouse"} | OF_ONE_WORLD.keys(),
    )
    stored = None if options.policy is None else stored_policy(options)
    world = get_world(options.world) if stored is None else stored.world
    watches = options.expert or stored is not None
    _require_possible(options, world, watches)
    recorder = None
    if options.record is not None:
        recorder = Recorder(options.record, world, options.split, options.player)
    level = LEVELS[options.level or STANDARD.name]
    theatre = Theatre([world], options.mute, options.mouse)
    try:
        make = partial(_game, options, recorder, stored, world, level, watches)
        theatre.show(theatre.game(world, make, options.infer))
    finally:
        theatre.close()
        for game in theatre.games:
            for line in summary(game.results, game.player):
                print(line)
    if recorder is not None and recorder.lost:
        raise NotKeptError(f"{recorder.lost} of the episodes could not be recorded")


def _require_possible(options: argparse.Namespace, world: World, watches: bool) -> None:
    """Check that a world can be played or watched as the options say.

    Raises:
        RefusedError: if it cannot.
    """
    if options.expert:
        require_expert(world)
    elif watches:
        require_picture(world)
    else:
        require_keys(world)
    if options.clock and (watches or not has_turns(world)):
        raise RefusedError("--clock is for playing worlds of turns, which wait without it")
    if "player" in options.given and options.record is None:
        raise RefusedError("--player is the name in a recording; --record NAME makes one")
    if options.mouse and watches:
        raise RefusedError("--mouse is for those who play, not for those who watch")
    if options.mouse and world.views.pictures[0].pointer is None:
        raise RefusedError(f"{world.name} cannot be played with the mouse")
    if options.infer and watches:
        raise RefusedError("--infer is about what you play, not about what you watch")
    if options.infer:
        try:
            inferring_algorithm(world)
        except InferenceError as error:
            raise RefusedError(f"--infer: {error}") from error


def _game(
    options: argparse.Namespace,
    recorder: Recorder | None,
    stored: StoredPolicy | None,
    world: World,
    level: Level,
    watches: bool,
) -> Game:
    """A game as the options say."""
    game = Game(world, options.split, options.seed, level, options.clock)
    if options.speed is not None:
        game.speed = options.speed
    if watches and stored is not None:
        game.watch(PolicyPilot(stored.algorithm, game.env, stored.policy))
    elif watches:
        game.watch(ExpertPilot(game.env))
    if recorder is not None:
        game.record(recorder)
    return game


def stored_policy(options: argparse.Namespace) -> StoredPolicy:
    """The policy that the options name.

    Raises:
        RefusedError: if it is for another world than they name.
        StoredPolicyError: if it cannot be loaded.
    """
    stored = load_policy(options.policy)
    if options.world is not None and get_world(options.world) is not stored.world:
        raise RefusedError(f"the policy in {options.policy} is for {stored.world.name}")
    if options.expert:
        raise RefusedError("--expert and --policy do not go together")
    return stored


def summary(results: Iterable[Result], who: str) -> list[str]:
    """One line for each episode."""
    lines = []
    for result in results:
        parts = [f"{who} {result.total:.2f}"]
        if result.expert_total is not None:
            parts.append(f"expert {result.expert_total:.2f}")
        if result.ratio is not None:
            parts.append(f"ratio {result.ratio:.2f}")
        elif result.difference is not None:
            parts.append(f"difference {result.difference:+.2f}")
        lines.append(f"seed {result.seed}: {', '.join(parts)}")
    return lines
