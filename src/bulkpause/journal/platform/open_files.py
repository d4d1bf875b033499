"""How many files a process may have open, connections included."""

import sys
from typing import Protocol


#: What macOS allows at most where it names no limit.
MOST_UNNAMED = 10_240


class FileLimits(Protocol):
    """The part of `resource` about open files."""

    @property
    def RLIMIT_NOFILE(self) -> int: ...  # noqa: N802 (resource's own)
    @property
    def RLIM_INFINITY(self) -> int: ...  # noqa: N802
    def getrlimit(self, resource: int, /) -> tuple[int, int]: ...
    def setrlimit(self, resource: int, limits: tuple[int, int], /) -> None: ...


if sys.platform == "win32":
    #: None where files are not limited in this way.
    FILE_LIMITS: FileLimits | None = None
else:
    import resource

    FILE_LIMITS: FileLimits | None = resource


def allow_files(wanted: int, limits: FileLimits | None) -> int:
    """Let this process have so many open files, if the system allows it.

    Args:
        wanted: Of files and connections together.
        limits: The module `resource`; None where there is no such limit.

    Returns:
        How many it may have: as many as wanted, or fewer.
    """
    if limits is None:
        return wanted
    kind, unlimited = limits.RLIMIT_NOFILE, limits.RLIM_INFINITY
    soft, hard = limits.getrlimit(kind)
    if soft == unlimited or soft >= wanted:
        return wanted
    most = wanted if hard == unlimited else min(wanted, hard)
    for count in (most, min(most, MOST_UNNAMED)):
        if count > soft and _is_set(limits, count, hard):
            return count
    return soft


def _is_set(limits: FileLimits, soft: int, hard: int) -> bool:
    try:
        limits.setrlimit(limits.RLIMIT_NOFILE, (soft, hard))
    except (OSError, ValueError):
        return False
    return True
