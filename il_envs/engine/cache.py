"""Where things are kept that can be computed anew, such as compiled kernels."""

import getpass
import os
import sys
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """The folder of what can be computed anew.

    It is $IL_ENVS_CACHE, or in the user's cache folder, or one for this user among temporary files.

    Raises:
        OSError: if none of them can be written to.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    wanted = Path(os.path.expanduser(os.environ.get("IL_ENVS_CACHE") or f"{home}/il_envs"))
    if not str(wanted).startswith("~") and _is_writable(wanted):  # or nobody knows a home
        return wanted
    user = getattr(os, "getuid", getpass.getuser)()
    fallback = Path(tempfile.gettempdir()) / f"il_envs-{user}"
    is_new = not fallback.exists()
    if not _is_writable(fallback) or not _is_own(fallback):
        raise OSError(f"neither {wanted} nor {fallback} can be written to; set IL_ENVS_CACHE")
    if is_new:
        print(
            f"il_envs: {wanted} cannot be written to, so compiled kernels are kept in {fallback}; "
            "IL_ENVS_CACHE names another folder",
            file=sys.stderr,
        )
    return fallback


def _is_writable(folder: Path) -> bool:
    """True if files can be stored in a folder, which is made if missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _is_own(folder: Path) -> bool:
    """True if nobody else owns a folder, who could put other code there."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
