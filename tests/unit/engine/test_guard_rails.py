"""The rules that end a run early, exact at their edges."""

import pytest

from bulkpause.engine.guard_rails import (
    JUDGED_FROM,
    FailureCount,
    GuardRails,
    Tolerance,
    judge_canary,
    parse_tolerance,
)
from bulkpause.errors import SettingsError
from bulkpause.model import Record, Status, StopCause, StopReason


def record(status: Status, number: int = 1) -> Record:
    return Record(id=str(number), status=status)


def stop_after(tolerance: Tolerance | None, statuses: list[Status]) -> int | None:
    """Say after how many records the run stops, if it does."""
    count = FailureCount(tolerance)
    for number, status in enumerate(statuses, 1):
        if count.learn(record(status, number)) is not None:
            return number
    return None


@pytest.mark.parametrize(("failures", "stops"), [(2, False), (3, False), (4, True)])
def test_more_failures_than_the_number_stop_the_run(failures: int, stops: bool) -> None:
    statuses = [Status.FAILED] * failures
    assert stop_after(Tolerance(count=3), statuses) == (4 if stops else None)


def test_no_failure_may_be_tolerated() -> None:
    statuses = [Status.PAUSED, Status.FAILED]
    assert stop_after(Tolerance(count=0), statuses) == 2


@pytest.mark.parametrize("status", [Status.REJECTED, Status.FAILED, Status.UNKNOWN])
def test_these_count_as_failures(status: Status) -> None:
    assert stop_after(Tolerance(count=0), [status]) == 1


@pytest.mark.parametrize(
    "status",
    [Status.PAUSED, Status.ALREADY_PAUSED, Status.NOT_PAUSABLE, Status.INVALID],
)
def test_these_do_not_count_as_failures(status: Status) -> None:
    assert stop_after(Tolerance(count=0), [status] * 50) is None


def test_a_share_is_judged_from_twenty_finished_ids_on() -> None:
    assert stop_after(Tolerance(percent=10), [Status.FAILED] * 30) == JUDGED_FROM == 20


def test_rows_without_an_id_are_not_among_the_finished() -> None:
    statuses = [Status.INVALID] * 30 + [Status.FAILED] * 19
    assert stop_after(Tolerance(percent=10), statuses) is None


@pytest.mark.parametrize(("failures", "stops"), [(4, False), (5, False), (6, True)])
def test_a_larger_share_of_failures_stops_the_run(failures: int, stops: bool) -> None:
    statuses = [Status.FAILED] * failures + [Status.PAUSED] * (100 - failures)
    at = FailureCount(Tolerance(percent=5))
    found = [at.learn(record(status)) for status in statuses]
    assert (found[-1] is not None) is stops


def test_a_share_is_of_what_is_finished_by_then() -> None:
    statuses = [Status.PAUSED] * 18 + [Status.FAILED] * 2 + [Status.PAUSED] * 10
    assert stop_after(Tolerance(percent=10), statuses) is None
    assert stop_after(Tolerance(percent=9.9), statuses) == 20


def test_without_a_rule_nothing_stops() -> None:
    assert stop_after(None, [Status.FAILED] * 100) is None


def test_a_stop_names_the_rule_and_the_id() -> None:
    count = FailureCount(Tolerance(percent=2.5))
    stopped = None
    for number in range(1, 21):
        stopped = count.learn(record(Status.UNKNOWN, number))
    reason = "--max-failures 2.5%: 20 of 20 ids failed, the last 20"
    assert stopped == StopReason(StopCause.GUARD_RAIL, reason)


def test_there_is_no_rule_that_was_not_asked_for() -> None:
    assert GuardRails() == GuardRails(canary=0, max_failures=None, deadline_s=None)


@pytest.mark.parametrize("status", [Status.PAUSED, Status.ALREADY_PAUSED])
def test_a_canary_that_is_paused_lets_the_rest_go(status: Status) -> None:
    assert judge_canary(3, [record(status)] * 3) is None


@pytest.mark.parametrize("status", sorted({*Status} - {"paused", "already_paused"}))
def test_a_canary_that_is_not_paused_keeps_the_rest(status: Status) -> None:
    records = [record(Status.PAUSED, 1), record(status, 2), record(Status.PAUSED, 3)]
    reason = f"--canary 3: 1 of the first 3 not paused, 2 is {status}"
    assert judge_canary(3, records) == StopReason(StopCause.GUARD_RAIL, reason)


def test_a_canary_that_did_not_end_keeps_the_rest() -> None:
    stopped = judge_canary(3, [record(Status.PAUSED)] * 2)
    assert stopped is not None
    assert stopped.detail == "--canary 3: 1 of the first 3 not paused"


def test_what_did_not_end_and_what_ended_badly_are_added_up() -> None:
    statuses = [Status.REJECTED, Status.PAUSED, Status.UNKNOWN]
    records = [record(status, number) for number, status in enumerate(statuses, 1)]
    stopped = judge_canary(6, records)
    assert stopped is not None
    assert stopped.detail == "--canary 6: 5 of the first 6 not paused, 1 is rejected"


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
def test_a_number_or_a_share_is_read(text: str, tolerance: Tolerance) -> None:
    assert parse_tolerance(text) == tolerance
    assert str(parse_tolerance(text)) == text


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "1.5", "101%", "100.1%", "5 %", "many", "5%%", "٣"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"write 5 or 2\.5%"):
        parse_tolerance(text)
