"""The canvas of a world: its picture, the history of the episode, and on request a window."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.views import States
from il_envs.world import World

if TYPE_CHECKING:
    import pygame

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

SIZE = (960, 600)  # pixels
TITLE = "il-envs"
Colour = tuple[int, int, int]


GHOST_COLOURS: tuple[Colour, ...] = (
    (86, 180, 233), (230, 159, 0), (204, 121, 167), (0, 158, 115), (240, 228, 66),
)  # fmt: skip
"""Colours of ghosts that people of any colour vision can tell apart (Okabe and Ito 2008)."""


@dataclass(frozen=True)
class Ghost:
    """Somebody else's episode from the same start, which pictures show faintly beside the own one.

    Attributes:
        name: who acted, such as "expert".
        colour: of the ghost in every picture.
        history: its states up to the present moment, [n], at least one; shorter than the own
            history if its episode has ended. Between two steps its last state is, as in
            `Canvas.history`, the one that the step leads to, and pictures show the ghost
            `Canvas.share` of the way there. Nobody but the pictures needs to interpolate.
        share: how far it is on the way to its last state, if it does not move in step with the own
            episode.
    """

    name: str
    colour: Colour
    history: States
    share: float | None = None


class Canvas:
    """A surface to draw on and the history of the episode.

    Attributes:
        surface: the pygame surface, `SIZE` pixels.
        view: the picture that is painted; initially the world's first one.
        share: how far the picture is from the state before the last one (0) to the last one (1).
        shows_expert: whether pictures show what the expert would do, where they can.
        ghosts: other episodes to show beside this one.

    Raises:
        LookupError: if the world has no picture.
    """

    def __init__(self, world: World, params: States) -> None:
        import pygame

        if not world.views.pictures:
            raise LookupError(f"{world.name} has no picture")
        self.world = world
        self.params = params
        self.view = world.views.pictures[0]
        self.surface: pygame.Surface = pygame.Surface(SIZE, depth=32)
        self.share = 1.0
        self.shows_expert = True
        self.ghosts: Sequence[Ghost] = ()
        self._states = np.zeros(1024, world.dynamics.state)
        self._count = 0
        self._window: pygame.Window | None = None
        self._clock = pygame.time.Clock()

    def __repr__(self) -> str:
        return f"<Canvas of {self.world.id}, {self._count} states>"

    @property
    def history(self) -> States:
        """The states of this episode, from the oldest to the current one, [n]; read-only."""
        history = self._states[: self._count]
        history.flags.writeable = False
        return history

    def begin(self, state: np.void) -> None:
        """Start a new episode at this state."""
        self._count = 0
        self.add(state)

    def restore(self, history: States) -> None:
        """Go to any moment of an episode, given its states up to then, [n]."""
        if history.size > self._states.size:
            self._states = np.zeros(2 * history.size, self.world.dynamics.state)
        self._states[: history.size] = history
        self._count = history.size

    def add(self, state: np.void) -> None:
        """Add the next state of the episode."""
        if self._count == self._states.size:
            self._states = np.concatenate([self._states, np.zeros_like(self._states)])
        self._states[self._count] = state
        self._count += 1

    def draw(self, next_state: np.void | None = None, share: float = 1.0) -> None:
        """Paint the current state, or the way from it to the next one.

        Args:
            next_state: the state one step after the current one.
            share: how far on the way to it the picture is, from 0 to 1.

        Raises:
            ResetNeeded: if no episode has begun.
        """
        if self._count == 0:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before render()")
        if next_state is None:
            self._paint()
            return
        shown = next_state
        if self.view.between is not None and share < 1.0:
            between = resolve_name(self.view.between)
            shown = between(self.history[-1], next_state, share, self.params)
        self.add(shown)
        self.share = share
        try:
            self._paint()
        finally:
            self.share = 1.0
            self._count -= 1

    def _paint(self) -> None:
        resolve_name(self.view.draw)(self.history[-1], self.params, self)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 [height, width, 3]."""
        import pygame

        self.draw()
        return np.ascontiguousarray(pygame.surfarray.pixels3d(self.surface).transpose(1, 0, 2))

    def show(self) -> None:
        """Paint the current state into a window of its own, in the world's real time."""
        import pygame

        self.draw()
        window = self._open_window()
        window.get_surface().blit(self.surface, (0, 0))
        pygame.event.pump()
        window.flip()
        self._clock.tick(1.0 / self.world.dynamics.control_period)

    def _open_window(self) -> "pygame.Window":
        """The window, reopened if other code has quit pygame's display, which closes it."""
        import pygame

        if self._window is not None:
            with suppress(pygame.error):
                self._window.get_surface()
                return self._window
        require_display()
        self._window = pygame.Window(f"{TITLE}: {self.world.name}", SIZE)
        return self._window

    def close(self) -> None:
        """Close the window, if there is one; those of other environments stay."""
        if self._window is not None:
            import pygame

            with suppress(pygame.error):  # it is gone already
                self._window.destroy()
            self._window = None


