import bz2
import gzip
import io
import lzma
import re
import sys
import zlib
from pathlib import Path

import pytest

from bulkpause.errors import InputError
from bulkpause.inputs import files as input_file
from bulkpause.inputs.files import LONGEST_LINE_CHARS, opened


ROWS = b"id\n1000248\n1000249\n"
LINES = ["id\n", "1000248\n", "1000249\n"]


def lines_of(path: Path | str) -> list[str]:
    with opened(str(path)) as lines:
        return list(lines)


def written(tmp_path: Path, data: bytes, name: str = "ids.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def refusal(path: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        lines_of(path)
    return str(caught.value)


class Stdin:
    def __init__(self, buffer: io.IOBase) -> None:
        self.buffer = buffer


PACKINGS = {
    "plain": ROWS,
    "byte-order mark": b"\xef\xbb\xbf" + ROWS,
    "crlf": ROWS.replace(b"\n", b"\r\n"),
    "lone cr": ROWS.replace(b"\n", b"\r"),
    "utf-16-le": b"\xff\xfe" + ROWS.decode().encode("utf-16-le"),
    "utf-16-be": b"\xfe\xff" + ROWS.decode().encode("utf-16-be"),
    "gz": gzip.compress(ROWS),
    "gz, byte-order mark": gzip.compress(b"\xef\xbb\xbf" + ROWS),
    "gz, utf-16": gzip.compress(ROWS.decode().encode("utf-16")),
    "two gz joined": gzip.compress(ROWS[:5]) + gzip.compress(ROWS[5:]),
    "gz with padding": gzip.compress(ROWS) + bytes(512),
}
NO_TEXT = {
    "nul": (b"id\n10\x000248\n", "line 2 holds NUL bytes; this is no text file"),
    "nul without end": (bytes(LONGEST_LINE_CHARS + 1), "line 1 holds NUL bytes"),
    "utf-16 unmarked": (ROWS.decode().encode("utf-16-le"), "line 1 holds NUL bytes"),
    "utf-32": (ROWS.decode().encode("utf-32"), "line 1 holds NUL bytes"),
    "endless line": (b"a\n" + b"x" * LONGEST_LINE_CHARS, "line 2 is too long"),
    "half a character": (b"\xff\xfea\0\n\0\x00", "not UTF-16 throughout after line"),
    "half a pair": (b"\xff\xfea\0\x00\xd8\n\0", "not UTF-16 throughout after line"),
    "xlsx": (b"PK\x03\x04\x14\x00", "a spreadsheet or an archive"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", "a spreadsheet or an archive"),
    "xlsx in gz": (gzip.compress(b"PK\x03\x04\x14"), "a spreadsheet or an archive"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a document, no list; export its ids"),
    "rtf": (b"{\\rtf1\\ansi\n", "a document, no list; export its ids"),
    "html": (b"<table><tr><td>1000248", "a document, no list; export its ids"),
    "xml": (b"\xef\xbb\xbf<?xml version", "a document, no list; export its ids"),
    "png": (b"\x89PNG\r\n\x1a\n", "an image, no text; export the ids"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "an image, no text; export the ids"),
    "bzip2": (bz2.compress(ROWS), "packed in a way that is not read; unpack it"),
    "xz": (lzma.compress(ROWS), "packed in a way that is not read; unpack it"),
    "zstandard": (b"\x28\xb5\x2f\xfd\x24", "packed in a way that is not read"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "packed in a way that is not read; unpack it"),
    "gz in gz": (gzip.compress(gzip.compress(ROWS)), "packed twice with gzip; unpack"),
    "gz mark alone": (b"\x1f\x8b", "the gzip data is cut short or damaged"),
    "gz of garbage": (b"\x1f\x8b\x08\x00garbage", "the gzip data is cut short"),
    "gz of no blocks": (gzip.compress(ROWS)[:10] + b"\xff" * 20, "the gzip data is"),
    "gz cut in its data": (gzip.compress(ROWS)[:-9], "the gzip data is cut short"),
    "gz with a wrong sum": (gzip.compress(ROWS)[:-8] + bytes(8), "the gzip data is"),
    "gz and text": (gzip.compress(ROWS) + b"1000250\n", "the gzip data is cut short"),
}


@pytest.mark.parametrize("data", PACKINGS.values(), ids=PACKINGS)
def test_whatever_its_packing_a_file_is_read_as_the_same_lines(
    tmp_path: Path, data: bytes
) -> None:
    assert lines_of(written(tmp_path, data)) == LINES


def test_the_name_does_not_say_whether_a_file_is_packed(tmp_path: Path) -> None:
    assert lines_of(written(tmp_path, ROWS, "ids.csv.gz")) == LINES
    assert lines_of(written(tmp_path, gzip.compress(ROWS), "ids")) == LINES


@pytest.mark.parametrize("data", [ROWS, gzip.compress(ROWS)], ids=["plain", "gz"])
def test_standard_input_is_read_and_left_open(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    stdin = Stdin(io.BytesIO(data))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert lines_of("-") == LINES
    assert not stdin.buffer.closed


def test_only_a_dash_is_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, ROWS, "(1).csv")
    monkeypatch.chdir(tmp_path)
    assert lines_of("(1).csv") == LINES


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "standard input: it is closed; name a file"


def test_a_file_is_closed_when_it_was_left_half_way(tmp_path: Path) -> None:
    with opened(str(written(tmp_path, ROWS))) as lines:
        next(lines)
    with pytest.raises(ValueError, match="closed"):
        list(lines)


def test_a_last_line_needs_no_newline(tmp_path: Path) -> None:
    assert lines_of(written(tmp_path, b"a\nb")) == ["a\n", "b"]


def test_only_line_ends_end_a_line(tmp_path: Path) -> None:
    text = "a\v\f\x1c\x1d\x85\u2028\u2029b\n"
    assert lines_of(written(tmp_path, text.encode())) == [text]


def test_bytes_of_another_encoding_do_no_harm_to_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path, "id,name\n1000248,Größe\n".encode("cp1252"))
    assert lines_of(path)[1].startswith("1000248,Gr")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    assert refusal(path) == f"{path}: No such file or directory; check the path"


def test_a_directory_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: Is a directory; name a file in it"


class Broken(io.RawIOBase):
    def __init__(self, error: OSError) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "ask for the right to read it"),
        (OSError(5, "Input/output error"), "Input/output error; check the path"),
        (OSError(), "it cannot be read; check the path"),
    ],
    ids=["forbidden", "broken", "unexplained"],
)
def test_an_input_that_fails_while_it_is_read_is_said(
    monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(Broken(error)))
    refused = refusal("-")
    assert refused.startswith("standard input: ")
    assert refused.endswith(said)


