"""A vector environment whose rows live on a CUDA device, a thread a row. Experimental.

Checked under Numba's CUDA simulator only; never run on a GPU.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np

from il_envs.engine.cuda_loops import DeviceArray, device_loops, device_records, numba_cuda, sent
from il_envs.engine.single import Info
from il_envs.engine.spaces import checked_actions
from il_envs.engine.vector import WorldVectorEnv
from il_envs.views import States
from il_envs.world import Split


class CudaVectorEnv(WorldVectorEnv):
    """Many copies of one world whose State records stay on a CUDA device. Experimental.

    Checked under Numba's CUDA simulator only; never run on a GPU. It needs `il-envs[cuda]`, and a
    world whose kernels ask for no room of their own, which those of Shooter do.

    Row i is bitwise the row of `WorldVectorEnv`, in its autoreset mode NEXT_STEP. Observations,
    rewards, flags and the measures in `info` are arrays on the device, new ones at each call, which
    other libraries read without a copy: `torch.as_tensor(observations, device="cuda")`. The masks
    in `info` are NumPy's.

    Args:
        world, num_envs, split, max_episode_steps, clip_actions: as in `WorldVectorEnv`.

    Raises:
        ModuleNotFoundError: if numba-cuda is not installed.
        RuntimeError: if there is no CUDA device, or NVVM makes code that would change bits.
        ValueError: if an argument is invalid, or the world cannot be stepped on a device.
    """

    def __init__(
        self,
        world: str,
        num_envs: int = 1,
        split: Split = "training",
        max_episode_steps: int | None = None,
        clip_actions: bool = False,
    ) -> None:
        super().__init__(
            world,
            num_envs,
            split,
            max_episode_steps=max_episode_steps,
            clip_actions=clip_actions,
        )

    def _bind(self) -> None:
        super()._bind()
        self._device_params = sent(self._params)
        self._device_bounds = sent(self._low), sent(self._high)
        self._push()

    def _loops(self) -> SimpleNamespace:
        return device_loops(self.world.name)

    def _push(self) -> None:
        """Copy the rows to the device."""
        self._device_states, self._device_ended = sent(self._states), sent(self._ended)

    def _pull(self) -> None:
        """Copy the rows from the device."""
        self._states[:] = self._device_states.copy_to_host()
        self._ended[:] = self._device_ended.copy_to_host()

    def __getstate__(self) -> Info:
        self._pull()
        kept = super().__getstate__()
        return {name: kept[name] for name in kept if not name.startswith("_device")}

    @property
    def states(self) -> States:
        """The State records, [num_envs], copied from the device; they can be set as a whole."""
        self._pull()
        return self._states

    @states.setter
    def states(self, states: States) -> None:
        vars(WorldVectorEnv)["states"].__set__(self, states)
        self._push()

    def observe(self) -> DeviceArray:
        return sent(super().observe())

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: Info | None = None
    ) -> tuple[DeviceArray, Info]:
        self._pull()
        observations, info = super().reset(seed=seed, options=options)
        self._push()
        info |= {name: sent(info[name]) for name in self._names}
        return sent(observations), info

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Info]:
        """Actions on the device, contiguous and of the space's dtype, are read where they are."""
        self._require_reset("step()")
        cuda, rows, space = numba_cuda(), self.num_envs, self.single_observation_space
        given = device_records(self._device_actions(actions))
        observations = cuda.device_array((rows, *(space.shape or ())), space.dtype)
        measures = cuda.device_array((rows, len(self._names)))
        rewards = cuda.device_array(rows)
        terminated, truncated = (cuda.device_array(rows, np.bool_) for _ in range(2))
        self._kernels.step_each(
            rows, self._device_params, self._limit, self._device_states, given,
            self._device_ended, device_records(observations), device_records(measures), rewards,
            terminated, truncated,
        )  # fmt: skip
        return observations, rewards, terminated, truncated, self._info(measures)

    def _device_actions(self, actions: Any) -> DeviceArray:
        """Valid actions on the device, [num_envs, ...]; raises ValueError if they are not valid."""
        rows, space = self.num_envs, self.single_action_space
        shape = (rows, *(space.shape or ()))
        given = actions
        if hasattr(given, "__cuda_array_interface__"):
            given = numba_cuda().as_cuda_array(given)
        is_on_device = hasattr(given, "copy_to_host")
        if not is_on_device:
            given = sent(checked_actions(given, self.world, (rows,)).reshape(shape))
        if given.shape != shape or given.dtype != space.dtype or not given.is_c_contiguous():
            raise ValueError(
                f"{self.world.name}: actions on the device must be contiguous {space.dtype} "
                f"{list(shape)}, not {given.dtype} {list(given.shape)}"
            )
        invalid = sent(np.zeros(1, np.int64))
        self._kernels.count_invalid(
            rows, device_records(given), *self._device_bounds, self._device_ended, invalid
        )
        if invalid.copy_to_host()[0] == 0:
            return given
        self._pull()
        host = given.copy_to_host().reshape(rows, -1)
        shown = host if is_on_device else actions
        return sent(self._within_bounds(host, shown).reshape(shape))
