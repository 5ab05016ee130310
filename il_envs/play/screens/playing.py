"""The screen on which a world is played or watched."""

from collections.abc import Callable
from math import ceil
from pathlib import Path

import pygame

from il_envs.drawing.canvas import Colour
from il_envs.drawing.panels import ACCENT, FAINT, RED, TEXT
from il_envs.drawing.sounds import Cue
from il_envs.play.app import Screen
from il_envs.play.bookkeeper import Bookkeeper
from il_envs.play.game import COUNTDOWN, TIME_IS_UP, Game, next_speed
from il_envs.play.hands import Hands, pad_pushes
from il_envs.play.inference import offers_inference
from il_envs.play.keys import COMMANDS, Command, KeyFile, command_of_codes, command_of_pad
from il_envs.play.overlay import BAR_HEIGHT, Row, dim, paint_bar, paint_large, paint_panel
from il_envs.play.screens.inference_panel import InferencePanel
from il_envs.play.screens.keys_panel import KeysPanel
from il_envs.play.sounds import Sounds, cues_of
from il_envs.play.window import Window

SHORT_PRESS = 0.3  # s
RELEASES = (
    pygame.KEYUP, pygame.CONTROLLERBUTTONUP, pygame.CONTROLLERAXISMOTION, pygame.MOUSEBUTTONUP,
)  # fmt: skip
"""Events of hands that let go, which count while the panel of keys is open as well."""
NOTE_TIME = 3.0  # s, that a note is shown below the picture


