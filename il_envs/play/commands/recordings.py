"""The command `il-recordings`: what has been recorded, and what to do with it."""

import sys
from collections.abc import Iterable, Sequence

import numpy as np

from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.recorded_episode import CONTROLLERS, RecordedEpisode, RecordingError, world_of
from il_envs.learning.recordings import (
    Recording,
    discard_damaged,
    discard_episodes,
    merge_recordings,
    read_recording,
    recording_names,
    recordings_folder,
)
from il_envs.play.parser import Parser
from il_envs.terminal import terminal

LISTED = ("name", "world", "split", "episodes", "steps", "mean return", "who", "last")
SHOWN = ("", "recorded (UTC)", "seed", "steps", "return", "end", "in control", "speed", "who", "")


def show_list() -> bool:
    """Print a line for each recording; returns True if all can be read."""
    rows, names = [], recording_names()
    for name in names:
        try:
            recording = read_recording(name)
        except RecordingError as error:
            _tell(str(error))
            continue
        _tell(*recording.faults)
        rows.append(
            (
                name, recording.world_id, recording.split, str(len(recording.episodes)),
                f"{len(recording):,}", f"{recording.mean_return:.2f}", recording.style,
                f"{recording.episodes[-1].date:%Y-%m-%d}",
            )
        )  # fmt: skip
    if rows:
        _print_table(LISTED, rows)
    elif not names:
        print(f"no recordings in {recordings_folder()}; `il-play WORLD --record NAME` makes one")
    return len(rows) == len(names)


def show(recording: Recording) -> None:
    """Print a line for each episode of a recording."""
    print(f"{recording.name}: {recording.world_id}, {recording.split} split, in {recording.folder}")
    _print_table(
        SHOWN, [_row(number, episode) for number, episode in enumerate(recording.episodes, 1)]
    )


def _row(number: int, episode: RecordedEpisode) -> tuple[str, ...]:
    counts = np.bincount(episode.controllers, minlength=len(CONTROLLERS))
    control = [
        f"{name} {count / len(episode):.0%}"
        for name, count in zip(CONTROLLERS, counts, strict=True)
        if count
    ]
    slow, fast = episode.speeds.min(), episode.speeds.max()
    assisted = f"assisted {episode.assisted.mean():.0%}" if episode.assisted.any() else ""
    notes = (
        assisted,
        "gentle start" if episode.gentle_start else "",
        "" if episode.replay_ok else "does not replay",
    )
    return (
        str(number), f"{episode.date:%Y-%m-%d %H:%M:%S}", str(episode.seed), str(len(episode)),
        f"{episode.total_reward:.2f}", _end(episode), ", ".join(control),
        f"{slow:g}" if slow == fast else f"{slow:g} to {fast:g}", episode.player,
        ", ".join(filter(None, notes)),
    )  # fmt: skip


def _end(episode: RecordedEpisode) -> str:
    if episode.terminated:
        return "terminated"
    try:
        limit = world_of(episode).dynamics.max_episode_steps
    except RecordingError:
        return "unknown"
    return "time is up" if len(episode) == limit else "cut short"


def verify(recording: Recording) -> bool:
    """Replay every episode and print what does not agree; returns True if everything does."""
    problems = recording.problems()
    for problem in problems:
        print(problem)
    files = len(recording.episodes) + len(recording.unreadable)
    print(f"{files - len(problems)} of {files} episodes replay to the same states and rewards")
    return not problems


def _parser() -> Parser:
    parser = Parser(
        prog="il-recordings",
        description=f"List, check and edit what il-play has recorded, in {recordings_folder()}.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("list", help="the recordings")
    show = commands.add_parser("show", help="its episodes")
    verify = commands.add_parser(
        "verify", help="replay its episodes, and compare states and rewards bit for bit"
    )
    merge = commands.add_parser("merge", help="make a new one of several, which stay as they are")
    merge.add_argument("name", metavar="NEW", help="name of the new recording")
    merge.add_argument("sources", metavar="NAME", nargs="+", help="names of recordings")
    discard = commands.add_parser("discard", help="delete some of its episodes for good")
    minari = commands.add_parser(
        "to-minari", help="write it as a Minari dataset; needs il-envs[minari]"
    )
    for command in (show, verify, discard, minari):
        command.add_argument("name", metavar="NAME", help="name of a recording")
    discard.add_argument(
        "episodes", metavar="EPISODE", nargs="*", type=int, help="number of an episode, as shown"
    )
    discard.add_argument(
        "--damaged", action="store_true", help="the damaged, edited and half-written files instead"
    )
    minari.add_argument("dataset_id", metavar="DATASET_ID", help="such as me/drift-v0")
    minari.add_argument(
        "--person-only",
        action="store_true",
        help="only the steps at which the person acted, or gave a label while something else acted",
    )
    return parser


@terminal()
def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "discard" and bool(options.episodes) == options.damaged:
        parser.error("discard takes either numbers of episodes or --damaged")
    try:
        if options.command == "list":
            return 0 if show_list() else 1
        if options.command == "merge":
            merged = merge_recordings(options.name, options.sources)
            print(f"{merged.name}: {_count(merged.episodes)}, {len(merged):,} steps")
        elif options.command == "discard" and options.damaged:
            damaged = discard_damaged(options.name)
            print("\n".join(f"discarded {path}" for path in damaged) or "no file is damaged")
        else:
            recording = read_recording(options.name)
            if options.command == "verify":
                _tell(*recording.unfinished)
                return 0 if verify(recording) else 1
            if options.command == "discard":
                discarded = discard_episodes(recording, options.episodes)
                print(f"{_count(discarded)} of {len(recording.episodes)} discarded")
                return 0
            _tell(*recording.faults)
            if options.command == "show":
                show(recording)
            else:
                _write_dataset(recording, options.dataset_id, options.person_only)
    except BrokenPipeError:
        raise
    except (ValueError, OSError, ModuleNotFoundError) as error:
        _tell(str(error))
        return 1
    return 0


def _write_dataset(recording: Recording, dataset_id: str, person_only: bool) -> None:
    demonstrations = Demonstrations.from_recording(recording, person_only)
    demonstrations.save(dataset_id)
    print(f"wrote {len(demonstrations):,} transitions to the dataset {dataset_id}")


def _count(episodes: Sequence[RecordedEpisode]) -> str:
    return f"{len(episodes)} episode{'' if len(episodes) == 1 else 's'}"


def _print_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [heading, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _tell(*lines: str) -> None:
    for line in lines:
        print(f"il-recordings: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
