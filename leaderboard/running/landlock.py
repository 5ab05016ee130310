"""Run a command that can use only some files, and no network: `python landlock.py PLACES COMMAND`.

For systems without bubblewrap. Namespaces of a user (user_namespaces(7)) take away the network, and
Landlock (landlock(7)) all files but those below places, which are JSON: lists of those that can be
read, of those whose names can be listed, and of those where everything is allowed. Other processes
can be seen, but neither traced nor signalled.

This file imports nothing of ours, so that it starts at once.
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterable

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SIGKILL = 9
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
EXECUTE, WRITE_FILE, READ_FILE, READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
READ = EXECUTE | READ_FILE | READ_DIRECTORY
OF_FILES = EXECUTE | READ_FILE | WRITE_FILE | 1 << 14 | 1 << 15
"""Rights that a rule for a single file can grant; the last two are to truncate, and for devices."""
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of rights over files that a version of Landlock knows; later ones know as many as 5."""
SCOPED = 0b11
"""From version 6: no abstract sockets and no signals of processes outside."""
LEAST_VERSION = 3
"""The first in which files can be kept from being truncated."""


class RulesetAttributes(ctypes.Structure):
    """struct landlock_ruleset_attr"""

    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class PathBeneathAttributes(ctypes.Structure):
    """struct landlock_path_beneath_attr"""

    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def restrict(read: Iterable[str], listed: Iterable[str], write: Iterable[str]) -> None:
    """Restrict this process and what it starts, for good.

    Args:
        read: places below which files can be read and executed.
        listed: places below which the names of files can be read.
        write: places below which everything is allowed.

    Raises:
        OSError: if the system cannot.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION
    )
    if version < LEAST_VERSION:
        raise OSError(f"Landlock of version {version}, must be {LEAST_VERSION} or more")
    _check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC), "unshare")
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    everything = (1 << RIGHTS[min(version, 5)]) - 1
    attributes = RulesetAttributes(everything, 0, SCOPED if version >= 6 else 0)
    size = ctypes.sizeof(attributes) if version >= 6 else 8 if version < 4 else 16
    ruleset = libc.syscall(
        LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0
    )
    _check(ruleset, "landlock_create_ruleset")
    for places, rights in ((read, READ), (listed, READ_DIRECTORY), (write, everything)):
        for place in filter(os.path.exists, places):
            _allow(libc, ruleset, place, rights & everything)
    _check(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, place: str, rights: int) -> None:
    descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        granted = rights if os.path.isdir(place) else rights & OF_FILES
        rule = PathBeneathAttributes(granted, descriptor)
        added = libc.syscall(
            LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, ctypes.byref(rule), 0
        )
        _check(added, f"landlock_add_rule for {place}")
    finally:
        os.close(descriptor)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def main() -> None:
    """Restrict this process, and become the command."""
    places, *command = sys.argv[1:]
    try:
        restrict(*json.loads(places))
    except OSError as error:
        sys.exit(f"cannot be restricted: {error}")
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
