"""A sample of cells that nobody has chosen."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sample_of(cells: Iterable[Path], count: int) -> list[Path]:
    """The folders of those cells whose `cell.json` has the smallest SHA-256: everybody can tell
    which these are, and nobody could while the cells were computed.

    Raises:
        OSError: if a file cannot be read.
    """
    return sorted(cells, key=_digest)[:count]


def _digest(cell: Path) -> bytes:
    return hashlib.sha256((cell / "cell.json").read_bytes()).digest()
