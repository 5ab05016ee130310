"""Cards: what a policy or a dataset is, where it is from, and how it is used."""

import re

import numpy as np

from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.installed import installed_algorithms
from il_envs.world import get_world
from leaderboard.cells import Cell
from leaderboard.describing import find
from leaderboard.official.datasets import dataset_name
from leaderboard.official.released import score_of
from leaderboard.runs import Results
from leaderboard.scores.rows import return_of
from leaderboard.tuning.record import told_settings

EVIDENCE = """- `evidence/`: what the cells of the official results were scored from. Each round's
  `evidence.sha256` has the SHA-256 of its archive; unpacked in `leaderboard/results/official`,
  `leaderboard verify` computes every score anew.
"""


def policy_card(results: Results, cell: Cell) -> str:
    """The card of a policy, in Markdown.

    Args:
        results: those in which its folder is, with the reference rows.
    """
    spec = cell.spec
    contender = find(spec.origin, spec.settings)
    config, folder = spec.key.get("config", ""), results.folder / spec.folder
    own = "" if spec.origin in installed_algorithms() else ', origin="FOLDER_OF_THE_ALGORITHM"'
    how = f"exact, and {len(cell.episodes)} sampled" if cell.is_exact else f"{len(cell.episodes)}"
    facts = {
        "World": f"`{get_world(spec.world).id}`",
        "Score": f"{score_of(folder, cell):.4f} (0: uniform random, 1: the reference)",
        "Return": f"{return_of(cell):.4f}, {how} held-out episodes, {cell.acts}",
        "Labels": f"{spec.labels or 0:,} allowed; used: {_used(cell)}",
        "Updates": "not counted" if cell.updates is None else f"{cell.updates:,}",
        "Training": f"seed {spec.seed}, {cell.train_seconds:.0f} s",
        "Sources": ", ".join(spec.sources) or "none",
        "Settings": f"`{config}`",
        "Tuning": _tuning(cell, config),
        "Computer": str(cell.computer or "not said"),
        "Warnings": "; ".join(cell.warnings) or "none",
    }
    place = f"policies/{spec.folder}"
    return f"""# {spec.algorithm} in {spec.world}

{contender.summary[:1].upper()}{contender.summary[1:]}.

{_table(facts)}

```python
from leaderboard.official.released import load  # il-envs[all]

released = load("{place}"{own})
actions, _ = released.policy.predict(observations)
released.score()  # acts anew in the same episodes
```

`il-play --policy {place}` shows it.
Another kind of computer rounds otherwise, and there it may score a little differently.
"""


def dataset_card(shown: Demonstrations) -> str:
    """The card of a dataset of demonstrations, in Markdown."""
    whole = [episode.total_reward for episode in shown.episodes if len(episode)]
    name = dataset_name(shown)
    facts = {
        "World": f"`{get_world(shown.world).id}`, {shown.split} split",
        "Expert": shown.style,
        "Transitions": f"{len(shown):,}, in {len(shown.episodes)} episodes, the last cut to fit",
        "Mean return": f"{float(np.mean(whole[:-1] or whole)):.4f} of the episodes before that",
        "Content": f"`{shown.content_hash}`",
    }
    return f"""# {name}

What training seed 0 learns from with that number of labels, and the rewards, which learners are
not told.

{_table(facts)}

```python
import os

os.environ["MINARI_DATASETS_PATH"] = "demonstrations"  # before Minari is imported
from il_envs import Demonstrations

shown = Demonstrations.load("{name}")
assert shown.content_hash == "{shown.content_hash}"
```
"""


def release_card(results: Results, has_evidence: bool) -> str:
    """What the release folder holds, in Markdown.

    Args:
        has_evidence: whether there are archives of what official results were scored from.
    """
    failed = [f"- {c.spec.title}: {c.reason}" for c in results.cells if c.status != "ok"]
    policies = sum(cell.has_policy for cell in results.cells)
    without = "\n".join(["", "Without a policy, because training failed:", "", *failed, ""])
    return f"""# Released with il-envs

- `policies/`: {policies} policies, each with a card; `leaderboard table policies` shows them all.
- `demonstrations/`: Minari datasets, each with a card.
{EVIDENCE if has_evidence else ""}- `SHA256SUMS`: `sha256sum --check SHA256SUMS`.
{without if failed else ""}"""


def _tuning(cell: Cell, config: str) -> str:
    """Where its settings come from, by the name of the study's record alone."""
    told = told_settings(cell.spec.algorithm, cell.spec.origin, config)
    return "; ".join(re.sub(r"\S*/", "", line).strip() for line in told)


def _used(cell: Cell) -> str:
    used = [f"{name} {count:,}" for name, count in cell.meter.items() if count]
    return ", ".join(used) or "nothing"


def _table(facts: dict[str, str]) -> str:
    rows = [f"| {name} | {text.replace('|', chr(92) + '|')} |" for name, text in facts.items()]
    return "\n".join(["| | |", "| --- | --- |", *rows])
