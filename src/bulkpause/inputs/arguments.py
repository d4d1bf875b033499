"""Read the words of a command line: paths, `-` for standard input, and ids."""

import os
import re
from collections.abc import Sequence

from bulkpause.ids import parse_item
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import read_input
from bulkpause.inputs.table import Input, Table


#: A word that may be meant as an id: with a digit, and without a dot or a slash.
_LOOKS_LIKE_ID = re.compile(r"(?=.*[0-9])[^./]+").fullmatch


def read_inputs(words: Sequence[str], layout: Layout) -> list[Input]:
    """Read all inputs that the words name. Ids among them form one input.

    Args:
        words: Paths, `-` for standard input, and ids.
        layout: What the user said about the inputs.
    """
    ids = [word for word in words if _is_id(word)]
    inputs = [read_input(word, layout) for word in words if not _is_id(word)]
    if ids:
        table = Table(rows=[parse_item(row, id_) for row, id_ in enumerate(ids, 1)])
        inputs.append(Input(name="the command line", table=table))
    return inputs


def _is_id(word: str) -> bool:
    return _LOOKS_LIKE_ID(word) is not None and not os.path.lexists(word)
