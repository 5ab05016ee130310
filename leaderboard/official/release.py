"""The release folder: `leaderboard release RESULTS`.

policies/         the results, which `leaderboard table` reads, each with its policy and a card
demonstrations/   a Minari dataset of each world, with a card
evidence/         the archives of `evidence`, if there are any
README.md         what is here
SHA256SUMS        of every file

All of it follows from `cell.json` alone: a policy that is not beside its cell is trained again.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from il_envs.extras import require
from il_envs.learning.stored_policy import TENSORS
from il_envs.world import get_world
from leaderboard import UserError, tell
from leaderboard.cells import Cell, read_cell
from leaderboard.files import digest_of, remove
from leaderboard.official.cards import dataset_card, policy_card, release_card
from leaderboard.official.datasets import write_demonstrations
from leaderboard.publishing import writing_to
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.runs import Results, extend_manifest, read_results
from leaderboard.seals import SEALS
from leaderboard.verification.retrained import why_not

FILES = ("cell.json", SEALS, TENSORS, "reward.safetensors")
"""What is released of a cell."""
POLICIES, DEMONSTRATIONS, CARD, SUMS = "policies", "demonstrations", "README.md", "SHA256SUMS"


def build_release(folder: Path, out: Path, workers: int) -> None:
    """Build the release folder, or finish one that was begun.

    Args:
        folder: of results.
        out: the release folder.
        workers: cells at a time, of those that are trained again.

    Raises:
        UserError: if there are no results, policies cannot be trained again here, or something
            cannot be written.
        InterruptedRunError: on Ctrl-C; what was finished stays.
    """
    published = read_results(folder)
    if drawn := [world for world in published.manifest.worlds if get_world(world).instance]:
        raise UserError(f"{folder}: {drawn[0]} is an instance, of no use elsewhere")
    require("minari", "minari")
    labels = published.manifest.profile.labels[-1]
    with writing_to(out):
        released = _policies(published, out / POLICIES, workers)
        for world in published.manifest.worlds:
            shown = write_demonstrations(out / DEMONSTRATIONS, world, labels)
            if shown is None:
                tell(f"{world}: no dataset, which would be too large; `il_envs.collect` makes it")
            else:
                card = out / DEMONSTRATIONS / f"{world}.md"
                card.write_text(dataset_card(shown), encoding="utf-8")
        has_evidence = any((out / "evidence").glob("*.tar"))
        (out / CARD).write_text(release_card(released, has_evidence), encoding="utf-8")
        (out / SUMS).write_text("".join(_sums(out)), encoding="utf-8")
    policies = sum(cell.has_policy for cell in released.cells)
    tell(f"{out}: {policies} policies, with their sums in {SUMS}")


def _policies(published: Results, place: Path, workers: int) -> Results:
    """The cells in their folders, each with its policy and its card."""
    if (place / "run.json").exists() and read_results(place).manifest != published.manifest:
        raise UserError(f"{place}: of other results; remove it, or name another --out")
    place.mkdir(parents=True, exist_ok=True)
    extend_manifest(place, published.manifest)
    missing = [cell for cell in published.cells if not _copied(published.folder, cell, place)]
    if reasons := [f"{cell.spec.title}: {why}" for cell in missing if (why := why_not(cell))]:
        tell(*reasons)
        raise UserError(f"policies are missing, and cannot be trained again here: {len(reasons)}")
    run_cells([cell.spec for cell in missing], place, workers, Progress(Console(stderr=True)))
    released = read_results(place)
    before = {cell.spec.folder: cell.files for cell in missing}
    for cell in released.cells:
        where = place / cell.spec.folder
        if cell.files.get(TENSORS) != before.get(cell.spec.folder, cell.files).get(TENSORS):
            tell(f"{cell.spec.title}: trained again to another policy, of which its card tells")
        for path in where.iterdir():
            if path.name not in FILES:
                path.unlink()
        if cell.has_policy:
            (where / CARD).write_text(policy_card(released, cell), encoding="utf-8")
    return released


def _copied(results: Path, cell: Cell, place: Path) -> bool:
    """Copy a cell with all that is released of it, or let be the one that was copied or trained
    before; False if its policy is not there, or damaged."""
    source, target = results / cell.spec.folder, place / cell.spec.folder
    if (target / "cell.json").exists():
        kept = read_cell(target)
        if kept.spec.key == cell.spec.key and _is_whole(target, kept):
            return True
        remove(target)
    if not _is_whole(source, cell):
        return False
    target.mkdir(parents=True, exist_ok=True)
    for name in reversed(FILES):  # cell.json last, which makes it a cell
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    return True


def _is_whole(folder: Path, cell: Cell) -> bool:
    """True if what is released of a cell is in a folder as the cell says."""
    return all(
        (folder / name).is_file() and digest_of(folder / name) == digest
        for name, digest in cell.files.items()
        if name in FILES
    )


def _sums(out: Path) -> Iterator[str]:
    """The lines of SHA256SUMS."""
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out)
        if name != Path(SUMS) and not any(part.startswith(".") for part in name.parts):
            yield f"{digest_of(path)}  {name}\n"
