"""What the cells of a round were scored from: actions, tables, policies.

With these everybody can compute the scores again, but together they are too large to be committed.
So they are in an archive whose SHA-256 is committed, but for those of a sample of cells:

    cd leaderboard/results/official
    sha256sum --check FourRooms/evidence.sha256    # beside FourRooms.tar
    tar -xf FourRooms.tar                          # each file to its cell

The sample is chosen by the round's secret, to which it was committed before there was any cell.
"""

import tarfile
from collections.abc import Sequence
from pathlib import Path

from leaderboard import UserError, tell
from leaderboard.files import digest_of
from leaderboard.publishing import writing_to
from leaderboard.rounds.attempts import attempts_of, read_log
from leaderboard.rounds.round import EVIDENCE, known_secret, read_round
from leaderboard.runs import read_results
from leaderboard.seals import SEALS

SAMPLE = 10
"""Cells of a round that keep what they were scored from."""
COMMITTED = ("cell.json", SEALS)
"""The files that every cell keeps."""


def set_apart(place: Path, folder: Path) -> None:
    """Move what the cells of a finished round were scored from into an archive, but for the
    sample's. Nothing is removed that the archive does not have.

    Args:
        place: the folder of a round whose secret is known.
        folder: that of the archive, which has the name of the round's.

    Raises:
        UserError: if a cell is damaged, or something cannot be written.
    """
    moved = [
        path
        for cell in cells_outside_the_sample(place)
        for path in sorted(cell.iterdir())
        if path.name not in COMMITTED
    ]
    archive, told = folder / f"{place.name}.tar", place / EVIDENCE
    with writing_to(folder):
        if not told.exists():
            _pack(archive, moved, place.parent)
            temporary = told.with_name(f".{told.name}")
            temporary.write_text(f"{digest_of(archive)}  {archive.name}\n", encoding="utf-8")
            temporary.replace(told)
        elif moved and not _is_whole(archive, told):
            tell(f"{place}: {archive} is not what {told.name} says; so nothing is removed")
            return
        for path in moved:
            path.unlink()


def cells_outside_the_sample(place: Path) -> list[Path]:
    """The folders of the cells of a round that do not keep what they were scored from.

    Raises:
        UserError: if the secret of the round is not known, or a file is damaged.
    """
    secret = known_secret(read_round(place))
    if secret is None:
        raise UserError(f"{place}: its secret is not known, which chooses the sample")
    titles = {
        place / attempt.folder / cell.spec.folder: f"{attempt.number} {cell.spec.title}"
        for attempt in attempts_of(read_log(place))
        for cell in read_results(place / attempt.folder).cells
    }
    return sorted(titles, key=lambda folder: secret.code(titles[folder]))[SAMPLE:]


def _pack(archive: Path, files: Sequence[Path], root: Path) -> None:
    """Write files into an archive, by their paths from a folder."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w") as file:
        for path in files:
            file.add(path, path.relative_to(root), filter=_anonymous)


def _is_whole(archive: Path, told: Path) -> bool:
    if not archive.is_file():
        return False
    return told.read_text(encoding="utf-8").split()[:1] == [digest_of(archive)]


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry without what differs from computer to computer, so that the same files are the same
    archive."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime, entry.mode = 0, 0o644
    return entry
