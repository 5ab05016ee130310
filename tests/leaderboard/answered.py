"""A policy as the scorer sees it, whose process is a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from il_envs import World
from il_envs.remote.channel import Channel, ClosedError
from il_envs.remote.numbering import Numbering
from leaderboard.protocol import CellSpec
from leaderboard.running.algorithm import answer_about
from leaderboard.running.evaluation import evaluate_learner, evaluate_table, measure_trained
from leaderboard.running.learned import RemotePolicy, Report, policy_of, require_success
from leaderboard.running.outcome import Outcome
from tests.remote.connected import channels


@contextmanager
def answered(policy: Any, world: World) -> Iterator[RemotePolicy]:
    """A policy, asked through a channel."""

    def answer(far: Channel) -> None:
        with suppress(ClosedError):
            answer_about(policy, numbering.nameplate, False, far, {})

    numbering = Numbering.of(world)
    with channels() as (near, far):
        thread = threading.Thread(target=answer, args=[far], daemon=True)
        thread.start()
        report = Report.of(require_success(near.receive(), "policy"))
        yield policy_of(near, report, numbering)
    thread.join()  # the channel is closed


def evaluate(policy: Any, spec: CellSpec, world: World, outcome: Outcome) -> None:
    """Evaluate a policy as it would be after its training."""
    with answered(policy, world) as learned:
        table = measure_trained(learned, spec, world, outcome)
        if table is None:
            evaluate_learner(learned, spec, world, outcome)
        else:
            evaluate_table(table, spec, world, outcome)
