"""The reference rows, which define the scale of all scores, run again."""

from il_envs.world import get_world
from leaderboard.cells import Cell, episode_results
from leaderboard.running.evaluation import evaluate_reference
from leaderboard.running.outcome import Outcome
from leaderboard.verification.measured import agree


def verify_reference(cell: Cell) -> list[str]:
    """A line if a reference row has other episodes or exact metrics when it is run again; none for
    any other row."""
    if cell.spec.labels is not None:
        return []
    outcome = Outcome()
    evaluate_reference(cell.spec, get_world(cell.spec.world), outcome)
    problems = []
    rows = episode_results(outcome.episodes, outcome.controlled)
    for i, (recorded, again) in enumerate(zip(cell.episodes, rows, strict=False)):
        if (recorded.seed, recorded.state_hash) != (again.seed, again.state_hash):
            problems.append(f"episode {i} is another one when the row is run again")
            break
    exact, now = ({} if e is None else e.numbers for e in (cell.exact, outcome.exact))
    if exact.keys() != now.keys() or not all(agree(exact[name], now[name]) for name in exact):
        problems.append("its exact metrics are others when the row is run again")
    return [f"{cell.spec.title}: {problem}" for problem in problems]
