"""Linux: syncs without the file's times, and a random id for each boot."""

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from bulkpause.journal.platform.posix import FileLocks, Posix


#: https://man7.org/linux/man-pages/man4/random.4.html
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class DataSync(Protocol):
    """The part of `os` that syncs."""

    def fdatasync(self, fd: int, /) -> None: ...


class Linux(Posix):
    """The calls of Linux.

    Args:
        locks: The module `fcntl`.
        syncs: The module `os`.
        boot_id_file: Holds the boot id.
    """

    def __init__(
        self, locks: FileLocks, syncs: DataSync, *, boot_id_file: Path = _BOOT_ID
    ) -> None:
        super().__init__(locks)
        self._syncs = syncs
        self._boot_id_file = boot_id_file

    def sync_data(self, file: int) -> None:
        self._syncs.fdatasync(file)

    def boot_id(self, *, now: datetime, uptime_s: float) -> str:  # noqa: ARG002
        return self._boot_id

    @cached_property
    def _boot_id(self) -> str:
        """The id, which no process sees change."""
        try:
            return self._boot_id_file.read_text().strip()
        except OSError:
            return ""
