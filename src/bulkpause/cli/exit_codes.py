"""How a run ends, as the number that a scheduler acts on. Frozen by a test."""

from enum import IntEnum

from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    InputError,
    LogError,
    LogHeldError,
    TokenError,
)
from bulkpause.model import StopCause, StopReason
from bulkpause.report.totals import Totals


class ExitCode(IntEnum):
    """The exit codes. 130 and 143 stand for the signals' own."""

    #: Every id is paused.
    ALL_PAUSED = 0
    #: Finished; some ids cannot be paused.
    SOME_NOT_PAUSABLE = 1
    #: The command line cannot be used.
    USAGE = 2
    #: The input cannot be used; nothing was sent.
    INPUT = 3
    #: The token is missing or was refused.
    TOKEN = 4
    #: Ids are left, and a retry can help.
    UNFINISHED = 5
    #: The log or its disk failed.
    LOG = 6
    #: Another run holds the log.
    LOG_HELD = 7
    #: A guard rail stopped the run.
    GUARD_RAIL = 8
    #: A defect of this program.
    DEFECT = 70
    INTERRUPTED = 130
    TERMINATED = 143


def exit_of_totals(totals: Totals) -> ExitCode:
    """Say how it ended from what became of the rows."""
    if totals.is_unfinished:
        return ExitCode.UNFINISHED
    return ExitCode.ALL_PAUSED if totals.is_all_paused else ExitCode.SOME_NOT_PAUSABLE


def exit_of_run(totals: Totals, stopped: StopReason | None) -> ExitCode:
    """Say how a run ended that something may have stopped, signals apart."""
    match stopped and stopped.cause:
        case StopCause.TOKEN:
            return ExitCode.TOKEN
        case StopCause.GUARD_RAIL:
            return ExitCode.GUARD_RAIL
        case StopCause.LOG:
            return ExitCode.LOG
        case _:
            return exit_of_totals(totals)


def exit_of_error(error: BulkpauseError) -> ExitCode:
    """Say how a run ended that an error stopped."""
    known: tuple[tuple[type[BulkpauseError], ExitCode], ...] = (
        (InputError, ExitCode.INPUT),
        (TokenError, ExitCode.TOKEN),
        (GuardRailError, ExitCode.GUARD_RAIL),
        (LogHeldError, ExitCode.LOG_HELD),
        (LogError, ExitCode.LOG),
    )
    return next(
        (code for kind, code in known if isinstance(error, kind)), ExitCode.USAGE
    )