class Layer:
    """A transparent sheet, painted at `factor` times its size so that its edges are smooth.

    Colours are premultiplied by their opacity (see `premultiplied`), because painting replaces the
    pixels below instead of blending; opaque colours can be used as they are. What has not been
    painted on costs nothing, so a layer may be much larger than what is on it.

    Args:
        zoom: the sheet is shown at so many times its size.
    """

    def __init__(self, size: tuple[int, int], factor: int = 2, zoom: int = 1) -> None:
        import pygame

        self.size = (size[0] * zoom, size[1] * zoom)
        self.factor = factor
        self._scale = factor // zoom
        self._surface = pygame.Surface((size[0] * factor, size[1] * factor), pygame.SRCALPHA)
        self._painted = pygame.Rect(0, 0, 0, 0)

    @property
    def surface(self) -> "pygame.Surface":
        """The surface, `factor` times as wide and high as the sheet, to paint anywhere on it."""
        self._painted = self._surface.get_rect()
        return self._surface

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height of the surface."""
        return self._surface.get_size()

    def paint(self, draw: Callable[..., "pygame.Rect"], *shape: Any) -> None:
        """Paint a shape with a function of `pygame.draw`, whose arguments follow."""
        painted = draw(self._surface, *shape)
        if painted.width and painted.height:
            self._painted = self._painted.union(painted) if self._painted else painted

    def sheet(self) -> "pygame.Surface":
        """The sheet at its own size, premultiplied; `lay` puts it on a picture."""
        import pygame

        sheet = pygame.Surface(self.size, pygame.SRCALPHA)
        part, place = self._part()
        if place:
            pygame.transform.smoothscale(part, place.size, sheet.subsurface(place))
        return sheet

    def cutting(self) -> "tuple[pygame.Surface | None, pygame.Rect]":
        """The part of the sheet that has been painted on, if there is one, and its place."""
        import pygame

        part, place = self._part()
        return (pygame.transform.smoothscale(part, place.size) if place else None), place

    def lay_on(self, target: "pygame.Surface", position: tuple[int, int] = (0, 0)) -> None:
        """Lay the sheet on a picture, its top left corner at `position` (pixels)."""
        sheet, place = self.cutting()
        if sheet is not None:
            lay(sheet, target, place.move(position).topleft)

    def _part(self) -> tuple["pygame.Surface", "pygame.Rect"]:
        """What has been painted on, enlarged to whole pixels of the sheet, and its place there."""
        import pygame

        scale, around = self._scale, self._painted.clip(self._surface.get_rect())
        left, top = around.left // scale, around.top // scale
        right, bottom = -(-around.right // scale), -(-around.bottom // scale)
        place = pygame.Rect(left, top, right - left, bottom - top)
        whole = (left * scale, top * scale, place.width * scale, place.height * scale)
        return self._surface.subsurface(whole), place


def lay(sheet: "pygame.Surface", target: "pygame.Surface", position: tuple[int, int]) -> None:
    """Lay a premultiplied sheet on a picture, its top left corner at `position` (pixels)."""
    import pygame

    target.blit(sheet, position, special_flags=pygame.BLEND_PREMULTIPLIED)


def premultiplied(colour: Colour, opacity: float) -> tuple[int, int, int, int]:
    """A colour premultiplied by an opacity from 0 to 1, for a `Layer`."""
    red, green, blue = colour
    return round(red * opacity), round(green * opacity), round(blue * opacity), round(255 * opacity)


def require_display() -> None:
    """Initialise pygame's display.

    Raises:
        pygame.error: if no display is available; SDL itself would silently draw offscreen.
    """
    import pygame

    chosen = os.environ.get("SDL_VIDEODRIVER")
    reachable = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not chosen and not reachable and sys.platform == "linux":
        raise pygame.error("no display found: neither DISPLAY nor WAYLAND_DISPLAY is set")
    pygame.display.init()
    if not chosen and pygame.display.get_driver() in ("offscreen", "dummy"):
        pygame.display.quit()
        raise pygame.error("no display found")
