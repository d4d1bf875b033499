"""Make lines of the result log as older versions wrote them."""

from zlib import crc32

import orjson


#: The keys that a record of version 1 does not have.
_NEWER_KEYS = ("name", "account", "action", "planned", "endpoint", "v", "crc32")


def as_version_1(line: bytes) -> bytes:
    """Give a line as a program of record version 1 would have written it."""
    fields = orjson.loads(line)
    for key in _NEWER_KEYS:
        del fields[key]
    old = orjson.dumps(fields)[:-1]
    return b'%s,"crc32":"%08x"}\n' % (old, crc32(old))
