"""Checks that every world and every algorithm must pass, ours and third parties' alike.

Each check is a function that raises AssertionError, with a message that says what is wrong. Run
them all with `check_world` and `check_algorithm`, or parametrise your tests over `WORLD_CHECKS`.
`StandIn` plays a world's keys as late as a person would.
"""

from il_envs.testing.algorithms import check_algorithm as check_algorithm
from il_envs.testing.exploring import ExploringPolicy as ExploringPolicy
from il_envs.testing.stand_in import StandIn as StandIn
from il_envs.testing.worlds import WORLD_CHECKS as WORLD_CHECKS
from il_envs.testing.worlds import check_exact_arithmetic as check_exact_arithmetic
from il_envs.testing.worlds import check_world as check_world
