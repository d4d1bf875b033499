"""The mark of a result log whose pauses an undo has taken back: `LOG.undone`.

What the log records as paused may be running then: it says nothing any more of what is
running now. The mark names the logs of the undos, one in a line.
"""

import os
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause.errors import LogError, SettingsError
from bulkpause.journal.platform import SYSTEM


def undone_path(log: Path) -> Path:
    """Give the path of the mark of a result log."""
    return log.with_name(f"{log.name}.undone")


def last_undo_of(log: Path) -> str | None:
    """Give the log of the last undo of a result log; None if there was none.

    Raises:
        LogError: The mark cannot be read.
    """
    path = undone_path(log)
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}") from error
    return lines[-1] if lines else str(path)


def mark_undone(log: Path, undo_log: Path) -> None:
    """Mark a result log before an undo sends anything, durably.

    Raises:
        LogError: The mark cannot be written.
    """
    path = undone_path(log)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{undo_log.absolute()}\n")
            file.flush()
            os.fsync(file.fileno())
        SYSTEM.sync_directory(path.parent)
    except OSError as error:
        raise LogError(
            f"{path} cannot be written: {error.strerror}; nothing was sent"
        ) from error


def check_not_undone(log: Path) -> None:
    """Refuse to carry on with a log whose pauses were taken back.

    Raises:
        SettingsError: It was undone.
        LogError: Its mark cannot be read.
    """
    if (undo := last_undo_of(log)) is not None:
        left = join_command(["bulkpause", "export", str(log)])
        raise SettingsError(
            f"{log} was undone by {undo}: campaigns that it records as paused may be "
            "running. Pause in another log; nothing was sent. What it has left open: "
            f"{left}"
        )
