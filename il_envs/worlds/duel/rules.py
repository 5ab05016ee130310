"""The rules of Duel, as arrays and as a model; the docstring of `duel` gives them in words."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from il_envs.buttons import joint_chords
from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel

BUTTONS = ("left", "right", "fire", "reload", "shield")
CHORDS = joint_chords(len(BUTTONS))
COLUMNS, MAGAZINE, HORIZON = 7, 2, 40
ROAMS, WINDS_UP, FIRES = 0, 1, 2  # phases of the opponent
PHASES = ("roams", "winds up", "fires")

AVOIDS, APPROACHES = 0.6, 0.2  # probability of a step away from my column or to it, roaming
WINDS = 0.8  # probability of winding up next, roaming
AIMS = 0.8  # probability of a step to my column, winding up
MENDS = 0.2  # probability that a broken shield is whole again
DISTANCE = 3  # columns from me, at least, where the opponent comes back

Numbers = NDArray[Any]  # integers or truth values


class Situation(NamedTuple):
    """A situation of the duel; its fields are arrays of a common shape."""

    mine: Numbers  # my column, from 0 at the left
    theirs: Numbers  # the opponent's column
    rounds: Numbers  # in my magazine
    shield: Numbers  # 1 if whole, 0 if broken
    phase: Numbers  # of the opponent


SHAPE = (COLUMNS, COLUMNS, MAGAZINE + 1, 2, len(PHASES))
SITUATIONS = int(np.prod(SHAPE))


def situation(number: ArrayLike) -> Situation:
    """The situation that an observation stands for."""
    return Situation(*np.unravel_index(np.asarray(number), SHAPE))


def chord_name(chord: int) -> str:
    """The buttons of a chord in words."""
    return " + ".join(BUTTONS[k] for k in np.flatnonzero(CHORDS[chord])) or "nothing"


@dataclass(frozen=True)
class Exchange:
    """The deterministic part of a step: the effects of a chord in a situation."""

    mine: Numbers  # my column when the step ends; where I was hit, it is not yet the middle
    shot: Numbers  # whether I fire
    raised: Numbers  # whether my shield is up
    reloaded: Numbers  # whether a round goes into the magazine
    given: Numbers  # whether the opponent is hit
    taken: Numbers  # whether I am hit
    stopped: Numbers  # whether the shield stops a bolt, and breaks


def exchange(now: Situation, chords: NDArray[np.int8]) -> Exchange:
    """The effects of chords [..., K]; the situation's arrays have the shape [...], or broadcast to
    it."""
    left, right, fire, reload, shield = np.moveaxis(chords.astype(np.bool_), -1, 0)
    steady = ~(left & right)  # or I stumble, and nothing else works
    mine = np.clip(now.mine + right - left.astype(np.int64), 0, COLUMNS - 1)
    raised = shield & steady & (now.shield == 1)
    reloaded = reload & steady & (now.rounds < MAGAZINE)
    shot = fire & steady & ~reload & ~raised & (now.rounds > 0)
    bolt = (now.phase == FIRES) & (mine == now.theirs)
    return Exchange(
        mine=mine,
        shot=shot,
        raised=raised,
        reloaded=reloaded,
        given=shot & ((now.mine == now.theirs) | (mine == now.theirs)),
        taken=bolt & ~raised,
        stopped=bolt & raised,
    )


def duel_model() -> TabularModel:
    """The model with 882 situations and 32 chords, in the order of `buttons.joint_index`.

    Its two features are hits given and hits taken, [S, A, 2].
    """
    now = Situation(*(part[:, None] for part in situation(np.arange(SITUATIONS))))
    step = exchange(now, CHORDS)
    mine = np.where(step.taken, COLUMNS // 2, step.mine)
    rounds = np.where(step.taken, 0, now.rounds + step.reloaded - step.shot.astype(np.int64))
    column = _next_column(now, mine, step.given)
    shield, phase = _next_shield(now, step.stopped), _next_phase(now, step.given)
    # Probability of each random outcome: [columns, shield, phases, S, A].
    probability = column[:, None, None] * shield[:, None] * phase
    theirs, whole, then = (
        np.arange(count).reshape(-1, *[1] * axes)
        for count, axes in ((COLUMNS, 4), (2, 3), (len(PHASES), 2))
    )
    successor = np.ravel_multi_index((mine, theirs, rounds, whole, then), SHAPE)
    actions = probability.shape[-1]
    row = np.arange(actions) * SITUATIONS + np.arange(SITUATIONS)[:, None]
    possible = probability > 0.0
    places = np.broadcast_to(row, possible.shape)[possible], successor[possible]
    stacked = sparse.coo_array(
        (probability[possible], places), (actions * SITUATIONS, SITUATIONS)
    ).tocsr()
    features = np.stack([step.given, step.taken], axis=-1).astype(np.float64)
    return TabularModel(
        [stacked[a * SITUATIONS : (a + 1) * SITUATIONS] for a in range(actions)],
        features @ [1.0, -1.0],
        _initial(),
        HORIZON,
        features=features,
    )


def _next_column(now: Situation, mine: Numbers, given: Numbers) -> FloatArray:
    """Probability of the opponent's next column, [columns, S, A]; `mine` is my next column."""
    columns = np.arange(COLUMNS)[:, None, None]
    approach = np.array([APPROACHES, AIMS, 0.0])[now.phase]
    avoid = np.array([AVOIDS, 0.0, 0.0])[now.phase]
    side = np.sign(mine - now.theirs)
    rightwards = np.select([side > 0, side < 0], [approach, avoid], avoid / 2.0)
    leftwards = np.select([side < 0, side > 0], [approach, avoid], avoid / 2.0)
    moved = sum(
        (columns == np.clip(now.theirs + move, 0, COLUMNS - 1)) * probability
        for move, probability in (
            (-1, leftwards), (0, 1.0 - leftwards - rightwards), (1, rightwards),
        )
    )  # fmt: skip
    far = np.abs(columns - mine) >= DISTANCE
    return np.where(given, far / far.sum(0), moved)


def _next_shield(now: Situation, stopped: Numbers) -> FloatArray:
    """Probability of a broken and of a whole shield, [2, S, A]."""
    whole = np.where(stopped, 0.0, np.where(now.shield == 1, 1.0, MENDS))
    return np.stack([1.0 - whole, whole])


def _next_phase(now: Situation, given: Numbers) -> FloatArray:
    """Probability of the opponent's next phase, [phases, S, A]; after a hit it roams."""
    following = np.array([[1.0 - WINDS, WINDS, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    phase = np.where(given[..., None], np.eye(len(PHASES))[ROAMS], following[now.phase])
    return np.moveaxis(phase, -1, 0)


def _initial() -> FloatArray:
    """I am in the middle, all is whole and full, and the opponent roams in any column."""
    starts = np.ravel_multi_index((COLUMNS // 2, np.arange(COLUMNS), MAGAZINE, 1, ROAMS), SHAPE)
    initial = np.zeros(SITUATIONS)
    initial[starts] = 1.0 / COLUMNS
    return initial
