import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bulkpause.inputs.arguments import read_inputs
from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import Input
from bulkpause.model import InvalidRow, Item


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(words: Sequence[str], **layout: Any) -> list[Input]:
    return read_inputs(words, Layout(**layout))


def shown(one: Input) -> tuple[str, list[tuple[int, str]], str | None]:
    """Return the name, the row and id or reason of each row, and the error."""
    rows = [
        (row.row, row.id if isinstance(row, Item) else row.reason)
        for row in one.table.rows
    ]
    error = one.table.error
    return one.name, rows, None if error is None else str(error)


def test_ids_are_one_input_numbered_by_place(folder: Path) -> None:
    (folder / "list.txt").write_text("1000251\n")
    inputs = read(["1000248", "list.txt", "1000249", "a1,b2"])
    assert list(map(shown, inputs)) == [
        (
            "the command line",
            [
                (1, "1000248"),
                (3, "1000249"),
                (4, "'a1,b2' holds more than ids, or ids of different kinds"),
            ],
            None,
        ),
        ("list.txt", [(1, "1000251")], None),
    ]


def test_word_may_hold_several_ids() -> None:
    assert shown(read(["1000248,1000249 1000250"])[0])[1] == [
        (1, "1000248"),
        (1, "1000249"),
        (1, "1000250"),
    ]


@pytest.mark.parametrize(
    "word", ["1001,1006", "1001,10006,1009", "9999,1000000", "12345,12346"]
)
def test_commas_separate_what_are_no_thousands(word: str) -> None:
    assert shown(read([word])[0])[1] == [(1, id_) for id_ in word.split(",")]


def test_word_that_may_be_thousands_names_remedy() -> None:
    (row,) = read(["100,101"])[0].table.rows
    assert isinstance(row, InvalidRow)
    assert row.remedy == "write each id by itself, as a word or an option of its own"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("1E17", "'1E17' is a reformatted number, not an id"),
        ("1-Mai", "'1-Mai' is a date, not an id"),
        ("1,000,248", "'1,000,248' may be one number with separators, or several ids"),
        ("100,101", "'100,101' may be one number with separators, or several ids"),
        ("1000248,50", "'1000248,50' holds more than ids, or ids of different kinds"),
        ("1'000'248", "\"1'000'248\" has separators between its thousands"),
        ("1000#5", "'1000#5' is not a valid id"),
    ],
)
def test_invalid_id_on_command_line_is_row_problem(word: str, reason: str) -> None:
    (one,) = read([word])
    assert shown(one) == ("the command line", [(1, reason)], None)
    (row,) = one.table.rows
    assert "column" not in str(row)


def test_ids_on_command_line_are_judged_together() -> None:
    words = ["1000248", "1000249", "list2"]
    (one,) = read(words)
    assert one.table.rows[2] != Item(id="list2", row=3)
    (one,) = read(words, takes_any_id=True)
    assert one.table.rows[2] == Item(id="list2", row=3)


@pytest.mark.parametrize("word", ["ids.csv", "a/1000248", "./1000248", "1.csv"])
def test_word_that_is_no_id_is_missing_file(word: str) -> None:
    name, rows, error = shown(read([word])[0])
    assert (name, rows) == (word, [])
    assert error == "No such file or directory; check the path"


@pytest.mark.parametrize("word", ["Sale", "summer-sale", "a_b"])
def test_word_of_letters_names_both_readings(word: str) -> None:
    name, rows, error = shown(read([word])[0])
    assert (name, rows) == (word, [])
    assert error == (
        "no file has this name, and an id without a digit is not taken from here; "
        "check the path, or pass an id of letters on standard input, as INPUT -"
    )


def test_file_named_like_an_id_is_refused(folder: Path) -> None:
    (folder / "1000248").write_text("1000251\n")
    assert shown(read(["1000248"])[0]) == (
        "1000248",
        [],
        "may be an id, and is a file too; write ./1000248 for the file",
    )
    assert shown(read(["./1000248"])[0])[1] == [(1, "1000251")]


def test_same_file_twice_is_refused(folder: Path) -> None:
    (folder / "a.txt").write_text("1000248\n")
    os.link(folder / "a.txt", folder / "b.txt")
    inputs = read(["a.txt", "./a.txt", "b.txt"])
    assert [shown(one)[2] for one in inputs] == [
        None,
        "it was given twice; name it once",
        "it was given twice; name it once",
    ]


