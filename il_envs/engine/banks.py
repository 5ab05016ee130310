"""Banks of procedural parameters, of which an instance has other ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from il_envs.views import States
from il_envs.world import World


def redraw_with(bank: Callable[..., States]) -> Callable[[World, int], World]:
    """The `redraw` of a world whose parameters are a bank.

    Args:
        bank: `bank(split, offset)` returns a split's parameters; `offset` is added to their seeds.
    """

    def redraw(world: World, number: int) -> World:
        params = partial(bank, offset=number >> 1)  # so that the last seed has 63 bits too
        return replace(world, dynamics=replace(world.dynamics, params=params))

    return redraw
