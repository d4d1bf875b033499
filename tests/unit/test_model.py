import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._text import timestamp
from bulkpause.model import Item
from bulkpause.vocabulary import Status


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("is_paused", {"paused", "already_paused"}),
        ("is_done", {"paused", "already_paused", "resumed", "already_running"}),
        ("is_inapplicable", {"not_pausable", "not_resumable"}),
        ("is_retryable", {"failed", "unknown"}),
        ("is_failure", {"rejected", "failed", "unknown"}),
        (
            "is_settled",
            {
                *("paused", "already_paused", "not_pausable", "rejected"),
                *("resumed", "already_running", "not_resumable"),
            },
        ),
    ],
)
def test_status_sets_hold_these_statuses(name: str, statuses: set[str]) -> None:
    assert {status.value for status in Status if getattr(status, name)} == statuses


@pytest.mark.parametrize("status", Status)
def test_status_is_settled_retryable_or_invalid(status: Status) -> None:
    kinds = (status.is_settled, status.is_retryable, status is Status.INVALID)
    assert sum(kinds) == 1


@pytest.mark.parametrize("status", Status)
def test_status_is_one_object_after_copying(status: Status) -> None:
    assert Status(str(status)) is status
    assert copy.deepcopy(status) is status
    assert pickle.loads(pickle.dumps(status)) is status  # noqa: S301 (our own bytes)


def test_name_of_item_holds_no_surrogates() -> None:
    assert Item(id="1", row=1, name="K\udcf6ln \ud800").name == "Köln \ufffd"
    assert Item(id="1", row=1, name="Köln \x1b").name == "Köln \x1b"


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
MOMENTS_US = st.integers(0, 4_000_000_000_000_000)
STEPS_US = st.lists(st.integers(-3_000, 3_000), min_size=1, max_size=20)


@given(moment_us=MOMENTS_US, steps_us=STEPS_US, zone=ZONES)
def test_timestamp_is_its_moment_to_millisecond(
    moment_us: int, steps_us: list[int], zone: timezone
) -> None:
    moment = datetime.fromtimestamp(0, zone) + timedelta(microseconds=moment_us)
    for step_us in steps_us:
        moment += timedelta(microseconds=step_us)
        written = datetime.fromisoformat(timestamp(moment))

        assert timestamp(moment).endswith("Z")
        assert timedelta(0) <= moment - written < timedelta(milliseconds=1)
