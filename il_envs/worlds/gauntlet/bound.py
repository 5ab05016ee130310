"""How far one button a step can get."""

from math import floor

from scipy.optimize import linprog

from il_envs.worlds.gauntlet import dynamics


def one_button_bound() -> float:
    """The most that a policy can return that presses one button a step, in gates' distances.

    A linear program over the moment at which the last gate falls: the gates opened by then and the
    steps on forward. The runner is not past that gate; it is before the wall, from the greatest
    lead; and there was time. From then on it gets to the next gate at best. Gates are whole.
    """
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
