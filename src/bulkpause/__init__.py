"""Pause Ocamba Hood campaigns in bulk, inside the API's rate limits.

async with Pauser(token, log="pauses.jsonl") as pauser:
async for record in pauser.pause(["1000248", "1000249"]):
print(record.id, record.status, record.trace_id)
"""

from bulkpause.credentials import Token
from bulkpause.errors import (
    BulkpauseError,
    InputError,
    LogError,
    LogHeldError,
    SettingsError,
    TokenError,
)
from bulkpause.model import Item, Limit, Record, Status
from bulkpause.pauser import Pauser
from bulkpause.policy import Rules, Verify
from bulkpause.settings import Settings


__all__ = [
    "BulkpauseError",
    "InputError",
    "Item",
    "Limit",
    "LogError",
    "LogHeldError",
    "Pauser",
    "Record",
    "Rules",
    "Settings",
    "SettingsError",
    "Status",
    "Token",
    "TokenError",
    "Verify",
]
