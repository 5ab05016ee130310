"""A scripted player: events at chosen frames, under a clock that takes no time."""

from collections.abc import Callable, Iterable, Mapping

import pygame

from il_envs.play.app import Screen, run
from il_envs.play.game import Game
from il_envs.play.hands import Hands
from il_envs.play.level import STANDARD, Level
from il_envs.play.window import Window
from il_envs.world import World

FRAME = 1.0 / 60.0  # s
Events = list[pygame.event.Event]


def down(key: str) -> pygame.event.Event:
    """A key that is pressed."""
    return pygame.event.Event(pygame.KEYDOWN, key=pygame.key.key_code(key))


def up(key: str) -> pygame.event.Event:
    """A key that is released."""
    return pygame.event.Event(pygame.KEYUP, key=pygame.key.key_code(key))


def tap(key: str) -> Events:
    """A key that is pressed and released within a frame."""
    return [down(key), up(key)]


class FrameByFrame:
    """A clock whose frames all have the same length and take no time.

    Args:
        look: called at the end of each frame with its number, from 0.
    """

    def __init__(self, seconds: float = FRAME) -> None:
        self.seconds = seconds

    def tick(self) -> float:
        return self.seconds


def show(
    screen: Screen,
    window: Window,
    script: Mapping[int, Iterable[pygame.event.Event]],
    frames: int,
    look: Callable[[int, Window], None] = lambda frame, window: None,
) -> None:
    """Show a screen for so many frames; `look` is called before each with the page so far."""
    frame = -1

    def events() -> Events:
        nonlocal frame
        frame += 1
        look(frame, window)
        quits = [pygame.event.Event(pygame.QUIT)] if frame == frames else []
        return [*script.get(frame, ()), *quits]

    run(screen, window, events, FrameByFrame())


def begun(world: World, seed: int = 0, level: Level = STANDARD, **options: bool) -> Game:
    """A game whose countdown is over."""
    game = Game(world, "training", seed, level, **options)
    game.phase, game.countdown = "playing", 0.0
    return game


def play(game: Game, hands: Hands, frames: int, seconds: float = FRAME) -> None:
    """Let a game go on by frames of the same length."""
    for _ in range(frames):
        game.advance(seconds, hands)
