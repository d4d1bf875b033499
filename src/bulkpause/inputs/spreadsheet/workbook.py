"""The sheets of an `.xlsx` workbook, and the parts that they are in."""

import posixpath
from collections.abc import Iterable

from bulkpause.inputs.spreadsheet.archive import Archive
from bulkpause.inputs.spreadsheet.refusals import too_large
from bulkpause.inputs.spreadsheet.sheets import MOST_SHEETS, Sheet
from bulkpause.inputs.spreadsheet.xml_pass import local_name, parse


class WorkbookPass:
    """Reads which sheets a workbook has.

    Attributes:
        sheets: The sheets with cells, in their order. Charts are left out.
        counts_from_1904: Whether its dates are counted from 1904.
    """

    def __init__(self, archive: Archive) -> None:
        self._parts = relations(archive, "xl/workbook.xml", kind="worksheet")
        self.sheets: list[Sheet] = []
        self.counts_from_1904 = False
        parse(archive.blocks("xl/workbook.xml"), self._start)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local_name(name):
            case "sheet":
                self._add(attributes)
            case "workbookPr":
                self.counts_from_1904 = attributes.get("date1904") in {"1", "true"}
            case _:
                pass

    def _add(self, attributes: dict[str, str]) -> None:
        ids = [value for key, value in attributes.items() if key.endswith(":id")]
        part = next((self._parts[id_] for id_ in ids if id_ in self._parts), None)
        if part is None:
            return
        name = attributes.get("name", "")
        is_hidden = attributes.get("state", "visible") != "visible"
        self.sheets.append(Sheet(name=name, is_hidden=is_hidden, part=part))
        if len(self.sheets) > MOST_SHEETS:
            raise too_large(f"more than {MOST_SHEETS} sheets")


def relations(archive: Archive, part: str, *, kind: str) -> dict[str, str]:
    """Return the parts of a kind that a part refers to, by the id of the relation.

    Raises:
        ReadError: The relations are damaged.
    """
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if path not in archive:
        return {}
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        is_kind = attributes.get("Type", "").endswith(f"/{kind}")
        if local_name(name) == "Relationship" and is_kind:
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = posixpath.normpath(
                posixpath.join(f"/{folder}", target)
            )

    parse(archive.blocks(path), start)
    return found


def is_empty(blocks: Iterable[bytes]) -> bool:
    """Return whether a sheet has no cell with anything in it."""
    # The parser stops at the first one that has.
    try:
        parse(blocks, _stop_at_value)
    except _FoundError:
        return False
    return True


class _FoundError(Exception):
    """A cell holds something."""


def _stop_at_value(name: str, _: dict[str, str]) -> None:
    if local_name(name) in {"v", "is", "f"}:
        raise _FoundError


def table_filter(archive: Archive, sheet: Sheet) -> str | None:
    """Return the range of the first table of a sheet that is filtered."""
    for part in relations(archive, sheet.part, kind="table").values():
        ranges: list[str] = []
        filtered: list[str] = []

        def start(
            name: str,
            attributes: dict[str, str],
            ranges: list[str] = ranges,
            filtered: list[str] = filtered,
        ) -> None:
            match local_name(name):
                case "autoFilter":
                    ranges.append(attributes.get("ref", ""))
                case "filterColumn":
                    filtered.extend(ranges[-1:])
                case _:
                    pass

        parse(archive.blocks(part), start)
        if filtered:
            return filtered[0]
    return None
