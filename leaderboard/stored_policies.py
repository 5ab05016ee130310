"""Loading what a run has learned, from the folder of a cell."""

import hashlib
import warnings
from pathlib import Path

import safetensors.numpy
from safetensors import SafetensorError

from il_envs.learning.policy import Policy
from il_envs.world import UnknownNameError, get_world
from leaderboard import UserError
from leaderboard.cells import ANEW, Cell, read_cell
from leaderboard.checked import require_policy
from leaderboard.protocol import world_hash
from leaderboard.submission import Contender, load

POLICY = "policy.safetensors"


class OtherVersionWarning(UserWarning):
    """A policy was learned by other code, or in another version of its world, than there is now."""


def load_policy(folder: Path) -> Policy:
    """The policy that a cell has learned; deterministic, it acts bitwise as it did.

    Warns with OtherVersionWarning if the algorithm or the world has changed since.

    Args:
        folder: the folder of a cell, `RESULTS/WORLD/ALGORITHM/labels_N/seed_K`.

    Raises:
        UserError: if there is no such policy, it is damaged, or its algorithm or its world is not
            installed or cannot restore it; the message is one line.
    """
    cell = read_cell(folder)
    content = _content(folder, cell)
    try:
        contender, world = load(cell.spec.origin), get_world(cell.spec.world)
    except UnknownNameError as error:
        raise UserError(f"{folder}: {error}") from error
    restore = contender.algorithm.restore
    if restore is None:
        raise UserError(
            f"{folder}: {cell.spec.algorithm} cannot restore its policies; "
            "give it a function, Algorithm(..., restore=...)"
        )
    changed = _changes(cell, contender, world_hash(world))
    try:
        policy = restore(world, safetensors.numpy.load(content), contender.algorithm.config)
        require_policy(policy)
    except (SafetensorError, KeyError, RuntimeError, TypeError, ValueError) as error:
        cause = f"{changed} changed since, so it may not fit" if changed else "damaged"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{folder / POLICY}: {cause} ({reason}); {ANEW}") from error
    if changed:
        warnings.warn(
            f"{folder}: {changed} changed since this policy was learned",
            OtherVersionWarning,
            stacklevel=2,
        )
    return policy


def _content(folder: Path, cell: Cell) -> bytes:
    """The bytes of a cell's policy, which are those that were written."""
    path = folder / POLICY
    if POLICY not in cell.files:
        reason = cell.reason or f"policies of {cell.spec.algorithm} have no tensors"
        raise UserError(f"{folder}: no policy is stored in it ({reason})")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {ANEW}") from error
    if hashlib.sha256(content).hexdigest() != cell.files[POLICY]:
        raise UserError(f"{path}: damaged, it is not what was written; {ANEW}")
    return content


def _changes(cell: Cell, contender: Contender, world: str) -> str:
    """What is not as it was when the cell was computed, in words; empty if nothing is."""
    now = {"code": contender.code, "config": repr(contender.algorithm.config), "world": world}
    words = {
        "code": f"the code of {cell.spec.algorithm}",
        "config": f"the settings of {cell.spec.algorithm}",
        "world": f"the world {cell.spec.world}",
    }
    return " and ".join(words[name] for name in words if now[name] != cell.spec.key.get(name))
