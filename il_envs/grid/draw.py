"""A grid's picture and its text; the first picture imports what paints it."""

import numpy as np

from il_envs.canvas import Canvas
from il_envs.grid.tiles import CHARACTERS
from il_envs.world import States

AGENT = "@"


def draw(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the grid with its rewards, the expert's policy at this step and the cells visited."""
    from il_envs.grid import scene

    scene.paint(state, params, canvas)


def text(state: np.void, params: States) -> str:
    """The grid as characters, a line for each row, the agent as @; below it the step."""
    characters = [CHARACTERS[tile] for tile in params["tile"]]
    characters[int(state["cell"])] = AGENT
    columns = int(params["column"].max()) + 1
    lines = [
        "".join(characters[first : first + columns]) for first in range(0, len(characters), columns)
    ]
    return "\n".join([*lines, f"step {int(state['step'])}"]) + "\n"
