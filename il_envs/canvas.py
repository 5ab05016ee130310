"""What a world is drawn on: a picture, the states drawn before it, and a window if one is wanted."""

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from il_envs.world import States, World

if TYPE_CHECKING:
    import pygame

SIZE = (960, 600)  # pixels
TITLE = "il-envs"


class Canvas:
    """A surface to draw on and the history of the episode.

    Attributes:
        surface: the pygame surface, `SIZE` pixels.
        history: the states of this episode, oldest first, the present one last.
    """

    def __init__(self, world: World, params: States) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        import pygame

        self.world = world
        self.params = params
        pygame.font.init()
        self.surface: pygame.Surface = pygame.Surface(SIZE)
        self.history: list[np.void] = []
        self._window: pygame.Surface | None = None
        self._clock: pygame.time.Clock | None = None

    def begin(self, state: np.void) -> None:
        """Start a new episode at this state."""
        self.history = [state.copy()]

    def add(self, state: np.void) -> None:
        """Add the next state of the episode."""
        self.history.append(state.copy())

    def draw(self) -> None:
        """Paint the present state."""
        self.world.draw(self.history[-1], self.params, self)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 [height, width, 3]."""
        import pygame

        self.draw()
        return np.ascontiguousarray(pygame.surfarray.array3d(self.surface).transpose(1, 0, 2))

    def show(self) -> None:
        """Paint the present state into a window, at the world's own pace."""
        import pygame

        if self._window is None:
            pygame.display.init()
            self._window = pygame.display.set_mode(SIZE)
            pygame.display.set_caption(f"{TITLE}: {self.world.name}")
            self._clock = pygame.time.Clock()
        self.draw()
        self._window.blit(self.surface, (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        assert self._clock is not None
        self._clock.tick(round(1.0 / self.world.control_period))

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            import pygame

            pygame.display.quit()
            self._window = None
