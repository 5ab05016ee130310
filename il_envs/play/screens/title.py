"""The title screen: every world with its picture, its goal, and the best score."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pygame

from il_envs.drawing.canvas import SIZE, TITLE
from il_envs.drawing.panels import ACCENT, FAINT, PANEL, TEXT
from il_envs.drawing.sounds import Cue
from il_envs.drawing.text import write
from il_envs.play.app import Screen
from il_envs.play.hands import pad_pushes
from il_envs.play.level import LEVELS, Level
from il_envs.play.overlay import BAR_HEIGHT, KEY, paint_bar
from il_envs.play.preparing import PICTURE, Card, Preparation, card_of
from il_envs.play.scores import Scores
from il_envs.play.screens.waiting import paint_progress
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import World

COLUMNS, GAP = 4, 16
HEAD = 76  # pixels, above the cards
CARD = (PICTURE[0], PICTURE[1] + 52)  # pixels
SIDE = (SIZE[0] - COLUMNS * CARD[0] - (COLUMNS - 1) * GAP) // 2
PITCH = CARD[1] + GAP
SCROLLING = 12.0  # 1/s, the rate at which the page comes to the chosen card
BACKGROUND = (10, 11, 15)

Open = Callable[[World, Level, bool], Screen]
"""Opens a world at a level, to be played, or if the last argument is True to watch its expert."""

MOVES = {
    pygame.K_LEFT: -1, pygame.K_RIGHT: 1, pygame.K_UP: -COLUMNS, pygame.K_DOWN: COLUMNS,
}  # fmt: skip
PAD_MOVES = {"pad left": -1, "pad right": 1, "pad up": -COLUMNS, "pad down": COLUMNS}


class TitleScreen:
    """The worlds to choose from.

    Args:
        worlds: all of them, in order.
        level: the level to begin with.
        preparation: of the same worlds.
        folder: of the player's files.
        open_world: the screen that follows a choice.
    """

    bar_height = BAR_HEIGHT

    def __init__(
        self,
        worlds: Sequence[World],
        level: Level,
        window: Window,
        sounds: Sounds,
        preparation: Preparation,
        folder: Path,
        open_world: Open,
    ) -> None:
        self._worlds = worlds
        self._window = window
        self._sounds = sounds
        self._preparation = preparation
        self._folder = folder
        self._open = open_world
        self._chosen = 0
        self._level = level
        self._scroll = 0.0
        self._cards: dict[str, tuple[Card, pygame.Surface]] = {}
        self._scores = Scores(folder / "scores.json")
        self._following: Screen | None = self
        self._note = ""

    def show_again(self) -> "TitleScreen":
        """The same screen, when the player comes back from a world."""
        self._following = self
        self._scores = Scores(self._scores.path)
        return self

    def handle(self, event: pygame.event.Event) -> None:
        """Take in an event."""
        if event.type == pygame.KEYDOWN:
            self._note = ""
            if event.key in MOVES:
                self._move(MOVES[event.key])
            elif event.key in (pygame.K_RETURN, pygame.K_KP_ENTER, pygame.K_SPACE):
                self._choose(watch=False)
            elif event.key == pygame.K_e:
                self._choose(watch=True)
            elif event.key == pygame.K_l:
                self._next_level()
            elif event.key == pygame.K_F11:
                self._window.toggle_full_screen()
            elif event.key == pygame.K_F12:
                try:
                    self._note = f"saved {self._window.save(self._folder / 'screenshots')}"
                except OSError as error:
                    self._note = f"no screenshot: {error}"
            elif event.key == pygame.K_ESCAPE:
                self._following = None
        elif event.type == pygame.MOUSEMOTION:
            self._chosen = self._card_at(event.pos, self._chosen)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            if self._card_at(event.pos, -1) == self._chosen:
                self._choose(watch=False)
        elif event.type == pygame.MOUSEWHEEL:
            self._move(-COLUMNS if event.y > 0 else COLUMNS)
        for control, push in pad_pushes(event).items():
            if push == 1.0:
                self._obey_pad(control)

    def _obey_pad(self, control: str) -> None:
        if control in PAD_MOVES:
            self._move(PAD_MOVES[control])
        elif control == "a":
            self._choose(watch=False)
        elif control == "x":
            self._choose(watch=True)
        elif control == "y":
            self._next_level()
        elif control == "back":
            self._following = None

    def _move(self, by: int) -> None:
        if 0 <= self._chosen + by < len(self._worlds):
            self._chosen += by

    def _next_level(self) -> None:
        levels = list(LEVELS.values())
        self._level = levels[(levels.index(self._level) + 1) % len(levels)]

    def _choose(self, watch: bool) -> None:
        world = self._worlds[self._chosen]
        if watch and not world.experts:
            self._note = f"{world.name} has no expert to watch"
        elif not watch and not world.views.keys:
            self._note = f"{world.name} has no keys to play it with; E: watch the expert"
        else:
            self._sounds.once(Cue("click"))
            self._following = self._open(world, self._level, watch)

    def _card_at(self, position: tuple[int, int], otherwise: int) -> int:
        """The number of the card at a point of the window."""
        place = self._window.place(position)
        for k in range(len(self._worlds)):
            if self._rect(k).collidepoint(place) and HEAD < place[1] < SIZE[1]:
                return k
        return otherwise

    def _rect(self, number: int) -> pygame.Rect:
        """Where a card is on the page."""
        row, column = divmod(number, COLUMNS)
        left, top = SIDE + column * (CARD[0] + GAP), HEAD + row * PITCH - round(self._scroll)
        return pygame.Rect(left, top, *CARD)

    def frame(self, seconds: float) -> Screen | None:
        """Go on by a frame."""
        row = self._chosen // COLUMNS
        room = SIZE[1] - HEAD
        wanted = max(row * PITCH + CARD[1] / 2 - room / 2, 0.0)
        rows = -(-len(self._worlds) // COLUMNS)
        wanted = min(wanted, max(rows * PITCH - room, 0.0))
        self._scroll += (wanted - self._scroll) * min(SCROLLING * seconds, 1.0)
        return self._following

    def close(self) -> None:
        """Nothing is held that another screen could not use."""

    def paint(self, page: pygame.Surface) -> None:
        """Paint the page."""
        page.fill(BACKGROUND)
        for number, world in enumerate(self._worlds):
            rect = self._rect(number)
            if rect.bottom > 0 and rect.top < SIZE[1]:
                self._paint_card(page, rect, world, number == self._chosen)
        page.fill(BACKGROUND, pygame.Rect(0, 0, SIZE[0], HEAD - GAP // 2))
        write(page, TITLE, SIDE + 34j, 52, ACCENT)
        level = f"L: {self._level.name}, {self._level.summary}"
        write(page, level, SIZE[0] - SIDE + 22j, 24, TEXT, "midright")
        keys = "Enter: play     E: watch the expert     Esc: quit"
        write(page, keys, SIZE[0] - SIDE + 48j, 22, FAINT, "midright")
        world = self._worlds[self._chosen]
        paint_bar(page, self._note or f"{world.name}: {world.views.goal}", [])

    def _paint_card(
        self, page: pygame.Surface, rect: pygame.Rect, world: World, is_chosen: bool
    ) -> None:
        page.fill(PANEL, rect)
        picture = pygame.Rect(rect.topleft, PICTURE)
        progress = self._preparation.of(world)
        if progress.stage == "ready" and world.name not in self._cards:
            card = card_of(world)
            image = None if card is None else _loaded(card.picture)
            if card is not None and image is not None:
                self._cards[world.name] = (card, image)
        expert = None
        if world.name in self._cards:
            card, image = self._cards[world.name]
            page.blit(image, picture)
            expert = card.expert
        else:
            page.fill(KEY, picture)
            paint_progress(page, picture, progress)
        name = complex(rect.left + 8, rect.top + PICTURE[1] + 16)
        write(page, world.name, name, 24, ACCENT if is_chosen else TEXT)
        best = self._scores.best(world.name, self._level.name)
        parts = [] if best is None else [f"best {best:.1f}"]
        parts += [] if expert is None else [f"expert {expert:.1f}"]
        write(page, "   ".join(parts), name + 21j, 20, FAINT)
        if is_chosen:
            pygame.draw.rect(page, ACCENT, rect.inflate(6, 6), 3, border_radius=6)


def _loaded(picture: Path) -> pygame.Surface | None:
    """A picture; None if it is damaged."""
    try:
        return pygame.image.load(picture).convert()
    except pygame.error:
        return None
