"""Open an input as lines of text."""

from collections.abc import Iterator
from contextlib import contextmanager

from bulkpause.inputs.files import (
    GZIP_RATIO_CHECKED_FROM_CHARS,
    lines_of,
    open_binary,
)


@contextmanager
def open_lines(
    path: str, *, ratio_checked_from: int = GZIP_RATIO_CHECKED_FROM_CHARS
) -> Iterator[Iterator[str]]:
    with open_binary(path) as data:
        yield lines_of(data, ratio_checked_from=ratio_checked_from)
