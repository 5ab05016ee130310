"""A track on a canvas at any moment, with others as its ghosts."""

from collections.abc import Sequence

import pygame

from il_envs.drawing.canvas import GHOST_COLOURS, Canvas, Colour, Ghost
from il_envs.play.track import Track
from il_envs.views import States
from il_envs.world import World


class Film:
    """An episode as a moving picture.

    Args:
        params: the parameters of the world, of the split in which it was played.
        tracks: the episode to show, and those to show as ghosts.

    Attributes:
        canvas: where it is painted.
        duration: s of game time.
        shows_ghosts: whether ghosts are painted.
    """

    def __init__(self, world: World, params: States, tracks: Sequence[Track]) -> None:
        self.world = world
        self.tracks = tracks
        self.canvas = Canvas(world, params)
        self.canvas.shows_expert = False
        self.period = world.dynamics.control_period
        self.duration = len(tracks[0]) * self.period
        self.shows_ghosts = True

    def colour(self, number: int) -> Colour:
        """The colour of a track: white for the one that is shown, then those of the ghosts."""
        return (255, 255, 255) if number == 0 else GHOST_COLOURS[(number - 1) % len(GHOST_COLOURS)]

    def step_at(self, moment: float) -> int:
        """The steps that have been taken at a moment (s of game time)."""
        return min(max(int(moment / self.period + 1e-9), 0), len(self.tracks[0]))

    def draw(self, moment: float) -> pygame.Surface:
        """Paint a moment (s of game time), on the way from one state to the next."""
        states, step = self.tracks[0].states, self.step_at(moment)
        is_last = step == len(self.tracks[0])
        self.canvas.restore(states[: step + 1])
        self.canvas.ghosts = tuple(
            Ghost(track.name, self.colour(number), track.states[: step + 1 + (not is_last)])
            for number, track in enumerate(self.tracks)
            if number > 0 and self.shows_ghosts
        )
        if is_last:
            self.canvas.draw()
        else:
            self.canvas.draw(states[step + 1], min(max(moment / self.period - step, 0.0), 1.0))
        return self.canvas.surface