@pytest.mark.parametrize(
    "path",
    ["a\0b.csv", "\ud800.csv", "x" * 5000, ""],
    ids=["nul", "surrogate", "too long", "empty"],
)
def test_what_is_no_path_is_said(path: str) -> None:
    assert "check" in refusal(path)


@pytest.mark.parametrize(("data", "said"), NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_text_is_refused_with_file_place_and_remedy(
    tmp_path: Path, data: bytes, said: str
) -> None:
    path = written(tmp_path, data)
    refused = refusal(path)
    assert refused.startswith(f"{path}: {said}")
    assert ";" in refused


def test_no_id_is_taken_for_the_beginning_of_another_kind_of_file() -> None:
    for magic in input_file._NO_ROWS:
        ids = re.fullmatch("[A-Za-z0-9_-]+", magic.decode("latin-1"))
        assert ids is None


def test_a_packed_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    rows = b"".join(b"%d\n" % (id_ * 7919) for id_ in range(400))
    packed = gzip.compress(rows)
    for length in range(2, len(packed)):
        refused = refusal(written(tmp_path, packed[:length]))
        assert "cut short or damaged" in refused


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"".join(b"%d\n" % (n * 7919) for n in range(50_000)))[:-99],
        b"\xff\xfe" + "1000248\n".encode("utf-16-le") * 5_000 + b"\n",
    ],
    ids=["gz", "utf-16"],
)
def test_where_it_is_damaged_is_said_by_the_last_line_that_was_read(
    tmp_path: Path, data: bytes
) -> None:
    taken: list[str] = []
    path = written(tmp_path, data)
    with opened(str(path)) as lines, pytest.raises(InputError) as caught:
        taken.extend(lines)
    assert len(taken) > 1
    assert f"after line {len(taken)};" in str(caught.value)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    line = b" " * 100_000 + b"\n"
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(line) for _ in range(400)) + packer.flush()
    path = written(tmp_path, packed)
    taken: list[str] = []
    with opened(str(path)) as lines, pytest.raises(InputError, match="too tightly"):
        taken.extend(lines)
    most = 16 << 20
    assert most - len(line) < sum(map(len, taken)) <= most


def test_a_long_list_of_much_alike_rows_is_no_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_file, "_RATIO_COUNTS_FROM_CHARS", 1000)
    rows = b"".join(
        b"%d,running,https://example.com/landing\n" % id_
        for id_ in range(1_000_000, 1_020_000)
    )
    assert len(lines_of(written(tmp_path, gzip.compress(rows)))) == 20_000


def test_a_name_that_would_harm_a_terminal_is_escaped(tmp_path: Path) -> None:
    assert "\x1b" not in refusal(tmp_path / "\x1b[2J.csv")
