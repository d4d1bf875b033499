"""The exceptions of bulkpause.

    BulkpauseError
    ├── SettingsError      an option, address or value cannot be used
    ├── InputError         the input cannot be read, or has invalid rows
    ├── TokenError         the token is missing, cannot be used, or was rejected
    ├── GuardRailError     the input differs from what was expected
    ├── LogError           the result log cannot be read or written
    └── LogHeldError       another run uses the result log

Each message says what is wrong and how to fix it, and is safe to print.
"""


class BulkpauseError(Exception):
    """Base class of all errors that bulkpause raises on purpose."""


class SettingsError(BulkpauseError, ValueError):
    """An option, address or value cannot be used."""


class InputError(BulkpauseError):
    """The input cannot be read, or has invalid rows."""


class TokenError(BulkpauseError):
    """The token is missing, cannot be used, or was rejected by the API."""


class GuardRailError(BulkpauseError):
    """The input differs from what was expected; nothing was sent."""


class LogError(BulkpauseError):
    """The result log cannot be read or written."""


class LogHeldError(BulkpauseError):
    """Another run uses the result log."""


class BudgetError(Exception):
    """The shared budget of the account gives no slots any more: the run stops.

    It reaches no program: the run says it as the reason of its stop.
    """
