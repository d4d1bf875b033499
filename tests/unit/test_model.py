import copy
import pickle

import pytest

from bulkpause.model import Item, Status


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
