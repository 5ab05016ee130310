"""Imitation-learning environments with scripted experts and exact references."""

from il_envs import drift_car as drift_car
