"""The pages of public names."""

import il_envs

MODULES = {
    "il_envs.buttons": "Chords of buttons and their numbers",
    "il_envs.wrappers": "Wrappers of single environments",
    "il_envs.wrappers.vector": "Wrappers of vector environments",
    "il_envs.stable_baselines": "Stable-Baselines3 in batches",
    "il_envs.testing": "Checks for worlds and algorithms of one's own",
    "il_envs.learning.stored_policy": "Policies on disk",
    "leaderboard.official.released": "Released policies",
}
"""Public modules beside the package itself, whose names `il_envs` has."""


def overview() -> str:
    """The page of all public names."""
    public = sorted((name for name in il_envs.__all__), key=str.lower)
    names = "\n".join(f"il_envs.{name}" for name in public)
    modules = "\n".join(MODULES)
    return f"""# Public names

## `il_envs`

```{{eval-rst}}
.. autosummary::
   :toctree: api
   :nosignatures:

{_indented(names)}
```

## Modules

```{{eval-rst}}
.. autosummary::
   :toctree: api
   :template: autosummary/module.rst

{_indented(modules)}
```
"""


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
