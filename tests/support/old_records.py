"""Make lines of the result log as older versions wrote them."""

from zlib import crc32

import orjson


#: The keys that a record of version 1 or 2 does not have.
_KEYS_SINCE_3 = (
    *("reads", "earlier_status", "earlier_scheduled_time", "paused_at"),
    "input_digest",
)
#: The keys that a record of version 1 does not have.
_KEYS_SINCE_2 = ("name", "account", "action", "planned", "endpoint", "v")


def as_version_1(line: bytes) -> bytes:
    """Give a line as a program of record version 1 would have written it."""
    return _without(line, (*_KEYS_SINCE_2, *_KEYS_SINCE_3))


def as_version_2(line: bytes) -> bytes:
    """Give a line as a program of record version 2 would have written it."""
    return _without(line, _KEYS_SINCE_3, v=2)


def _without(line: bytes, keys: tuple[str, ...], **changed: object) -> bytes:
    fields = orjson.loads(line) | changed
    for key in (*keys, "crc32"):
        del fields[key]
    old = orjson.dumps(fields)[:-1]
    return b'%s,"crc32":"%08x"}\n' % (old, crc32(old))
