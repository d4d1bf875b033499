"""What can end a run, as exceptions.

    BulkpauseError
    ├── SettingsError      an option, address or value that cannot be used
    ├── InputError         the input cannot be read or holds unusable rows
    ├── TokenError         no token, an unusable one, or one the API refused
    ├── GuardRailError     the input is not what was expected
    ├── LogError           the result log cannot be read or written
    └── LogHeldError       another run holds the result log

Each message says what is wrong and what to do about it, and is safe to show.
"""


class BulkpauseError(Exception):
    """The base of all of them."""


class SettingsError(BulkpauseError):
    """An option, address or value that cannot be used."""


class InputError(BulkpauseError):
    """The input cannot be read, or holds rows that cannot be used."""


class TokenError(BulkpauseError):
    """There is no token, it cannot be used, or the API refused it."""


class GuardRailError(BulkpauseError):
    """The input is not what was expected; nothing was sent."""


class LogError(BulkpauseError):
    """The result log cannot be read or written."""


class LogHeldError(BulkpauseError):
    """Another run holds the result log."""
