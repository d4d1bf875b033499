import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bulkpause.inputs.id_column import judge_column
from bulkpause.inputs.last_row import End
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import load_input
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


UUIDS = [
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "00000000-0000-4000-8000-000000000000",
    "9b2e1f60-1c1e-4d0a-8a52-0d6b3e1a7f11",
]


def judged(ids: Sequence[str], *, end: End = End.WHOLE) -> dict[str, str]:
    """Return the detail of each id that became an invalid row."""
    items: list[Item | InvalidRow] = [
        Item(id=id_, row=row) for row, id_ in enumerate(ids, 1)
    ]
    rows = judge_column(Rows(items), end=end)
    assert [row.row for row in rows] == [item.row for item in items]
    return {
        str(row.value): f"{row.detail}; {row.remedy}"
        for row in rows
        if isinstance(row, InvalidRow)
    }


def test_words_beside_rows_with_numbers_are_invalid() -> None:
    def details_beside(value: str, word: str) -> list[str]:
        line = InvalidRow(row=2, detail="holds more than ids", remedy="", value=value)
        rows: list[Item | InvalidRow] = [Item(id=word, row=1), line]
        judged_rows = judge_column(Rows(rows), end=End.WHOLE)
        return [
            row.detail
            for row in judged_rows
            if row.row == 1 and isinstance(row, InvalidRow)
        ]

    detail = "has no digit, but other rows hold numbers"
    assert details_beside("1000248 - Sale DE", "Thanks") == [detail]
    assert details_beside("Sale 2024", "Thanks") == []
    assert details_beside("1000248 - Sale DE", "cmp-1") == []


@pytest.mark.parametrize(
    "ids",
    [
        ["1234567890123450"],
        ["12345678901234500"],
        ["12345678901234500", "1000248", "98765432109876500"],
        ["123456789012345680"],
        ["123456789012345680", "223456789012345660"],
        ["1234567890123456800", "1000248"],
        [f"238430000000000{last}" for last in (16, 24, 36, 44, 56)],
        [f"900719925474099{last}" for last in (2, 4, 6, 8)] * 3,
    ],
)
def test_rounded_column_is_invalid(ids: Sequence[str]) -> None:
    details = judged(ids)
    assert set(details) == {id_ for id_ in ids if len(id_) > 15}
    for detail in details.values():
        assert "is a number rounded by a spreadsheet or another program" in detail
        assert "--any-id" in detail


@pytest.mark.parametrize(
    "ids",
    [
        ["1234567890123450", "1234567890123451"],
        ["12345678901234500", "12345678901234567"],
        ["123456789012345680", "123456789012345681"],
        ["9007199254740992"],
        ["23843000000000012"],
        ["1234567890123456", "1234567890123458"],
        ["0001234567890123450"],
        ["9" * 40 + "1"],
        ["123456789012345", "120000000000000"],
        ["a" * 16 + "0"],
        UUIDS,
    ],
)
def test_column_with_exact_long_number_is_kept(ids: Sequence[str]) -> None:
    assert judged(ids) == {}


def test_more_rounded_ids_than_chance_are_invalid() -> None:
    rounded = [f"12345678901234{n}00" for n in range(3)]
    exact = [f"12345678901234{n}67" for n in range(5)]
    assert set(judged([*rounded, *exact])) == set(rounded)


def test_as_many_zeros_as_by_chance_are_kept() -> None:
    assert judged([f"12345678901{n:05}" for n in range(1000)]) == {}
    assert judged([f"123456789012{n}" for n in (3450, 4320, 5670, 6781)]) == {}


@pytest.mark.parametrize(
    "other", ["Summe", "Endsumme", "EOF2", "x-26", "cmp-5", "1e5a", "set-26", "Sale"]
)
def test_other_alphabet_in_column_of_numbers_is_invalid(other: str) -> None:
    assert set(judged(["1000248", "1000249", other])) == {other}


@pytest.mark.parametrize(
    "ids",
    [
        ["1000248", "Sale", "cmp-5"],
        ["1000248", "1000249", "Sale", "cmp-5"],
        [*UUIDS, "10002480"],
        ["3f25", "9b2e", "1000", "a111", "2000"],
        ["Sale"],
        [],
    ],
)
def test_mixed_column_is_kept(ids: Sequence[str]) -> None:
    assert judged(ids) == {}


def test_third_of_other_ids_is_still_column_of_numbers() -> None:
    assert set(judged(["1", "2", "3", "4", "a", "b"])) == {"a", "b"}
    assert judged(["1", "2", "3", "4", "a1", "b", "c"]) == {}


def test_words_among_numbers_are_invalid() -> None:
    assert set(judged(["1000248", "Sale"])) == {"Sale"}
    assert set(judged(["Thanks", "Bob", "1000248"])) == {"Thanks", "Bob"}


