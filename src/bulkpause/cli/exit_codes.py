"""Exit codes, on which schedulers act. A test freezes them."""

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from bulkpause.cli.output import OutputError
from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    InputError,
    LogError,
    LogHeldError,
    StoppedError,
    TokenError,
)
from bulkpause.vocabulary import StopCause


if TYPE_CHECKING:
    from bulkpause.model import StopReason
    from bulkpause.report.totals import Totals


class ExitCode(IntEnum):
    """The exit codes. 129, 130 and 143 are 128 + the number of the signal."""

    #: Every id is paused.
    ALL_PAUSED = 0
    #: Finished; some ids cannot be paused.
    SOME_NOT_PAUSABLE = 1
    #: Usage error, or the question was answered "no"; nothing was sent.
    USAGE = 2
    #: The input is invalid; nothing was sent.
    INPUT = 3
    #: The token is missing or was rejected.
    TOKEN = 4
    #: Incomplete: some ids need a retry.
    INCOMPLETE = 5
    #: The log or its disk failed.
    LOG = 6
    #: Another run holds the log.
    LOG_HELD = 7
    #: A guard rail stopped the run.
    GUARD_RAIL = 8
    #: A bug in bulkpause.
    BUG = 70
    #: The work was done, but its result could not be written.
    OUTPUT = 74
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


#: Of a run with nothing left to do.
FINISHED = frozenset({ExitCode.ALL_PAUSED, ExitCode.SOME_NOT_PAUSABLE})

#: The gravest first, for several logs or accounts. A log that cannot be found, or a
#: file that is none, says as little as one that cannot be read.
_BY_GRAVITY = (
    ExitCode.BUG,
    ExitCode.LOG,
    ExitCode.INPUT,
    ExitCode.USAGE,
    ExitCode.TOKEN,
    ExitCode.GUARD_RAIL,
    ExitCode.INCOMPLETE,
    ExitCode.SOME_NOT_PAUSABLE,
    ExitCode.ALL_PAUSED,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Choose the gravest of several exit codes. One that is not listed is graver."""
    known = {code: place for place, code in enumerate(_BY_GRAVITY)}
    return min(codes, key=lambda code: known.get(code, -1))


def exit_of_totals(totals: "Totals") -> ExitCode:
    """Choose the exit code from the statuses of the rows."""
    if totals.is_unfinished:
        return ExitCode.INCOMPLETE
    return ExitCode.ALL_PAUSED if totals.is_all_done else ExitCode.SOME_NOT_PAUSABLE


def exit_of_run(totals: "Totals", stopped: "StopReason | None") -> ExitCode:
    """Choose the exit code of a run that may have been stopped, but not by a signal."""
    match stopped and stopped.cause:
        case StopCause.TOKEN:
            return ExitCode.TOKEN
        # One that stopped the run after its last id has stopped nothing.
        case StopCause.GUARD_RAIL if not totals.is_all_done:
            return ExitCode.GUARD_RAIL
        case StopCause.LOG:
            return ExitCode.LOG
        case _:
            return exit_of_totals(totals)


def exit_of_error(error: BulkpauseError) -> ExitCode:
    """Choose the exit code of a run that ended with an error."""
    known: tuple[tuple[type[BulkpauseError], ExitCode], ...] = (
        (InputError, ExitCode.INPUT),
        (TokenError, ExitCode.TOKEN),
        (GuardRailError, ExitCode.GUARD_RAIL),
        (LogHeldError, ExitCode.LOG_HELD),
        (LogError, ExitCode.LOG),
        (OutputError, ExitCode.OUTPUT),
        (StoppedError, ExitCode.INCOMPLETE),
    )
    return next(
        (code for kind, code in known if isinstance(error, kind)), ExitCode.USAGE
    )
