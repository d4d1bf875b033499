import bz2
import gzip
import io
import lzma
import re
import sys
import zlib
from pathlib import Path

import pytest

from bulkpause._text import display_name
from bulkpause.inputs.files import (
    GZIP_RATIO_CHECKED_FROM_CHARS,
    HIGHEST_GZIP_RATIO,
    LONGEST_LINE_CHARS,
    UNSUPPORTED_SIGNATURES,
)
from bulkpause.inputs.table import ReadError
from tests.support.input_lines import open_lines


ROWS = b"id\n1000248\n1000249\n"
LINES = ["id\n", "1000248\n", "1000249\n"]


def lines_of(path: Path | str) -> list[str]:
    with open_lines(str(path)) as lines:
        return list(lines)


def write_file(tmp_path: Path, data: bytes, name: str = "ids.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def input_error(path: Path | str) -> str:
    with pytest.raises(ReadError) as caught:
        lines_of(path)
    return f"{display_name(str(path))}: {caught.value}"


class Stdin:
    def __init__(self, buffer: io.IOBase) -> None:
        self.buffer = buffer


ENCODINGS = {
    "plain": ROWS,
    "byte-order mark": b"\xef\xbb\xbf" + ROWS,
    "crlf": ROWS.replace(b"\n", b"\r\n"),
    "lone carriage returns": ROWS.replace(b"\n", b"\r"),
    "utf-16-le": b"\xff\xfe" + ROWS.decode().encode("utf-16-le"),
    "utf-16-be": b"\xfe\xff" + ROWS.decode().encode("utf-16-be"),
    "gz": gzip.compress(ROWS),
    "gz, byte-order mark": gzip.compress(b"\xef\xbb\xbf" + ROWS),
    "gz, utf-16": gzip.compress(ROWS.decode().encode("utf-16")),
    "gz with two members": gzip.compress(ROWS[:5]) + gzip.compress(ROWS[5:]),
    "gz with padding": gzip.compress(ROWS) + bytes(512),
}
UNSUPPORTED = {
    "nul": (
        b"id\n10\x000248\n",
        "line 2 contains NUL bytes, so this is not a text file",
    ),
    "nul bytes only": (bytes(LONGEST_LINE_CHARS + 1), "line 1 contains NUL bytes"),
    "utf-16 without byte-order mark": (
        ROWS.decode().encode("utf-16-le"),
        "line 1 contains NUL bytes",
    ),
    "utf-32": (ROWS.decode().encode("utf-32"), "line 1 contains NUL bytes"),
    "endless line": (b"a\n" + b"x" * LONGEST_LINE_CHARS, "line 2 is too long"),
    "utf-16 cut in a character": (
        b"\xff\xfea\0\n\0\x00",
        "the text is not valid UTF-16 after line",
    ),
    "utf-16 lone surrogate": (
        b"\xff\xfea\0\x00\xd8\n\0",
        "the text is not valid UTF-16 after line",
    ),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls), or one that"),
    "xlsx in gz": (
        gzip.compress(b"PK\x03\x04\x14"),
        "a workbook or an archive, not text; decompress it once",
    ),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a document, not a list; export its ids"),
    "rtf": (b"{\\rtf1\\ansi\n", "a document, not a list; export its ids"),
    "html": (b"<table><tr><td>1000248", "a document, not a list; export its ids"),
    "xml": (b"\xef\xbb\xbf<?xml version", "a document, not a list; export its ids"),
    "png": (b"\x89PNG\r\n\x1a\n", "an image, not text; export the ids"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "an image, not text; export the ids"),
    "bzip2": (bz2.compress(ROWS), "compressed in an unsupported format; decompress it"),
    "xz": (lzma.compress(ROWS), "compressed in an unsupported format; decompress it"),
    "zstandard": (b"\x28\xb5\x2f\xfd\x24", "compressed in an unsupported format"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "compressed in an unsupported format; decompress it"),
    "gz in gz": (
        gzip.compress(gzip.compress(ROWS)),
        "compressed twice with gzip; decompress",
    ),
    "gz signature only": (b"\x1f\x8b", "the gzip data is truncated or corrupt"),
    "gz of garbage": (b"\x1f\x8b\x08\x00garbage", "the gzip data is truncated"),
    "gz without valid blocks": (
        gzip.compress(ROWS)[:10] + b"\xff" * 20,
        "the gzip data is",
    ),
    "gz truncated": (gzip.compress(ROWS)[:-9], "the gzip data is truncated"),
    "gz with wrong checksum": (gzip.compress(ROWS)[:-8] + bytes(8), "the gzip data is"),
    "text after gz": (gzip.compress(ROWS) + b"1000250\n", "the gzip data is truncated"),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_every_encoding_and_compression_gives_same_lines(
    tmp_path: Path, data: bytes
) -> None:
    assert lines_of(write_file(tmp_path, data)) == LINES


def test_compression_is_detected_regardless_of_name(tmp_path: Path) -> None:
    assert lines_of(write_file(tmp_path, ROWS, "ids.csv.gz")) == LINES
    assert lines_of(write_file(tmp_path, gzip.compress(ROWS), "ids")) == LINES


@pytest.mark.parametrize("data", [ROWS, gzip.compress(ROWS)], ids=["plain", "gz"])
def test_standard_input_stays_open_after_reading(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    stdin = Stdin(io.BytesIO(data))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert lines_of("-") == LINES
    assert not stdin.buffer.closed


def test_only_dash_means_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path, ROWS, "(1).csv")
    monkeypatch.chdir(tmp_path)
    assert lines_of("(1).csv") == LINES


def test_closed_standard_input_raises_input_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert input_error("-") == "standard input: it is closed; name a file"


def test_file_is_closed_after_partial_read(tmp_path: Path) -> None:
    with open_lines(str(write_file(tmp_path, ROWS))) as lines:
        next(lines)
    with pytest.raises(ValueError, match="closed"):
        list(lines)


def test_last_line_may_lack_newline(tmp_path: Path) -> None:
    assert lines_of(write_file(tmp_path, b"a\nb")) == ["a\n", "b"]


def test_unicode_separators_do_not_end_lines(tmp_path: Path) -> None:
    text = "a\v\f\x1c\x1d\x85\u2028\u2029b\n"
    assert lines_of(write_file(tmp_path, text.encode())) == [text]


def test_invalid_utf8_bytes_leave_other_text_intact(tmp_path: Path) -> None:
    path = write_file(tmp_path, "id,name\n1000248,Größe\n".encode("cp1252"))
    assert lines_of(path)[1].startswith("1000248,Gr")


def test_missing_file_raises_input_error(tmp_path: Path) -> None:
    path = tmp_path / "gone.csv"
    assert input_error(path) == f"{path}: No such file or directory; check the path"


def test_directory_raises_input_error(tmp_path: Path) -> None:
    assert input_error(tmp_path) == f"{tmp_path}: Is a directory; name a file in it"


class Broken(io.RawIOBase):
    def __init__(self, error: OSError) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "message_end"),
    [
        (PermissionError(13, "Permission denied"), "ask for permission to read it"),
        (OSError(5, "Input/output error"), "Input/output error; check the path"),
        (OSError(), "it cannot be read; check the path"),
    ],
    ids=["forbidden", "broken", "unexplained"],
)
def test_read_failure_raises_input_error(
    monkeypatch: pytest.MonkeyPatch, error: OSError, message_end: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(Broken(error)))
    message = input_error("-")
    assert message.startswith("standard input: ")
    assert message.endswith(message_end)


