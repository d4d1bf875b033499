"""Sync the folder of many new logs once, not for each of them."""

from datetime import datetime
from pathlib import Path

from bulkpause.journal.platform import SYSTEM, System


class LateFolders:
    """The calls of the operating system, but that folders are synced later.

    Nothing may be sent before `sync` was called: a log whose folder was not synced may
    be lost in a crash of the machine.

    Args:
        system: The calls that differ between operating systems.
    """

    def __init__(self, system: System = SYSTEM) -> None:
        self._system = system
        self._folders: set[Path] = set()

    def sync(self) -> None:
        """Sync the folders of all files that were opened.

        Raises:
            OSError: One cannot be synced.
        """
        folders, self._folders = self._folders, set()
        for folder in folders:
            self._system.sync_directory(folder)

    def sync_directory(self, path: Path) -> None:
        self._folders.add(path)

    def open(self, path: Path, *, is_new: bool) -> int:
        return self._system.open(path, is_new=is_new)

    def lock(self, file: int) -> bool:
        return self._system.lock(file)

    def is_locked(self, path: Path) -> bool | None:
        return self._system.is_locked(path)

    def sync_data(self, file: int) -> None:
        self._system.sync_data(file)

    def remove(self, path: Path, file: int) -> None:
        self._system.remove(path, file)

    def boot_id(self, *, now: datetime, uptime_s: float) -> str:
        return self._system.boot_id(now=now, uptime_s=uptime_s)
