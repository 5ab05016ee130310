"""`il-play --policy DIR --takeover`, `--label`: lessons."""

import argparse
from functools import partial
from pathlib import Path
from time import time

from il_envs.learning.recordings import NAME, data_folder
from il_envs.play.commands.play import stored_policy
from il_envs.play.commands.refusals import NotKeptError, RefusedError, require_keys, require_use
from il_envs.play.game import Game
from il_envs.play.keys import has_turns
from il_envs.play.lesson import Lesson
from il_envs.play.level import FULL
from il_envs.play.teaching import SPEED, Mode, Plan, finish, learn, usual_shift
from il_envs.play.theatre import Theatre
from il_envs.world import World

USED = {
    "world", "policy", "takeover", "label", "labels", "rounds", "label_shift", "keep", "speed",
    "seed", "mute",
}  # fmt: skip


def teach(options: argparse.Namespace) -> None:
    """Teach a policy by taking over from it, or by labelling.

    Raises:
        RefusedError: if that cannot be done.
        StoredPolicyError: if the policy cannot be loaded.
        NotKeptError: if nothing was learned.
    """
    if options.policy is None:
        raise RefusedError("--takeover and --label need a --policy to begin with")
    require_use(options, "in a lesson", USED)
    stored = stored_policy(options)
    world = stored.world
    require_keys(world)
    mode: Mode = "takeover" if options.takeover else "label"
    if mode == "label":
        _require_time(world)
    speed = options.speed or SPEED
    shift = options.label_shift
    if shift is None:
        shift = usual_shift(world, speed)
    plan = Plan(stored, mode, options.labels, options.rounds, shift)
    folder = _new_folder(f"{world.name}-{time():.0f}" if options.keep is None else options.keep)
    lessons: list[Lesson] = []

    def make() -> tuple[Game, Lesson]:
        game = Game(world, "training", options.seed, FULL)
        game.speed = speed
        lesson = Lesson(game.env)
        lessons.append(lesson)
        game.watch(lesson)
        game.control.asks_labels = mode == "label"
        lesson.start(partial(learn, plan), lambda lesson: finish(plan, lesson, folder))
        return game, lesson

    theatre = Theatre([world], options.mute)
    try:
        theatre.show(theatre.lesson(world, make))
    finally:
        theatre.close()
        for lesson in lessons:
            for what, text in lesson.rows:
                print(f"{what}: {text}")
    if lessons and lessons[0].error is not None:
        raise NotKeptError(f"nothing is kept of the lesson: {lessons[0].error}")


def _require_time(world: World) -> None:
    """Check that holding nothing is an action, as it must be where a person labels every step.

    Raises:
        RefusedError: if it is not.
    """
    if has_turns(world):
        raise RefusedError(
            f"in {world.name} every step is a move, so there is nothing to hold; use --takeover"
        )


def _new_folder(name: str) -> Path:
    """The folder in which a lesson's policy is going to be kept.

    Raises:
        RefusedError: if it cannot have that name, is there already, or could not be written.
    """
    if not NAME.fullmatch(name):
        raise RefusedError(
            f"--keep {name!r}: use letters, digits and . _ -, a letter or digit first"
        )
    folder = data_folder() / "policies" / name
    if folder.exists():
        raise RefusedError(f"there is a policy {name!r} already; --keep another name")
    try:
        folder.mkdir(parents=True)
        folder.rmdir()  # it was made to see whether it can be
    except OSError as error:
        raise RefusedError(f"cannot write to {folder.parent}: {error.strerror}") from error
    return folder
