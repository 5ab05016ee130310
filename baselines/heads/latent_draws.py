"""Draws of a standard normal latent variable, for heads that turn one into an action."""

import torch
from torch import Tensor

DRAWS = 1024


def fixed_draws(size: int) -> Tensor:
    """The latent vectors that a head draws from, float32 [DRAWS, size]; the first one is 0, which
    is the prior's mode and stands for the mode of the policy.

    They are the same in every head. With finitely many of them the probability of a chord of
    buttons is a count, so such a policy has an exact value.
    """
    draws = torch.randn(DRAWS, size, generator=torch.Generator().manual_seed(0))
    draws[0] = 0.0
    return draws


def draw(fixed: Tensor, rows: int, generator: torch.Generator | None) -> Tensor:
    """A latent vector for each row, [rows, size]; the first one if there is no generator."""
    if generator is None:
        return fixed[:1].expand(rows, -1)
    return fixed[torch.randint(len(fixed), (rows,), generator=generator)]
