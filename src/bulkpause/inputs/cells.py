"""The cells of a row, and a cell that cannot hold an id."""

import re
from collections.abc import Sequence
from itertools import repeat
from typing import Self, cast

from bulkpause.ids import WHITESPACE


#: The number of a row, and its cells.
CellRecord = tuple[int, Sequence[str]]

#: No id, nor what stands for a missing one, which is shorter.
_is_drawn = re.compile(r"[-+=|:]*(?:-{3}|={3})[-+=|:]*").fullmatch

#: A longer name, or word of a status, is cut.
LONGEST_NAME = 200


def text_at(cells: Sequence[str], index: int | None) -> str | None:
    """Return the text of a cell for people; None if it is blank or missing."""
    if index is None or index >= len(cells):
        return None
    return cells[index].strip(WHITESPACE)[:LONGEST_NAME] or None


def texts_of_column(cells: Sequence[str]) -> list[str | None]:
    """Return the texts of the cells of a column, as `text_at` does for each."""
    texts = list(map(str.strip, cells, repeat(WHITESPACE)))
    if max(map(len, texts)) > LONGEST_NAME or not all(texts):
        return [text[:LONGEST_NAME] or None for text in texts]
    return cast(list[str | None], texts)


def sort_text_at(cells: Sequence[str], index: int | None) -> str | None:
    """Return a cell as a value to sort by; None if there is no column to sort by."""
    if index is None:
        return None
    cell = cells[index] if index < len(cells) else ""
    return cell.sort_text if isinstance(cell, BadCell) else cell


def is_blank(cells: Sequence[str]) -> bool:
    """Return whether no cell of a row has a text, but a line drawn of characters.

    As below the heading of a table in Markdown or of a database.
    """
    texts = (cell.strip(WHITESPACE) for cell in cells)
    return all(not text or _is_drawn(text) is not None for text in texts)


class BadCell(str):
    """The text of a cell that cannot be an id, such as `#N/A`.

    Attributes:
        detail: What is wrong with it, as in `InvalidRow`.
        remedy: What to do about it.
        sort_text: The text of the cell as a value to sort by, if it is another.
    """

    __slots__ = ("detail", "remedy", "sort_text")

    detail: str
    remedy: str
    sort_text: str

    def __new__(
        cls, text: str, detail: str, remedy: str, *, sort_text: str | None = None
    ) -> Self:
        cell = super().__new__(cls, text)
        cell.sort_text = text if sort_text is None else sort_text
        cell.detail = detail
        cell.remedy = remedy
        return cell
