"""Signatures of bundles, by OpenSSH's `ssh-keygen -Y`: the key is one with which people log in."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from leaderboard import UserError
from leaderboard.submitting.bundle import DESCRIPTION, SIGNATURE, Submission
from leaderboard.texts import one_line

NAMESPACE = "il-envs-submission"
"""What a signature is for, so that one for something else does not count."""
WHO = "author"
PROGRAM = "ssh-keygen"


def public_key(key: Path) -> str:
    """The public part of a key, as `KIND KEY`.

    Raises:
        UserError: if there is no key, or OpenSSH is missing.
    """
    if not key.is_file():
        raise UserError(f"{key}: no such key")
    beside = key.with_name(f"{key.name}.pub")
    is_there = beside.is_file()
    text = beside.read_text("utf-8", "replace") if is_there else _ran(["-y", "-f", str(key)])
    parts = text.split()
    if len(parts) < 2:
        raise UserError(f"{beside}: not a public key of OpenSSH's")
    return " ".join(parts[:2])


def sign(file: Path, key: Path) -> None:
    """Write a signature of a file beside it, NAME.sig.

    Raises:
        UserError: if the key cannot be used, or OpenSSH is missing.
    """
    _ran(["-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(file)])


def require_signature(bundle: Path, submission: Submission) -> None:
    """Require that a bundle which names a key is signed with it.

    Raises:
        UserError: if it is not, or OpenSSH is missing.
    """
    file, signature = bundle / DESCRIPTION, bundle / SIGNATURE
    if not submission.signer:
        return
    if not signature.is_file():
        raise UserError(f"{signature}: missing, though {DESCRIPTION} names a key")
    with tempfile.TemporaryDirectory() as folder:
        allowed = Path(folder) / "allowed_signers"
        allowed.write_text(f'{WHO} namespaces="{NAMESPACE}" {submission.signer}\n', "utf-8")
        arguments = ["-Y", "verify", "-f", str(allowed), "-I", WHO, "-n", NAMESPACE]
        try:
            _ran([*arguments, "-s", str(signature)], file.read_bytes())
        except UserError as error:
            raise UserError(
                f"{signature}: not made with the key that {DESCRIPTION} names"
            ) from error


def _ran(arguments: Sequence[str], told: bytes | None = None) -> str:
    """What OpenSSH's program prints; it may ask for a passphrase where no input is given.

    Raises:
        UserError: if it fails, or is missing.
    """
    try:
        done = subprocess.run([PROGRAM, *arguments], input=told, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise UserError(f"{PROGRAM} is not here; OpenSSH has it") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").split("\n")
        why = [line for line in lines if re.search(r"\w", line) and "@@" not in line]
        raise UserError(f"{PROGRAM}: {one_line(why[0] if why else 'it has failed')}") from error
    return done.stdout.decode(errors="replace")
