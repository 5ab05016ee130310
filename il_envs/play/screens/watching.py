"""The screen on which a recorded or evaluated episode is watched, with others as its ghosts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE
from il_envs.drawing.panels import ACCENT, FAINT, PANEL, SCALE_LINE, TEXT
from il_envs.drawing.text import lettering, write
from il_envs.play.app import Screen
from il_envs.play.film import Film
from il_envs.play.game import next_speed
from il_envs.play.overlay import BAR_HEIGHT, dim, paint_panel
from il_envs.play.window import Window

PLOT_HEIGHT = 96  # pixels, of the curves over time, which are the time bar as well
PLOT = pygame.Rect(14, SIZE[1] + 8, SIZE[0] - 28, PLOT_HEIGHT - 16)
SKIP = 1.0  # s, that an arrow key goes back or on

KEYS = (
    ("space or p", "stop, and go on"),
    ("left, right", f"{SKIP:g} s back, on"),
    (", and .", "a step back, on"),
    ("home, end", "to the start, to the end"),
    ("- and =", "slower, faster"),
    ("g", "ghosts on and off"),
    ("tab", "what the expert would do"),
    ("v", "the other view"),
    ("mouse", "drag along the curves"),
    ("f12", "save a picture"),
    ("f11", "full screen on and off"),
    ("escape", "leave"),
)


class WatchScreen:
    """A film with a time bar.

    Args:
        film: what is shown.
        title: what it is, in a few words.
        folder: of the player's files.
        leave: the screen to show after this one, None to quit.
    """

    bar_height = BAR_HEIGHT + PLOT_HEIGHT

    def __init__(
        self,
        film: Film,
        title: str,
        window: Window,
        folder: Path,
        leave: Callable[[], Screen | None],
    ) -> None:
        self.film = film
        self.moment = 0.0  # s of game time
        self.speed = 1.0
        self.is_running = True
        self._title = title
        self._window = window
        self._folder = folder
        self._leave = leave
        self._is_left = False
        self._is_dragging = False
        self._shows_help = False
        self._note = ""
        self._plot = _plot(film)

    def handle(self, event: pygame.event.Event) -> None:
        """Take in an event."""
        if event.type == pygame.KEYDOWN:
            self._note = ""
            self._obey(event.key)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            x, y = self._window.place(event.pos)
            self._is_dragging = y > SIZE[1]
            self._drag(x)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._is_dragging = False
        elif event.type == pygame.MOUSEMOTION:
            self._drag(self._window.place(event.pos)[0])

    def _drag(self, x: float) -> None:
        if self._is_dragging:
            self.go_to((x - PLOT.left) / PLOT.width * self.film.duration)

    def go_to(self, moment: float) -> None:
        """Go to a moment of the film, s of game time."""
        self.moment = min(max(moment, 0.0), self.film.duration)

    def _obey(self, key: int) -> None:
        period, step = self.film.period, self.film.step_at(self.moment)
        canvas, pictures = self.film.canvas, self.film.world.views.pictures
        if key in (pygame.K_SPACE, pygame.K_p):
            if self.moment == self.film.duration:
                self.moment = 0.0
                self.is_running = True
            else:
                self.is_running = not self.is_running
        elif key in (pygame.K_LEFT, pygame.K_RIGHT):
            self.go_to(self.moment + (SKIP if key == pygame.K_RIGHT else -SKIP))
        elif key in (pygame.K_COMMA, pygame.K_PERIOD):
            self.is_running = False
            self.go_to((step + (1 if key == pygame.K_PERIOD else -1)) * period)
        elif key in (pygame.K_HOME, pygame.K_END):
            self.go_to(0.0 if key == pygame.K_HOME else self.film.duration)
        elif key in (pygame.K_MINUS, pygame.K_EQUALS):
            self.speed = next_speed(self.speed, key == pygame.K_EQUALS)
        elif key == pygame.K_g:
            self.film.shows_ghosts = not self.film.shows_ghosts
        elif key == pygame.K_TAB:
            canvas.shows_expert = not canvas.shows_expert
        elif key == pygame.K_v:
            canvas.view = pictures[(pictures.index(canvas.view) + 1) % len(pictures)]
        elif key in (pygame.K_h, pygame.K_F1):
            self._shows_help = not self._shows_help
        elif key == pygame.K_F11:
            self._window.toggle_full_screen()
        elif key == pygame.K_F12:
            try:
                self._note = f"saved {self._window.save(self._folder / 'screenshots')}"
            except OSError as error:
                self._note = f"no screenshot: {error}"
        elif key == pygame.K_ESCAPE:
            self._is_left = True

    def frame(self, seconds: float) -> Screen | None:
        """Go on by a frame."""
        if self._is_left:
            return self._leave()
        if self.is_running and not self._is_dragging and not self._shows_help:
            self.go_to(self.moment + seconds * self.speed)
        return self

    def close(self) -> None:
        """Nothing is held."""

    def paint(self, page: pygame.Surface) -> None:
        """Paint the picture, and below it the curves and a line of state."""
        page.blit(self.film.draw(self.moment), (0, 0))
        page.fill(PANEL, pygame.Rect(0, SIZE[1], SIZE[0], self.bar_height))
        page.blit(self._plot, PLOT.topleft)
        share = self.moment / self.film.duration if self.film.duration else 0.0
        x = PLOT.left + round(share * PLOT.width)
        pygame.draw.line(page, ACCENT, (x, PLOT.top - 4), (x, PLOT.bottom + 4), 3)
        self._paint_line(page)
        if self._shows_help:
            dim(page)
            paint_panel(page, "Watching", KEYS, "H: close")

    def _paint_line(self, page: pygame.Surface) -> None:
        y = 1j * (SIZE[1] + PLOT_HEIGHT + BAR_HEIGHT / 2)
        step, x = self.film.step_at(self.moment), float(SIZE[0] - 14)
        state = f"{self.moment:.1f} of {self.film.duration:.1f} s"
        if self.speed != 1.0:
            state = f"x {self.speed:g}     {state}"
        write(page, state, x + y, 22, TEXT, "midright")
        write(page, self._note or f"{self._title}     H: keys", 14 + y, 22, FAINT)
        x = 14.0
        for number, track in enumerate(self.film.tracks):
            total = track.returns[min(step, len(track))]
            text, colour = f"{track.name} {total:.1f}", self.film.colour(number)
            write(page, text, x + 4 + 1j * (PLOT.top + 9), 18, colour)
            x += lettering(text, 18, colour).get_width() + 24


def _plot(film: Film) -> pygame.Surface:
    """The curves of all tracks over time: the world's error, or the return if it has none."""
    surface = pygame.Surface(PLOT.size, depth=32)
    surface.fill(PANEL)
    error = film.world.views.error
    curves = [track.returns if track.errors is None else track.errors for track in film.tracks]
    low = min(0.0, *(float(curve.min()) for curve in curves))
    high = max(float(curve.max()) for curve in curves)
    if error is not None:
        high = min(max(high, 0.25 * error.limit), error.limit)
    span, steps = (high - low) or 1.0, max(len(film.tracks[0]), 1)
    zero = PLOT.height - 1 - round(-low / span * (PLOT.height - 24))
    pygame.draw.line(surface, SCALE_LINE, (0, zero), (PLOT.width, zero))
    for number in reversed(range(len(curves))):
        curve = np.clip(curves[number][: steps + 1], low, high)
        x = np.arange(curve.size) / steps * (PLOT.width - 1)
        y = PLOT.height - 1 - (curve - low) / span * (PLOT.height - 24)
        if curve.size > 1:
            points = list(zip(x.tolist(), y.tolist(), strict=True))
            pygame.draw.aalines(surface, film.colour(number), False, points)
    label = "return so far" if error is None else error.label
    write(surface, label, complex(PLOT.width - 4, 10), 18, FAINT, "midright")
    return surface
