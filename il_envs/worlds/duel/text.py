"""Duel as text."""

import numpy as np

from il_envs.views import States
from il_envs.worlds.duel.rules import COLUMNS, MAGAZINE, PHASES, chord_name, situation


def text(state: np.void, params: States) -> str:
    """The opponent's line and mine, what we are up to, and the score."""
    now = situation(state["situation"])
    shield = "whole" if now.shield else "broken"
    return "\n".join(
        [
            f"{_line(int(now.theirs), 'V')}  {PHASES[now.phase]}",
            f"{_line(int(now.mine), 'A')}  rounds {now.rounds}/{MAGAZINE}, shield {shield}",
            f"held: {chord_name(state['chord'])}",
            f"hits: {state['hits_given']} given, {state['hits_taken']} taken",
            f"step {state['step']}",
        ]
    )


def _line(column: int, gunner: str) -> str:
    return "." * column + gunner + "." * (COLUMNS - 1 - column)
