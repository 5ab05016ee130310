"""The sizes of runs, and the seeds of results and of tuning."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from il_envs.learning.problem import SEED_BLOCK
from il_envs.world import Split, base_name
from leaderboard.measures.support import SUPPORT_SEED

EVALUATION_SEED = 900_000_000
"""Evaluation episode i is the held-out episode of seed EVALUATION_SEED + i."""
MOST_EPISODES = 10**6
"""Most evaluation episodes; their seeds are those of nothing else."""
MOST_SEEDS = SUPPORT_SEED // (2 * SEED_BLOCK)
"""Most training seeds. Training seed k has episodes of the seeds below 2 * SEED_BLOCK * (k + 1); in
a world whose splits are the same, only the seeds of episodes tell training from evaluation."""

TUNING_SEED = MOST_SEEDS
"""Training seed k of a study of tuning is TUNING_SEED + k; those of results are below it, so that
neither sees demonstrations or training episodes of the other."""
INSTANCE_SEED, INSTANCE_SEEDS = 1_000, 2**31
"""Training seed k in an instance is INSTANCE_SEED + k + a number below INSTANCE_SEEDS, drawn from
its code: beyond all other seeds."""
MOST_TUNING_SEEDS = 49
"""As many as there are between the training episodes of results and the episodes after them."""
TUNING_EPISODES_SEED = 899_000_000
"""Episode i on which a study scores policies is the training episode of seed TUNING_EPISODES_SEED +
i: after those of all training seeds, and before those of the evaluation."""

GIBIBYTE = 2**30  # bytes


Count = Annotated[int, Field(ge=0, le=10**12)]
"""A number in a file, which may be anybody's: small enough to count to."""


class Profile(BaseModel):
    """The size of a run: labels, seeds, steps, and limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    labels: tuple[Count, ...]
    """Numbers of expert actions given to an algorithm, ascending; the table ranks at the last."""
    seeds: int = Field(ge=0, le=MOST_SEEDS)
    """Training runs for each number of labels, unless the command line says otherwise."""
    evaluation_episodes: int = Field(ge=0, le=MOST_EPISODES)
    steps: Count
    """Environment steps that an algorithm may take, over all rows."""
    steps_of_worlds: dict[str, Count] = {}
    """The same for worlds with another number of steps, by the world's name."""
    time_limit: float = Field(gt=0.0, allow_inf_nan=False)
    """Limit of the processor time of a cell, its child processes included, in seconds; `limits` has
    one by the clock too."""
    memory_limit: Count = 4 * GIBIBYTE
    """Limit of the resident memory of a cell, its child processes included, in bytes."""
    is_tuning: bool = False
    """True for the cells of a study of tuning, which have training seeds and episodes of their own
    and no held-out arenas."""
    worlds: dict[str, tuple[str, ...]] = Field(default={}, exclude=True)
    """The run's worlds and the algorithms in each, empty for all; the command line may name others.
    Not stored, because a cell does not depend on the other cells of its run."""
    styles: tuple[str, ...] = Field(default=(), exclude=True)
    """Scripted experts of all these worlds, each of which teaches in a run and a folder of its own,
    unless the command line names one; empty for the worlds' references alone."""
    each_once: bool = Field(default=False, exclude=True)
    """Whether each algorithm runs in the first of these worlds alone to which it applies."""

    @property
    def evaluation_split(self) -> Split:
        """The split of the world in which policies are scored."""
        return "training" if self.is_tuning else "held_out"

    @property
    def evaluation_seeds(self) -> range:
        """The seeds of the evaluation episodes."""
        first = TUNING_EPISODES_SEED if self.is_tuning else EVALUATION_SEED
        return range(first, first + self.evaluation_episodes)

    def steps_in(self, world: str) -> int:
        """Environment steps an algorithm may take in a world, over all rows."""
        return self.steps_of_worlds.get(base_name(world), self.steps)


