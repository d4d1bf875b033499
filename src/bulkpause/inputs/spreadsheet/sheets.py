"""Choose the sheet of a workbook that is read."""

from collections.abc import Callable, Sequence

from bulkpause._text import sanitize
from bulkpause._value import value
from bulkpause.inputs.spreadsheet.refusals import damaged
from bulkpause.inputs.table import ReadError


#: No list of campaigns has so many.
MOST_SHEETS = 500
#: In a message.
_MOST_SHEETS_NAMED = 12
#: Longer than any that a spreadsheet program takes.
_LONGEST_NAME = 40


@value
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: Its name.
        is_hidden: Whether it is hidden, or very hidden, from who opens the workbook.
        part: The part of the archive that it is in.
    """

    name: str
    is_hidden: bool
    part: str = ""


def choose_sheet(
    sheets: Sequence[Sheet], wanted: str | None, *, is_empty: Callable[[Sheet], bool]
) -> Sheet:
    """Return the sheet with the name `wanted`, or else the only one.

    Hidden sheets are never read. Sheets without a cell do not count.

    Raises:
        ReadError: There is no sheet at all, or no such sheet, it is hidden, or there are several.
    """
    if not sheets:
        raise damaged()
    visible = [sheet for sheet in sheets if not sheet.is_hidden]
    if wanted is not None:
        return _named(sheets, visible, wanted)
    if not visible:
        raise ReadError("each sheet is hidden", "unhide the one to pause")
    if len(visible) == 1:
        return visible[0]
    filled = [sheet for sheet in visible if not is_empty(sheet)]
    if len(filled) > 1:
        detail = f"{len(filled)} sheets: {_names(filled)}"
        raise ReadError(detail, "name one of them with --sheet")
    return (filled or visible)[0]


def _named(sheets: Sequence[Sheet], visible: Sequence[Sheet], wanted: str) -> Sheet:
    for same in (str, str.casefold):
        for sheet in sheets:
            if same(sheet.name) == same(wanted):
                return _visible(sheet, visible)
    among = f" among {_names(visible)}" if visible else ""
    raise ReadError(f"no sheet {_quoted(wanted)}{among}", "name one with --sheet")


def _visible(sheet: Sheet, visible: Sequence[Sheet]) -> Sheet:
    if sheet in visible:
        return sheet
    others = f", or name one of {_names(visible)} with --sheet" if visible else ""
    raise ReadError(f"the sheet {_quoted(sheet.name)} is hidden", f"unhide it{others}")


def _names(sheets: Sequence[Sheet]) -> str:
    names = ", ".join(_quoted(sheet.name) for sheet in sheets[:_MOST_SHEETS_NAMED])
    return f"{names}, …" if len(sheets) > _MOST_SHEETS_NAMED else names


def _quoted(name: str) -> str:
    """Quote a name so that it can be copied into a command, whatever its alphabet."""
    return f"'{sanitize(name[:_LONGEST_NAME])}'"