@pytest.mark.parametrize(
    "path",
    ["a\0b.csv", "\ud800.csv", "x" * 5000, ""],
    ids=["nul", "surrogate", "too long", "empty"],
)
def test_invalid_path_raises_input_error(path: str) -> None:
    assert "check" in input_error(path)


@pytest.mark.parametrize(("data", "reason"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_unsupported_file_error_names_file_line_remedy(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = write_file(tmp_path, data)
    message = input_error(path)
    assert message.startswith(f"{path}: {reason}")
    assert ";" in message


def test_no_id_starts_with_unsupported_signature() -> None:
    for signature in UNSUPPORTED_SIGNATURES:
        assert re.fullmatch("[A-Za-z0-9_-]+", signature.decode("latin-1")) is None


def test_gzip_truncated_at_any_byte_is_refused(tmp_path: Path) -> None:
    rows = b"".join(b"%d\n" % (id_ * 7919) for id_ in range(400))
    compressed = gzip.compress(rows)
    for length in range(2, len(compressed)):
        message = input_error(write_file(tmp_path, compressed[:length]))
        assert "truncated or corrupt" in message


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"".join(b"%d\n" % (n * 7919) for n in range(50_000)))[:-99],
        b"\xff\xfe" + "1000248\n".encode("utf-16-le") * 5_000 + b"\n",
    ],
    ids=["gz", "utf-16"],
)
def test_corruption_error_names_last_line_read(tmp_path: Path, data: bytes) -> None:
    lines_read: list[str] = []
    path = write_file(tmp_path, data)
    with open_lines(str(path)) as lines, pytest.raises(ReadError) as caught:
        lines_read.extend(lines)
    assert len(lines_read) > 1
    assert f"after line {len(lines_read)};" in str(caught.value)


def test_gzip_bomb_is_refused_before_decompression(tmp_path: Path) -> None:
    line = b" " * 100_000 + b"\n"
    compressor = zlib.compressobj(9, wbits=31)
    blocks = [compressor.compress(line) for _ in range(400)]
    path = write_file(tmp_path, b"".join(blocks) + compressor.flush())
    lines_read: list[str] = []
    with open_lines(str(path)) as lines, pytest.raises(ReadError, match="too tightly"):
        lines_read.extend(lines)
    most = GZIP_RATIO_CHECKED_FROM_CHARS
    assert most == 1 << 20
    most = max(most, HIGHEST_GZIP_RATIO * path.stat().st_size)
    assert sum(map(len, lines_read)) <= most < 16 << 20


def test_list_of_similar_rows_passes_ratio_check(
    tmp_path: Path,
) -> None:
    rows = b"".join(
        b"%d,running,https://example.com/landing\n" % id_
        for id_ in range(1_000_000, 1_020_000)
    )
    path = write_file(tmp_path, gzip.compress(rows))
    with open_lines(str(path), ratio_checked_from=1000) as lines:
        assert len(list(lines)) == 20_000


def test_terminal_escapes_in_file_name_are_escaped(tmp_path: Path) -> None:
    assert "\x1b" not in input_error(tmp_path / "\x1b[2J.csv")


def test_bomb_of_short_lines_is_refused_early(tmp_path: Path) -> None:
    data = gzip.compress(b"1\n" * (8 << 20))
    reason = input_error(write_file(tmp_path, data, "ids.txt.gz"))
    line = re.search(r"at line ([0-9]+) it is compressed too tightly", reason)
    assert line is not None
    assert int(line[1]) < 200_000