def test_standard_input_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"1000248\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert [shown(one) for one in read(["-", "-"])] == [
        ("standard input", [(1, "1000248")], None),
        ("standard input", [], "it was given twice; name it once"),
    ]


def test_problems_of_all_inputs_come_at_once(folder: Path) -> None:
    (folder / "a.txt").write_text("1E17\n")
    inputs = read(["gone.csv", "a.txt", ".", "2E5"])
    assert [bool(one.table.error or one.table.rows) for one in inputs] == [True] * 4
    assert [one.name for one in inputs] == [
        "gone.csv",
        "a.txt",
        ".",
        "the command line",
    ]


def test_no_words_give_no_inputs() -> None:
    assert read([]) == []


def test_short_last_id_on_command_line_is_kept() -> None:
    ids = [(1, "1000248"), (2, "1000249"), (3, "999")]
    assert shown(read([id_ for _, id_ in ids])[0])[1] == ids


ADDRESSES = {
    "https://app.example/hood/campaigns/1000248": "write the id in it: 1000248",
    "https://app.example/campaigns/1000248/edit?x=7#y": "write the id in it: 1000248",
    "HTTP://app.example/Campaign/abc-1/": "write the id in it: abc-1",
    "https://app.example/v1/hood/campaigns?id=1000248": "write the id in it: 1000248",
    "https://app.example/x?account=77&campaign_id=1000248": "write the id in it: 1000248",
    "https://app.example/campaign/1000248/statistics/2026": "write the id in it: 1000248",
    "https://app.example/hood2/#/campaigns/1000248": "write the id in it: 1000248",
    "https://app.example/campaigns/1000248?compare=/campaigns/1000249": "write the id alone",
    "https://app.example/v1/hood/campaigns": "write the id alone",
    "https://app.example/accounts/77/campaigns": "write the id alone",
    "https://app.example/c/abc-1/": "write the id alone",
    "https://app.example/": "write the id alone",
    "https://1000248.example": "write the id alone",
}


@pytest.mark.parametrize("word", ADDRESSES)
def test_address_is_refused_with_its_id(word: str) -> None:
    _, rows, error = shown(read([word])[0])
    assert (rows, error) == ([], f"is an address, not an id; {ADDRESSES[word]}")


@pytest.mark.parametrize("word", ["", " "])
def test_empty_word_is_refused(word: str) -> None:
    assert shown(read([word])[0])[2] == "it is empty; name a file or an id"


def test_log_as_input_names_whole_command(folder: Path) -> None:
    record = b'{"id": "1", "run_id": "r", "attempts": 1, "history": []}\n'
    (folder / "my log.jsonl").write_bytes(record)
    assert shown(read(["my log.jsonl"])[0])[2] == (
        "this is a result log of bulkpause; retry what is left with: "
        "bulkpause retry 'my log.jsonl'"
    )
    (folder / "x.jsonl.wal").write_bytes(b'{"run": "r", "crc32": "0"}\n')
    error = shown(read(["x.jsonl.wal"])[0])[2] or ""
    assert error.endswith("; retry what is left with: bulkpause retry x.jsonl")


def test_sheet_of_a_text_file_is_refused(folder: Path) -> None:
    (folder / "list.txt").write_text("1000248\n")
    assert shown(read(["list.txt"], sheet="May")[0]) == (
        "list.txt",
        [],
        "a text file, which has no sheet 'May'; leave out --sheet",
    )


def test_each_input_needs_the_named_column(folder: Path) -> None:
    (folder / "a.csv").write_text("key,name\n1000248,a\n")
    (folder / "b.csv").write_text("id,name\n1000249,b\n")
    one, other = map(shown, read(["a.csv", "b.csv"], column="key"))
    assert one == ("a.csv", [(2, "1000248")], None)
    assert (other[0], other[2]) == (
        "b.csv",
        "row 1: no column 'key' among 'id', 'name'; name one with --column",
    )


def test_commented_ids_are_counted_not_read(folder: Path) -> None:
    text = "# 1000247\n\n1000248\n# 1000249\n#  1000250, 1000251\n# 2 since May\n"
    (folder / "list.txt").write_text(text)
    (one,) = read(["list.txt"])
    assert (shown(one)[1], one.table.commented_ids) == ([(3, "1000248")], 4)
    (folder / "a.csv").write_text("# 1000247\nid,name\n1000248,a\n")
    (one,) = read(["a.csv"])
    assert one.table.commented_ids == 1
