"""Snapshots and records as lines of text."""

from dataclasses import replace

from bulkpause.model import Companion, Sharing
from bulkpause.progress.text import (
    counts_line,
    failure_line,
    rate_line,
    sharing_line,
    state_line,
)
from bulkpause.vocabulary import Priority
from tests.support.progress import MIDWAY, REJECTED, START


def test_counts_line_names_every_status() -> None:
    assert counts_line(MIDWAY) == "97 paused · 3 failed · 8 in flight"


def test_counts_line_includes_retries_and_read_backs() -> None:
    busy = replace(MIDWAY, to_retry=2, to_read_back=55)
    line = counts_line(busy)
    assert line.endswith(" · 8 in flight · 2 to retry · 55 to read back")


def test_counts_line_includes_accepted_ids_before_read_back() -> None:
    verifying = replace(START, in_flight=2, accepted=112, to_read_back=124)
    line = counts_line(verifying)
    assert line == "112 accepted · 2 in flight · 124 to read back"


def test_rate_line_compares_rate_with_limit() -> None:
    assert rate_line(MIDWAY) == "9.4 of 10.0 requests/s · about 1:03 left"


def test_rate_line_omits_limit_without_limits() -> None:
    line = rate_line(replace(START, allowed_per_s=None))
    assert line == "0.0 requests/s · about 15 s left"


def test_rate_line_omits_time_left_during_outage() -> None:
    assert rate_line(replace(START, left_s=None)) == "0.0 of 10.0 requests/s"


def test_rate_line_omits_time_left_at_end() -> None:
    assert rate_line(replace(MIDWAY, total=100)) == "9.4 of 10.0 requests/s"


def test_rate_line_omits_time_left_while_stopping() -> None:
    assert rate_line(replace(MIDWAY, stopping="SIGINT")) == "9.4 of 10.0 requests/s"


def test_rate_line_says_that_run_is_simulated() -> None:
    line = rate_line(replace(MIDWAY, simulated=True))
    assert line == "9.4 of 10.0 requests/s · about 1:03 left · simulated"


def test_state_line_shows_time_until_wait_ends() -> None:
    waiting = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.2)
    assert state_line(waiting) == "waiting for the limit of 150/60s: 23 s"


def test_state_line_omits_unknown_time() -> None:
    waiting = replace(MIDWAY, waits_for="responses")
    assert state_line(waiting) == "waiting for responses"


def test_state_line_prefers_stop_reason_over_wait() -> None:
    stopping = replace(MIDWAY, stopping="SIGINT", waits_for="responses")
    assert state_line(stopping) == "stopping: SIGINT"


def test_state_line_is_empty_without_wait() -> None:
    assert state_line(MIDWAY) == ""


def test_failure_line_contains_reason_and_trace_id() -> None:
    line = failure_line(replace(REJECTED, message="It is gone."))
    assert line == "1001 rejected: HTTP 404, Not found, It is gone, trace_id t-1"


def test_failure_line_keeps_trace_id_after_long_reason() -> None:
    line = failure_line(replace(REJECTED, message="x" * 1000))
    assert len(line) < 200
    assert line.endswith("x…, trace_id t-1")


def test_failure_line_has_name_after_id() -> None:
    line = failure_line(replace(REJECTED, name="Summer\x1b[2J sale"))
    assert line.startswith("1001 Summer\ufffd[2J sale, rejected: HTTP 404")


def sharing_with(*priorities: Priority) -> Sharing:
    others = tuple(
        Companion(f"run{number}", priority, "2026-11-28T10:00:00Z")
        for number, priority in enumerate(priorities)
    )
    return Sharing(place="here", companions=others)


def test_sharing_line_counts_runs_on_account() -> None:
    assert sharing_line(MIDWAY) == ""
    alone = replace(MIDWAY, sharing=sharing_with())
    assert sharing_line(alone) == ""
    two = replace(MIDWAY, sharing=sharing_with(Priority.NORMAL))
    assert sharing_line(two) == "2 runs share this account"


def test_sharing_line_names_who_goes_first() -> None:
    shared = sharing_with(Priority.BACKGROUND, Priority.URGENT)
    line = sharing_line(replace(MIDWAY, sharing=shared))
    assert line == "3 runs share this account; urgent goes first"
