"""How many files a process may have open, on systems that say it differently."""

import pytest

from bulkpause.journal.platform.open_files import MOST_UNNAMED, allow_files


class Limits:
    """The limits of a system that allows at most `most` open files.

    Args:
        soft: What the process may have.
        hard: What it may raise that to; -1 if the system names no limit.
        most: What the system allows in truth.
    """

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = -1

    def __init__(self, soft: int, hard: int, most: int = 1 << 20) -> None:
        self.now = (soft, hard)
        self._most = most

    def getrlimit(self, resource: int) -> tuple[int, int]:
        assert resource == self.RLIMIT_NOFILE
        return self.now

    def setrlimit(self, resource: int, limits: tuple[int, int]) -> None:
        assert resource == self.RLIMIT_NOFILE
        soft, hard = limits
        if soft > self._most or (hard != self.RLIM_INFINITY and soft > hard):
            raise ValueError("current limit exceeds maximum limit")
        self.now = limits


def test_limit_is_raised_to_what_is_needed() -> None:
    limits = Limits(1024, 4096)
    assert allow_files(2000, limits) == 2000
    assert limits.now == (2000, 4096)


def test_limit_is_raised_no_further_than_allowed() -> None:
    limits = Limits(1024, 4096)
    assert allow_files(9000, limits) == 4096
    assert limits.now == (4096, 4096)


@pytest.mark.parametrize("soft", [5000, -1])
def test_limit_that_is_enough_stays(soft: int) -> None:
    limits = Limits(soft, -1)
    assert allow_files(5000, limits) == 5000
    assert limits.now == (soft, -1)


def test_system_that_names_no_limit_has_one() -> None:
    limits = Limits(256, -1, most=MOST_UNNAMED)
    assert allow_files(20_000, limits) == MOST_UNNAMED


def test_limit_that_cannot_be_raised_is_told() -> None:
    assert allow_files(20_000, Limits(256, -1, most=256)) == 256


def test_system_without_such_limits_allows_all() -> None:
    assert allow_files(20_000, None) == 20_000
