"""Write a file whole or not at all: under another name first, then by rename."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bulkpause.errors import SettingsError


def check_replaceable(path: Path, *, marker: bytes, kind: str) -> None:
    """Check that a file can be written at a path: it is new, or one of the same kind.

    Args:
        path: The file.
        marker: The first bytes of a file of this kind.
        kind: The kind in words, such as "a report".

    Raises:
        SettingsError: It cannot; the message says why, and what to do.
    """
    if not path.parent.is_dir():
        raise SettingsError(
            f"the folder {path.parent} does not exist; create it, or name another file"
        )
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_file():
        raise SettingsError(f"{path} is not a regular file; name another file")
    try:
        with path.open("rb") as file:
            is_same = file.read(len(marker)) == marker
    except OSError as error:
        raise SettingsError(
            f"{path} exists and cannot be read: {error.strerror}; name another file"
        ) from error
    if not is_same:
        raise SettingsError(
            f"{path} exists and is not {kind} of bulkpause: it is not overwritten; "
            "name another file, or remove it first"
        )


def replace_file(path: Path, content: bytes) -> None:
    """Write a file, which only its owner can read. A file that is there is replaced.

    Raises:
        OSError: It cannot be written. What was there before is unchanged.
    """
    file, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(file)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
