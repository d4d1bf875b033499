"""What differs between operating systems: locks, syncs, the name of a boot."""

import fcntl
import os
from pathlib import Path


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Name the present boot of the machine, on whose clock `clock_s` is."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def lock(file: int) -> None:
    """Lock an open file for this process, without waiting.

    Raises:
        OSError: Another process holds the lock.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sync_data(file: int) -> None:
    """Write the data of an open file to the disk.

    Raises:
        OSError: The disk refused it.
    """
    os.fdatasync(file)


def sync_directory(path: Path) -> None:
    """Write a directory to the disk, so that a new file in it survives a crash.

    Raises:
        OSError: The disk refused it.
    """
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
