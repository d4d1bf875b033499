"""Totals count every row once and add up."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Record
from bulkpause.operation import PAUSE, RESUME, statuses_of
from bulkpause.report.totals import Cause, Totals, add_all, join_totals
from bulkpause.vocabulary import Action, Status


RECORDS = st.lists(
    st.sampled_from(statuses_of(PAUSE)).map(lambda s: Record(id="1", status=s))
)
FEW = st.integers(min_value=0, max_value=20)


@given(records=RECORDS, left=FEW, duplicate=FEW, done=FEW)
def test_counts_add_up_to_rows(
    records: list[Record], left: int, duplicate: int, done: int
) -> None:
    rows = len(records) + left + duplicate + done
    totals = Totals(rows=rows, duplicate=duplicate, already_done=done)
    add_all(records, totals)
    assert sum(totals.counts().values()) == rows
    assert totals.not_attempted == left


@given(records=RECORDS)
def test_records_are_counted_by_their_status(records: list[Record]) -> None:
    totals = add_all(records, Totals(rows=len(records)))
    for status in statuses_of(PAUSE):
        found = [record for record in records if record.status is status]
        assert totals.counts()[status.value] == len(found)


@given(before=RECORDS, after=RECORDS)
def test_totals_can_be_added_in_steps(
    before: list[Record], after: list[Record]
) -> None:
    rows = len(before) + len(after)
    in_steps = add_all(after, add_all(before, Totals(rows=rows)))
    assert in_steps == add_all(before + after, Totals(rows=rows))


def test_message_that_repeats_its_title_is_left_out() -> None:
    refused = Record(
        id="1",
        status=Status.FAILED,
        http_status=401,
        title="Unauthorized.",
        message="unauthorized",
    )
    assert str(Cause.of(refused)) == "HTTP 401, Unauthorized, not read back"
    other = replace(refused, message="Log in")
    assert str(Cause.of(other)) == "HTTP 401, Unauthorized, Log in, not read back"


def test_counts_have_these_names() -> None:
    assert list(Totals().counts()) == [
        "paused",
        "already_paused",
        "not_pausable",
        "rejected",
        "failed",
        "unknown",
        "invalid",
        "duplicate",
        "already_done",
        "not_attempted",
    ]


def test_counts_of_resumes_have_their_names() -> None:
    counts = Totals(operation=RESUME).counts()
    assert list(counts)[:3] == ["resumed", "already_running", "not_resumable"]
    assert list(counts)[3:] == list(Totals().counts())[3:]


def test_resumes_are_never_an_all_clear() -> None:
    totals = Totals(rows=1, operation=RESUME)
    totals.add(Record(id="1", action=Action.RESUME, status=Status.RESUMED))
    assert totals.is_all_done
    assert (totals.open_ids, totals.as_dict()["may_run"]) == (0, None)


def test_identity_leaves_out_zero_counts() -> None:
    totals = Totals(rows=4, duplicate=1)
    totals.by_status.update([Status.PAUSED, Status.INVALID])
    assert totals.counts_as_sum() == (
        "4 rows = 1 paused + 1 invalid + 1 duplicate + 1 not_attempted"
    )


def test_identity_of_no_rows_says_so() -> None:
    assert Totals().counts_as_sum() == "0 rows: no ids to pause"


def test_totals_with_unattempted_id_are_unfinished() -> None:
    totals = Totals(rows=2)
    totals.add(Record(id="1", status=Status.PAUSED))
    assert totals.is_unfinished
    assert not totals.is_all_done


SENDS_NOTHING = {Status.PAUSED, Status.ALREADY_PAUSED, Status.NOT_PAUSABLE}


@given(records=RECORDS, left=FEW, missing=FEW, rejected=FEW)
def test_everything_not_known_stopped_may_run(
    records: list[Record], left: int, missing: int, rejected: int
) -> None:
    totals = Totals(
        rows=len(records) + left + missing,
        not_on_record=missing,
        open_before=Counter(rejected=rejected),
    )
    add_all(records, totals)
    never_sent = SENDS_NOTHING | {Status.INVALID}
    in_doubt = sum(record.status not in never_sent for record in records)
    assert totals.open_ids == in_doubt + left + missing + rejected
    assert totals.as_dict()["may_run"] == totals.open_ids
    assert sum(totals.parts_open().values()) == totals.open_ids


@pytest.mark.parametrize(
    ("fields", "is_unfinished", "is_retryable"),
    [
        ({}, False, False),
        ({"rows": 2}, True, True),
        ({"rows": 2, "not_on_record": 1}, True, False),
        ({"rows": 3, "not_on_record": 1}, True, True),
        ({"is_plan_known": False}, True, False),
        ({"open_before": Counter(rejected=1)}, False, False),
        ({"open_before": Counter(failed=1)}, True, True),
        ({"open_before": Counter(not_attempted=1)}, True, True),
        ({"open_before": Counter(not_on_record=1)}, True, False),
    ],
    ids=str,
)
def test_retry_helps_only_with_known_open_ids(
    fields: dict[str, Any], is_unfinished: bool, is_retryable: bool
) -> None:
    totals = Totals(**{"rows": 1, **fields})
    totals.add(Record(id="1", status=Status.PAUSED))
    assert (totals.is_unfinished, totals.is_retryable) == (is_unfinished, is_retryable)
    assert totals.is_all_done is (fields == {})


def test_paused_id_without_read_back_is_counted() -> None:
    paused = Record(id="1", status=Status.PAUSED)
    totals = add_all(
        [paused, replace(paused, campaign_status="paused")], Totals(rows=2)
    )
    assert totals.unread == 1


def test_joined_totals_are_those_of_all_records() -> None:
    records = [Record(id=str(n), status=Status.PAUSED) for n in range(3)]
    records += [
        Record(id=str(n), status=Status.FAILED, error="down") for n in range(3, 8)
    ]
    whole = add_all(records, Totals(rows=8))
    parts = [add_all(records[:4], Totals(rows=4)), add_all(records[4:], Totals(rows=4))]
    assert join_totals(parts).as_dict() == whole.as_dict()


def test_last_attempt_may_be_rate_limited() -> None:
    """A deadline ends ids whose only request, or last one, got a 429."""
    totals = Totals(rows=3)
    refused = Record(id="1", status=Status.FAILED, http_status=429, attempts=1)
    totals.add(refused)
    again = {"at": "2026-11-28T08:00:00.000Z", "http_status": 429}
    totals.add(replace(refused, id="2", attempts=2, history=(again,)))
    # One of an earlier run, which has counted it.
    totals.since = "2026-11-28T09:00:00.000Z"
    totals.add(replace(refused, id="3"))
    assert (totals.requests, totals.rate_limited) == (3, 3)


def test_error_that_repeats_message_is_left_out() -> None:
    record = Record(
        id="1",
        status=Status.FAILED,
        error="connection_refused",
        message="Connection refused",
    )
    assert str(Cause.of(record)) == "Connection refused"
