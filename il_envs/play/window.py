"""The window of il-play: a page of fixed size, scaled to any window or to the whole screen."""

import time
from pathlib import Path

import pygame

from il_envs.drawing.canvas import SIZE, TITLE, require_display
from il_envs.play.gamepads import Gamepads

WINDOW = (1280, 720)  # pixels, when it opens
SMALLEST = (480, 320)  # pixels
FRAME_RATE = 60  # frames a second
EDGE = (8, 9, 12)  # colour of what the page does not cover


class Window:
    """A resizable window that shows a page: a picture, and a bar below it.

    Attributes:
        page: the surface to paint on.
        gamepads: those that are connected.

    Raises:
        pygame.error: if there is no display.
    """

    def __init__(self, size: tuple[int, int] = WINDOW) -> None:
        require_display()
        self.page = pygame.Surface(SIZE, depth=32)
        self.gamepads = Gamepads()
        self._size = size
        self._is_full = False
        pygame.display.set_caption(TITLE)
        self._open()
        pygame.key.stop_text_input()  # otherwise an input method may intercept some chords

    def _open(self) -> None:
        flags = pygame.FULLSCREEN if self._is_full else pygame.RESIZABLE
        pygame.display.set_mode((0, 0) if self._is_full else self._size, flags)

    def handle(self, event: pygame.event.Event) -> None:
        """Take in that the user has resized the window, or connected a gamepad."""
        self.gamepads.handle(event)
        if event.type == pygame.VIDEORESIZE and not self._is_full:
            width, height = max(event.w, SMALLEST[0]), max(event.h, SMALLEST[1])
            self._size = (width, height)
            if (event.w, event.h) != self._size:
                self._open()

    def set_bar(self, height: int) -> None:
        """Give the page a bar of so many pixels below the picture."""
        if self.page.get_height() != SIZE[1] + height:
            self.page = pygame.Surface((SIZE[0], SIZE[1] + height), depth=32)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window of the same size as before."""
        self._is_full = not self._is_full
        self._open()

    @property
    def page_rect(self) -> pygame.Rect:
        """Where the page is in the window."""
        width, height = pygame.display.get_window_size()
        across, down = self.page.get_size()
        scale = min(width / across, height / down)
        size = (max(round(scale * across), 1), max(round(scale * down), 1))
        return pygame.Rect((width - size[0]) // 2, (height - size[1]) // 2, *size)

    def place(self, position: tuple[int, int]) -> tuple[float, float]:
        """The point of the page that is at a point of the window."""
        rect = self.page_rect
        scale = self.page.get_width() / rect.width
        return scale * (position[0] - rect.left), scale * (position[1] - rect.top)

    def show(self) -> None:
        """Show the page."""
        surface, rect = pygame.display.get_surface(), self.page_rect
        assert surface is not None
        if surface.get_size() != rect.size:
            surface.fill(EDGE)
        if rect.size == self.page.get_size():
            surface.blit(self.page, rect)
        else:
            pygame.transform.smoothscale(self.page, rect.size, surface.subsurface(rect))
        pygame.display.flip()

    def save(self, folder: Path) -> Path:
        """Save the page as a picture in a folder; returns its path.

        Raises:
            OSError: if it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        stamp, path = time.strftime("%Y-%m-%d %H.%M.%S"), None
        for k in range(1000):
            path = folder / f"il-envs {stamp}{f' {k}' if k else ''}.png"
            if not path.exists():
                break
        assert path is not None
        try:
            pygame.image.save(self.page, path)
        except pygame.error as error:
            raise OSError(str(error)) from error
        return path

    def close(self) -> None:
        """Close the window."""
        self.gamepads.close()
        pygame.display.quit()


class FrameClock:
    """Waits for the next frame, 60 times a second; a slow frame is not made up for."""

    def __init__(self) -> None:
        self._last = self._due = time.perf_counter()

    def tick(self) -> float:
        """Wait until the next frame is due; returns s since the last one."""
        self._due += 1.0 / FRAME_RATE
        now = time.perf_counter()
        if now < self._due:
            time.sleep(self._due - now)
            now = time.perf_counter()
        else:
            self._due = now
        elapsed, self._last = now - self._last, now
        return elapsed