class PlayScreen:
    """A game in the window.

    Args:
        game: the episodes to play.
        window: where it is shown.
        sounds: what plays its sounds.
        folder: of the player's files.
        leave: the screen to show after this one, None to quit.

    Attributes:
        inference: what the player seems to want.
    """

    bar_height = BAR_HEIGHT

    def __init__(
        self,
        game: Game,
        window: Window,
        sounds: Sounds,
        folder: Path,
        leave: Callable[[], Screen | None],
    ) -> None:
        self.game = game
        self._window = window
        self._sounds = sounds
        self._folder = folder
        self._leave = leave
        self.inference = InferencePanel(game)
        self._keys = KeysPanel(game.world, KeyFile(folder / "keys.json"))
        self._books = Bookkeeper(game, folder)
        self._hands = Hands(game.world, self._keys.changes)
        self._codes, self._pad = command_of_codes(), command_of_pad()
        self._note, self._note_left = "", 0.0
        self._is_left = False
        self._now = 0.0  # s of real time on this screen
        self._took_over_at: float | None = None  # when the key was pressed that did it
        self._heard = (game.seed, game.step, COUNTDOWN)  # what was heard of the game

    def use_mouse(self) -> None:
        """Let the mouse aim, as after a click."""
        self._hands.place = self._window.place(pygame.mouse.get_pos())

    def handle(self, event: pygame.event.Event) -> None:
        """Take in an event."""
        if event.type == pygame.WINDOWFOCUSLOST:
            self._hands.release()
            self.game.is_paused = self.game.phase != "over"
        elif self._keys.is_open and event.type not in RELEASES:
            if self._keys.handle(event):
                self._hands = Hands(self.game.world, self._keys.changes)
            if not self._keys.is_open:
                self._hands.forget_taps()
        elif event.type == pygame.MOUSEMOTION and self._hands.place is not None:
            self._hands.place = self._window.place(event.pos)
        elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button == 1:
            if self.game.canvas.view.pointer is not None:
                if event.type == pygame.MOUSEBUTTONDOWN:
                    self._hands.place = self._window.place(event.pos)
                self._hands.click(event.type == pygame.MOUSEBUTTONDOWN)
        else:
            command = self._command_of(event)
            if command is not None:
                self._obey(command, event.type != pygame.KEYUP)
            else:
                self._hands.handle(event)

    def _command_of(self, event: pygame.event.Event) -> Command | None:
        if event.type == pygame.KEYDOWN or event.type == pygame.KEYUP:
            command = self._codes.get(event.key)
            return command if event.type == pygame.KEYDOWN or command == "take over" else None
        pressed = [self._pad[name] for name, push in pad_pushes(event).items()
                   if push == 1.0 and name in self._pad]  # fmt: skip
        return pressed[0] if pressed else None

    def _obey(self, command: Command, is_down: bool) -> None:
        game = self.game
        if command == "leave":
            self._is_left = True
        elif command == "help":
            self._keys.open()
        elif command == "pause":
            game.is_paused = not game.is_paused and game.phase != "over"
            self._hands.forget_taps()
        elif command in ("restart", "next"):
            self._begin(game.seed + (command == "next"))
        elif command in ("slower", "faster"):
            game.speed = next_speed(game.speed, command == "faster")
            self._say(f"speed x {game.speed:g}")
        elif command == "step":
            game.advance_step(self._hands)
        elif command == "view":
            pictures = game.world.views.pictures
            shown = pictures.index(game.canvas.view)
            game.canvas.view = pictures[(shown + 1) % len(pictures)]
        elif command == "hints":
            game.canvas.shows_expert = not game.canvas.shows_expert
        elif command == "ghost":
            game.shows_ghost = not game.shows_ghost
        elif command == "infer":
            self._say(self.inference.show_next())
        elif command == "take over":
            self._take_over(is_down)
        elif command == "discard":
            self._say(self._books.discard())
        elif command == "screenshot":
            try:
                self._say(f"saved {self._window.save(self._folder / 'screenshots')}")
            except OSError as error:
                self._say(f"no screenshot: {error}")
        elif command == "mute":
            self._sounds.mute()
            self._say("sound off" if self._sounds.is_muted else "sound on")
        elif command == "full screen":
            self._window.toggle_full_screen()

    def _take_over(self, is_down: bool) -> None:
        """Take over while the key is held; a short press takes over until the next one."""
        control = self.game.control
        if control.asks_labels:
            return
        if is_down:
            self._took_over_at = None if control.is_taken_over else self._now
            control.take_over(not control.is_taken_over)
        elif self._took_over_at is not None and self._now - self._took_over_at > SHORT_PRESS:
            control.take_over(False)

    def _begin(self, seed: int) -> None:
        self._books.close_episode()
        self.game.begin(seed)
        self._hands.forget_taps()

    def _say(self, note: str) -> None:
        """Show a note for a while."""
        self._note, self._note_left = note, NOTE_TIME

    def frame(self, seconds: float) -> Screen | None:
        """Go on by a frame."""
        if self._is_left:
            return self._leave()
        self._now += seconds
        self._note_left = max(self._note_left - seconds, 0.0)
        if not self._keys.is_open:
            self.game.advance(seconds, self._hands)
        if failure := self.inference.frame(seconds):
            self._say(failure)
        self._hear()
        if note := self._books.look():
            self._say(note)
        return self

    def _hear(self) -> None:
        """Play what is to be heard since the last frame."""
        game, (seed, step, countdown) = self.game, self._heard
        if game.seed != seed or game.step < step:
            step, countdown = 0, COUNTDOWN
        if game.is_paused or self._keys.is_open or (game.phase == "over" and game.step == step):
            self._sounds.pause()
        elif game.step != step:
            self._sounds.play(cues_of(game.world, game.history, game.env.params))
            if game.phase == "over":
                self._sounds.once(Cue("win" if game.ending == TIME_IS_UP else "lose", 0.8))
        elif game.phase == "countdown" and ceil(game.countdown) < ceil(countdown):
            self._sounds.once(Cue("beep", 0.8))
        elif game.phase == "playing" and countdown > 0.0 and not game.takes_turns:
            self._sounds.once(Cue("go", 0.8))
        self._heard = (game.seed, game.step, max(game.countdown, 0.0))

    def close(self) -> None:
        """Complete the last result, and be silent."""
        self._books.close_episode()
        self.game.finish()
        self.inference.close()
        self._sounds.pause()

    def paint(self, page: pygame.Surface) -> None:
        """Paint the picture, the line below it, and what is over it."""
        self.game.draw()
        self.inference.paint()
        page.blit(self.game.canvas.surface, (0, 0))
        paint_bar(page, self._line(), self._marks())
        self._paint_over(page)

    def _paint_over(self, page: pygame.Surface) -> None:
        """Paint what is over the picture."""
        if self._keys.is_open:
            self._keys.paint(page, self._window.gamepads.names, self._commands())
        elif self.game.phase == "over" and not self.game.is_moving:
            dim(page)
            footer = "N: next episode     R: the same again     Esc: leave"
            paint_panel(page, self._ending(), self._result_rows(), footer)
        elif self.game.is_paused:
            dim(page)
            step = "" if self.game.takes_turns else "     . : a single step"
            paint_large(page, "Paused", f"P: go on{step}     H: keys")
        elif self.game.phase == "countdown":
            paint_large(page, str(ceil(self.game.countdown)), self.game.world.views.goal)

    def _commands(self) -> set[Command]:
        """The commands that do something now."""
        game, world = self.game, self.game.world
        idle: dict[Command, bool] = {
            "view": len(world.views.pictures) < 2,
            "hints": not world.experts,
            "ghost": not world.experts,
            "infer": not offers_inference(world),
            "take over": game.control.pilot is None or game.control.asks_labels,
            "discard": game.recorder is None,
            "step": game.takes_turns,
        }
        return {row.command for row in COMMANDS if not idle.get(row.command, False)}

    def _line(self) -> str:
        if self._note_left > 0.0:
            return self._note
        return f"{self.game.world.views.goal or self.game.world.name}     H: keys"

    def _marks(self) -> list[tuple[str, Colour]]:
        """The marks at the right of the line of state."""
        game = self.game
        marks: list[tuple[str, Colour]] = []
        if self._books.mark:
            marks.append((self._books.mark, RED))
        if self.inference.mark:
            marks.append((self.inference.mark, ACCENT))
        if game.control.pilot is not None:
            marks.append(("you" if game.control.is_taken_over else game.player, ACCENT))
        marks.append((game.level.name, FAINT))
        if game.speed != 1.0:
            marks.append((f"x {game.speed:g}", FAINT))
        best = self._books.scores.best(game.world.name, game.level.name)
        if best is not None and game.control.pilot is None:
            marks.append((f"best {best:.1f}", FAINT))
        marks.append((f"{game.total:.1f}", TEXT if game.total >= 0.0 else RED))
        return marks

    def _ending(self) -> str:
        seconds = self.game.step * self.game.world.dynamics.control_period
        return f"{self.game.ending} after {seconds:.1f} s"

    def _result_rows(self) -> list[Row]:
        result = self.game.results[-1]
        rows = [
            (self.game.player, f"{result.total:.1f}{'   your best' if self._books.is_best else ''}")
        ]
        if result.expert_total is not None:
            rows.append(("expert", f"{result.expert_total:.1f}"))
        if result.ratio is not None:
            rows.append(("ratio", f"{100.0 * result.ratio:.0f} %"))
        elif result.difference is not None:
            rows.append(("difference", f"{result.difference:+.1f}"))
        return rows
