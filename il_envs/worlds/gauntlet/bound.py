"""The bound on the return with one button a step."""

from math import floor

from il_envs.worlds.gauntlet import dynamics


def one_button_bound() -> float:
    """Upper bound on the return of policies that press one button a step, in distances between
    gates.

    A linear program for the moment at which the last gate is opened; its variables are the gates
    opened by then and the steps that held forward. The constraints: the runner is not past that
    gate; it is ahead of the wall, having started with the greatest lead; and the steps fit into the
    episode. The number of gates is rounded down, and from then on the runner gets at most to the
    next gate.
    """
    from scipy.optimize import linprog  # takes a tenth of a second, for a number of one study

    # Variables: gates, forward steps; rows: something <= bound.
    program = linprog(
        c=[-1.0, 0.0],
        A_ub=[
            [-dynamics.GATE_DISTANCE, dynamics.RUN_STEP],
            [dynamics.GATE_HITS * dynamics.WALL_STEP, dynamics.WALL_STEP - dynamics.RUN_STEP],
            [dynamics.GATE_HITS, 1.0],
        ],
        b_ub=[0.0, dynamics.LEAD_MAX, dynamics.MAX_EPISODE_STEPS],
    )
    return floor(-program.fun + 1e-9) + 1.0
