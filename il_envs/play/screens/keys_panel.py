"""The panel with the keys of a world, where a player can change them."""

from collections.abc import Mapping

import pygame

from il_envs.play.inference import offers_inference
from il_envs.play.keys import COMMANDS, KeyFile, keys_of, rebound
from il_envs.play.overlay import Row, dim, paint_panel
from il_envs.world import World


class KeysPanel:
    """The keys of a world and of the game, over a dimmed picture.

    Attributes:
        changes: the keys that the player has chosen, as in `keys.keys_of`.
        is_open: whether the panel is shown.
    """

    def __init__(self, world: World, file: KeyFile) -> None:
        self.world = world
        self.is_open = False
        self._file = file
        self._chosen = 0
        self._waits = False  # for the key that the chosen row shall have
        self._note = ""
        self.changes: Mapping[str, str] = {}
        try:
            self.changes = file.read(world)
        except ValueError as error:
            self._note = str(error)

    def open(self) -> None:
        """Show the panel."""
        self.is_open, self._waits = True, False

    def handle(self, event: pygame.event.Event) -> bool:
        """Take in an event while the panel is open; returns whether a key has been changed."""
        if event.type != pygame.KEYDOWN:
            return False
        keys = self.world.views.keys
        if self._waits:
            self._waits = False
            return event.key != pygame.K_ESCAPE and self._change(pygame.key.name(event.key))
        if event.key in (pygame.K_ESCAPE, pygame.K_h, pygame.K_F1):
            self.is_open = False
        elif event.key in (pygame.K_UP, pygame.K_DOWN) and keys:
            self._chosen = (self._chosen + (1 if event.key == pygame.K_DOWN else -1)) % len(keys)
            self._note = ""
        elif event.key == pygame.K_RETURN and keys:
            self._waits, self._note = True, ""
        elif event.key == pygame.K_BACKSPACE and self.changes:
            self.changes = {}
            return self._keep("all keys are as they were")
        return False

    def _change(self, key: str) -> bool:
        name = self.world.views.keys[self._chosen].key
        try:
            self.changes = rebound(self.world, self.changes, name, key)
        except ValueError as error:
            self._note = str(error)
            return False
        return self._keep("")

    def _keep(self, note: str) -> bool:
        self._note = note
        try:
            self._file.write(self.world, self.changes)
        except (OSError, ValueError) as error:
            self._note = f"changed for now, but not kept: {error}"
        return True

    def paint(self, page: pygame.Surface) -> None:
        """Paint the panel over the page."""
        dim(page)
        chosen = keys_of(self.world, self.changes)
        rows: list[Row] = [(chosen[key.key], key.label) for key in self.world.views.keys]
        if self.world.views.pictures and self.world.views.pictures[0].pointer is not None:
            rows.append(("mouse", "turn, and fire with its left button"))
        rows += [
            (" or ".join(row.keys), row.meaning)
            for row in COMMANDS
            if (row.command != "view" or len(self.world.views.pictures) > 1)
            and (row.command != "infer" or offers_inference(self.world))
        ]
        footer = self._note or "up, down, Enter: change a key     Backspace: as before     H: close"
        if self._waits:
            footer = f"press the key for {self.world.views.keys[self._chosen].label!r}, or Escape"
        paint_panel(page, self.world.name, rows, footer, self._chosen if chosen else None)
