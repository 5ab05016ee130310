"""Worlds that only the tests have, and what all tests share."""

import os
import tempfile
from collections.abc import Iterator

import pygame
import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ["IL_ENVS_KEY"] = os.path.join(tempfile.mkdtemp(), "scorer.key")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads wait for each other on a busy machine

import il_envs
from il_envs.drawing.canvas import SIZE, require_display
from il_envs.world import World
from tests.contract import toy_worlds  # noqa: F401  (registers its worlds)

WORLDS = list(il_envs.WORLDS.values())


@pytest.fixture(params=WORLDS, ids=lambda world: world.name)
def world(request: pytest.FixtureRequest) -> World:
    """Every registered world in turn, the toys included."""
    return request.param


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[pygame.Surface]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    require_display()
    yield pygame.display.set_mode(SIZE)
    pygame.display.quit()


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Torch runs on two threads during a test, whose subject is to restore them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
