"""Grid worlds: known dynamics, so that everything about them is known exactly.

`env.unwrapped.model` is a world's `TabularModel`. Each module says what its world tests, and tables
its observation, action and reward.
"""

from il_envs.worlds.grid.binaryworld import binaryworld_world as binaryworld_world
from il_envs.worlds.grid.cliff_chain import cliff_chain as cliff_chain
from il_envs.worlds.grid.cliff_chain import cliff_chain_world as cliff_chain_world
from il_envs.worlds.grid.four_rooms import (
    four_rooms_moved_still_world as four_rooms_moved_still_world,
)
from il_envs.worlds.grid.four_rooms import four_rooms_moved_world as four_rooms_moved_world
from il_envs.worlds.grid.four_rooms import four_rooms_still_world as four_rooms_still_world
from il_envs.worlds.grid.four_rooms import four_rooms_world as four_rooms_world
from il_envs.worlds.grid.macrocells import macrocells as macrocells
from il_envs.worlds.grid.macrocells import macrocells_world as macrocells_world
from il_envs.worlds.grid.objectworld import objectworld_world as objectworld_world
from il_envs.worlds.grid.risky_bridge import risky_bridge_world as risky_bridge_world
