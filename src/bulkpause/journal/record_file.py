"""The records of a result log as an iterable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bulkpause.journal.codec import decode_mark
from bulkpause.journal.last_line import RESULT_LOG, decode_file
from bulkpause.model import Record


@dataclass(frozen=True, slots=True)
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

    def __iter__(self) -> Iterator[Record]:
        return self.decode(_is_mark)

    def decode(self, take: Callable[[bytes], bool]) -> Iterator[Record]:
        """Read the records, except those of lines that are taken.

        Args:
            take: Takes a line, or tells that it does not. It must take every mark.
        """
        return decode_file(
            self.lines(), self.name, RESULT_LOG, is_paired=self.is_paired, take=take
        )


def _is_mark(line: bytes) -> bool:
    return decode_mark(line) is not None
