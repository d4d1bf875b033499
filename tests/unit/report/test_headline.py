"""The headline says what is on record, as of when, and never more."""

from typing import Any

from bulkpause.model import Record
from bulkpause.operation import RESUME
from bulkpause.report.group import LogGroup
from bulkpause.report.headline import headline, note_lines
from bulkpause.report.log_status import LogStatus
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status


AT = "2026-11-27T08:01:00.000Z"
CAVEAT = "Campaigns may have been started again since the times given here."


def group(
    *statuses: Status,
    rows: int | None = None,
    totals: dict[str, Any] | None = None,
    account: str | None = None,
    **fields: Any,
) -> LogGroup:
    sample = [Record(id=str(n), status=one) for n, one in enumerate(statuses)]
    count = len(sample) if rows is None else rows
    known: dict[str, Any] = {
        "log": "pauses.jsonl",
        "endpoint": "https://api.example",
        "is_simulated": False,
        "is_held": False,
        "first_at": AT,
        "last_at": AT,
        "age_s": 60.0,
        "run_id": "run-1",
    }
    counted = add_all(sample, Totals(rows=count, **(totals or {})))
    status = LogStatus(totals=counted, **(known | fields))
    return LogGroup(status=status, records=sample, account=account)


def test_all_clear_is_dated() -> None:
    assert headline([group(Status.PAUSED, Status.ALREADY_PAUSED)]) == (
        "0 of 2 campaigns may still be running, as of 2026-11-27 08:01:00 UTC"
    )


def test_what_is_open_is_counted_as_in_status() -> None:
    one = group(
        *(Status.PAUSED, Status.REJECTED, Status.FAILED, Status.UNKNOWN),
        rows=10,
        totals={"not_on_record": 4},
    )
    assert headline([one]).startswith("9 of 10 campaigns may still be running")
    assert next(note_lines([one])) == (
        "9 may still be running: 1 failed, 1 rejected, 1 unknown, 2 not attempted, "
        "4 not on record."
    )


def test_invalid_rows_are_named_beside_an_all_clear() -> None:
    one = group(Status.PAUSED, Status.INVALID, Status.INVALID)
    invalid = "2 invalid rows: never sent; what they mean may still be running"
    assert headline([one]).startswith("0 of 1 campaign may still be running")
    assert headline([one]).endswith(f"; {invalid}")
    assert next(note_lines([one])) == f"{invalid}."


def test_unknown_plan_is_never_an_all_clear() -> None:
    one = group(Status.PAUSED, totals={"is_plan_known": False})
    assert headline([one]) == (
        "0 of 1 campaign on record may still be running, as of 2026-11-27 08:01:00 "
        "UTC; how many were planned is not on record, and others may still be running"
    )


def test_log_without_record_says_nothing() -> None:
    empty = group(totals={"is_plan_known": False}, last_at=None)
    assert headline([empty]) == (
        "nothing is on record: every campaign may still be running"
    )
    both = headline([empty, group(Status.PAUSED)])
    assert both.startswith("0 of 1 campaign on record may still be running")
    assert both.endswith("not on record, and others may still be running")


def test_invalid_rows_are_no_campaigns() -> None:
    one = group(Status.PAUSED, Status.INVALID)
    assert headline([one]).startswith("0 of 1 campaign may still be running")


def test_simulated_log_is_no_real_all_clear() -> None:
    one = group(Status.PAUSED, is_simulated=True)
    assert " on the simulator, as of " in headline([one])
    assert "Simulated: no real campaign was paused." in list(note_lines([one]))


def test_running_and_old_logs_are_named_as_such() -> None:
    notes = list(note_lines([group(Status.PAUSED, is_held=True, age_s=3 * 86_400.0)]))
    assert notes == [
        "1 of the paused ids was accepted (204) and not read back.",
        (
            "A run held this log when the report was made: its numbers were still "
            "changing."
        ),
        "The last record was 3 days old when the report was made.",
        CAVEAT,
    ]


def test_several_groups_are_added_and_named() -> None:
    groups = [
        group(Status.PAUSED, account="germany"),
        group(Status.FAILED, account="france", last_at="2026-11-27T09:00:00.000Z"),
    ]
    assert headline(groups) == (
        "1 of 2 campaigns may still be running, by logs of 2026-11-27 08:01:00 UTC to "
        "2026-11-27 09:00:00 UTC"
    )
    assert "france: 1 may still be running: 1 failed." in list(note_lines(groups))


def test_notes_have_no_control_characters() -> None:
    groups = [group(Status.FAILED, account="a\x1b[2J"), group(Status.FAILED)]
    assert all(note.isprintable() for note in note_lines(groups))


def test_simulated_campaigns_are_not_added_to_real_ones() -> None:
    simulated = group(Status.PAUSED, is_simulated=True, endpoint="simulator")
    groups = [simulated, group(Status.PAUSED, Status.FAILED)]
    assert headline(groups).startswith("1 of 2 campaigns may still be running, as of")
    assert next(note_lines(groups)) == (
        "simulator: 0 of 1 campaign may still be running on the simulator, as of "
        "2026-11-27 08:01:00 UTC: not counted above."
    )


def test_undone_pauses_are_no_all_clear() -> None:
    undone = group(Status.PAUSED, totals={"undone_by": "a.undo.jsonl"})
    begun = "an undo of this log was begun: campaigns may be running again"
    assert headline([undone]) == begun
    assert any("see a.undo.jsonl" in line for line in note_lines([undone]))
    also_open = group(Status.FAILED, totals={"undone_by": "a.undo.jsonl"})
    assert headline([also_open]) == (
        f"{begun}; 1 of 1 campaign on record may still be running, as of "
        "2026-11-27 08:01:00 UTC"
    )


def test_resumes_are_no_pauses() -> None:
    resumed = group(Status.RESUMED, Status.FAILED, totals={"operation": RESUME})
    assert headline([resumed]).startswith(
        "1 of 2 campaigns not known to be resumed, as of"
    )
    all_resumed = group(Status.RESUMED, totals={"operation": RESUME})
    assert headline([all_resumed]).startswith("1 resumed of 1 campaign, as of")
    both = headline([resumed, group(Status.PAUSED)])
    assert both.startswith("0 of 1 campaign may still be running, as of")
