"""The records of a result log as an iterable."""

from collections.abc import Callable, Iterator

from bulkpause._value import value
from bulkpause.journal.last_line import RESULT_LOG, decode_file
from bulkpause.model import Record


@value(kw_only=False)
class RecordFile:
    """The records of a result log, read anew each time that they are iterated.

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
        return self.decode(lambda _: False)

    def decode(self, take: Callable[[bytes], bool]) -> Iterator[Record]:
        """Read the records, except those of lines that are taken.

        Args:
            take: Takes a line, or tells that it does not.
        """
        return decode_file(
            self.lines(), self.name, RESULT_LOG, is_paired=self.is_paired, take=take
        )
