"""Totals are written as text for people and as an object for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from bulkpause.model import Companion, Limit, Record, Sharing, StopReason
from bulkpause.report.text import (
    MAX_CAUSES_SHOWN,
    as_object,
    cause_lines,
    open_lines,
    share_of_limits,
    sharing_lines,
    stopped_line,
    summary_lines,
)
from bulkpause.report.totals import Totals, add_all
from bulkpause.settings import BURST, STEADY
from bulkpause.vocabulary import Priority, Status, StopCause


LIMITS = (STEADY, BURST)


def at(second: float) -> str:
    minutes, seconds = divmod(second, 60)
    return f"2026-11-23T01:{minutes:02.0f}:{seconds:06.3f}Z"


def record(
    number: int, status: Status = Status.PAUSED, *, started: float = 0.0, **fields: Any
) -> Record:
    return Record(
        id=str(number),
        status=status,
        latency_ms=float(number),
        started_at=at(started),
        finished_at=at(started + 1),
        **fields,
    )


def totals_of(
    records: Sequence[Record], rows: int | None = None, **fields: Any
) -> Totals:
    return add_all(records, Totals(rows=rows or len(records), **fields))


def hundred() -> Totals:
    return totals_of([record(n, started=n / 10) for n in range(1, 101)])


def test_summary_begins_with_identity() -> None:
    assert next(summary_lines(hundred(), LIMITS)) == "100 rows = 100 paused"


def test_summary_compares_speed_with_limits() -> None:
    _, pace, *_ = summary_lines(hundred(), LIMITS)
    assert pace == "10.9 s, 100 requests, 9.17/s, 83% of what the limits allow"


def test_summary_shows_latency_percentiles() -> None:
    lines = list(summary_lines(hundred(), LIMITS))
    assert lines[3].startswith("latency p50 5")
    assert ", p95 9" in lines[3]


def test_summary_counts_rate_limited_retried_and_read_back() -> None:
    history = ({"http_status": 429, "at": at(0)}, {"http_status": 500, "at": at(1)})
    records = [
        record(1, history=history),
        record(2, Status.NOT_PAUSABLE, campaign_status="draft"),
    ]
    _, pace, counts, *_ = summary_lines(totals_of(records), LIMITS)
    assert "5 requests" in pace
    assert counts == "1 rate-limited, 2 retried, 1 read back"


def test_attempts_of_earlier_run_are_not_counted() -> None:
    history = ({"http_status": 500, "at": at(0)},)
    resumed = record(1, started=0.0, history=history)
    found = totals_of([resumed], since=at(0.5))
    assert (found.requests, found.retries, found.wall_s) == (1, 0, 0.5)


def test_summary_without_requests_is_one_line() -> None:
    found = Totals(rows=3, already_done=3)
    assert list(summary_lines(found, LIMITS)) == ["3 rows = 3 already_done"]


def test_summary_says_how_many_may_be_running() -> None:
    records = [record(1, Status.FAILED), record(2, Status.UNKNOWN), record(3)]
    assert list(summary_lines(totals_of(records, rows=5), LIMITS))[:3] == [
        "5 rows = 1 paused + 1 failed + 1 unknown + 2 not_attempted",
        "4 may still be running: 1 failed, 1 unknown, 2 not attempted",
        "1 unknown: may be paused or may be running",
    ]
    assert "may still be running" not in "".join(summary_lines(hundred(), LIMITS))


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({}, ["0 may still be running"]),
        (
            {"rows": 9, "not_on_record": 5},
            ["8 may still be running: 3 not attempted, 5 not on record"],
        ),
        (
            {"open_before": Counter(rejected=2, not_attempted=1)},
            [
                (
                    "3 may still be running: 2 rejected in an earlier run, "
                    "1 not attempted in an earlier run"
                )
            ],
        ),
        (
            {"rows": 3, "is_plan_known": False},
            [
                "2 on record may still be running: 2 not attempted",
                "how many were planned is not on record: others may still be running",
            ],
        ),
        (
            {"is_plan_known": False},
            ["how many were planned is not on record: others may still be running"],
        ),
    ],
    ids=str,
)
def test_open_lines_say_what_number_consists_of(
    fields: dict[str, Any], lines: list[str]
) -> None:
    assert list(open_lines(totals_of([record(1)], **fields))) == lines


def test_empty_log_is_no_all_clear() -> None:
    found = list(open_lines(Totals(is_plan_known=False)))
    assert found == ["nothing is on record: every campaign may still be running"]


def test_summary_counts_accepted_ids_not_read_back() -> None:
    records = [record(1), record(2, campaign_status="paused")]
    lines = list(summary_lines(totals_of(records), LIMITS, reads_back_all=True))
    assert lines[1] == "1 paused id accepted, but not read back"
    assert lines[1] not in summary_lines(totals_of(records), LIMITS)


def test_causes_are_ordered_by_number_of_ids() -> None:
    missing: dict[str, Any] = {"http_status": 404, "title": "Not found."}
    records = [
        record(1, Status.FAILED, http_status=500, trace_id="t-1"),
        *(
            record(n, Status.REJECTED, trace_id=f"t-{n}", **missing)
            for n in range(2, 7)
        ),
    ]
    assert list(cause_lines(totals_of(records))) == [
        "5 rejected: HTTP 404, Not found",
        "    such as 2, 3, 4",
        "    trace_id t-2, t-3, t-4",
        "1 failed: HTTP 500",
        "    such as 1",
        "    trace_id t-1",
    ]


@pytest.mark.parametrize(
    ("status", "http_status", "reason"),
    [
        (Status.UNKNOWN, 204, "HTTP 204, accepted, but not read back"),
        (Status.FAILED, 400, "HTTP 400, not read back"),
        (Status.FAILED, 403, "HTTP 403, not read back"),
        (Status.FAILED, 302, "HTTP 302, not read back"),
        (Status.FAILED, 503, "HTTP 503"),
        (Status.UNKNOWN, 500, "HTTP 500"),
        (Status.REJECTED, 400, "HTTP 400"),
    ],
)
def test_cause_names_missing_read_back(
    status: Status, http_status: int, reason: str
) -> None:
    first, *_ = cause_lines(totals_of([record(1, status, http_status=http_status)]))
    assert first == f"1 {status}: {reason}"


def test_accepted_id_seen_running_was_read_back() -> None:
    seen = record(1, Status.UNKNOWN, http_status=204, campaign_status="running")
    first, *_ = cause_lines(totals_of([seen]))
    assert first == "1 unknown: HTTP 204, campaign is running"


def test_causes_after_the_tenth_are_counted() -> None:
    records = [record(n, Status.REJECTED, message=str(n)) for n in range(12)]
    lines = list(cause_lines(totals_of(records)))
    assert sum(" rejected: " in line for line in lines) == MAX_CAUSES_SHOWN == 10
    assert lines[-1] == "and 2 more causes"


def test_summary_has_no_terminal_control_characters() -> None:
    evil = "\x1b]0;owned\x07\N{RIGHT-TO-LEFT OVERRIDE}\n"
    found = totals_of([record(1, Status.FAILED, message=evil, trace_id=evil)])
    stopped = StopReason(StopCause.OUTAGE, evil)
    lines = [*summary_lines(found, LIMITS), stopped_line(found, stopped)]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("requests", "wall_s", "limits", "share"),
    [
        (10, 0.5, [BURST], 0.5),
        (150, 14.0, [BURST], 1.0),
        (300, 31.0, LIMITS, 1.0),
        (600, 195.0, LIMITS, 0.8),
        (100, 10.0, [], None),
        (0, 0.0, LIMITS, None),
    ],
)
def test_share_of_limits_assumes_best_window_phase(
    requests: int, wall_s: float, limits: Sequence[Limit], share: float | None
) -> None:
    found = Totals(requests=requests, first_at=at(0), last_at=at(wall_s))
    assert share_of_limits(found, limits) == share


def test_object_has_same_numbers_as_text() -> None:
    found = as_object(hundred(), LIMITS)
    assert (found["rows"], found["paused"], found["wall_s"]) == (100, 100, 10.9)
    assert (found["rate_per_s"], found["share_of_limits"]) == (9.174, 0.833)
    assert found["limits"] == ["150/60s", "10/1s"]


def test_stopped_line_names_rule_and_remainder() -> None:
    found = totals_of([record(1), record(2, Status.FAILED)], rows=50)
    stopped = StopReason(StopCause.GUARD_RAIL, "--max-failures 0: 1 of 2 ids failed")
    assert stopped_line(found, stopped) == (
        f"stopped: {stopped.detail}; left: 1 failed, 48 not_attempted"
    )


def test_examples_of_cause_have_names() -> None:
    failed: dict[str, Any] = {"http_status": 500, "status": Status.FAILED}
    records = [
        Record(id="1", name="Summer \x1b[2Jsale", **failed),
        Record(id="2", **failed),
    ]
    lines = list(cause_lines(totals_of(records)))
    assert lines[1] == "    such as 1 Summer \ufffd[2Jsale, 2"


def test_sharing_lines_name_others_and_the_share() -> None:
    other = Companion("r\x1b1", Priority.URGENT, "2026-11-28T10:00:00.000Z")
    sharing = Sharing(place="here", met=(other,), share=0.25)
    lines = list(sharing_lines(sharing))
    assert "\x1b" not in lines[0]
    assert lines[0].startswith("shared the account with 1 other run: ")
    assert lines[0].endswith("(urgent, since 2026-11-28 10:00:00 UTC)")
    assert lines[1] == "25% of the account's requests were of this run"


def test_sharing_lines_are_missing_for_a_run_alone() -> None:
    assert list(sharing_lines(Sharing(place="here", share=1.0))) == []
