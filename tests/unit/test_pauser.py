"""Decisions of the pauser that need no run."""

import pytest

from bulkpause.pauser import count_requests_left


@pytest.mark.parametrize(
    ("finished", "requests", "each", "left"),
    [
        (40, 55, 1, 60),
        (0, 55, 2, 145),
        (90, 190, 2, 10),
        (90, 199, 2, 10),
    ],
    ids=[
        "one request per id",
        "pause and read-back",
        "last read-backs",
        "more requests than planned",
    ],
)
def test_requests_left_include_planned_read_backs(
    finished: int, requests: int, each: int, left: int
) -> None:
    assert count_requests_left(100, finished, requests, each) == left
