"""Shooter worlds: many buttons, held at once."""

from il_envs.shooter.duel import duel_world as duel_world
