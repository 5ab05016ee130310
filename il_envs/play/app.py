"""The loop of il-play: events, a frame, a picture, 60 times a second."""

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Protocol

import pygame

from il_envs.play.window import FrameClock, Window

Events = Callable[[], Iterable[pygame.event.Event]]
"""A source of events; tests have one of their own."""


class Clock(Protocol):
    """What waits for the next frame."""

    def tick(self) -> float:
        """Wait until the next frame is due; returns s since the last one."""
        ...


class Screen(Protocol):
    """What the window shows.

    Attributes:
        bar_height: pixels, of the page below the picture.
    """

    bar_height: int

    def handle(self, event: pygame.event.Event) -> None:
        """Take in an event."""
        ...

    def frame(self, seconds: float) -> "Screen | None":
        """Go on by a frame of this length; returns the screen to show, None to quit."""
        ...

    def paint(self, page: pygame.Surface) -> None:
        """Paint the page."""
        ...

    def close(self) -> None:
        """Let go of what the screen holds; it is not shown again."""
        ...


def run(
    screen: Screen, window: Window, events: Events = pygame.event.get, clock: Clock | None = None
) -> None:
    """Show a screen, and those that follow it, until the user quits.

    A screen is closed whatever ends it, Ctrl-C included, so that it loses nothing.
    """
    clock = FrameClock() if clock is None else clock
    following: Screen | None = screen
    while following is not None:
        screen = following
        with closing(screen):
            following = _shown(screen, window, events, clock)


def _shown(screen: Screen, window: Window, events: Events, clock: Clock) -> Screen | None:
    """Show a screen; returns the one that follows it, None to quit."""
    while True:
        for event in events():
            if event.type == pygame.QUIT:
                return None
            window.handle(event)
            screen.handle(event)
        following = screen.frame(clock.tick())
        if following is not screen:
            return following
        window.set_bar(screen.bar_height)
        screen.paint(window.page)
        window.show()
