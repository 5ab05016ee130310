"""Grids from drawings: one character a cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray
from il_envs.worlds.grid import tiles

START = "S"


@dataclass(frozen=True)
class Map:
    """A parsed drawing of a grid.

    Attributes:
        shape: rows and columns.
        tiles: int32 [S].
        initial: float64 [S], uniform over the cells drawn as S, or over the floor if none is.
    """

    shape: tuple[int, int]
    tiles: NDArray[np.int32]
    initial: FloatArray

    @property
    def walls(self) -> NDArray[np.bool_]:
        """True where there is a wall, bool [rows, columns]."""
        return (self.tiles == tiles.WALL).reshape(self.shape)

    def states_of(self, tile: int) -> NDArray[np.int64]:
        """The states with this tile, int64 [n]."""
        return np.flatnonzero(self.tiles == tile)


def read_map(drawing: str) -> Map:
    """Read a drawing: `tiles.CHARACTERS`, and S for floor where episodes start.

    Raises:
        ValueError: if its lines are not equally long, or a character is unknown.
    """
    lines = drawing.split()
    lengths = {len(line) for line in lines}
    if len(lengths) != 1:
        raise ValueError(f"the lines of a map must be equally long, not {sorted(lengths)}")
    characters = "".join(lines)
    starts = np.array([character == START for character in characters])
    looks = [tiles.CHARACTERS.find(c) for c in characters.replace(START, ".")]
    if min(looks) < 0:
        unknown = characters[looks.index(-1)]
        raise ValueError(f"a map may hold {tiles.CHARACTERS}{START}, not {unknown!r}")
    codes = np.array(looks, np.int32)
    begin = starts if starts.any() else codes == tiles.FLOOR
    return Map((len(lines), lengths.pop()), codes, begin / begin.sum())
