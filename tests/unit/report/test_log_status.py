"""`status` says whose log it is, how old it is, and what may still be running."""

from dataclasses import replace
from typing import Any

import pytest

from bulkpause.model import Record
from bulkpause.report.log_status import LogStatus, age_in_words, as_words
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status


AT = "2026-11-27T08:00:00.123Z"
DAYS = 3 * 86_400.0


def status(*statuses: Status, rows: int | None = None, **fields: Any) -> LogStatus:
    records = [Record(id=str(n), status=one) for n, one in enumerate(statuses)]
    totals = add_all(records, Totals(rows=len(records) if rows is None else rows))
    known = LogStatus(
        log="pauses.jsonl",
        totals=totals,
        endpoint="https://api.example",
        is_simulated=False,
        is_held=False,
        first_at=AT,
        last_at="2026-11-27T08:01:00.000Z",
        age_s=600.0,
        run_id="run-1",
    )
    return replace(known, **fields)


def test_lines_name_endpoint_run_and_times() -> None:
    assert list(status(Status.PAUSED).lines()) == [
        "pauses.jsonl: https://api.example, run run-1",
        "from 2026-11-27 08:00:00 UTC to 2026-11-27 08:01:00 UTC, 10 min ago",
        "1 paused",
        "0 may still be running",
    ]


def test_ids_without_read_back_are_counted_beside_others() -> None:
    found = status(Status.PAUSED, Status.PAUSED, Status.PAUSED)
    found.totals.unread = 2
    assert "2 of the paused ids accepted, but not read back" in list(found.lines())
    for unread in (0, 3):
        found.totals.unread = unread
        assert "read back" not in "".join(found.lines())


def test_lines_say_how_many_may_be_running() -> None:
    found = status(
        *(Status.PAUSED, Status.ALREADY_PAUSED, Status.NOT_PAUSABLE),
        *(Status.REJECTED, Status.FAILED, Status.UNKNOWN),
        rows=10,
    )
    assert list(found.lines())[2:7] == [
        "1 paused",
        "1 already paused",
        "1 not pausable (see their status below)",
        "7 may still be running: 1 failed, 1 rejected, 1 unknown, 4 not attempted",
        "1 unknown: may be paused or may be running",
    ]


def test_all_clear_of_old_log_is_dated() -> None:
    lines = list(status(Status.PAUSED, age_s=DAYS).lines())
    assert lines[1].endswith(", 3 days ago")
    assert "this log is old: campaigns may have been started again since" in lines
    assert lines[-1] == "0 may still be running, as of 2026-11-27 08:01:00 UTC"


def test_simulated_log_is_no_real_all_clear() -> None:
    lines = list(status(Status.PAUSED, endpoint="simulator", is_simulated=True).lines())
    assert "simulated: no real campaign was paused" in lines
    assert lines[-1] == "0 may still be running on the simulator"


@pytest.mark.parametrize(("is_held", "count"), [(True, 1), (False, 0), (None, 0)])
def test_running_log_is_named_as_such(is_held: bool | None, count: int) -> None:
    lines = list(status(Status.PAUSED, is_held=is_held).lines())
    assert lines.count("a run holds this log now: these numbers still change") == count


def test_log_without_record_says_nothing() -> None:
    nothing: dict[str, Any] = dict.fromkeys(["first_at", "last_at", "age_s", "run_id"])
    empty = status(totals=Totals(is_plan_known=False), endpoint=None, **nothing)
    assert list(empty.lines()) == [
        "pauses.jsonl: its endpoint is not on record",
        "nothing is on record: every campaign may still be running",
    ]


def test_lines_have_no_terminal_control_characters() -> None:
    lines = list(status(Status.PAUSED, endpoint="https://\x1b[2J").lines())
    assert all(line.isprintable() for line in lines)


def test_object_holds_facts_of_log() -> None:
    found = status(Status.PAUSED, is_held=True).as_dict()
    names = ("endpoint", "is_simulated", "is_held", "first_at", "age_s", "run_id")
    assert [found[name] for name in names] == [
        *("https://api.example", False, True, AT, 600.0, "run-1"),
    ]
    assert (found["may_run"], found["not_on_record"]) == (0, 0)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (-5.0, "0 s"),
        (0.0, "0 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (7_199.0, "120 min"),
        (7_200.0, "2 h"),
        (90_000.0, "25 h"),
        (DAYS, "3 days"),
    ],
)
def test_age_has_its_largest_unit(age_s: float, words: str) -> None:
    assert age_in_words(age_s) == words


def test_moment_is_written_in_utc() -> None:
    assert as_words("2026-11-27T08:00:00+02:00") == "2026-11-27 06:00:00 UTC"


def test_paused_before_is_said_as_in_reports() -> None:
    already = (Status.ALREADY_PAUSED,) * 2
    assert "2 already paused" in list(status(*already).lines())
    assert not any(line.startswith("0 paused") for line in status(*already).lines())
    lines = list(status(Status.PAUSED, *already).lines())
    assert lines[2:4] == ["1 paused", "2 already paused"]
