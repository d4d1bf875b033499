"""Problems of inputs are grouped by fault, and wrapped at words."""

from typing import Any

import pytest

from bulkpause.cli.problems import (
    FAULTS_SHOWN,
    Problems,
    closing_line,
    error_object,
    problem_lines,
    problems_of,
)
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


MISSING = "no id", "fill it in or delete the row"
DATE = "is a date, not an id", "set the id column to Text and export again"


def row(number: int, fault: tuple[str, str], value: str | None = None) -> InvalidRow:
    return InvalidRow(row=number, detail=fault[0], remedy=fault[1], value=value)


def described(
    *rows: InvalidRow, width: int = 80, are_left_out: bool = False, **given: Any
) -> list[str]:
    problems = Problems(source="export.csv", rows=rows, total=62, **given)
    return list(problem_lines(problems, width=width, are_left_out=are_left_out))


def test_rows_are_grouped_by_fault() -> None:
    dates = [row(15, DATE, "1-Mai"), row(16, DATE, "Okt-26")]
    missing = [row(number, MISSING) for number in range(3, 15)]
    assert described(*missing, *dates) == [
        "export.csv: 14 of 62 rows cannot be used",
        "  12 rows: no id",
        "    rows 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more",
        "    fill it in or delete the row",
        "  2 rows: each is a date, not an id",
        "    row 15 '1-Mai', row 16 'Okt-26'",
        "    set the id column to Text and export again",
    ]


def test_single_row_is_one_sentence() -> None:
    assert described(row(15, DATE, "1-Mai"), row(16, MISSING))[1:] == [
        "  row 15: '1-Mai' is a date, not an id",
        "    set the id column to Text and export again",
        "  row 16: no id",
        "    fill it in or delete the row",
    ]


def test_rows_left_out_are_said_without_that_advice() -> None:
    title = "stands above the heading", "delete it or pass --skip-invalid"
    assert described(row(1, title, "Report"), are_left_out=True) == [
        "warning: export.csv: 1 of 62 rows cannot be used and is left out",
        "  row 1: 'Report' stands above the heading",
        "    delete it",
    ]
    assert described(row(1, title, "Report"))[-1] == f"    {title[1]}"
    two = described(*[row(n, title) for n in (1, 2)], are_left_out=True)
    assert two[0].endswith("2 of 62 rows cannot be used and are left out")


def test_read_error_comes_last() -> None:
    error = ReadError("an unpaired quote", "look for it from this row on", row=40)
    assert described(row(16, MISSING), error=error) == [
        "export.csv: 1 of 62 rows cannot be used, and the rest cannot be read",
        "  row 16: no id",
        "    fill it in or delete the row",
        "  row 40: an unpaired quote",
        "    look for it from this row on",
    ]


def test_read_error_alone_is_one_line() -> None:
    error = ReadError("the input is empty", "add the ids to pause")
    assert described(error=error) == [
        "export.csv: the input is empty; add the ids to pause"
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_are_wrapped_at_words(width: int) -> None:
    values = [f"{number} Mai and more" for number in range(20)]
    rows = [row(number, DATE, value) for number, value in enumerate(values)]
    lines = described(*rows, width=width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    # A row stays on one line with its value.
    assert all(
        any(f"row {number} {value!r}" in line for line in lines)
        for number, value in enumerate(values[:10])
    )
    assert "and 10 more set the id column to Text" in text


def test_value_is_inert_and_cut() -> None:
    (_, line, _) = described(row(3, DATE, "\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}März"))
    assert line == r"  row 3: '\x1b[2J\u202eMärz' is a date, not an id"
    (_, line, *_) = described(row(3, DATE, "x" * 1000))
    assert "x" * 41 not in line
    assert "x" * 40 + "'..." in line


def test_row_of_another_source_names_it() -> None:
    one = InvalidRow(row=3, detail="no number", remedy="fill it in", source="a.csv")
    assert described(one, one)[2] == "    row 3 of a.csv, row 3 of a.csv"


def test_many_faults_are_counted() -> None:
    rows = [row(number, (f"fault {number}", "mend it")) for number in range(50)]
    lines = described(*rows)
    assert len(lines) == 2 + 2 * FAULTS_SHOWN
    assert lines[-1] == "  and 30 rows with other faults"


def test_closing_line_offers_to_skip_rows_only() -> None:
    rows = Problems(source="a.csv", rows=(row(3, MISSING),))
    error = Problems(source="b.csv", error=ReadError("it is empty", "add ids"))
    order = Problems(source="--order-by x", rows=rows.rows, can_be_skipped=False)
    assert "--skip-invalid" in closing_line([rows])
    for fatal in (error, order):
        assert closing_line([rows, fatal]) == "nothing was sent"


@pytest.mark.parametrize(("count", "text"), [(1, "this row"), (2, "these rows")])
def test_only_rows_are_not_offered_to_be_skipped(count: int, text: str) -> None:
    found = Problems(source="a.csv", rows=(row(3, MISSING),) * count)
    line = closing_line([found], leaves_ids=False)
    assert line == f"nothing was sent. Fix {text}."


def test_error_object_has_every_problem() -> None:
    error = ReadError("it is empty", "add ids")
    problems = [
        Problems(source="a.csv", rows=(row(3, DATE, "1-Mai"),), total=9),
        Problems(source="b.csv", error=error),
    ]
    assert error_object(3, "nothing was sent", problems) == {
        "error": {
            "code": 3,
            "message": "a.csv: 1 of 9 rows cannot be used; b.csv: it is empty; "
            "add ids; nothing was sent",
            "rows": [
                {
                    "input": "a.csv",
                    "row": 3,
                    "value": "1-Mai",
                    "reason": "'1-Mai' is a date, not an id",
                    "remedy": DATE[1],
                },
                {
                    "input": "b.csv",
                    "row": None,
                    "value": None,
                    "reason": "it is empty",
                    "remedy": "add ids",
                },
            ],
        }
    }


def test_input_without_problems_is_left_out() -> None:
    good = Table(rows=Rows([Item(id="1001", row=1)]))
    bad = Table(rows=Rows([Item(id="1001", row=1), row(2, MISSING)]))
    found = problems_of([Input(name="a", table=good), Input(name="b", table=bad)])
    (problems,) = found
    assert (problems.source, len(problems.rows), problems.total) == ("b", 1, 2)
