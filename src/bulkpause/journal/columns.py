"""Cut columns of values out of the lines of a result log without decoding the lines.

What is read here was read before: the checksum of each line that has one fits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice, repeat

import orjson

from bulkpause.journal.codec import decode_again
from bulkpause.journal.glance import BEFORE_KEY, FIELD_COUNT, ID_START
from bulkpause.model import FIELD_NAMES, Columns, columns_of
from bulkpause.vocabulary import RECORD_VERSION


_VERSION = b'v":%d' % RECORD_VERSION
_CHECKSUM_START = b'crc32":"'
#: Where its text stands in a first field.
_ID = slice(len(ID_START), -1)
#: Of more lines, the pieces would not stay in the processor's cache.
_LINES_AT_ONCE = 128


def columns_of_lines(
    lines: Iterable[bytes],
    names: Sequence[str],
    select: Callable[[Sequence[str | None]], Sequence[bool]],
) -> Iterator[Columns]:
    """Give values of records as columns, some records at a time, in their order.

    Args:
        lines: The lines of the records.
        names: The fields of a record, a column each.
        select: Tells of some records by their ids, once, which of them are to be given.
    """
    remaining = iter(lines)
    while batch := list(islice(remaining, _LINES_AT_ONCE)):
        fields = _fields_of(batch)
        if fields is None:
            records = list(map(decode_again, batch))
            selected = select([record.id for record in records])
            yield from columns_of(compress(records, selected), names)
        elif any(selected := select([one[_ID].decode() for one in fields[0]])):
            if not all(selected):
                fields = [list(compress(column, selected)) for column in fields]
            yield [_values(fields[FIELD_NAMES.index(one)], one) for one in names]


def _fields_of(lines: Sequence[bytes]) -> Sequence[Sequence[bytes]] | None:
    """Cut lines into columns of fields; None if they may not be as `codec` wrote them.

    A version has its number of keys: if there are no more pieces than these, no text and
    no history holds what stands before a key.
    """
    rows = [line.split(BEFORE_KEY) for line in lines]
    if set(map(len, rows)) != {FIELD_COUNT}:
        return None
    fields = list(zip(*rows, strict=True))
    is_plain = (
        set(fields[-2]) == {_VERSION}
        and all(map(bytes.startswith, fields[-1], repeat(_CHECKSUM_START)))
        and all(map(bytes.startswith, fields[0], repeat(ID_START)))
    )
    return fields if is_plain else None


def _values(fields: Sequence[bytes], name: str) -> Sequence[object]:
    """Decode the values of one field of some lines, once if all are the same."""
    # The first field of a line has a brace before its key.
    start = len(f'{name}":') + (len('{"') if name == "id" else 0)
    first, count = fields[0], len(fields)
    if fields.count(first) == count:
        return [orjson.loads(first[start:])] * count
    values = b",".join([field[start:] for field in fields])
    decoded: list[object] = orjson.loads(b"[%b]" % values)
    return decoded
