"""Requests are found in records, with their times and their outcomes."""

from dataclasses import replace
from typing import Any

import pytest

from bulkpause.model import PriorAttempt
from bulkpause.report.page.moments import seconds_of
from bulkpause.report.page.requests import (
    Outcome,
    Requests,
    outcome_of,
    requests_of,
)
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Action, Status
from tests.support.result_logs import record, records


def sent(found: Requests) -> dict[Outcome, list[float]]:
    (start,) = seconds_of(["2026-11-27T08:00:00.000Z"])
    return {
        outcome: [round(at - start, 3) for at in moments]
        for outcome, moments in found.sent_s.items()
        if moments
    }


@pytest.mark.parametrize(
    ("http_status", "outcome"),
    [
        (204, Outcome.ACCEPTED),
        (302, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (429, Outcome.RATE_LIMITED),
        (503, Outcome.NO_RESPONSE),
        (100, Outcome.NO_RESPONSE),
        (None, Outcome.NO_RESPONSE),
    ],
)
def test_outcome_follows_http_status(http_status: int | None, outcome: Outcome) -> None:
    assert outcome_of(http_status) is outcome


def test_single_attempt_counts_when_it_was_sent() -> None:
    assert sent(requests_of([record(3)])) == {Outcome.ACCEPTED: [3.0]}


def test_attempts_before_the_last_count_at_their_times() -> None:
    history = (
        {"http_status": 429, "at": "2026-11-27T08:00:03.000Z"},
        {"http_status": None, "at": "2026-11-27T08:00:05.000Z"},
        {"http_status": 503},
    )
    retried = record(
        3, history=history, finished_at="2026-11-27T08:00:09.000Z", latency_ms=500.0
    )
    found = requests_of([retried])
    assert sent(found) == {Outcome.RATE_LIMITED: [3.0], Outcome.NO_RESPONSE: [5.0]}
    assert found.untimed == {Outcome.ACCEPTED: 1, Outcome.NO_RESPONSE: 1}
    assert found.latencies_ms == [500.0]


@pytest.mark.parametrize("reads", [0, 1], ids=["not counted", "counted"])
def test_read_back_has_no_moment(reads: int) -> None:
    found = requests_of([record(3, campaign_status="paused", reads=reads)])
    assert sent(found) == {Outcome.ACCEPTED: [3.0]}
    assert found.untimed == {Outcome.READ_BACK: 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"earlier_status": "running"},
        {"action": Action.RESUME, "status": Status.RESUMED},
        {"history": ({"http_status": 503, "at": "2026-11-27T08:00:04.000Z"},)},
    ],
    ids=["remembered", "resumed", "retried"],
)
def test_read_before_an_attempt_came_first(fields: dict[str, Any]) -> None:
    status = fields.pop("status", Status.PAUSED)
    found = requests_of([record(3, status, http_status=204, reads=2, **fields)])
    assert sent(found)[Outcome.READ_BACK] == [3.0]
    assert found.untimed == {Outcome.READ_BACK: 1, Outcome.ACCEPTED: 1}


def test_attempt_of_an_earlier_run_came_first() -> None:
    left = record(3, latency_ms=None, reads=1, earlier_status="running")
    found = requests_of([left])
    assert sent(found) == {Outcome.ACCEPTED: [3.0]}
    assert found.untimed == {Outcome.READ_BACK: 1}


def test_invalid_row_has_no_request() -> None:
    invalid = record(
        1, Status.INVALID, id=None, started_at=None, finished_at=None, latency_ms=None
    )
    assert requests_of([invalid]).count == 0


def test_number_of_requests_is_that_of_totals() -> None:
    history = ({"http_status": 429, "at": "2026-11-27T08:00:03.000Z"},)
    sample = [*records(5), record(9, history=history, campaign_status="paused")]
    totals = add_all(sample, Totals(rows=6))
    assert requests_of(sample).count == totals.requests == 8


def test_attempts_without_a_record_are_no_result() -> None:
    left = [
        PriorAttempt(at="2026-11-27T08:00:04.000Z", http_status=503),
        PriorAttempt(at="2026-11-27T08:00:06.000Z"),
    ]
    found = requests_of([record(3)], unrecorded=left)
    assert sent(found) == {Outcome.ACCEPTED: [3.0], Outcome.NO_RESPONSE: [4.0, 6.0]}
    assert len(found.done_s) == 1


def test_replaced_record_adds_its_reads_alone() -> None:
    found = requests_of([record(3)], replaced=[record(2, Status.FAILED, reads=5)])
    assert sent(found) == {Outcome.ACCEPTED: [3.0]}
    assert found.untimed == {Outcome.READ_BACK: 5}


def test_moments_are_in_order() -> None:
    found = requests_of([record(9), record(2, Status.REJECTED), record(5)])
    assert list(found.done_s) == sorted(found.done_s)
    assert len(found.changed_s) == 2
    assert len(found.answered_s) == len(found.latencies_ms) == 3


def test_campaign_that_was_left_alone_was_only_read() -> None:
    left = record(3, Status.NOT_RESUMABLE, request_id=None, attempts=0, reads=2)
    left = replace(left, latency_ms=None, http_status=None)
    found = requests_of([left])
    assert (sent(found), found.count) == ({Outcome.READ_BACK: [3.0]}, 2)
    assert add_all([left], Totals(rows=1)).requests == 2
