"""The pages of public names."""

from collections.abc import Iterable

import il_envs

MODULES = (
    "il_envs.buttons",
    "il_envs.wrappers",
    "il_envs.wrappers.vector",
    "il_envs.stable_baselines",
    "il_envs.testing",
    "il_envs.learning.stored_policy",
    "leaderboard.official.released",
)
"""Public modules beside the package itself, whose names `il_envs` has."""


def overview() -> str:
    """The page of all public names."""
    public = [f"il_envs.{name}" for name in sorted(il_envs.__all__, key=str.lower)]
    return f"""# Public names

## `il_envs`

```{{eval-rst}}
.. autosummary::
   :toctree: api
   :nosignatures:

{_indented(public)}
```

## Modules

```{{eval-rst}}
.. autosummary::
   :toctree: api
   :template: autosummary/module.rst

{_indented(MODULES)}
```
"""


def _indented(names: Iterable[str]) -> str:
    return "\n".join(f"   {name}" for name in names)
