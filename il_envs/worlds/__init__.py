"""Every world of il-envs, a folder each: its rules on top, its pictures in `picture/`.

Importing one registers it.
"""

from il_envs.worlds import drift_car as drift_car
from il_envs.worlds import duel as duel
from il_envs.worlds import gauntlet as gauntlet
from il_envs.worlds import grid as grid
from il_envs.worlds import lane_keeping as lane_keeping
from il_envs.worlds import pillar as pillar
from il_envs.worlds import shooter as shooter
from il_envs.worlds.drift_car import fork as fork
from il_envs.worlds.drift_car import misspecified as misspecified
