"""The lengths of the texts that the cells of a workbook share."""

import re
from array import array
from collections.abc import Iterable

from bulkpause.inputs.spreadsheet.plain_runs import PlainRuns
from bulkpause.inputs.spreadsheet.refusals import damaged
from bulkpause.inputs.spreadsheet.text_shape import TextShape
from bulkpause.inputs.spreadsheet.xml_pass import local_name


_PLAIN = re.compile(
    rb'(?:<si><t(?: xml:space="preserve")?>[^<]*+</t></si>[ \t\r\n]*+)++'
)
_texts = re.compile(rb">([^<]*+)</t>").findall
_is_count = re.compile(r"[0-9]{1,7}").fullmatch


class SharedStrings:
    """Sums up the texts of a part `sharedStrings.xml`.

    Attributes:
        lengths: The number of bytes of each text.
    """

    def __init__(self) -> None:
        self.lengths = array("L")
        self._text_shape: TextShape | None = None
        self._length = 0

    def read(self, blocks: Iterable[bytes]) -> None:
        """Parse the part.

        Raises:
            ReadError: It is damaged.
        """
        runs = PlainRuns(b"<si>", b"</si>", _PLAIN, self._add_run)
        runs.parse(
            blocks,
            self._start,
            on_end=self._end,
            on_text=self._text,
            on_interruption=self._interrupt,
        )

    def _add_run(self, run: bytes) -> None:
        if self._text_shape is not None:
            raise damaged()
        self.lengths.extend(map(len, _texts(run)))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local_name(name):
            case "sst":
                # The reader sets that much memory aside.
                if not _is_count(attributes.get("uniqueCount", "0")):
                    raise damaged()
            case "si":
                if self._text_shape is not None:
                    raise damaged()
                self._text_shape = TextShape()
                self._length = 0
            case child if self._text_shape is not None:
                self._text_shape.start(child)
            case _:
                pass

    def _interrupt(self) -> None:
        if self._text_shape is not None:
            raise damaged()

    def _text(self, text: str) -> None:
        self._length += len(text.encode())

    def _end(self, name: str) -> None:
        if local_name(name) == "si":
            self._text_shape = None
            self.lengths.append(self._length)
        elif self._text_shape is not None:
            self._text_shape.end()
