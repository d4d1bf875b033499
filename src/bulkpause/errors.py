"""The exceptions of bulkpause.

    BulkpauseError
    ├── SettingsError      an option, address or value cannot be used
    ├── InputError         the input cannot be read, or has invalid rows
    ├── TokenError         the token is missing, cannot be used, or was rejected
    ├── GuardRailError     a guard rail stopped the run, or refused its input
    ├── StoppedError       the run ended before every id had a status
    ├── LogError           the result log cannot be read or written
    └── LogHeldError       another run uses the result log

Each message says what is wrong and how to fix it, and is safe to print: it
may quote a path, a log or a server.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bulkpause._text import format_count, sanitize
from bulkpause.vocabulary import StopCause


if TYPE_CHECKING:
    from bulkpause.model import InvalidRow, StopReason


class BulkpauseError(Exception):
    """Base class of all errors that bulkpause raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(sanitize(message))


class SettingsError(BulkpauseError, ValueError):
    """An option, address or value cannot be used."""


class InputError(BulkpauseError):
    """The input cannot be read, or has invalid rows.

    Attributes:
        rows: The invalid rows; empty if that is not what is wrong.
    """

    def __init__(self, message: str, *, rows: "Sequence[InvalidRow]" = ()) -> None:
        super().__init__(message)
        self.rows = tuple(rows)


class TokenError(BulkpauseError):
    """The token is missing, cannot be used, or was rejected by the API."""


class GuardRailError(BulkpauseError):
    """A guard rail stopped the run, or refused its input before anything was sent."""


class StoppedError(BulkpauseError):
    """The run ended before every id had a status: by `stop`, an outage or refusals."""


class LogError(BulkpauseError):
    """The result log cannot be read or written."""


class LogHeldError(BulkpauseError):
    """Another run uses the result log."""


class BudgetError(Exception):
    """The shared budget of the account gives no slots any more: the run stops.

    It reaches no program: the run says it as the reason of its stop.
    """


#: The gravest first, for accounts that ended with different errors.
_BY_GRAVITY: tuple[type[BulkpauseError], ...] = (
    LogError,
    TokenError,
    GuardRailError,
    SettingsError,
    StoppedError,
)


def join_errors(errors: Mapping[str | None, BulkpauseError]) -> BulkpauseError:
    """Make one error of those of several accounts, of the gravest kind.

    Args:
        errors: The errors by the name of the account; None for the only one.
    """
    if len(errors) == 1 and None in errors:
        return errors[None]
    kinds = [kind for kind in _BY_GRAVITY for e in errors.values() if type(e) is kind]
    kind = kinds[0] if kinds else StoppedError
    return kind("; ".join(f"{account}: {error}" for account, error in errors.items()))


def error_of_stop(stopped: "StopReason", left: int) -> BulkpauseError | None:
    """Make the error that ends a list early, so that nobody takes it for finished.

    Args:
        stopped: Why the run stopped.
        left: The number of ids without a record.

    Returns:
        None if `stop` came too late to leave any id out.
    """
    without = f"; {format_count(left, 'id')} without a result" if left else ""
    message = f"{stopped.detail}{without}"
    match stopped.cause:
        case StopCause.TOKEN:
            return TokenError(message)
        case StopCause.GUARD_RAIL:
            return GuardRailError(message)
        case StopCause.SIGNAL:
            return StoppedError(f"stopped: {message}") if left else None
        case StopCause.OUTAGE | StopCause.REFUSAL | StopCause.LOG:
            return StoppedError(message)