CHORD_HEADS = (
    "bc", "bc-autoregressive", "bc-joint", "bc-mixture", "bc-cvae", "bc-flow",
)  # fmt: skip
"""Cloning with each distribution over chords of buttons."""
EXACT_LEARNERS = (
    "bc", "dagger", "dart", "maxent", "maxent-posterior", "maxent-deep", "mmp",
    "apprenticeship", "apprenticeship-max-margin", "gcl-exact",
)  # fmt: skip
"""Those that plan in a known model, and who is given none."""

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke",
            labels=(3_000,),
            seeds=1,
            evaluation_episodes=16,
            steps=50_000,
            time_limit=120.0,
            worlds={"DriftCar": (), "RiskyBridge": ()},
        ),
        Profile(
            name="quick",
            labels=(2_000,),
            seeds=2,
            evaluation_episodes=32,
            steps=1_000_000,
            steps_of_worlds={"FourRooms": 200_000},
            time_limit=600.0,
            worlds={
                "DriftCar": ("bc", "dagger", "gcl"),
                "FourRooms": ("bc", "dagger", "maxent", "gcl"),
                "Shooter": ("bc", "mail"),
            },
        ),
        Profile(
            name="labels",
            labels=(2_000, 8_000),
            seeds=5,
            evaluation_episodes=32,
            steps=200_000,
            time_limit=900.0,
            worlds={"DriftCar": ("bc", "bc-ensemble", "dart", "dagger")},
        ),
        Profile(
            name="rewards",
            labels=(8_000,),
            seeds=5,
            evaluation_episodes=32,
            steps=1_000_000,
            time_limit=1_800.0,
            worlds={"DriftCar": ("bc", "gail", "airl", "gcl")},
        ),
        Profile(
            name="exact",
            labels=(8_000,),
            seeds=5,
            evaluation_episodes=32,
            steps=200_000,
            time_limit=900.0,
            worlds={"FourRooms": EXACT_LEARNERS},
        ),
        Profile(
            name="one-episode",
            labels=(1_000,),
            seeds=3,
            evaluation_episodes=32,
            steps=1_000_000,
            time_limit=1_800.0,
            worlds={"DriftCar": ("bc", "gail", "gcl")},
        ),
        Profile(
            name="full",
            labels=(1_000, 2_000, 4_000, 8_000, 16_000, 32_000),
            seeds=10,
            evaluation_episodes=64,
            steps=1_000_000,
            time_limit=1_800.0,
        ),
        Profile(
            name="official",
            labels=(4_000,),
            seeds=1,
            evaluation_episodes=16,
            steps=100_000,
            steps_of_worlds={
                **dict.fromkeys(("DriftCar", "DriftCarFork", "DriftCarMisspecified"), 300_000),
                **dict.fromkeys(("Shooter", "Shooter20"), 500_000),
                "ShooterPixels": 30_000,
            },
            time_limit=900.0,
        ),
        Profile(
            name="shooter",
            labels=(20_000,),
            seeds=5,
            evaluation_episodes=64,
            steps=3_000_000,
            time_limit=1_800.0,
            worlds={"Shooter": ("saps-rl", "mail-saps", "maps-rl", "mail", "mail-il", "bc")},
        ),
        Profile(
            name="reinforce",
            labels=(20_000,),
            seeds=5,
            evaluation_episodes=64,
            steps=2_000_000,
            time_limit=7_200.0,
            worlds={"Shooter": ("ppo", "bc-ppo", "bc-ppo-penalty")},
        ),
        Profile(
            name="reproduce",
            labels=(2_000,),
            seeds=5,
            evaluation_episodes=16,
            steps=50_000,
            time_limit=900.0,
            worlds={"DriftCar": (), "FourRooms": (), "Duel": ()},
            each_once=True,
        ),
        Profile(
            name="worries",
            labels=(8_000,),
            seeds=5,
            evaluation_episodes=32,
            steps=200_000,
            time_limit=1_800.0,
            worlds={"DriftCar": ("bc", "bc-window", "bc-mixture", "bc-cvae", "dagger")},
            styles=("scripted", "bimodal", "non-markov", "inconsistent"),
        ),
        Profile(
            name="minds",
            labels=(32_000,),
            seeds=5,
            evaluation_episodes=64,
            steps=200_000,
            time_limit=1_800.0,
            worlds={
                "DriftCarFork": ("bc", "bc-mixture", "bc-cvae", "bc-flow"),
                "Pillar": CHORD_HEADS,
                "Duel": CHORD_HEADS,
            },
        ),
    )
}


def tuning_profile(labels: int, steps: int, seeds: int) -> Profile:
    """The profile of a study of tuning, each of whose draws has this budget."""
    return Profile(
        name="tuning",
        labels=(labels,),
        seeds=seeds,
        evaluation_episodes=64,
        steps=steps,
        time_limit=1_800.0,
        is_tuning=True,
    )
