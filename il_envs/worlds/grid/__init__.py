"""Grid worlds: their dynamics are known, so that policies can be evaluated exactly.

`env.unwrapped.model` is a world's `TabularModel`. Each module says what its world tests, and tables
its observation, action and reward.
"""

from il_envs.worlds.grid import binaryworld as binaryworld
from il_envs.worlds.grid import cliff_chain as cliff_chain
from il_envs.worlds.grid import four_rooms as four_rooms
from il_envs.worlds.grid import macrocells as macrocells
from il_envs.worlds.grid import objectworld as objectworld
from il_envs.worlds.grid import risky_bridge as risky_bridge
