"""Opens the screens of il-play one after another, and ends what runs beside them."""

import gc
from collections.abc import Callable, Sequence

from il_envs.learning.recordings import data_folder
from il_envs.play.app import Screen, run
from il_envs.play.film import Film
from il_envs.play.game import Game
from il_envs.play.lesson import Lesson
from il_envs.play.level import Level
from il_envs.play.preparing import Preparation
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.screens.teaching import TeachScreen
from il_envs.play.screens.title import TitleScreen
from il_envs.play.screens.waiting import WaitingScreen
from il_envs.play.screens.watching import WatchScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import World

MakeGame = Callable[[World, Level, bool], Game]
"""Makes a game of a world at a level; if the last argument is True, its expert is watched."""


class Theatre:
    """A window with its sounds, and the worlds that are prepared for it.

    Args:
        worlds: those that may be shown.
        is_muted: whether it begins without sound.
        uses_mouse: whether the mouse aims from the start.

    Attributes:
        games: those that were opened.

    Raises:
        pygame.error: if there is no display.
    """

    def __init__(
        self, worlds: Sequence[World], is_muted: bool = False, uses_mouse: bool = False
    ) -> None:
        self.games: list[Game] = []
        self._worlds = worlds
        self._uses_mouse = uses_mouse
        self._window = Window()
        self._sounds = Sounds(is_muted)
        if not is_muted:
            self._sounds.open()
        self._folder = data_folder()
        self._preparation = Preparation(worlds)
        self._title: TitleScreen | None = None

    def show(self, screen: Screen) -> None:
        """Show a screen, and those that follow it, until the user quits."""
        run(screen, self._window)

    def title(self, make_game: MakeGame, level: Level) -> Screen:
        """The title screen, at this level to begin with."""

        def open_world(world: World, level: Level, watches_expert: bool) -> Screen:
            return self.game(world, lambda: make_game(world, level, watches_expert))

        self._title = TitleScreen(
            self._worlds,
            level,
            self._window,
            self._sounds,
            self._preparation,
            self._folder,
            open_world,
        )
        return self._title

    def game(self, world: World, make: Callable[[], Game], infers: bool = False) -> Screen:
        """A game of a world, as soon as the world is prepared.

        Args:
            infers: whether to show from the beginning what the player seems to want.
        """

        def play() -> Screen:
            self.games.append(make())
            gc.collect()
            gc.freeze()  # or the collector goes through all kernels and pictures in some frames
            screen = PlayScreen(
                self.games[-1], self._window, self._sounds, self._folder, self._after
            )
            if self._uses_mouse:
                screen.use_mouse()
            if infers:
                screen.inference.show_next()
            return screen

        return WaitingScreen(world, self._preparation, play, self._after)

    def lesson(self, world: World, make: Callable[[], tuple[Game, Lesson]]) -> Screen:
        """A lesson in a world, as soon as the world is prepared."""

        def teach() -> Screen:
            game, lesson = make()
            return TeachScreen(game, lesson, self._window, self._sounds, self._folder, self._after)

        return WaitingScreen(world, self._preparation, teach, self._after)

    def film(
        self, world: World, title: str, make: Callable[[], Film], speed: float = 1.0
    ) -> Screen:
        """A film of a world, as soon as the world is prepared."""

        def watch() -> Screen:
            screen = WatchScreen(make(), title, self._window, self._folder, self._after)
            screen.speed = speed
            return screen

        return WaitingScreen(world, self._preparation, watch, self._after)

    def _after(self) -> Screen | None:
        """The screen after a world: the title, if the player came from there."""
        return None if self._title is None else self._title.show_again()

    def close(self) -> None:
        """Close the window, and end what runs beside it."""
        self._preparation.close()
        self._sounds.close()
        self._window.close()
