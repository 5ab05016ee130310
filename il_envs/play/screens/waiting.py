"""The screen that waits until a world is compiled."""

import time
from collections.abc import Callable

import pygame

from il_envs.drawing.canvas import SIZE
from il_envs.drawing.panels import ACCENT, FAINT, TEXT
from il_envs.drawing.text import write
from il_envs.play.app import Screen
from il_envs.play.overlay import BAR_HEIGHT, KEY, paint_bar
from il_envs.play.preparing import Preparation, Progress
from il_envs.world import World

USUAL_TIME = 40.0  # s, that compiling takes on a slow machine; the bar approaches its end over it
BAR_SIZE = (420, 10)  # pixels
PICTURE = pygame.Rect((0, 0), SIZE)


class WaitingScreen:
    """Shows how far the preparation of a world is, and then another screen.

    Args:
        following: makes the screen that follows.
        leave: makes the screen to go back to, None to quit.
    """

    bar_height = BAR_HEIGHT

    def __init__(
        self,
        world: World,
        preparation: Preparation,
        following: Callable[[], Screen],
        leave: Callable[[], Screen | None],
    ) -> None:
        self._world = world
        self._preparation = preparation
        self._following = following
        self._leave = leave
        self._is_left = False
        preparation.prefer(world)

    def handle(self, event: pygame.event.Event) -> None:
        """Take in an event: Escape goes back."""
        if event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:
            self._is_left = True

    def frame(self, seconds: float) -> Screen | None:
        """Go on by a frame; a world that could not be prepared is compiled when it is opened."""
        if self._is_left:
            return self._leave()
        is_done = self._preparation.of(self._world).stage in ("ready", "failed")
        return self._following() if is_done else self

    def close(self) -> None:
        """Nothing is held."""

    def paint(self, page: pygame.Surface) -> None:
        """Paint the page."""
        page.fill((10, 11, 15))
        middle = complex(SIZE[0] / 2, 0.36 * SIZE[1])
        write(page, self._world.name, middle, 64, ACCENT, "center")
        write(page, self._world.views.goal, middle + 56j, 28, TEXT, "center")
        paint_progress(page, PICTURE, self._preparation.of(self._world))
        paint_bar(page, "compiled once on this machine, then kept     Esc: back", [])


def paint_progress(page: pygame.Surface, rect: pygame.Rect, progress: Progress) -> None:
    """Paint how far a world is, in the lower half of a rectangle."""
    middle = complex(rect.centerx, rect.top + 0.62 * rect.height)
    seconds = time.monotonic() - progress.began
    if progress.stage == "waiting":
        write(page, "waits for its turn", middle, 20, FAINT, "center")
        return
    if progress.stage == "failed":
        write(page, "not prepared", middle, 20, FAINT, "center")
        return
    write(page, f"{progress.stage} … {seconds:.0f} s", middle, 20, TEXT, "center")
    width = min(BAR_SIZE[0], rect.width - 40)
    bar = pygame.Rect(0, 0, width, BAR_SIZE[1])
    bar.center = (round(middle.real), round(middle.imag) + 24)
    page.fill(KEY, bar)
    pygame.draw.rect(page, FAINT, bar, 1)
    bar.width = round(width * seconds / (seconds + USUAL_TIME / 2))
    page.fill(ACCENT, bar)
