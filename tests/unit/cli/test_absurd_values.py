"""A value that makes no sense ends with 2, says what to do, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bulkpause.cli.app import cli
from tests.support.posix import make_pipe
from tests.unit.cli.conftest import Call


ARGUMENTS = {
    "run": ("ids.txt", "--yes"),
    "plan": ("ids.txt",),
    "retry": ("pauses.jsonl", "--yes"),
    "status": ("pauses.jsonl",),
    "export": ("pauses.jsonl",),
    "simulate": (),
}
LONG = "x" * 10_000
LIMITS = ["1000000000/1ms", "1/9999h", "999999999/999999999h", "0/1s", "-1/1s", "nan"]
COUNTS = ["-1", "9" * 30, "1e9", "nan", "1.5", LONG]
DURATIONS = ["0s", "-1s", "1e9s", "nan", "inf", "1", "9" * 30 + "h", LONG]
ABSURD = {
    "--burst": LIMITS,
    "--steady": LIMITS,
    "--max-in-flight": ["0", *COUNTS],
    "--max-attempts": ["0", *COUNTS],
    "--canary": COUNTS,
    "--max-failures": ["101%", "-1%", *COUNTS],
    "--timeout": ["999999999h", *DURATIONS],
    "--give-up-after": DURATIONS,
    "--deadline": DURATIONS,
    "--resume-within": DURATIONS,
    "--expect": ["-1", "nan", "1.5"],
    "--plan": ["0123", LONG, "\x1b[31m"],
    "--column": [" ", "\t"],
    "--name-column": [" "],
    "--sheet": [" "],
    "--reason": [" ", LONG, "\udcff"],
    "--order-by": [" ", ":desc", ":down", "spend:down", "spend desc", "spend:Highest"],
    "--base-url": [" ", "x", "http://", "https://api.ocamba.com/x?y", LONG],
    "--proxy": [" ", "x", "http://", "http://user:word@127.0.0.1:1", LONG],
    "--format": ["xlsx"],
}


def options_of(command: str) -> Iterator[str]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    for option in found.params:
        if isinstance(option, click.Option) and not option.is_flag:
            yield option.opts[0]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, call: Call) -> None:
    """Make an input, and a log whose only id failed."""
    (tmp_path / "ids.txt").write_text("1000248\n")
    (tmp_path / "list.csv").write_text("id,spend\n1000248,5\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    make_pipe(tmp_path / "pipe")


def refused(call: Call, *arguments: str) -> str:
    before = sorted(Path().iterdir())
    ended = call(*arguments)
    assert ended.code == 2, ended.stderr
    assert "a bug in" not in ended.stderr
    assert ended.stderr.replace("\n", "").isprintable()
    assert len(ended.stderr) < 2_000 + len("".join(arguments))
    assert sorted(Path().iterdir()) == before
    return ended.stderr


@pytest.mark.parametrize("command", ARGUMENTS)
def test_empty_value_is_refused(call: Call, command: str) -> None:
    for option in options_of(command):
        refused(call, command, *ARGUMENTS[command], option, "")


@pytest.mark.parametrize("option", ABSURD)
def test_absurd_value_is_refused(call: Call, option: str) -> None:
    for value in ABSURD[option]:
        refused(call, "run", "ids.txt", "--yes", option, value)


@pytest.mark.parametrize("port", ["-1", "65536", "99999", "9" * 30, "nan"])
def test_impossible_port_is_refused(call: Call, port: str) -> None:
    assert "'--port'" in refused(call, "simulate", "--port", port)


@pytest.mark.parametrize("value", [" ", "a\nb", "\x00", "\N{EURO SIGN}"])
def test_impossible_header_is_refused(call: Call, value: str) -> None:
    refused(call, "simulate", "--retry-after", value)


PATHS = {
    "": "it is empty; name a file",
    " ": "it is empty; name a file",
    "-": "'-' is no file here; name a file, or ./- for one of that name",
    "/dev/null": "/dev/null is a device, not a regular file; name another log",
    "pipe": "pipe is a pipe, not a regular file; name another log",
    "x.jsonl.wal": "name the result log: x.jsonl",
    LONG: "cannot be used: File name too long; name another one",
}


@pytest.mark.parametrize("command", ["status", "export", "retry", "run"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:12])
def test_path_that_cannot_be_log_is_refused(
    call: Call, command: str, path: str
) -> None:
    given = ["ids.txt", "--yes", "--log", path] if command == "run" else [path]
    message = refused(call, command, *given)
    assert PATHS[path] in " ".join(message.split())


FOLDERS = {
    ".": "is a folder, not a result log; name a file, such as pauses.jsonl",
    "/": "is a folder, not a result log; name a file, such as /pauses.jsonl",
    "folder": "folder is a folder, not a result log; name a file, such as folder/",
}


@pytest.mark.parametrize("command", ["retry", "run"])
@pytest.mark.parametrize("path", FOLDERS)
def test_folder_is_no_log_to_write(call: Call, command: str, path: str) -> None:
    given = ["ids.txt", "--yes", "--log", path] if command == "run" else [path]
    assert FOLDERS[path] in " ".join(refused(call, command, *given).split())


@pytest.mark.parametrize("command", ["status", "export"])
def test_folder_without_logs_is_refused(call: Call, command: str) -> None:
    message = refused(call, command, "folder")
    assert "folder holds no result log (*.jsonl); name a log" in message


@pytest.mark.parametrize("command", ["status", "export", "retry"])
def test_link_to_nothing_is_refused(call: Call, command: str) -> None:
    assert "link is a link to nothing; name the log" in refused(call, command, "link")


def test_log_is_refused_where_it_cannot_be(call: Call) -> None:
    to_run = ("run", "ids.txt", "--yes", "--log")
    assert "is a symbolic link" in refused(call, *to_run, "link")
    message = refused(call, *to_run, "no such/x.jsonl")
    assert "create it with: mkdir -p 'no such'; nothing was sent" in message
    assert "ids.txt is not a folder;" in refused(call, *to_run, "ids.txt/x.jsonl")


def test_list_given_as_log_is_named(call: Call) -> None:
    for command in ("status", "export", "retry"):
        assert refused(call, command, "list.csv") == (
            "bulkpause: list.csv is a table, not a result log of bulkpause; name the "
            "log that its run printed, or pause this list with: bulkpause run list.csv\n"
        )
    to_run = ("run", "ids.txt", "--yes", "--resume", "--log", "ids.txt")
    assert "ids.txt is a text file, not a result log" in refused(call, *to_run)


CONTENTS = {
    b"PK\x03\x04": "a spreadsheet",
    b"\x1f\x8b\x08": "compressed",
    b"%PDF-1.7": "a document, not a list",
    b'[{"id": "1000248"}]': "a JSON file",
    b'{"id": "1000248"}': "a JSON file",
}


@pytest.mark.parametrize("content", CONTENTS, ids=ascii)
def test_other_file_given_as_log_is_named(call: Call, content: bytes) -> None:
    Path("x.xlsx").write_bytes(content)
    assert f"x.xlsx is {CONTENTS[content]}" in refused(call, "status", "x.xlsx")


@pytest.mark.parametrize("content", [b"", b'{"id": "1000', b"\0" * 100])
def test_torn_log_is_still_read_as_log(call: Call, content: bytes) -> None:
    Path("log.jsonl").write_bytes(content)
    assert call("status", "log.jsonl").code in {5, 6}


def test_dash_is_standard_output_of_list(call: Call) -> None:
    message = refused(call, "list", "--all", "-o", "-", "--overwrite")
    assert "--overwrite is for the file of --output" in message
