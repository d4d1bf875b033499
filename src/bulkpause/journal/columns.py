"""Cut columns of values out of the lines of a result log without decoding the lines.

What is read here was read before: the checksum of each line that has one fits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice, repeat

import orjson

from bulkpause._repeated import Repeated
from bulkpause.journal.codec import decode_again
from bulkpause.journal.glance import BEFORE_KEY, FIELD_COUNT, ID_START
from bulkpause.model import FIELD_NAMES, Columns, columns_of
from bulkpause.vocabulary import RECORD_VERSION


_VERSION = b'v":%d' % RECORD_VERSION
_CHECKSUM_START = b'crc32":"'
#: Where its text stands in a first field.
_ID = slice(len(ID_START), -1)
#: Of more lines, the pieces would not stay in the processor's cache.
_LINES_AT_ONCE = 256


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
        pieces = _pieces_of(batch)
        if pieces is None:
            records = list(map(decode_again, batch))
            selected = select([record.id for record in records])
            yield from columns_of(compress(records, selected), names)
            continue
        ids = [field[_ID].decode() for field in _field(pieces, 0)]
        if any(selected := select(ids)):
            columns = (_column(pieces, ids, name) for name in names)
            if not all(selected):
                columns = (list(compress(column, selected)) for column in columns)
            yield list(columns)


def _pieces_of(lines: Sequence[bytes]) -> Sequence[bytes] | None:
    """Cut lines into fields one after another; None if they may be of another form.

    That is the form of `codec`, of this version. It has its number of keys: if there
    are no more pieces than these, no text and no history holds what stands before a key.
    """
    pieces = BEFORE_KEY.join(lines).split(BEFORE_KEY)
    is_plain = (
        len(pieces) == len(lines) * FIELD_COUNT
        and all(map(bytes.startswith, _field(pieces, 0), repeat(ID_START)))
        and set(_field(pieces, -2)) == {_VERSION}
        and all(map(bytes.startswith, _field(pieces, -1), repeat(_CHECKSUM_START)))
    )
    return pieces if is_plain else None


def _field(pieces: Sequence[bytes], number: int) -> Sequence[bytes]:
    """Give one field of all lines; counted from the last field if negative."""
    return pieces[number % FIELD_COUNT :: FIELD_COUNT]


def _column(pieces: Sequence[bytes], ids: Sequence[str], name: str) -> Sequence[object]:
    """Decode the values of one field of all lines, one if all are the same."""
    if name == "id":
        return ids
    fields, start = _field(pieces, FIELD_NAMES.index(name)), len(f'{name}":')
    first, count = fields[0], len(fields)
    # Most fields that vary have another value at the end.
    if first == fields[-1] and fields.count(first) == count:
        return Repeated(orjson.loads(first[start:]), count)
    values = b",".join([field[start:] for field in fields])
    decoded: list[object] = orjson.loads(b"[%b]" % values)
    return decoded
