"""The screen on which a person teaches a policy: takes over from it, or says what it should do."""

import sys
from collections.abc import Callable
from pathlib import Path

import pygame

from il_envs.drawing.canvas import SIZE, Colour
from il_envs.drawing.panels import ACCENT, FAINT, TEXT
from il_envs.drawing.text import write
from il_envs.play.app import Screen
from il_envs.play.game import Game
from il_envs.play.keys import Command
from il_envs.play.lesson import Lesson
from il_envs.play.overlay import KEY, dim, paint_panel
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window

BAR = (420, 12)  # pixels

NOT_YOURS: tuple[Command, ...] = ("restart", "next")
"""Commands of a game that are the learner's in a lesson: it chooses the episodes."""


class TeachScreen(PlayScreen):
    """A game whose pilot is the learner of a lesson.

    Args:
        lesson: the lesson, which has begun.
    """

    def __init__(
        self,
        game: Game,
        lesson: Lesson,
        window: Window,
        sounds: Sounds,
        folder: Path,
        leave: Callable[[], Screen | None],
    ) -> None:
        super().__init__(game, window, sounds, folder, leave)
        self._lesson = lesson
        self._is_ending = False

    def frame(self, seconds: float) -> Screen | None:
        """Go on by a frame; the first Escape ends the lesson, and the next one closes the window
        while the learner trains on what there is."""
        lesson = self._lesson
        if self._is_left and not (self._is_ending or lesson.is_over):
            self._is_left, self._is_ending = False, True
            lesson.end()
        state = lesson.asked_state()
        if state is None:  # it trains, or is over
            self._hands.forget_taps()
            self._sounds.pause()
            return self._leave() if self._is_left else self
        if state != self.game.env.state:
            self.game.begin_at(state)
            self._hands.forget_taps()
        return super().frame(seconds)

    def _obey(self, command: Command, is_down: bool) -> None:
        if command in NOT_YOURS:
            self._say("the learner chooses where it drives")
        else:
            super()._obey(command, is_down)

    def _commands(self) -> set[Command]:
        return super()._commands() - set(NOT_YOURS)

    def _paint_over(self, page: pygame.Surface) -> None:
        """Paint over the game how far the training is, or what has come of it."""
        if not self._keys.is_open and self._lesson.is_over:
            dim(page)
            paint_panel(page, "The lesson is over", self._lesson.rows, "Esc: leave")
        elif not self._keys.is_open and self._lesson.asked_state() is None:
            dim(page)
            self._paint_training(page)
        else:
            super()._paint_over(page)

    def _paint_training(self, page: pygame.Surface) -> None:
        middle = complex(SIZE[0] / 2, 0.4 * SIZE[1])
        if self._lesson.policy is not None:
            write(page, "what was learned is tried", middle, 44, ACCENT, "center")
            return
        begun, total = self._lesson.progress.get("round", (0, 0))
        title = f"the learner trains: round {begun} of {total}" if total else "the learner trains"
        write(page, title, middle, 44, ACCENT, "center")
        begun, total = self._lesson.progress.get("update", (0, 0))
        if total:
            write(page, f"update {begun} of {total}", middle + 44j, 26, TEXT, "center")
        bar = pygame.Rect(0, 0, *BAR)
        bar.center = (round(middle.real), round(middle.imag) + 78)
        page.fill(KEY, bar)
        bar.width = round(BAR[0] * begun / max(total, 1))
        page.fill(ACCENT, bar)

    def _line(self) -> str:
        if self._note_left > 0.0:
            return self._note
        if self._lesson.is_over:
            return "the lesson is over     Esc: leave"
        if self._is_ending:
            return "the lesson ends     Esc: close the window"
        if self._lesson.asked_state() is None:
            return "the lesson goes on when the learner has trained     Esc: end it"
        if self.game.control.asks_labels:
            held = self._hands.held()
            meant = [key.label for key in self.game.world.views.keys if key.key in held]
            return f"you: {', '.join(meant) or 'hold what it should do'}     Esc: end     H: keys"
        return "T: take over, hand back     Esc: end the lesson     H: keys"

    def _marks(self) -> list[tuple[str, Colour]]:
        begun, total = self._lesson.progress.get("round", (0, 0))
        counts = [f"{self._lesson.labels} labels"]
        if total:
            counts.insert(0, f"round {begun}/{total}")
        return [*((text, FAINT) for text in counts), *super()._marks()]

    def close(self) -> None:
        """End the lesson, and wait for what the learner makes of it: nothing is lost."""
        super().close()
        self._lesson.end()
        if not self._lesson.is_over:
            if self._lesson.labels:
                print("il-play: the learner trains on what there is", file=sys.stderr)
            self._lesson.wait()
