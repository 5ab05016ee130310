"""What is kept of the episodes that somebody plays: the best scores, and a recording."""

import sys
from pathlib import Path

from il_envs.learning.recorded_episode import RecordingError
from il_envs.play.game import Game
from il_envs.play.scores import Scores

NO_RECORDER = "nothing is recorded; il-play WORLD --record NAME does it"
NOTHING_TO_DISCARD = "no episode to discard; il-recordings discards any other than the last one"


class Bookkeeper:
    """Keeps what a game leaves behind.

    Args:
        folder: of the player's files.

    Attributes:
        scores: the best scores so far.
        is_best: whether the last episode was the player's best.
    """

    def __init__(self, game: Game, folder: Path) -> None:
        self.scores = Scores(folder / "scores.json")
        self.is_best = False
        self._game = game
        self._counted = 0  # results that have been looked at
        self._recorded = 0  # episodes
        self._unwritten = ""  # why the last episode could not be recorded

    @property
    def mark(self) -> str:
        """How many episodes are recorded, in short; empty if nothing is."""
        recorder = self._game.recorder
        if recorder is None:
            return ""
        lost = recorder.lost + bool(self._unwritten)
        return f"REC {self._recorded}{f', {lost} LOST' if lost else ''}"

    def look(self) -> str:
        """Keep what has ended since the last look; returns what there is to say of it."""
        game, note = self._game, ""
        if len(game.results) > self._counted and game.recorder is not None:
            note = self._record()
        for result in game.results[self._counted :]:
            if game.control.pilot is None:
                self.is_best = self.scores.add(game.world.name, game.level.name, result.total)
        self._counted = len(game.results)
        return note

    def close_episode(self) -> None:
        """Keep what has ended, before it is forgotten. What still cannot be recorded is lost, which
        the command says when the window is closed."""
        self.look()
        if self._unwritten:
            self._record()
        if self._unwritten and self._game.recorder is not None:
            self._game.recorder.lost += 1
            print(f"il-play: an episode is not recorded: {self._unwritten}", file=sys.stderr)
            self._unwritten = ""

    def _record(self) -> str:
        """Write the episode that has ended; returns what there is to say of it."""
        assert self._game.recorder is not None
        self._unwritten = ""
        try:
            self._game.recorder.finish(self._game.terminated)
        except RecordingError as error:
            self._unwritten = str(error)
            return f"not recorded: {error}"
        self._recorded += 1
        return ""

    def discard(self) -> str:
        """Delete the episode that was recorded last; returns what there is to say of it."""
        if self._game.recorder is None:
            return NO_RECORDER
        try:
            deleted = self._game.recorder.delete_last()
        except OSError as error:
            return f"not discarded: {error.strerror}"
        self._recorded -= deleted is not None
        return "the last recorded episode is discarded" if deleted else NOTHING_TO_DISCARD
