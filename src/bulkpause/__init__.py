"""Pause Ocamba Hood campaigns in bulk, inside the API's rate limits.

Example:
    ::

        async with Pauser(token, log="pauses.jsonl") as pauser:
            async for record in pauser.pause(["1000248", "1000249"]):
                print(record.id, record.status, record.trace_id)
"""

from typing import TYPE_CHECKING

from bulkpause.api.credentials import Token
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import (
    BulkpauseError,
    InputError,
    LogError,
    LogHeldError,
    SettingsError,
    TokenError,
)
from bulkpause.model import Item, Limit, Record, Status
from bulkpause.settings import Settings


if TYPE_CHECKING:
    from bulkpause.pauser import Pauser


__all__ = [
    "BulkpauseError",
    "InputError",
    "Item",
    "Limit",
    "LogError",
    "LogHeldError",
    "Pauser",
    "Record",
    "RetryPolicy",
    "Settings",
    "SettingsError",
    "Status",
    "Token",
    "TokenError",
    "Verify",
]


def __getattr__(name: str) -> object:
    """Import the pauser, and with it aiohttp, when it is asked for."""
    if name != "Pauser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bulkpause.pauser import Pauser  # noqa: PLC0415

    return Pauser
