"""Pause Ocamba Hood campaigns in bulk, inside the API's rate limits.

Example:
    ::

        async with Pauser(token, log="pauses.jsonl") as pauser:
            async for record in pauser.pause(["1000248", "1000249"]):
                print(record.id, record.status, record.trace_id)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bulkpause.api.credentials import Token
from bulkpause.engine.guard_rails import GuardRails, Tolerance
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    InputError,
    LogError,
    LogHeldError,
    SettingsError,
    TokenError,
)
from bulkpause.model import (
    Action,
    Companion,
    InvalidRow,
    Item,
    Limit,
    Priority,
    Record,
    Sharing,
    Status,
    StopCause,
    StopReason,
    Waiting,
)
from bulkpause.plan import Plan
from bulkpause.settings import Settings


if TYPE_CHECKING:
    from bulkpause.pauser import Pauser, RunSnapshot


__all__ = [
    "Action",
    "BulkpauseError",
    "Companion",
    "GuardRailError",
    "GuardRails",
    "InputError",
    "InvalidRow",
    "Item",
    "Limit",
    "LogError",
    "LogHeldError",
    "Pauser",
    "Plan",
    "Priority",
    "Record",
    "RetryPolicy",
    "RunSnapshot",
    "Settings",
    "SettingsError",
    "Sharing",
    "Status",
    "StopCause",
    "StopReason",
    "Token",
    "TokenError",
    "Tolerance",
    "Verify",
    "Waiting",
]

#: Names of the pauser's module, which imports aiohttp.
_LAZY = ("Pauser", "RunSnapshot")


def __getattr__(name: str) -> object:
    """Import the pauser, and with it aiohttp, when it is first used."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("bulkpause.pauser"), name)
