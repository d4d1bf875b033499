"""The lengths of the texts that the cells of a workbook share."""

import re
from array import array
from collections.abc import Iterable

from bulkpause.inputs.spreadsheet.plain_runs import PlainRuns
from bulkpause.inputs.spreadsheet.refusals import damaged
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
        self._is_open = False
        self._length = 0

    def read(self, blocks: Iterable[bytes]) -> None:
        """Parse the part.

        Raises:
            ReadError: It is damaged.
        """
        runs = PlainRuns(b"<si>", b"</si>", _PLAIN, self._add_run)
        runs.parse(blocks, self._start, on_end=self._end, on_text=self._text)

    def _add_run(self, run: bytes) -> None:
        if self._is_open:
            raise damaged()
        self.lengths.extend(map(len, _texts(run)))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local_name(name):
            case "sst":
                # The reader sets that much memory aside.
                if not _is_count(attributes.get("uniqueCount", "0")):
                    raise damaged()
            case "si":
                if self._is_open:
                    raise damaged()
                self._is_open = True
                self._length = 0
            case _:
                pass

    def _text(self, text: str) -> None:
        self._length += len(text.encode())

    def _end(self, name: str) -> None:
        if local_name(name) == "si":
            self._is_open = False
            self.lengths.append(self._length)
