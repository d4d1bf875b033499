"""Requests are found in records, with their times and their outcomes."""

from dataclasses import replace

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
from bulkpause.vocabulary import Status
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
    )
    retried = record(
        3, history=history, finished_at="2026-11-27T08:00:09.000Z", latency_ms=500.0
    )
    assert sent(requests_of([retried])) == {
        Outcome.RATE_LIMITED: [3.0],
        Outcome.NO_RESPONSE: [5.0],
        Outcome.ACCEPTED: [8.5],
    }


def test_read_back_counts_at_end_of_id() -> None:
    found = requests_of([record(3, campaign_status="paused")])
    assert sent(found) == {Outcome.ACCEPTED: [3.0], Outcome.READ_BACK: [3.081]}


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
    assert sent(found) == {Outcome.ACCEPTED: [3.0], Outcome.READ_BACK: [2.081] * 5}


def test_moments_are_in_order() -> None:
    found = requests_of([record(9), record(2, Status.REJECTED), record(5)])
    assert list(found.done_s) == sorted(found.done_s)
    assert len(found.changed_s) == 2
    assert len(found.answered_s) == len(found.latencies_ms) == 3


def test_campaign_that_was_left_alone_was_only_read() -> None:
    left = record(3, Status.NOT_RESUMABLE, request_id=None, attempts=0, reads=2)
    left = replace(left, latency_ms=None, http_status=None)
    assert sent(requests_of([left])) == {Outcome.READ_BACK: [3.081, 3.081]}
    assert add_all([left], Totals(rows=1)).requests == 2
