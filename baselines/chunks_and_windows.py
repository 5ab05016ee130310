"""Behaviour cloning and DAgger with chunks of actions and windows of observations.

These are instances of `il_envs.with_chunks_and_windows`, which says what chunks and windows are.
"""

from baselines.bc import algorithm as bc
from baselines.dagger import algorithm as dagger
from il_envs import with_chunks_and_windows

bc_chunk = with_chunks_and_windows(bc, "bc-chunk", chunk=4)
bc_window = with_chunks_and_windows(bc, "bc-window", window=4)
dagger_window = with_chunks_and_windows(dagger, "dagger-window", window=4)
