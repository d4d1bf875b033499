"""The mark of a result log whose pauses an undo takes back: a line of the log itself.

What the log records as paused may be running then: it says nothing any more of what is
running now. The mark is part of the log, so that no copy or move can lose it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause.errors import LogError, LogHeldError, SettingsError
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import UndoMark, encode
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.repair import repair


class UndoneError(SettingsError):
    """The pauses of a log were taken back, so that nothing carries on with it."""


def mark_undone(log: Path, mark: UndoMark) -> None:
    """Mark a result log before an undo resumes anything, durably.

    Args:
        log: The result log, or a link to it, as it was read for the undo.
        mark: The mark.

    Raises:
        LogError: The mark cannot be written, also because a run holds the log; nothing
            may be resumed.
    """
    with opened_to_mark(log) as file:
        repair(file)
        file.append(encode(mark))
        file.sync()


@contextmanager
def opened_to_mark(log: Path) -> Iterator[AppendFile]:
    """Open a log to mark it, which holds its lock.

    Raises:
        LogError: A run holds it, or it is gone.
    """
    try:
        file = AppendFile(Path(os.path.realpath(log)))
    except LogHeldError as error:
        raise LogError(f"{error}: it cannot be undone meanwhile") from error
    try:
        if file.state is None:
            raise LogError(f"{log} was removed or emptied while its undo was planned")
        yield file
    finally:
        file.discard()


def check_not_undone(recovery: Recovery, log: Path) -> None:
    """Refuse to carry on with a log whose pauses were taken back.

    Raises:
        UndoneError: It was undone.
    """
    if (undo := recovery.undone_by) is not None:
        left = join_command(["bulkpause", "export", str(log)])
        raise UndoneError(
            f"{log} was undone by {undo}: campaigns that it records as paused may be "
            "running. Pause in another log; nothing was sent. What it has left open: "
            f"{left}"
        )
