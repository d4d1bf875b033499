"""Repair the last line of a log, which a crash may have torn."""

from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.last_line import is_json


def repair(file: AppendFile) -> None:
    """Cut a torn last line, or end a whole one that lacks its newline.

    Only of a file whose lines were read, and are those of a log.

    Raises:
        LogError: It cannot be read or repaired.
    """
    tail = file.tail()
    if is_json(tail):
        file.append(b"\n")
    elif tail:
        file.cut_tail(len(tail))
