import pytest

from bulkpause.cli.exit_codes import (
    ExitCode,
    exit_of_error,
    exit_of_run,
    exit_of_totals,
    gravest,
)
from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    InputError,
    LogError,
    LogHeldError,
    SettingsError,
    StoppedError,
    TokenError,
)
from bulkpause.model import StopReason
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status, StopCause


def totals(rows: int, **counts: int) -> Totals:
    made = Totals(rows=rows)
    made.by_status.update({Status(name): count for name, count in counts.items()})
    return made


def test_exit_codes_are_frozen() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "ALL_PAUSED": 0,
        "SOME_NOT_PAUSABLE": 1,
        "USAGE": 2,
        "INPUT": 3,
        "TOKEN": 4,
        "INCOMPLETE": 5,
        "LOG": 6,
        "LOG_HELD": 7,
        "GUARD_RAIL": 8,
        "BUG": 70,
        "OUTPUT": 74,
        "HUNG_UP": 129,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"paused": 3}, ExitCode.ALL_PAUSED),
        ({"paused": 2, "already_paused": 1}, ExitCode.ALL_PAUSED),
        ({"paused": 2, "not_pausable": 1}, ExitCode.SOME_NOT_PAUSABLE),
        ({"paused": 2, "rejected": 1}, ExitCode.SOME_NOT_PAUSABLE),
        ({"paused": 2, "invalid": 1}, ExitCode.SOME_NOT_PAUSABLE),
        ({"paused": 2, "failed": 1}, ExitCode.INCOMPLETE),
        ({"paused": 2, "unknown": 1}, ExitCode.INCOMPLETE),
        ({"paused": 2}, ExitCode.INCOMPLETE),
        ({"rejected": 1, "failed": 1, "paused": 1}, ExitCode.INCOMPLETE),
    ],
    ids=str,
)
def test_statuses_of_rows_choose_exit_code(
    counts: dict[str, int], code: ExitCode
) -> None:
    assert exit_of_totals(totals(3, **counts)) is code


def test_duplicate_and_done_rows_keep_exit_code_0() -> None:
    done = totals(4, paused=2)
    done.duplicate = done.already_done = 1
    assert exit_of_totals(done) is ExitCode.ALL_PAUSED


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (StopCause.TOKEN, ExitCode.TOKEN),
        (StopCause.GUARD_RAIL, ExitCode.GUARD_RAIL),
        (StopCause.LOG, ExitCode.LOG),
        (StopCause.OUTAGE, ExitCode.INCOMPLETE),
        (StopCause.SIGNAL, ExitCode.INCOMPLETE),
    ],
)
def test_stop_cause_chooses_exit_code(cause: StopCause, code: ExitCode) -> None:
    assert exit_of_run(totals(3, paused=2), StopReason(cause, "why")) is code


@pytest.mark.parametrize(
    "cause",
    sorted({*StopCause} - {StopCause.TOKEN, StopCause.GUARD_RAIL, StopCause.LOG}),
)
def test_rows_choose_exit_code_of_other_stops(cause: StopCause) -> None:
    stopped = StopReason(cause, "why")
    assert exit_of_run(totals(3, failed=3), stopped) is ExitCode.INCOMPLETE


def test_rows_choose_exit_code_without_stop() -> None:
    assert exit_of_run(totals(3, paused=3), None) is ExitCode.ALL_PAUSED
    assert exit_of_run(totals(3, paused=2), None) is ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError, ExitCode.INPUT),
        (TokenError, ExitCode.TOKEN),
        (LogError, ExitCode.LOG),
        (LogHeldError, ExitCode.LOG_HELD),
        (StoppedError, ExitCode.INCOMPLETE),
        (SettingsError, ExitCode.USAGE),
        (BulkpauseError, ExitCode.USAGE),
    ],
)
def test_error_chooses_exit_code(error: type[BulkpauseError], code: ExitCode) -> None:
    assert exit_of_error(error("why")) is code


def test_every_bulkpause_error_is_listed() -> None:
    assert set(BulkpauseError.__subclasses__()) == {
        GuardRailError,
        InputError,
        LogError,
        LogHeldError,
        SettingsError,
        StoppedError,
        TokenError,
    }


def test_unknown_plan_and_missing_ids_are_incomplete() -> None:
    unknown = totals(3, paused=3)
    unknown.is_plan_known = False
    assert exit_of_totals(unknown) is ExitCode.INCOMPLETE
    missing = totals(4, paused=3)
    missing.not_on_record = 1
    assert exit_of_totals(missing) is ExitCode.INCOMPLETE


def test_gravest_code_wins_for_several_logs() -> None:
    order = [ExitCode(code) for code in (70, 6, 4, 8, 5, 1, 0)]
    for place, code in enumerate(order):
        assert gravest(reversed(order[place:])) is code
    assert gravest([ExitCode.INCOMPLETE, ExitCode.INPUT]) is ExitCode.INPUT
