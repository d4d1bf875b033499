"""Take lines in batches: a step for each of a million lines takes time."""

from collections.abc import Iterator
from itertools import islice

from bulkpause.inputs.table import ReadError


#: A batch is kept in memory while it is read, and a line may be long.
CHARS_AT_ONCE = 1 << 15
LINES_AT_ONCE = 16


class LineBatches:
    """Takes lines in batches of thirty thousand characters or a little more.

    A `ReadError` among the lines is raised by `rest`, or for the next batch, after the
    lines before it.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def take(self) -> list[str]:
        """Return the next lines. There are none at the end.

        Raises:
            ReadError: None can be read.
        """
        batch: list[str] = []
        chars = start = 0
        try:
            while chars < CHARS_AT_ONCE:
                batch.extend(islice(self._lines, LINES_AT_ONCE))
                if start == len(batch):
                    break
                chars += sum(map(len, islice(batch, start, None)))
                start = len(batch)
        except ReadError as error:
            if not batch:
                raise
            self._lines = _failing(error)
        return batch

    def rest(self) -> Iterator[str]:
        """Give the lines behind the last batch. Those taken are in no batch."""
        return self._lines


def _failing(error: ReadError) -> Iterator[str]:
    yield from ()
    raise error
