"""The options of il-play."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from il_envs.play.level import BEGINNER, LEVELS, STANDARD
from il_envs.play.parser import Parser
from il_envs.play.teaching import SPEED
from il_envs.play.video import FORMATS
from il_envs.world import Split

SLOWEST, FASTEST = 0.25, 2.0


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed from {SLOWEST:g} to {FASTEST:g} times real time"
        )
    return speed


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it has no name")
    return Path(text)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, with the names of those that were given as `given`."""
    parser = options_parser()
    defaults, unset = vars(parser.parse_args([])), object()
    options = parser.parse_args(arguments, argparse.Namespace(**dict.fromkeys(defaults, unset)))
    found = {name: value for name, value in vars(options).items() if value not in (unset, None)}
    return argparse.Namespace(**(defaults | found), given=found.keys())


def options_parser() -> Parser:
    """The parser of the command line of il-play."""
    parser = Parser(
        prog="il-play",
        description="Play the worlds by hand, against their experts on the same seeds.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("world", nargs="?", help="such as DriftCar-v0; without one, all worlds to choose from")
    add("--seed", type=_seed, default=0, help="of the first episode; the next adds 1 (default: 0)")
    add(
        "--split",
        choices=get_args(Split),
        default="training",
        help="which of the world's parts to play on (default: training)",
    )
    levels = "; ".join(f"{level.name}: {level.summary}" for level in LEVELS.values())
    add(
        "--level",
        choices=LEVELS,
        help=f"how hard the game is (default: {STANDARD.name}, at the title {BEGINNER.name}). "
        f"{levels}",
    )
    add(
        "--speed",
        type=_speed,
        help=f"of the game, from {SLOWEST:g} to {FASTEST:g} times real time (default: the level's, "
        f"1 of a recorded episode, {SPEED:g} of a lesson)",
    )
    add(
        "--clock",
        action="store_true",
        help="let a world of turns go on by itself, instead of waiting for a key",
    )
    add(
        "--mouse",
        action="store_true",
        help="aim with the mouse from the start, where a world has that; a click does it too",
    )
    add("--mute", action="store_true", help="begin without sound")
    add("--expert", action="store_true", help="watch the expert instead")
    add(
        "--policy", type=_folder, metavar="DIR", help="watch a learned policy: the folder of a cell"
    )
    teach = parser.add_mutually_exclusive_group()
    teach.add_argument(
        "--takeover", action="store_true", help="teach the policy: take over when it goes wrong"
    )
    teach.add_argument(
        "--label", action="store_true", help="teach the policy: hold what it should do"
    )
    add("--labels", type=_count, default=2_000, help="of a lesson, at most (default: 2000)")
    add("--rounds", type=_count, default=5, help="trainings in a lesson (default: 5)")
    add(
        "--label-shift",
        type=_seed,
        metavar="STEPS",
        help="by which you react late in a lesson (default: a person's, estimated for buttons)",
    )
    add("--keep", metavar="NAME", help="of what a lesson has taught, in the folder of policies")
    add(
        "--record",
        metavar="NAME",
        help="record each episode as it ends, under this name; il-recordings lists them",
    )
    add(
        "--infer",
        action="store_true",
        help="show beside a grid, from the beginning, what the player seems to want (key I)",
    )
    add("--player", default="person", metavar="NAME", help="who plays, as recorded")
    add(
        "--replay",
        metavar="EPISODE",
        help="watch a recorded episode: NAME for its last one, NAME/NUMBER, or a file",
    )
    add(
        "--video",
        type=Path,
        metavar="FILE",
        help=f"write what would be watched to a film ({', '.join(FORMATS)}) instead of showing it",
    )
    return parser
