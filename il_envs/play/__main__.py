"""The command `il-play`: a window, the keys and the mouse, and what was scored."""

from collections.abc import Iterable
from enum import Enum
from typing import Annotated

import pygame
import typer

from il_envs.drawing.canvas import TITLE, open_window
from il_envs.play.game import MOUSE, Command, Game, Result, command_keys
from il_envs.play.held_keys import Keyboard
from il_envs.world import UnknownNameError, World, get_world


def run(game: Game, window: pygame.Surface) -> None:
    """Play in a window until the player quits."""
    codes = {pygame.key.key_code(key.key): key.key for key in game.world.views.keys}
    commands: dict[int, Command] = {
        pygame.key.key_code(key): command for key, command in command_keys(game.world).items()
    }
    pygame.key.stop_text_input()  # or an input method may keep some chords to itself
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


class SplitName(str, Enum):
    """Which of a world's parts to play on, as typer wants it."""

    TRAINING = "training"
    HELD_OUT = "held_out"


MOUSE_HELP = "turn with the mouse and fire with its left button, in worlds that allow it"

app = typer.Typer(add_completion=False)


def _refusal(world: World, expert: bool, mouse: bool) -> str | None:
    """Why a world cannot be played with these options, None if it can."""
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


@app.command()
def play(
    world: Annotated[str, typer.Argument(help="such as DriftCar-v0")],
    seed: Annotated[int, typer.Option(min=0, help="of the first episode; the next adds 1")] = 0,
    split: Annotated[
        SplitName, typer.Option(help="which of the world's parts to play on")
    ] = SplitName.TRAINING,
    expert: Annotated[bool, typer.Option("--expert", help="watch the expert instead")] = False,
    mouse: Annotated[bool, typer.Option("--mouse", help=MOUSE_HELP)] = False,
) -> None:
    """Play a world by hand, against its expert on the same seed."""
    try:
        found = get_world(world)
    except UnknownNameError as error:
        typer.echo(f"il-play: {error}", err=True)
        raise typer.Exit(2) from None
    refusal = _refusal(found, expert, mouse)
    if refusal is not None:
        typer.echo(f"il-play: {refusal}", err=True)
        raise typer.Exit(2)
    try:
        window = open_window(f"{TITLE}: {found.name}")
    except pygame.error as error:
        typer.echo(f"il-play: cannot open a window: {error}", err=True)
        raise typer.Exit(1) from None
    game = Game(found, split.value, seed, expert, mouse)
    try:
        run(game, window)
    finally:
        pygame.display.quit()
        for line in summary(game.results, game.watched):
            typer.echo(line)


def main() -> None:
    """The console script."""
    app(prog_name="il-play")


if __name__ == "__main__":
    main()
