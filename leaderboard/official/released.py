"""Policies that are released: loaded, they act, and score as their cards say.

>>> from leaderboard.official.released import load
>>> released = load("policies/DriftCar/bc/labels_4000/seed_0")
>>> released.score()
"""

from dataclasses import dataclass
from pathlib import Path

import safetensors.numpy

from il_envs.learning.metering import Budget
from il_envs.learning.policy import ExactPolicy, Policy
from il_envs.learning.stored_policy import TENSORS, load_policy
from il_envs.remote.channel import Message
from il_envs.remote.contents import Terms
from il_envs.remote.numbering import Numbering
from il_envs.world import World
from leaderboard import UserError
from leaderboard.algorithms.submission import load_algorithm
from leaderboard.cells import Cell, episode_results, read_cell
from leaderboard.measures.checked_tables import policy_table
from leaderboard.measures.references import tabular_reference
from leaderboard.running.evaluation import evaluate_learner, evaluate_table
from leaderboard.running.learned import Report, policy_of, require_success
from leaderboard.running.outcome import Outcome
from leaderboard.running.process import algorithm_thread
from leaderboard.runs import read_results
from leaderboard.scores.rows import return_of, scale_of


@dataclass(frozen=True)
class Released:
    """A policy of a cell.

    Attributes:
        policy: as its algorithm has restored it.
        world: the one it was trained in.
        cell: what is known of it.
        folder: of its cell.
        origin: name or folder of the algorithm that restores it.
    """

    policy: Policy
    world: World
    cell: Cell
    folder: Path
    origin: str

    def score(self) -> float:
        """The score when it acts anew in the evaluation episodes, 0 for the uniform random policy
        and 1 for the reference; in an exact world, that of its table."""
        outcome = self._acted_anew()
        again = self.cell.model_copy(
            update={
                "episodes": episode_results(outcome.episodes, outcome.controlled),
                "exact": outcome.exact,
            }
        )
        return score_of(self.folder, again)

    def _acted_anew(self) -> Outcome:
        """What comes of it, restored from its tensors in this process."""
        world, spec = self.world, self.cell.spec
        outcome, numbering = Outcome(), Numbering.of(world)
        algorithm = {"origin": self.origin, "settings": spec.settings}
        budget = Budget(labels=spec.labels or 0, steps=spec.steps)
        terms = [Terms(numbering.nameplate, frozenset(spec.sources), budget)]
        tensors = safetensors.numpy.load((self.folder / TENSORS).read_bytes())
        task = Message("restore", algorithm, tensors)
        with algorithm_thread(task, terms, spec.profile.memory_limit) as worker:
            report = Report.of(require_success(worker.channel.receive(), "policy"))
            policy = policy_of(worker.channel, report, numbering)
            reference = tabular_reference(world)
            if reference is not None and isinstance(policy, ExactPolicy):
                evaluate_table(policy_table(policy, reference.model), spec, world, outcome)
            else:
                evaluate_learner(policy, spec, world, outcome)
        return outcome


def load(folder: str | Path, origin: str = "") -> Released:
    """The policy in the folder of a cell.

    Args:
        origin: folder of the algorithm, for one that is not installed; its code is run here.

    Raises:
        UserError, UnknownNameError: if there is no cell or no such algorithm, or it is damaged.
        StoredPolicyError: if the policy cannot be loaded.
    """
    place = Path(folder).resolve()
    stored = load_policy(place, load_algorithm(origin) if origin else None)
    return Released(
        stored.policy, stored.world, read_cell(place), place, origin or stored.algorithm
    )


def score_of(folder: Path, cell: Cell) -> float:
    """The score of a cell, by the reference rows of the results in which its folder is.

    Raises:
        UserError: if there are no such rows, or a file is damaged.
    """
    scale = scale_of(read_results(folder.parents[3]), cell.spec.world)
    if scale is None:
        raise UserError(f"{folder.parents[3]}: no reference rows of {cell.spec.world}")
    return float(scale.score(return_of(cell)))
