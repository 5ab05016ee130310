"""The command `leaderboard tune`."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from il_envs.extras import require
from il_envs.world import get_world
from leaderboard import UsageError, UserError, require_at_least, tell
from leaderboard.profiles import MOST_TUNING_SEEDS, tuning_profile
from leaderboard.publishing import require_folder, writing_to
from leaderboard.selection import available, named


def tune(
    origins: Sequence[str],
    world_names: Iterable[str],
    draws: int,
    seeds: int,
    labels: int,
    steps: int,
    sampler_seed: int,
    workers: int,
    out: Path,
    stop_after: int = 1,
    confirm: int = 3,
    adopt: bool = False,
) -> None:
    """Compute the draws that studies lack, a study for each algorithm, confirm the best ones, and
    record them.

    Args:
        origins: origins of the algorithms; "all" is every installed learner.
        draws: draws of each study.
        seeds: training seeds of a draw, in each world.
        labels: expert actions of a training.
        steps: environment steps of a training.
        out: folder of the studies, each in a folder of its algorithm's name.
        stop_after: training seeds after which a draw may be stopped.
        confirm: further training seeds, in each world, with which the best draw is compared with
            the first, whose settings stay unless it is better.
        adopt: whether to write the records beside the algorithms, whose settings then come from
            them.

    Raises:
        UserError, UnknownNameError: on a mistake of the user's.
    """
    require("leaderboard", "optuna")
    from leaderboard.tuning.tuner import Tuner, plan_of_studies, untunable  # Optuna takes a second

    for option, number, least in (
        ("--draws", draws, 1),
        ("--seeds", seeds, 1),
        ("--labels", labels, 1),
        ("--steps", steps, 1),
        ("--workers", workers, 1),
        ("--stop-after", stop_after, 1),
        ("--confirm", confirm, 1),
        ("--sampler-seed", sampler_seed, 0),
    ):
        require_at_least(option, number, least)
    if seeds > MOST_TUNING_SEEDS:
        raise UsageError(f"--seeds must be at most {MOST_TUNING_SEEDS}, not {seeds}")
    if seeds + confirm > MOST_TUNING_SEEDS:
        raise UsageError(
            f"--seeds and --confirm must be at most {MOST_TUNING_SEEDS} together, not "
            f"{seeds + confirm}"
        )
    require_folder(out)
    worlds = [get_world(name) for name in dict.fromkeys(world_names)]
    contenders = available() if "all" in origins else named(origins)
    reasons = [untunable(contender, worlds) for contender in contenders]
    if all(reasons):
        raise UserError("; ".join(reasons))
    tell(*filter(None, reasons))
    profile = tuning_profile(labels, steps, seeds)
    with writing_to(out):
        tuners = [
            Tuner(
                contender,
                [world for world in worlds if contender.applies_to(world)],
                profile,
                stop_after,
                sampler_seed,
                confirm,
                out / contender.name,
                workers,
            )
            for contender, reason in zip(contenders, reasons, strict=True)
            if not reason
        ]
        for tuner in tuners:
            tuner.require_room(draws)
        tell(*plan_of_studies(tuners, draws, workers, os.cpu_count() or 1))
        for tuner in tuners:
            tell(*tuner.introduction())
            record = tuner.run(draws)
            print(*tuner.conclusion(record), sep="\n", flush=True)
            if adopt and record is not None:
                print(f"its settings are now those of {tuner.adopt(record)}", flush=True)
