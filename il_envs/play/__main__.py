"""The command `il-play`: worlds in a window, played by hand or watched."""

import argparse
import sys
from collections.abc import Callable, Sequence

import pygame

from il_envs.learning.recorded_episode import RecordingError
from il_envs.learning.stored_policy import StoredPolicyError
from il_envs.play.commands import film, play, teach
from il_envs.play.commands.options import parsed
from il_envs.play.commands.refusals import NotKeptError, RefusedError
from il_envs.terminal import terminal
from il_envs.world import UnknownNameError

INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it
MISTAKES = (
    RefusedError, RecordingError, StoredPolicyError, UnknownNameError, ModuleNotFoundError,
)  # fmt: skip


@terminal()
def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    options = parsed(arguments)
    try:
        _command(options)(options)
    except MISTAKES as error:
        return _refuse(2, str(error))
    except pygame.error as error:
        return _refuse(1, f"cannot open a window: {error}")
    except BrokenPipeError:
        raise
    except (NotKeptError, OSError) as error:
        return _refuse(1, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], None]:
    """What the options ask for."""
    if options.replay is not None:
        return film.replay
    if options.takeover or options.label:
        return teach.teach
    if options.video is not None:
        return film.film_expert
    if options.world is None and options.policy is None:
        return play.choose
    return play.play


def _refuse(code: int, why: str) -> int:
    print(f"il-play: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
