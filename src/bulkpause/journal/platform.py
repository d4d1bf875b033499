"""System calls that differ between operating systems: locks, syncs, the boot id."""

import fcntl
import os
import time
from pathlib import Path


#: Linux writes a random id here on each boot.
#: https://man7.org/linux/man-pages/man4/random.4.html
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: How often a lock is tried, and the seconds between two attempts.
_LOCK_ATTEMPTS = 5
_LOCK_WAIT_S = 0.01


def boot_id(path: Path = _BOOT_ID) -> str:
    """Identify this boot of the machine: monotonic clocks of two boots do not compare.

    Empty where the system has no boot id.
    """
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def lock(file: int) -> None:
    """Lock an open file for this process, without waiting for another run.

    It is tried again for a moment: `is_locked` of another process, as in `status`, may
    hold the file for an instant.

    Raises:
        OSError: Another process holds the lock.
    """
    for _ in range(_LOCK_ATTEMPTS - 1):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_WAIT_S)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool | None:
    """Tell whether a run holds a log now. The look leaves no lock behind.

    Args:
        path: The result log.

    Returns:
        None where it cannot be known: the file cannot be opened, or the file system
        has no locks.
    """
    try:
        # Without waiting: a pipe would wait for a writer.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(file)  # which gives the lock back


def sync_data(file: int) -> None:
    """Write the data of an open file to the disk.

    Raises:
        OSError: The sync failed.
    """
    os.fdatasync(file)


def sync_directory(path: Path) -> None:
    """Write a directory to the disk, so that a new file in it survives a crash.

    Raises:
        OSError: The sync failed.
    """
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
