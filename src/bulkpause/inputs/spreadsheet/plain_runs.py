"""Shorten the pass over a large part: runs of plain elements are matched, not parsed.

Nearly all of a large sheet is rows that one pattern describes in full. Matching them
takes a quarter of the time that parsing them does. In place of a run, the parser gets
one empty element and has to report it: in a comment, an attribute or any other place in
which the run would not be elements, it does not, and the workbook is refused.
"""

import re
from collections.abc import Callable, Iterable

from bulkpause.inputs.spreadsheet.refusals import damaged
from bulkpause.inputs.spreadsheet.xml_pass import (
    OnEnd,
    OnInterruption,
    OnStart,
    OnText,
    XmlPass,
)


#: The place of a run in the parsed document.
_PLACEHOLDER = "plain-run"
#: An element that is not plain and longer than this is left to the parser as it comes.
_LONGEST_ELEMENT_BYTES = 1 << 20


class PlainRuns:
    """Feeds a document to a parser, without its plain runs.

    Args:
        element: The start of an element that may be plain, such as `<row`.
        end: Its end tag.
        pattern: Matches as many plain elements as follow one another.
        on_run: Is given each run.

    Attributes:
        pattern: The pattern for what follows.
    """

    def __init__(
        self,
        element: bytes,
        end: bytes,
        pattern: re.Pattern[bytes],
        on_run: Callable[[bytes], None],
    ) -> None:
        self._element = element
        self._end = end
        self.pattern = pattern
        self._on_run = on_run
        self._run: bytes | None = None
        self._document: XmlPass | None = None

    @property
    def position(self) -> int:
        """The bytes parsed before the tag that is being reported."""
        return 0 if self._document is None else self._document.position

    def parse(
        self,
        blocks: Iterable[bytes],
        on_start: OnStart,
        *,
        on_end: OnEnd | None = None,
        on_text: OnText | None = None,
        on_interruption: OnInterruption | None = None,
    ) -> None:
        """Parse a whole document.

        Raises:
            ReadError: It is not well-formed, nests too deep or has a document type.
        """

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == _PLACEHOLDER:
                self._take_run()
            else:
                on_start(name, attributes)

        document = self._document = XmlPass(
            start, on_end=on_end, on_text=on_text, on_interruption=on_interruption
        )
        rest = b""
        for block in blocks:
            rest = self._feed(document, rest + block)
        document.feed(rest, is_last=True)

    def _feed(self, document: XmlPass, data: bytes) -> bytes:
        """Feed all whole elements, and return the rest."""
        position = 0
        while (start := data.find(self._element, position)) >= 0:
            document.feed(data[position:start])
            if match := self.pattern.match(data, start):
                self._replace(document, match[0])
                position = match.end()
            elif (end := data.find(self._end, start)) >= 0:
                position = end + len(self._end)
                document.feed(data[start:position])
            else:
                return self._rest(document, data[start:])
        # The start of an element may be cut in two.
        cut = max(position, len(data) - len(self._element) + 1)
        document.feed(data[position:cut])
        return data[cut:]

    def _rest(self, document: XmlPass, data: bytes) -> bytes:
        if len(data) <= _LONGEST_ELEMENT_BYTES:
            return data
        document.feed(data)
        return b""

    def _replace(self, document: XmlPass, run: bytes) -> None:
        self._run = run
        document.feed(f"<{_PLACEHOLDER}/>".encode())
        if self._run is not None:
            raise damaged()

    def _take_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            # An element of that name is in the document itself.
            raise damaged()
        self._on_run(run)