def test_ids_stored_as_doubles_are_invalid() -> None:
    ids = [str(int(float(23843111111111111 + n * 7919))) for n in range(6)]
    assert set(judged(ids)) == set(ids)
    assert judged(ids[:4]) == {}
    assert judged([*ids, "23843111111111111"]) == {}


def test_ids_in_steps_larger_than_doubles_are_kept() -> None:
    assert judged([str(n << 22) for n in range(10**11, 10**11 + 50 * 77, 77)]) == {}


def test_last_id_that_is_sum_of_others_is_invalid() -> None:
    assert set(judged(["1000248", "1000249", "2000497"])) == {"2000497"}
    assert judged(["1000248", "2000497", "1000249"]) == {}
    assert judged(["1000", "2000", "3000"]) == {}


def test_cut_last_id_shorter_than_others_is_invalid() -> None:
    details = judged(["1000248", "1000249", "1000"], end=End.IN_ID)
    assert set(details) == {"1000"}
    assert details["1000"].startswith("may be cut short: the last line has no line end")


def test_cut_last_id_after_one_other_is_invalid() -> None:
    assert set(judged(["1000248", "10002"], end=End.IN_ID)) == {"10002"}


def test_shorter_id_does_not_hide_cut_one() -> None:
    assert set(judged(["1000248", "999", "10002"], end=End.IN_ID)) == {"10002"}


def test_joined_lines_among_numbers_are_invalid() -> None:
    details = judged(["1000248", "1000249", "10002500", "10002511000252"])
    assert set(details) == {"10002511000252"}
    assert "lines may be joined" in details["10002511000252"]
    assert "--any-id" in details["10002511000252"]


@pytest.mark.parametrize(
    "ids",
    [
        ["1000248", "1000249", "10002511000252"],
        ["1000248", "1000249", "100025011", "10002511000252"],
        ["1000248", "1000249", "1000250", "1000251100025"],
        ["1", "2", "3", "10"],
        [f"100024{n}" for n in range(4)] + [f"2384311000025{n}" for n in range(4)],
    ],
)
def test_longer_numbers_of_mixed_lengths_are_kept(ids: Sequence[str]) -> None:
    assert judged(ids) == {}


def test_cut_last_id_of_words_is_invalid() -> None:
    assert set(judged([*UUIDS, UUIDS[0][:-1]], end=End.IN_ID)) == {UUIDS[0][:-1]}


@pytest.mark.parametrize(
    ("ids", "end"),
    [
        (["1000248", "1000249", "1000"], End.WHOLE),
        (["1000248", "1000"], End.WHOLE),
        (["1000248", "1000", "1001"], End.IN_ID),
        (["1", "2", "1000248", "33"], End.IN_ID),
        (["1000248", "1000", "1000249"], End.IN_ID),
        (["1000"], End.IN_ID),
    ],
)
def test_short_id_that_may_be_whole_is_kept(ids: Sequence[str], end: End) -> None:
    assert judged(ids, end=end) == {}


def test_invalid_last_row_is_kept_as_it_is() -> None:
    rows: list[Item | InvalidRow] = [
        *(Item(id=id_, row=row) for row, id_ in enumerate(["1000", "20002", "30003"])),
        InvalidRow(row=4, detail="no id", remedy="fill it in"),
    ]
    assert judge_column(Rows(rows), end=End.IN_ID) == rows


def test_every_row_of_a_wrong_id_is_invalid() -> None:
    rows = judge_column(
        Rows(
            Item(id=id_, row=row)
            for row, id_ in enumerate(["1", "a", "2", "3", "4", "a"])
        ),
        end=End.WHOLE,
    )
    assert [row.row for row in rows if isinstance(row, InvalidRow)] == [1, 5]


@pytest.mark.unmeasured
def test_time_to_judge_grows_with_rows() -> None:
    def seconds(count: int) -> float:
        rows: list[Item | InvalidRow] = [
            Item(id=f"{row}00000000000000{row:06}0", row=row) for row in range(count)
        ]
        start = time.process_time()
        judge_column(Rows(rows), end=End.IN_ID)
        return time.process_time() - start

    assert seconds(160_000) < 30 * (seconds(10_000) + 0.01)


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("1000248\n1000249\n999", False),
        ("name,id\na,1000248\nb,1000249\nc,999", False),
        ("1000248\n1000249\n999\n", True),
        ("1000248\n1000249\n999 ", True),
        ("id,name\n1000248,a\n1000249,b\n999,c", True),
        ('{"id": 1000248}\n{"id": 1000249}\n{"id": 999}', True),
        ("[1000248, 1000249, 999]", True),
    ],
)
def test_id_is_cut_only_where_input_ends(
    tmp_path: Path, text: str, is_kept: bool
) -> None:
    path = tmp_path / "ids"
    path.write_text(text)
    table = load_input(str(path), Layout()).table
    assert isinstance(table.rows[-1], Item) is is_kept
    any_id = load_input(str(path), Layout(takes_any_id=True)).table
    assert isinstance(any_id.rows[-1], Item)
