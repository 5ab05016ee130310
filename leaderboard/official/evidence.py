"""What the cells of a round were scored from: actions, tables, policies.

With these everybody can compute the scores again, but together they are too large to be committed.
A sample of cells keeps them; those of the others are in an archive whose SHA-256 is committed:

    cd leaderboard/results/official
    sha256sum --check FourRooms/evidence.sha256    # beside FourRooms.tar
    tar -xf FourRooms.tar                          # each file to its cell

The sample is not chosen by anybody: it is the cells whose `cell.json` has the smallest SHA-256.
"""

import tarfile
from pathlib import Path

from leaderboard.files import digest_of
from leaderboard.rounds.attempts import attempts_of, read_log
from leaderboard.runs import read_results
from leaderboard.seals import SEALS
from leaderboard.verification.sample import sample_of

SAMPLE = 10
"""Cells of a round that keep what they were scored from."""
HASHES = "evidence.sha256"
COMMITTED = ("cell.json", SEALS)
"""The files that every cell keeps."""


def set_apart(place: Path, folder: Path) -> None:
    """Move what the cells of a finished round were scored from into an archive, but for the
    sample's. Nothing is moved twice, and what was stopped goes on.

    Args:
        place: the folder of a round.
        folder: that of the archive, which has the name of the round's.

    Raises:
        OSError: if something cannot be read or written.
        UserError: if a cell is damaged.
    """
    archive = folder / f"{place.name}.tar"
    moved = [
        path
        for cell in _cells_outside_the_sample(place)
        for path in sorted(cell.iterdir())
        if path.name not in COMMITTED
    ]
    if not (place / HASHES).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w") as file:
            for path in moved:
                file.add(path, path.relative_to(place.parent), filter=_anonymous)
        line = f"{digest_of(archive)}  {archive.name}\n"
        (place / HASHES).write_text(line, encoding="utf-8")
    for path in moved:
        path.unlink()


def _cells_outside_the_sample(place: Path) -> list[Path]:
    folders = [
        place / attempt.folder / cell.spec.folder
        for attempt in attempts_of(read_log(place))
        for cell in read_results(place / attempt.folder).cells
    ]
    kept = sample_of(folders, SAMPLE)
    return [folder for folder in folders if folder not in kept]


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry without what differs from computer to computer, so that the same files are the same
    archive."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime, entry.mode = 0, 0o644
    return entry
