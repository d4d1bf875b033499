"""The records of a result log as an iterable."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from bulkpause._value import value
from bulkpause.journal.checksum import MARK_START


if TYPE_CHECKING:
    from bulkpause.model import Record


#: Of more, not all would stay in the processor's cache until they are decoded.
_LINES_AT_ONCE = 64
#: Lines that follow one another, with their numbers and newlines.
Batch = Sequence[tuple[int, bytes]]
LeftOf = Callable[[Batch], Iterator[tuple[int, bytes]]]


@value(kw_only=False)
class RecordFile:
    """The records of a result log, read anew each time that they are iterated.

    Marks of undos are no records, and are left out.

    Args:
        lines: Reads its lines, with their newlines.
        name: Its name, for messages.
        is_paired: Whether its write-ahead log exists.

    Raises:
        LogError: While they are read: a line is damaged, of another program, or of a
            newer version.
    """

    lines: Callable[[], Iterator[bytes]]
    name: str
    is_paired: bool

    def __iter__(self) -> "Iterator[Record]":
        lines = enumerate(self.lines(), 1)
        return self._decode((n, line) for n, line in lines if not is_mark(line))

    def decode_batches(self, left_of: "LeftOf") -> "Iterator[Record]":
        """Read the records, except those of lines that are taken in batches.

        Args:
            left_of: Takes numbered lines in their order, and gives each one that it
                does not take before it takes a later one. It must take every mark.
        """
        return self._decode(chain.from_iterable(map(left_of, self._batches())))

    def _batches(self) -> Iterator[Batch]:
        lines = enumerate(self.lines(), 1)
        while batch := list(islice(lines, _LINES_AT_ONCE)):
            yield batch

    def _decode(self, left: Iterator[tuple[int, bytes]]) -> "Iterator[Record]":
        first = next(left, None)
        if first is None:
            return
        # Of most logs every line is taken, and this is not imported.
        from bulkpause.journal.last_line import (  # noqa: PLC0415
            RESULT_LOG,
            decode_file,
        )

        yield from decode_file(
            chain([first], left), self.name, RESULT_LOG, is_paired=self.is_paired
        )


def is_mark(line: bytes) -> bool:
    """Tell whether a line is the mark of an undo, neither damaged nor newer."""
    if not line.startswith(MARK_START):
        return False
    from bulkpause.journal.codec import decode_mark  # noqa: PLC0415 (see above)

    return decode_mark(line) is not None
