"""The command `il-play`: a window, the keys and the mouse, and the scores."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn, get_args

import pygame

from il_envs.drawing.canvas import SIZE, TITLE, require_display
from il_envs.play.game import MOUSE, Command, Game, Result, command_keys
from il_envs.play.held_keys import Keyboard
from il_envs.world import Split, UnknownNameError, World, get_world


def run(game: Game, window: pygame.Surface) -> None:
    """Play in a window until the player quits."""
    codes = {pygame.key.key_code(key.key): key.key for key in game.world.views.keys}
    commands: dict[int, Command] = {
        pygame.key.key_code(key): command for key, command in command_keys(game.world).items()
    }
    pygame.key.stop_text_input()  # otherwise an input method may intercept some chords
    keyboard, clock = Keyboard(), pygame.time.Clock()
    place: tuple[int, int] | None = None
    while game.is_running:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                game.command("quit")
            elif event.type == pygame.KEYDOWN and event.key in codes:
                keyboard.press(codes[event.key])
            elif event.type == pygame.KEYUP and event.key in codes:
                keyboard.release(codes[event.key])
            elif event.type == pygame.KEYDOWN and event.key in commands:
                game.command(commands[event.key])
            elif game.uses_mouse and event.type == pygame.MOUSEMOTION:
                place = event.pos
            elif game.uses_mouse and event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                keyboard.press(MOUSE)
            elif game.uses_mouse and event.type == pygame.MOUSEBUTTONUP and event.button == 1:
                keyboard.release(MOUSE)
        game.tick(keyboard.take(), place)
        game.paint(window)
        pygame.display.flip()
        clock.tick(1.0 / game.world.dynamics.control_period)


def summary(results: Iterable[Result], watched: str) -> list[str]:
    """One line for each episode."""
    lines = []
    for result in results:
        parts = [f"{watched} {result.total:.2f}"]
        if result.expert_total is not None:
            parts.append(f"expert {result.expert_total:.2f}")
        if result.ratio is not None:
            parts.append(f"ratio {result.ratio:.2f}")
        elif result.difference is not None:
            parts.append(f"difference {result.difference:+.2f}")
        lines.append(f"seed {result.seed}: {', '.join(parts)}")
    return lines


def _refusal(world: World, expert: bool, mouse: bool) -> str | None:
    """The reason why a world cannot be played with these options; None if it can."""
    if not world.views.pictures:
        return f"{world.name} has no picture to play it in"
    if expert and mouse:
        return "--expert and --mouse do not go together"
    if expert and not world.experts:
        return f"{world.name} has no expert to watch"
    if not expert and not world.views.keys:
        hint = "; try --expert" if world.experts else ""
        return f"{world.name} has no keys to play it with{hint}"
    if mouse and world.views.pictures[0].pointer is None:
        return f"{world.name} cannot be played with the mouse"
    return None


class Parser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _parser() -> Parser:
    parser = Parser(
        prog="il-play",
        description="Play a world by hand, against its expert on the same seed.",
        allow_abbrev=False,
    )
    parser.add_argument("world", help="such as DriftCar-v0")
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of the first episode; the next adds 1 (default: 0)"
    )
    parser.add_argument(
        "--split",
        choices=get_args(Split),
        default="training",
        help="which of the world's parts to play on (default: training)",
    )
    parser.add_argument("--expert", action="store_true", help="watch the expert instead")
    parser.add_argument(
        "--mouse",
        action="store_true",
        help="turn with the mouse and fire with its left button, in worlds that allow it",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        world = get_world(options.world)
    except UnknownNameError as error:
        return _refuse(2, str(error))
    refusal = _refusal(world, options.expert, options.mouse)
    if refusal is not None:
        return _refuse(2, refusal)
    try:
        require_display()
        window = pygame.display.set_mode(SIZE)
    except pygame.error as error:
        return _refuse(1, f"cannot open a window: {error}")
    pygame.display.set_caption(f"{TITLE}: {world.name}")
    game = Game(world, options.split, options.seed, options.expert, options.mouse)
    try:
        run(game, window)
    finally:
        pygame.display.quit()
        for line in summary(game.results, game.watched):
            print(line)
    return 0


def _refuse(code: int, why: str) -> int:
    print(f"il-play: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
