"""Read XML in one pass, without document types, and not deeper than workbooks are."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from xml.parsers import expat

from bulkpause.inputs.spreadsheet.refusals import damaged
from bulkpause.inputs.table import ReadError


#: Workbooks nest less than half as deep. The parser keeps each open element.
DEEPEST = 64

#: An element's name, and its attributes.
OnStart = Callable[[str, dict[str, str]], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]
#: A comment or an instruction, at which readers may end a text.
OnInterruption = Callable[[], None]


# Small, because a hostile document may have many names.
@lru_cache(maxsize=64)
def local_name(name: str) -> str:
    """Return a name without the prefix of its namespace."""
    return name.partition(":")[2] or name


class XmlPass:
    """Calls functions for the elements and texts of a document, as it is fed."""

    def __init__(
        self,
        on_start: OnStart,
        *,
        on_end: OnEnd | None = None,
        on_text: OnText | None = None,
        on_interruption: OnInterruption | None = None,
    ) -> None:
        self._on_start = on_start
        self._on_end = on_end
        self._depth = 0
        # Readers of workbooks take UTF-8 whatever the document declares, so that no
        # other encoding may hide an element from this pass.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        if on_text is not None:
            self._parser.CharacterDataHandler = on_text
        if on_interruption is not None:
            self._parser.CommentHandler = lambda _: on_interruption()
            self._parser.ProcessingInstructionHandler = lambda *_: on_interruption()

    @property
    def position(self) -> int:
        """The bytes before the tag or text that is being reported."""
        return self._parser.CurrentByteIndex

    def feed(self, data: bytes, *, is_last: bool = False) -> None:
        """Parse the next part of the document.

        Raises:
            ReadError: It is not well-formed, nests too deep or has a document type.
        """
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            raise damaged() from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise damaged()
        self._on_start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._on_end is not None:
            self._on_end(name)


def parse(
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
    document = XmlPass(
        on_start, on_end=on_end, on_text=on_text, on_interruption=on_interruption
    )
    for block in blocks:
        document.feed(block)
    document.feed(b"", is_last=True)


def _refuse_document_type(*_: object) -> None:
    raise ReadError(
        "the workbook holds a document type, which no spreadsheet program writes",
        "open it in a spreadsheet program and save it again",
    )
