"""The calls on the log that differ between operating systems."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol


#: How often a lock is tried, and the seconds between two attempts.
LOCK_ATTEMPTS = 5
_LOCK_WAIT_S = 0.01


class System(Protocol):
    """One operating system. Every call may raise `OSError`."""

    def open(self, path: Path, *, is_new: bool) -> int:
        """Open a file for reading and appending, but no symbolic link.

        Args:
            path: The file.
            is_new: Whether to create it, with mode 0600. It must not exist then.
        """

    def lock(self, file: int) -> bool:
        """Lock an open file for this process, and say whether no other one holds it.

        It is tried again for a moment: `is_locked` of another process, as in `status`,
        may hold the file for an instant.

        Raises:
            OSError: The file cannot be locked at all.
        """

    def is_locked(self, path: Path) -> bool | None:
        """Tell whether a run holds a log now. The look leaves no lock behind.

        Returns:
            None where it cannot be known: the file cannot be opened, or the file
            system has no locks. No `OSError` is raised.
        """

    def sync_data(self, file: int) -> None:
        """Write the data of an open file to the disk."""

    def sync_directory(self, path: Path) -> None:
        """Write a directory to the disk, so that a new file in it survives a crash.

        Does nothing where the system or the file system cannot.
        """

    def remove(self, path: Path, file: int) -> None:
        """Delete an open file and close it, without a moment for another run.

        It is closed even if it cannot be deleted.
        """

    def boot_id(self, *, now: datetime, uptime_s: float) -> str:
        """Identify this boot of the machine: its clocks do not compare with others.

        Args:
            now: The wall clock.
            uptime_s: The monotonic clock, in seconds.

        Returns:
            Empty where it is unknown. No `OSError` is raised.
        """


def locks_soon(attempt: Callable[[], bool]) -> bool:
    """Try a lock a few times, and say whether an attempt succeeded."""
    for _ in range(LOCK_ATTEMPTS - 1):
        if attempt():
            return True
        time.sleep(_LOCK_WAIT_S)
    return attempt()
