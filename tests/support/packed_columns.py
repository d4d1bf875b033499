"""Unpack the columns of a page, as its script does."""

import base64
import gzip
from collections.abc import Callable
from typing import Any

import orjson


def unpacked(text: str) -> list[dict[str, Any]]:
    """Give the columns of a packed table, each with its `values`."""
    bytes_ = gzip.decompress(base64.b85decode(text.replace(".", "<")))
    header, _, rest = bytes_.partition(b"\n")
    table = orjson.loads(header)
    for column in table["columns"]:
        content, rest = rest[: column["bytes"]], rest[column["bytes"] :]
        column["values"] = list(_READERS[column["packing"]](content, column, table))
        assert len(column["values"]) == table["size"]
    assert rest == b""
    return list(table["columns"])


def _numbers(content: bytes, column: dict[str, Any], table: dict[str, Any]) -> Any:
    size, total = table["size"], 0
    for row in range(size):
        number = int.from_bytes(content[row::size], "little")
        if column["isStepwise"]:
            total += -(number + 1) // 2 if number % 2 else number // 2
        else:
            total = number
        value = total - 1 if total else None
        yield str(value) if column.get("isText") and total else value


def _hex(content: bytes, column: dict[str, Any], table: dict[str, Any]) -> Any:
    is_present, digits = content[: table["size"]], content[table["size"] :].hex()
    for one in is_present:
        text = ""
        while one and len(text) < column["length"]:
            text += "-" if len(text) in column["dashes"] else digits[0]
            digits = digits if text[-1] == "-" else digits[1:]
        yield text or None


def _lines(content: bytes, *_: dict[str, Any]) -> Any:
    return (line or None for line in content.decode().split("\n"))


_READERS: dict[str, Callable[..., Any]] = {
    "numbers": _numbers,
    "hex": _hex,
    "lines": _lines,
}
