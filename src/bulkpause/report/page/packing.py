"""Pack columns of many rows into little text: numbers byte by byte, texts by lines.

The page's script unpacks them. What is packed is a line of JSON that describes the
columns, and after it the bytes of each.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import sub
from struct import pack
from typing import Any, NamedTuple

import orjson


#: Numbers of more bytes are packed as texts: a script counts no further than 2^53.
_MOST_BYTES = 6
_HEX = b"0123456789abcdef"
_HEX_SHAPE = re.compile("[0-9a-f]+(?:-[0-9a-f]+)*")
#: Names pack in half the space of the usual level, in little more time.
_LEVEL = 9
#: The script of the page adds steps up, and is exact up to here.
_MOST_COUNTED = 2**53
#: What a column holds is alike over some length: this much is compressed in one way.
_PIECE_BYTES = 1 << 13
#: As much of a piece shows whether it repeats itself.
_SAMPLE_BYTES = 1 << 10
_GZIP_START = b"\x1f\x8b\x08" + bytes(5) + b"\x02\xff"
#: Base 85 takes 1.25 bytes for each, and 64 takes 1.33. `<` could end the element.
_WITHOUT_TAGS = bytes.maketrans(b"<", b".")


class Packed(NamedTuple):
    """A column as bytes, and what the script has to know to read them."""

    content: bytes
    details: dict[str, Any]


def pack_columns(size: int, columns: Iterable[tuple[dict[str, Any], Packed]]) -> str:
    """Write columns of `size` rows, each with its description, as base 85 of gzip.

    Neither `<` nor a line end is in the text.
    """
    columns = list(columns)
    described = [
        description | {"bytes": len(packed.content)} | packed.details
        for description, packed in columns
    ]
    header = {"size": size, "columns": described}
    contents = (packed.content for _, packed in columns)
    whole = b"".join((orjson.dumps(header), b"\n", *contents))
    return base64.b85encode(_gzip(whole)).translate(_WITHOUT_TAGS).decode()


def _gzip(content: bytes) -> bytes:
    """Compress as `gzip.compress` does, but search only for repeats where some are.

    In the digits of ids and latencies there are none, and a search takes longest.
    """
    end = pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((_GZIP_START, *_deflated(content), end))


def _deflated(content: bytes) -> Iterator[bytes]:
    places = range(0, len(content), _PIECE_BYTES)
    pieces = (content[place : place + _PIECE_BYTES] for place in places)
    for strategy, alike in groupby(pieces, _strategy_of):
        compressor = _compressor(strategy)
        yield from map(compressor.compress, alike)
        yield compressor.flush(zlib.Z_FULL_FLUSH)
    yield _compressor(zlib.Z_DEFAULT_STRATEGY).flush()


def _strategy_of(piece: bytes) -> int:
    """Tell whether the search for repeats pays."""
    sample = piece[:_SAMPLE_BYTES]
    return min(
        (zlib.Z_HUFFMAN_ONLY, zlib.Z_DEFAULT_STRATEGY),
        key=lambda strategy: _size_of(sample, _compressor(strategy)),
    )


def _size_of(content: bytes, compressor: "zlib._Compress") -> int:
    return len(compressor.compress(content) + compressor.flush())


def _compressor(strategy: int) -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, strategy=strategy)


def pack_texts(texts: Sequence[str | None]) -> Packed:
    """Pack texts without line ends. An empty one is the same as none.

    Numbers and ids such as UUIDs take a third of their lines.
    """
    return _as_numbers(texts) or _as_hex(texts) or _as_lines(texts)


def pack_numbers(numbers: Sequence[int | None]) -> Packed:
    """Pack whole numbers; as texts if one is negative or too large."""
    packed = _as_bytes(numbers)
    if packed is not None:
        return packed
    return _as_lines([None if one is None else str(one) for one in numbers])


def _as_numbers(texts: Sequence[str | None]) -> Packed | None:
    """Pack texts that are nothing but numbers, as most ids are."""
    try:
        numbers = [int(text) if text else None for text in texts]
    except ValueError:
        return None
    again = [None if one is None else str(one) for one in numbers]
    packed = _as_bytes(numbers) if again == [text or None for text in texts] else None
    return packed and Packed(packed.content, packed.details | {"isText": True})


def _as_bytes(numbers: Sequence[int | None]) -> Packed | None:
    """Pack whole numbers: first the lowest byte of each, then the next; 0 for none.

    Numbers that mostly grow from row to row are packed as what each adds.
    """
    counted = [0 if one is None else one + 1 for one in numbers]
    if min(counted, default=0) < 0 or counted.count(0) != numbers.count(None):
        return None
    if max(counted, default=0) < 256:
        details = {"packing": "numbers", "width": 1, "isStepwise": False}
        return Packed(bytes(counted), details)
    if max(counted) > _MOST_COUNTED:
        return None
    steps = _steps(counted)
    is_stepwise = 4 * sum(steps) < sum(counted)
    chosen = steps if is_stepwise else counted
    width = (max(chosen).bit_length() + 7) // 8
    if width > _MOST_BYTES:
        return None
    content = pack(f"<{len(chosen)}Q", *chosen)
    planes = b"".join(content[place::8] for place in range(width))
    details = {"packing": "numbers", "width": width, "isStepwise": is_stepwise}
    return Packed(planes, details)


def _steps(numbers: Sequence[int]) -> list[int]:
    """Give what each number adds to the one before: even if more, odd if less."""
    steps = map(sub, numbers, chain((0,), numbers))
    return [2 * step if step >= 0 else -2 * step - 1 for step in steps]


def _as_hex(texts: Sequence[str | None]) -> Packed | None:
    """Pack texts of hexadecimal digits with dashes at the same places, as in UUIDs."""
    present = list(filter(None, texts))
    shape = _HEX_SHAPE.fullmatch(present[0]) if present else None
    if shape is None:
        return None
    dashes = [place for place, letter in enumerate(shape[0]) if letter == "-"]
    lines = "".join(f"{text}\n" for text in present)
    length = len(shape[0])
    ends = (*dashes, length)
    is_same_shape = len(lines) == (length + 1) * len(present) and all(
        set(lines[place :: length + 1]) == {"\n" if place == length else "-"}
        for place in ends
    )
    digits = lines.encode().translate(None, b"-\n") if is_same_shape else b""
    is_whole = len(digits) == (length - len(dashes)) * len(present)
    if not is_whole or digits.translate(None, _HEX):
        return None
    even = digits.decode() + "0" * (len(digits) % 2)
    content = bytes(map(bool, texts)) + bytes.fromhex(even)
    details = {"packing": "hex", "length": length, "dashes": dashes}
    return Packed(content, details)


def _as_lines(texts: Sequence[str | None]) -> Packed:
    lines = "\n".join([text or "" for text in texts])
    return Packed(lines.encode(errors="replace"), {"packing": "lines"})
