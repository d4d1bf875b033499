"""Decisions of the pauser that need no run."""

import pytest

from bulkpause.engine.policy import Verify
from bulkpause.pauser import count_requests_left


@pytest.mark.parametrize(
    ("finished", "requests", "verify", "left"),
    [
        (40, 55, Verify.NONE, 60),
        (0, 55, Verify.ALL, 145),
        (90, 190, Verify.ALL, 10),
        (90, 199, Verify.ALL, 10),
    ],
    ids=[
        "one request per id",
        "pause and read-back",
        "last read-backs",
        "more requests than planned",
    ],
)
def test_requests_left_include_planned_read_backs(
    finished: int, requests: int, verify: Verify, left: int
) -> None:
    assert count_requests_left(100, finished, requests, verify) == left
