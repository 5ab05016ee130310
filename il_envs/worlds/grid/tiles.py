"""What cells look like: a constant for each kind, and its character in text."""

FLOOR, WALL, GOAL, WATER, BRIDGE, ABYSS, BLUE, WHITE = range(8)
FIRST_OBJECT = 8
OBJECT_COLOURS = 2


def object_tile(outer: int, inner: int) -> int:
    """The tile of an object with these colours, each from 0 to OBJECT_COLOURS - 1."""
    return FIRST_OBJECT + OBJECT_COLOURS * outer + inner


CHARACTERS = ".#G~=v*.abcd"
"""The character of each tile; objects are letters, by outer and then inner colour."""

NAMES = (
    *("floor", "wall", "goal", "water", "bridge", "abyss", "blue", "white"),
    *(
        f"outer {outer + 1}, inner {inner + 1}"
        for outer in range(OBJECT_COLOURS)
        for inner in range(OBJECT_COLOURS)
    ),
)
"""The name of each tile."""
