"""The profile `claims`: the runs from whose cells the claims are measured.

Each is an ordinary run in a folder of its own, so that `leaderboard table`, `explain` and `verify`
work on it. They are many because the claims are about different numbers of labels, steps and seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leaderboard.profiles import PROFILES, Profile

NAME = "claims"
FOLDER = Path("results", NAME)
LABELS_OF_AN_EPISODE = 1_000
"""Steps of an episode of DriftCar that is not cut short."""
EPISODES_SHOWN = (1, 4, 11, 25)
"""Demonstrated episodes from which GAIL learns."""
FEW, TENFOLD = 1_000, 10_000
"""Labels of apprenticeship learning and of cloning."""


@dataclass(frozen=True)
class Run:
    """One run of the profile.

    Attributes:
        profile: sizes, worlds, and the algorithms in each.
        settings: other settings of algorithms, "ALGORITHM.SETTING=VALUE" each.
    """

    profile: Profile
    settings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Its size, in one line."""
        profile = self.profile
        worlds = "; ".join(
            f"{', '.join(algorithms)} in {world}" for world, algorithms in profile.worlds.items()
        )
        labels = ", ".join(f"{count:,}" for count in profile.labels)
        steps = f"; {profile.steps:,} steps" if profile.steps else ""
        changed = f"; {', '.join(self.settings)}" if self.settings else ""
        return f"{worlds}; labels {labels}{steps}; training seeds {profile.seeds}{changed}"


def _run(
    name: str,
    worlds: Mapping[str, tuple[str, ...]],
    labels: tuple[int, ...],
    seeds: int,
    steps: int,
    settings: tuple[str, ...] = (),
) -> Run:
    profile = Profile(
        name=f"{NAME}/{name}",
        labels=labels,
        seeds=seeds,
        evaluation_episodes=64,
        steps=steps,
        time_limit=1_800.0,
        worlds=dict(worlds),
    )
    return Run(profile, settings)


SLIP_FREE = ("gcl-exact", "gcl-exact-unweighted", "gcl-exact-no-entropy", "gcl-exact-no-appended",
             "gcl-exact-no-past")  # fmt: skip
SLIPPERY = ("gcl-exact", "gcl-exact-per-start", "gcl-exact-published")

RUNS = {
    run.profile.name.removeprefix(f"{NAME}/"): run
    for run in (
        _run("apprenticeship", {"Macrocells": ("apprenticeship", "bc")}, (FEW, TENFOLD), 5, 0),
        _run("maxent", {"FourRooms": ("maxent", "mmp", "apprenticeship", "bc")}, (8_000,), 5, 0),
        _run("causal", {"RiskyBridge": ("maxent", "maxent-posterior")}, (8_000,), 5, 0),
        _run("deep-reward", {"Binaryworld": ("maxent", "maxent-deep")}, (8_000,), 5, 0),
        _run("dagger", {"DriftCar": ("bc", "dagger")}, (2_000,), 5, 200_000),
        _run("dart", {"DriftCar": ("bc", "dagger", "dart")}, (8_000,), 3, 200_000),
        _run(
            "dart-undisturbed", {"DriftCar": ("dart",)}, (8_000,), 3, 200_000,
            ("dart.noise_scale=0", "dart.updates_per_round=1", "dart.cloning.updates=1"),
        ),
        _run("gcl", {"FourRoomsStill": SLIP_FREE, "FourRooms": SLIPPERY}, (32_000,), 3, 0),
        _run("airl", {"FourRoomsStill": ("bc", "airl", "airl-state")}, (8_000,), 3, 1_000_000),
        _run(
            "gail", {"DriftCar": ("gail", "constant-reward")},
            tuple(LABELS_OF_AN_EPISODE * count for count in EPISODES_SHOWN), 3, 1_000_000,
        ),
        Run(PROFILES["shooter"]),
    )
}  # fmt: skip
"""The runs by the names of their folders, the quick ones first."""
