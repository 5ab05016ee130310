"""Worlds that only the tests have, and what all tests share."""

import os

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import il_envs
from il_envs.world import World
from tests import toy_worlds  # noqa: F401  (registers its worlds)

WORLDS = list(il_envs.WORLDS.values())


@pytest.fixture(params=WORLDS, ids=lambda world: world.name)
def world(request: pytest.FixtureRequest) -> World:
    """Every registered world in turn, the toys included."""
    return request.param
