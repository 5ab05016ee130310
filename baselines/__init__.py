"""Bundled imitation-learning algorithms, one a file."""

from il_envs.extras import require

require("baselines", "torch", "safetensors", "stable_baselines3", "sb3_contrib")
