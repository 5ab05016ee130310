"""What the shooter remembers: one record of everything, and the numbers its parts share."""

import numpy as np

from il_envs.world import STATE_HEADER
from il_envs.worlds.shooter.arena import PICKUPS
from il_envs.worlds.shooter.pad import FULL_PAD

CONTROL_PERIOD = 0.05  # s
SUBSTEPS = 3
PHYSICS_PERIOD = CONTROL_PERIOD / SUBSTEPS  # 60 Hz
MAX_EPISODE_STEPS = 1200

ENEMIES, BULLETS = 6, 16  # places for enemies, and for the bullets of either side
PLAYER_RADIUS, ENEMY_RADIUS = 0.4, 0.5  # m
HEALTH_MAX = 100.0
ENEMY_HEALTH = 60.0
MAGAZINE, RESERVE_MAX = 40, 160  # rounds

BODY = [("x", "f8"), ("y", "f8"), ("vx", "f8"), ("vy", "f8")]  # m, m/s

ENEMY = np.dtype(
    [
        *BODY,
        ("health", "f8"),  # 0: this place is empty
        ("alert", "i4"),  # steps for which it has seen the player
        ("rounds", "i4"),  # left in its burst; 0 while it reloads
        ("wait", "i4"),  # steps until it may fire, or has reloaded
        ("side", "f8"),  # to which it circles: 1 or -1
    ]
)
BULLET = np.dtype([*BODY, ("damage", "f8"), ("blast", "f8")])  # blast: m, radius, 0 for none

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("arena", "i8"),  # row of the bank
        *BODY,  # of the player
        ("heading_cos", "f8"),
        ("heading_sin", "f8"),
        ("health", "f8"),
        ("shield", "f8"),  # energy of the shield, 0 to 1
        ("dash", "f8"),  # energy to dash, 0 to 1
        ("magazine", "i8"),  # rounds
        ("reserve", "i8"),  # rounds
        ("reloading", "i8"),  # steps for which reload has been held
        ("using", "i8"),  # steps for which use has been held at a pickup
        ("cooling", "i8"),  # steps until the weapon can fire again
        ("shielded", "i8"),  # 1 if the shield was up in the last step
        ("dashing", "i8"),  # 1 if the player dashed in it
        ("wave", "i8"),  # from 0
        ("pause", "i8"),  # steps until the next wave comes
        ("kills", "i8"),
        ("fired", "i8"),  # rounds
        ("hits", "i8"),  # of rounds on enemies
        ("damage_taken", "f8"),  # in the last step
        ("held", "u1", FULL_PAD),  # the buttons of the last step
        ("pickup_wait", "i4", PICKUPS),  # steps until it is there again
        ("enemies", ENEMY, ENEMIES),
        ("shot_count", "i8"),
        ("shots", BULLET, BULLETS),  # the player's bullets, the first `shot_count` of them
        ("bullet_count", "i8"),
        ("bullets", BULLET, BULLETS),  # the enemies', likewise
    ]
)
