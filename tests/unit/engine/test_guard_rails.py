"""Guard rails at the exact edges of their limits."""

import pytest

from bulkpause.engine.guard_rails import (
    MIN_IDS_FOR_PERCENT,
    FailureCount,
    GuardRails,
    Tolerance,
    judge_canary,
    parse_tolerance,
)
from bulkpause.errors import SettingsError
from bulkpause.model import Record, StopReason
from bulkpause.operation import PAUSE
from bulkpause.vocabulary import Status, StopCause


def record(status: Status, number: int = 1) -> Record:
    return Record(id=str(number), status=status)


def stop_after(tolerance: Tolerance | None, statuses: list[Status]) -> int | None:
    """Give the number of records after which the run stops; None if it does not."""
    count = FailureCount(tolerance)
    for number, status in enumerate(statuses, 1):
        if count.add(record(status, number)) is not None:
            return number
    return None


@pytest.mark.parametrize(("failures", "stops"), [(2, False), (3, False), (4, True)])
def test_failures_above_maximum_number_stop_run(failures: int, stops: bool) -> None:
    statuses = [Status.FAILED] * failures
    assert stop_after(Tolerance(count=3), statuses) == (4 if stops else None)


def test_zero_tolerance_stops_at_first_failure() -> None:
    statuses = [Status.PAUSED, Status.FAILED]
    assert stop_after(Tolerance(count=0), statuses) == 2


@pytest.mark.parametrize("status", [Status.REJECTED, Status.FAILED, Status.UNKNOWN])
def test_failure_status_counts_as_failure(status: Status) -> None:
    assert stop_after(Tolerance(count=0), [status]) == 1


@pytest.mark.parametrize(
    "status",
    [Status.PAUSED, Status.ALREADY_PAUSED, Status.NOT_PAUSABLE, Status.INVALID],
)
def test_other_status_does_not_count_as_failure(status: Status) -> None:
    assert stop_after(Tolerance(count=0), [status] * 50) is None


def test_percentage_applies_from_twenty_finished_ids() -> None:
    assert (
        stop_after(Tolerance(percent=10), [Status.FAILED] * 30)
        == MIN_IDS_FOR_PERCENT
        == 20
    )


def test_invalid_rows_do_not_count_as_finished() -> None:
    statuses = [Status.INVALID] * 30 + [Status.FAILED] * 19
    assert stop_after(Tolerance(percent=10), statuses) is None


@pytest.mark.parametrize(("failures", "stops"), [(4, False), (5, False), (6, True)])
def test_failures_above_maximum_percentage_stop_run(failures: int, stops: bool) -> None:
    statuses = [Status.FAILED] * failures + [Status.PAUSED] * (100 - failures)
    count = FailureCount(Tolerance(percent=5))
    reasons = [count.add(record(status)) for status in statuses]
    assert (reasons[-1] is not None) is stops


def test_percentage_refers_to_finished_ids() -> None:
    statuses = [Status.PAUSED] * 18 + [Status.FAILED] * 2 + [Status.PAUSED] * 10
    assert stop_after(Tolerance(percent=10), statuses) is None
    assert stop_after(Tolerance(percent=9.9), statuses) == 20


def test_run_without_tolerance_never_stops() -> None:
    assert stop_after(None, [Status.FAILED] * 100) is None


def test_stop_reason_names_option_and_id() -> None:
    count = FailureCount(Tolerance(percent=2.5))
    reason = None
    for number in range(1, 21):
        reason = count.add(record(Status.UNKNOWN, number))
    detail = "--max-failures 2.5%: 20 of 20 ids failed, last id 20"
    assert reason == StopReason(StopCause.GUARD_RAIL, detail)


def test_guard_rails_are_off_by_default() -> None:
    assert GuardRails() == GuardRails(canary=0, max_failures=None, deadline_s=None)


@pytest.mark.parametrize("status", [Status.PAUSED, Status.ALREADY_PAUSED])
def test_paused_canary_lets_run_continue(status: Status) -> None:
    assert judge_canary(3, [record(status)] * 3, PAUSE) is None


@pytest.mark.parametrize("status", [one for one in Status if not one.is_done])
def test_canary_that_is_not_paused_stops_run(status: Status) -> None:
    records = [record(Status.PAUSED, 1), record(status, 2), record(Status.PAUSED, 3)]
    detail = f"--canary 3: 1 of the first 3 ids not paused (2: {status})"
    assert judge_canary(3, records, PAUSE) == StopReason(StopCause.GUARD_RAIL, detail)


def test_unfinished_canary_stops_run() -> None:
    reason = judge_canary(3, [record(Status.PAUSED)] * 2, PAUSE)
    assert reason is not None
    assert reason.detail == "--canary 3: 1 of the first 3 ids not paused"


def test_single_canary_is_the_first_id() -> None:
    reason = judge_canary(1, [record(Status.REJECTED, 7)], PAUSE)
    assert reason is not None
    assert reason.detail == "--canary 1: the first id not paused (7: rejected)"


def test_canary_adds_unfinished_and_not_paused_ids() -> None:
    statuses = [Status.REJECTED, Status.PAUSED, Status.UNKNOWN]
    records = [record(status, number) for number, status in enumerate(statuses, 1)]
    reason = judge_canary(6, records, PAUSE)
    assert reason is not None
    assert reason.detail == "--canary 6: 5 of the first 6 ids not paused (1: rejected)"


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("0", Tolerance(count=0)),
        ("5", Tolerance(count=5)),
        ("0%", Tolerance(percent=0)),
        ("2.5%", Tolerance(percent=2.5)),
        ("100%", Tolerance(percent=100)),
    ],
)
def test_tolerance_is_parsed_as_number_or_percentage(
    text: str, tolerance: Tolerance
) -> None:
    assert parse_tolerance(text) == tolerance
    assert str(parse_tolerance(text)) == text


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "1.5", "101%", "100.1%", "5 %", "many", "5%%", "٣"]
)
def test_invalid_tolerance_is_rejected_with_remedy(text: str) -> None:
    with pytest.raises(SettingsError, match=r"write 5 or 2\.5%"):
        parse_tolerance(text)
