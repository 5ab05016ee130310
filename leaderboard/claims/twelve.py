"""The twelve claims. Published figures are those of the papers that are named; where a paper gives
none, the words are what it says."""

from functools import partial

from leaderboard.claims import measures
from leaderboard.claims.claim import Claim, Comparison, Gate
from leaderboard.claims.profile import FEW, SLIP_FREE, SLIPPERY, TENFOLD
from leaderboard.studies.concurrency import EXPERT, PERFORMANCE, TIME_OF_SEEDS

NOT_SAID = "not said"

CLAIMS = (
    Claim(
        name="bc",
        method="Behaviour cloning",
        statement="errors cost as the square of the horizon",
        source="Ross and Bagnell 2010, theorem 2.1",
        meaning="Where one error cannot be undone, it costs all the steps that are left. Twice the "
        "horizon costs four times as much, so an error rate that looks small does not stay so.",
        comparisons=(
            Comparison(
                "CliffChain, error .001 a step, T = 10 to 100: slope of log cost on log T",
                "2",
                Gate(1.8, 2.05),
                partial(measures.slope, recovery=0.0),
            ),
        ),
    ),
    Claim(
        name="recoverable",
        method="Behaviour cloning",
        statement="where one step leads back, errors cost as the horizon",
        source="Ross, Gordon and Bagnell 2011, theorem 2.2",
        meaning="The square is a property of the world, not of cloning. If one step undoes an "
        "error, its cost is the same however long the episode goes on.",
        comparisons=(
            Comparison(
                "the same chain with a way back: slope of log cost on log T",
                "1",
                Gate(0.9, 1.1),
                partial(measures.slope, recovery=1.0),
            ),
        ),
    ),
    Claim(
        name="dagger",
        method="DAgger",
        statement="falls go to 0 with far fewer labels than cloning needs",
        source="Ross, Gordon and Bagnell 2011, section 5.1",
        meaning="Labels of the states that a learner gets into itself keep it on the road better "
        "than as many of the expert's own states. Cloning has the same network, labels and updates "
        "here, and drives no step.",
        comparisons=(
            Comparison(
                "DriftCar, 2,000 labels: falls for the way driven, DAgger's / cloning's",
                "0",
                Gate(high=0.3),
                measures.falls,
            ),
        ),
        runs=("dagger",),
    ),
    Claim(
        name="dart",
        method="DART",
        statement="the expert is hardly hurt while it demonstrates",
        source="Laskey et al. 2017, section 5",
        meaning="The expert drives all the time, disturbed by as much as the learner would err, "
        "and still returns nearly what it does undisturbed. Whoever lets the learner drive pays "
        "for it while it learns.",
        comparisons=(
            Comparison(
                "DriftCar, 8,000 labels: return while collecting / undisturbed expert's",
                "0.95",
                Gate(low=0.9),
                measures.disturbed_return,
            ),
        ),
        runs=("dart", "dart-undisturbed"),
    ),
    Claim(
        name="apprenticeship",
        method="Apprenticeship learning",
        statement="as good as cloning with ten times the data",
        source="Abbeel and Ng 2004, theorem 1 and section 5.1",
        meaning="Knowing which features a reward is made of is worth many demonstrations. What can "
        "be matched is the demonstrations' mean: few of them have one that no policy has, and it "
        "comes near the expert's own only as they become more.",
        comparisons=(
            Comparison(
                "Macrocells, 10 episodes: distance of features / their norm",
                "≤ ε",
                Gate(high=0.01),
                measures.matching_distance,
            ),
            Comparison(
                f"score from {FEW:,} labels - cloning's from {TENFOLD:,}",
                "> 0",
                Gate(low=0.0),
                measures.tenfold_difference,
            ),
        ),
        runs=("apprenticeship",),
    ),
    Claim(
        name="maxent",
        method="MaxEnt IRL",
        statement="predicts better than margin and action models",
        source="Ziebart et al. 2008, table 1",
        meaning="A reward explains choices in states that were seldom seen, and a distribution "
        "over choices forgives an expert who is not perfect. The action model here is cloning by "
        "counts; the margin models are certain of one action, and so infinitely surprised.",
        comparisons=(
            Comparison(
                "FourRooms, 8,000 labels: KL from the expert, nats an episode",
                "least",
                Gate(high=0.2),
                partial(measures.divergence, run="maxent", world="FourRooms", algorithm="maxent"),
            ),
            Comparison(
                "KL of the nearest other model - MaxEnt's",
                "1.06",
                Gate(low=0.0),
                partial(
                    measures.excess_divergence,
                    run="maxent",
                    world="FourRooms",
                    algorithm="maxent",
                    rivals=("bc", "mmp", "apprenticeship"),
                ),
            ),
        ),
        runs=("maxent",),
    ),
    Claim(
        name="causal",
        method="Posterior model",
        statement="takes luck for skill, and so seeks risk",
        source="Ziebart 2010, chapter 5; Levine 2018, section 2.4",
        meaning="Conditioned on success, the world seems to obey, and a bridge from which one "
        "slips seems safe. Fitted to an expert who plans with the real dynamics, that model "
        "predicts him worse.",
        comparisons=(
            Comparison(
                "RiskyBridge, 8,000 labels: log-loss, posterior's - causal's, nats",
                "> 0",
                Gate(low=0.0),
                partial(
                    measures.excess_divergence,
                    run="causal",
                    world="RiskyBridge",
                    algorithm="maxent",
                    rivals=("maxent-posterior",),
                ),
            ),
            Comparison(
                "the posterior model's probability of crossing the bridge",
                "risks it",
                Gate(low=0.5),
                measures.imagined_crossing,
            ),
        ),
        runs=("causal",),
    ),
    Claim(
        name="deep-reward",
        method="Deep MaxEnt IRL",
        statement="rewards that are not linear in the features",
        source="Wulfmeier, Ondruska and Posner 2015, section 5",
        meaning="A linear reward cannot count, and misses what the expert of Binaryworld wants. A "
        "network over the same features finds it from the same demonstrations.",
        comparisons=(
            Comparison(
                "Binaryworld, 8,000 labels: value gap, linear / neural",
                "> 1",
                Gate(low=2.0),
                measures.gap_ratio,
            ),
        ),
        runs=("deep-reward",),
    ),
    Claim(
        name="gcl",
        method="Guided cost learning",
        statement="each of its four parts is needed",
        source="Finn, Levine and Abbeel 2016, sections 4 and 6",
        meaning="Where nothing slips, the method without any one of its four parts ends farther "
        "from the expert. Where moves slip, the published weights aim at the posterior model, and "
        "the causal ones at the expert.",
        comparisons=(
            Comparison(
                "FourRoomsStill, 32,000 labels: KL of the nearest ablation - the whole's, nats",
                "> 0",
                Gate(low=0.0),
                partial(
                    measures.excess_divergence,
                    run="gcl",
                    world="FourRoomsStill",
                    algorithm=SLIP_FREE[0],
                    rivals=SLIP_FREE[1:],
                ),
            ),
            Comparison(
                "FourRooms: KL of the nearer published form - the causal one's, nats",
                NOT_SAID,
                Gate(low=0.0),
                partial(
                    measures.excess_divergence,
                    run="gcl",
                    world="FourRooms",
                    algorithm=SLIPPERY[0],
                    rivals=SLIPPERY[1:],
                ),
            ),
        ),
        runs=("gcl",),
    ),
    Claim(
        name="gail",
        method="GAIL",
        statement="70% of the expert from a few demonstrations",
        source="Ho and Ermon 2016, section 6",
        meaning="A discriminator's reward and a million steps of practice make up for few "
        "demonstrations. In DriftCar staying on the road is worth much of the score: the control "
        "that is paid 1 a step, whatever it does, says how much.",
        comparisons=(
            Comparison(
                "DriftCar, 1, 4, 11 and 25 episodes: the lowest score",
                "0.7",
                Gate(low=0.7),
                measures.least_score,
            ),
        ),
        runs=("gail",),
    ),
    Claim(
        name="airl",
        method="AIRL",
        statement="a reward of states alone transfers, and nothing else does",
        source="Fu, Luo and Levine 2018, sections 6 and 7.1",
        meaning="What is learned of states alone is worth as much where the doors have moved as it "
        "was before. A reward of states and actions, and a cloned policy, are said not to be.",
        comparisons=(
            Comparison(
                "FourRoomsStill to its moved twin: worth of the reward of states",
                "transfers",
                Gate(low=0.9),
                partial(measures.reward_transfer, algorithm="airl-state"),
            ),
            Comparison(
                "worth of the reward of states and actions",
                "does not",
                Gate(high=0.5),
                partial(measures.reward_transfer, algorithm="airl"),
            ),
            Comparison(
                "worth of the cloned policy",
                "does not",
                Gate(high=0.5),
                measures.policy_transfer,
            ),
        ),
        runs=("airl",),
    ),
    Claim(
        name="mail",
        method="MAIL",
        statement="4x as fast as single buttons from rewards, 2.5x their score",
        source="Harmer et al. 2018, abstract",
        meaning="Who presses many buttons at once, and learns from an expert and from rewards in "
        "every update, is faster and ends higher than who learns from rewards alone with one "
        "button at a time. It also passes the expert from whom it learns.",
        comparisons=(
            Comparison(
                "Shooter: score, MAIL's / that of one button from rewards",
                "2.5",
                Gate(low=2.5),
                partial(measures.concurrency, claim=PERFORMANCE),
            ),
            Comparison(
                "steps to the same return, one button's / MAIL's",
                "4",
                Gate(low=4.0),
                partial(measures.concurrency, claim=TIME_OF_SEEDS),
            ),
            Comparison(
                "return, MAIL's - the expert's",
                "passes",
                Gate(low=0.0),
                partial(measures.concurrency, claim=EXPERT),
            ),
        ),
        runs=("shooter",),
    ),
)
