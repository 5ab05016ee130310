"""The best scores of the player, kept in a file."""

import json
from pathlib import Path

LARGEST = 1e6  # a score beyond it is no score of ours


class Scores:
    """The best return of the player in each world at each level.

    A file that cannot be read counts as empty, and one that cannot be written is left as it is: a
    game goes on without its scores.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._best = self._read()

    def best(self, world: str, level: str) -> float | None:
        """The best return in a world at a level; None before the first."""
        return self._best.get(f"{world} {level}")

    def add(self, world: str, level: str, total: float) -> bool:
        """Take in a return; returns True if it is the best so far."""
        for name, value in self._read().items():  # another process may have written since
            self._best[name] = max(value, self._best.get(name, value))
        before = self.best(world, level)
        if before is not None and total <= before:
            return False
        self._best[f"{world} {level}"] = total
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_name(f".{self.path.name}.new")
            temporary.write_text(json.dumps(self._best, indent=1) + "\n", encoding="utf-8")
            temporary.replace(self.path)
        except OSError:
            pass
        return True

    def _read(self) -> dict[str, float]:
        """The scores in the file."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                name: float(value)
                for name, value in kept.items()
                if isinstance(value, (int, float))
                and not isinstance(value, bool)
                and abs(value) < LARGEST
            }
        except (OSError, ValueError, RecursionError, AttributeError, OverflowError):
            return {}
