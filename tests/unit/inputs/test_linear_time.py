"""Reading takes time in proportion to the size of the input.

The same shape of input is read at one size and at four times that size. A quadratic
pattern takes sixteen times as long then, and a linear one four times.
"""

import io
from collections.abc import Callable
from time import process_time

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import read
from bulkpause.inputs.table import Table


CHARS = 50_000
#: Below this, the clock is not exact enough to compare.
SHORTEST_S = 0.01

SHAPES: dict[str, Callable[[int], str]] = {
    "long cell": lambda chars: f"id,name\n1,{'x' * chars}\n",
    "blanks around an id": lambda chars: (
        f"id,name\n{' ' * (chars // 2)}1{' ' * (chars // 2)},a\n"
    ),
    "digits of an id": lambda chars: f"id,name\n{'1' * chars}x,a\n",
    "groups of an id": lambda chars: f"id,name\n{'1,' * (chars // 2)}x\n",
    "points in an id": lambda chars: f"id,name\n{'1.' * (chars // 2)}x,a\n",
    "underscores of an id": lambda chars: f"id,name\n{'_' * chars}!,a\n",
    "words of an id": lambda chars: f"id,name\n{'a_' * (chars // 2)}!,a\n",
    "doubled quotes": lambda chars: f'id,name\n1,"{chr(34) * 2 * (chars // 2)}"\n',
    "lone quotes": lambda chars: "id,name\n" + '1,a"b\n' * (chars // 6),
    "records of many lines": lambda chars: (
        "id,name\n" + ('1,"' + "a, b\n" * 900 + '"\n') * (chars // 4500)
    ),
    "joined rows": lambda chars: (
        "id,name\n" + ('1,"' + "2,b\n" * 900 + '"\n') * (chars // 3600)
    ),
    "wide rows": lambda chars: (
        f"id{',x' * 1000}\n" + f"1{',a' * 1000}\n" * (chars // 1000)
    ),
    "titles": lambda chars: f"{'x' * (chars // 90)}\n" * 90 + "id,name\n1,a\n",
    "short rows": lambda chars: "id,name,x\n" + "1\n" * (chars // 2),
    "moved rows": lambda chars: "name,id,x\n" + "Sale, 24,1000248\n" * (chars // 17),
    "blank rows": lambda chars: "id,name\n" + ",\n" * (chars // 2),
}


def seconds_to_read(text: str) -> float:
    fastest = float("inf")
    for _ in range(2):
        lines = io.StringIO(text, newline=None)
        table = Table()
        started_at = process_time()
        table.fill(
            [row] for row in read(lines, name="a.csv", layout=Layout(), table=table)
        )
        fastest = min(fastest, process_time() - started_at)
        assert table.error is None
    return fastest


@pytest.mark.unmeasured
@pytest.mark.parametrize("shape", SHAPES)
def test_time_to_read_grows_with_size_only(shape: str) -> None:
    short_s, long_s = (seconds_to_read(SHAPES[shape](n)) for n in (CHARS, 4 * CHARS))
    assert long_s < 10 * max(short_s, SHORTEST_S)
