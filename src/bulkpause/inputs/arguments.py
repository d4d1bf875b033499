"""Read the inputs that are named on the command line: paths, `-`, and ids themselves."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bulkpause._text import display_name
from bulkpause.ids import (
    AS_WHOLE_NUMBER,
    EXPORT_AS_TEXT,
    WITHOUT_SEPARATORS,
    matches_id_pattern,
    parse_item,
)
from bulkpause.inputs.accounts import NAME_ACCOUNT, check_accounts
from bulkpause.inputs.id_column import judge_column
from bulkpause.inputs.last_row import End
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.list_reader import rows_of_line
from bulkpause.inputs.reader import load_input
from bulkpause.inputs.result_log import ResultLogError
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


#: Blocks of thousands have three digits. The last part of `1000248,50` may be a fraction.
_are_ids = re.compile(r"[1-9][0-9]{3,}(?:,[1-9][0-9]{3,})+").fullmatch
_may_be_thousands = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+").fullmatch
_COMMAND_LINE = "the command line"
_STANDARD_INPUT = "-"
#: What helps a word, in place of what helps the cell of a spreadsheet.
_REMEDIES = {
    EXPORT_AS_TEXT: "write the id as its own system shows it",
    WITHOUT_SEPARATORS: "delete them",
    AS_WHOLE_NUMBER: "delete it",
}
_NEITHER = ReadError(
    "no file has this name, and an id without a digit is not taken from here",
    "check the path, or pass an id of letters on standard input, as INPUT -",
)


def read_inputs(words: Sequence[str], layout: Layout) -> list[Input]:
    """Read every input whole. What is wrong with one is part of it.

    All ids among the words are one input, whose rows are numbered by the place of the
    word. It stands where the first of them does.

    Args:
        words: A path, `-` for standard input, or an id each. An id has a digit, and no
            dot, slash or backslash; a file with such a name needs a `./` before it.
        layout: What the user said about the inputs.
    """
    inputs: list[Input] = []
    ids = Table()
    seen: set[object] = set()
    for place, word in enumerate(words, 1):
        if (error := _why_refused(word, seen)) is not None:
            inputs.append(Input(name=display_name(word), table=Table(error=error)))
        elif _is_id(word):
            if not ids.rows:
                inputs.append(Input(name=_COMMAND_LINE, table=ids))
            ids.fill([list(map(_without_column, _rows_of_word(place, word)))])
        else:
            inputs.append(_of_path(word, layout))
    if not layout.takes_any_id:
        ids.rows = judge_column(ids.rows, end=End.WHOLE)
    check_accounts(ids, layout)
    ids.rows = Rows(map(_without_account_column, ids.rows))
    return inputs


def _rows_of_word(place: int, word: str) -> Iterator[Item | InvalidRow]:
    """Give the ids of a word. Commas separate them more often than in a line of text."""
    if _are_ids(word):
        for id_ in word.split(","):
            yield parse_item(place, id_)
    elif _may_be_thousands(word):
        yield InvalidRow(
            row=place,
            detail="may be one number with separators, or several ids",
            remedy="write each id by itself, as a word or an option of its own",
            value=word,
        )
    else:
        yield from rows_of_line(place, word)


def _without_account_column(row: Item | InvalidRow) -> Item | InvalidRow:
    if isinstance(row, InvalidRow) and row.remedy == NAME_ACCOUNT:
        remedy = (
            "write the ids into a file with the columns account and id, or run this "
            "account alone, with its --token-file in place of --accounts"
        )
        return replace(row, remedy=remedy)
    return row


def _without_column(row: Item | InvalidRow) -> Item | InvalidRow:
    """Give a remedy that needs no spreadsheet, since a word has no column."""
    if isinstance(row, InvalidRow) and (remedy := _REMEDIES.get(row.remedy)):
        return replace(row, remedy=remedy)
    return row


def _of_path(word: str, layout: Layout) -> Input:
    found = load_input(word, layout)
    error = found.table.error
    if isinstance(error, ResultLogError) and word != _STANDARD_INPUT:
        found.table.error = error.with_command(word.removesuffix(".wal"))
    return found


def _is_id(word: str) -> bool:
    """Return whether a word means an id and not a path, be it valid or not."""
    return any(map(str.isdecimal, word)) and not _exists(word) and _has_no_path(word)


def _is_word(word: str) -> bool:
    """Return whether a word without a digit could be an id all the same."""
    return not any(map(str.isdecimal, word)) and matches_id_pattern(word)


def _has_no_path(word: str) -> bool:
    return not set(word) & {".", "/", "\\"}


def _exists(word: str) -> bool:
    return word == _STANDARD_INPUT or os.path.lexists(word)


def _why_refused(word: str, seen: set[object]) -> ReadError | None:
    """Return why a word is not read, and note it in `seen`."""
    if not _exists(word):
        return _why_no_path(word)
    if any(map(str.isdecimal, word)) and _has_no_path(word):
        return ReadError(
            "may be an id, and is a file too", f"write ./{word} for the file"
        )
    is_repeated = not seen.isdisjoint(keys := set(_identities(word)))
    seen |= keys
    return ReadError("it was given twice", "name it once") if is_repeated else None


def _why_no_path(word: str) -> ReadError | None:
    # Imported on use: most words are paths or ids.
    from bulkpause.inputs.address import id_in_address, is_address  # noqa: PLC0415

    if not word.strip():
        return ReadError("it is empty", "name a file or an id")
    if not is_address(word):
        return _NEITHER if _is_word(word) else None
    if (id_ := id_in_address(word)) is None:
        return ReadError("is an address, not an id", "write the id alone")
    return ReadError("is an address, not an id", f"write the id in it: {id_}")


def _identities(word: str) -> Iterator[object]:
    """Give what is the same for two names of one file."""
    yield word
    try:
        status = os.stat(word)  # noqa: PTH116 (Path would change some paths)
    except (OSError, ValueError):
        return
    yield status.st_dev, status.st_ino
