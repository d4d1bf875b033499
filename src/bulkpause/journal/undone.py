"""The mark of a result log whose pauses an undo has taken back: `LOG.undone`.

What the log records as paused may be running then: it says nothing any more of what is
running now. The mark names the logs of the undos, one in a line. It stands beside the
file itself, not beside a link to it, so that every name of the log finds it.
"""

import os
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause.errors import LogError, SettingsError
from bulkpause.journal.platform import SYSTEM


def undone_path(log: Path) -> Path:
    """Give the path of the mark of a result log."""
    # Path.resolve raises at a loop of links.
    file = Path(os.path.realpath(log))
    return file.with_name(f"{file.name}.undone")


def undos_of(log: Path) -> str | None:
    """Give the logs of the undos of a result log, in words; None if there was none.

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
    # Of several undos, each may have resumed other campaigns.
    return " and ".join(dict.fromkeys(lines)) or str(path)


def mark_undone(log: Path, undo_log: Path) -> None:
    """Mark a result log before an undo sends anything, durably.

    Raises:
        LogError: The mark cannot be written.
    """
    path = undone_path(log)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
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
    if (undo := undos_of(log)) is not None:
        left = join_command(["bulkpause", "export", str(log)])
        raise SettingsError(
            f"{log} was undone by {undo}: campaigns that it records as paused may be "
            "running. Pause in another log; nothing was sent. What it has left open: "
            f"{left}"
        )
