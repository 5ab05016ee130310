"""A grid as text."""

import numpy as np

from il_envs.views import States
from il_envs.worlds.grid.tiles import CHARACTERS

AGENT = "@"


def text(state: np.void, params: States) -> str:
    """The grid as characters, a line for each row, the agent as @; below it the step."""
    characters = [CHARACTERS[tile] for tile in params["tile"]]
    characters[int(state["cell"])] = AGENT
    columns = int(params["column"].max()) + 1
    lines = [
        "".join(characters[first : first + columns]) for first in range(0, len(characters), columns)
    ]
    return "\n".join([*lines, f"step {int(state['step'])}"]) + "\n"
