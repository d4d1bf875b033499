import pytest

from bulkpause.cli.exit_codes import (
    ExitCode,
    exit_of_error,
    exit_of_run,
    exit_of_totals,
)
from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    InputError,
    LogError,
    LogHeldError,
    SettingsError,
    TokenError,
)
from bulkpause.model import Status, StopCause, StopReason
from bulkpause.report.totals import Totals


def totals(rows: int, **counts: int) -> Totals:
    made = Totals(rows=rows)
    made.by_status.update({Status(name): count for name, count in counts.items()})
    return made


def test_the_codes_are_frozen() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "ALL_PAUSED": 0,
        "SOME_NOT_PAUSABLE": 1,
        "USAGE": 2,
        "INPUT": 3,
        "TOKEN": 4,
        "UNFINISHED": 5,
        "LOG": 6,
        "LOG_HELD": 7,
        "GUARD_RAIL": 8,
        "DEFECT": 70,
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
        ({"paused": 2, "failed": 1}, ExitCode.UNFINISHED),
        ({"paused": 2, "unknown": 1}, ExitCode.UNFINISHED),
        ({"paused": 2}, ExitCode.UNFINISHED),
        ({"rejected": 1, "failed": 1, "paused": 1}, ExitCode.UNFINISHED),
    ],
    ids=str,
)
def test_what_became_of_the_rows_decides(
    counts: dict[str, int], code: ExitCode
) -> None:
    assert exit_of_totals(totals(3, **counts)) is code


def test_repeats_and_rows_done_before_do_not_count_against_a_run() -> None:
    done = totals(4, paused=2)
    done.duplicate = done.already_done = 1
    assert exit_of_totals(done) is ExitCode.ALL_PAUSED


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (StopCause.TOKEN, ExitCode.TOKEN),
        (StopCause.GUARD_RAIL, ExitCode.GUARD_RAIL),
        (StopCause.LOG, ExitCode.LOG),
        (StopCause.OUTAGE, ExitCode.UNFINISHED),
        (StopCause.SIGNAL, ExitCode.UNFINISHED),
    ],
)
def test_what_stopped_a_run_decides(cause: StopCause, code: ExitCode) -> None:
    assert exit_of_run(totals(3, paused=2), StopReason(cause, "why")) is code


def test_where_nothing_stopped_a_run_the_rows_decide() -> None:
    assert exit_of_run(totals(3, paused=3), None) is ExitCode.ALL_PAUSED
    assert exit_of_run(totals(3, paused=2), None) is ExitCode.UNFINISHED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError, ExitCode.INPUT),
        (TokenError, ExitCode.TOKEN),
        (LogError, ExitCode.LOG),
        (LogHeldError, ExitCode.LOG_HELD),
        (SettingsError, ExitCode.USAGE),
        (BulkpauseError, ExitCode.USAGE),
    ],
)
def test_each_error_has_its_code(error: type[BulkpauseError], code: ExitCode) -> None:
    assert exit_of_error(error("why")) is code


def test_every_error_of_ours_that_can_be_raised_is_known() -> None:
    assert set(BulkpauseError.__subclasses__()) == {
        GuardRailError,
        InputError,
        LogError,
        LogHeldError,
        SettingsError,
        TokenError,
    }
