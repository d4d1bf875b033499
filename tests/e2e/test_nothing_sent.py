"""Errors found before the first request leave all campaigns unchanged."""

import pytest

from tests.support.program import Program, Serve


CLOSING = (
    "bulkpause: nothing was sent. Fix these rows, or pass --skip-invalid to leave them "
    "out."
)
MANGLED = "id,name\n1001,good\n1.2E+17,eaten\n123456789012345000,rounded\n,empty\n"
INVALID_OPTIONS: list[tuple[list[str], str]] = [
    (["--burst", "10"], "'10' is not a valid rate limit; write 10/1s, 150/1m or none"),
    (["--burst", "0/1s"], "is not a valid rate limit"),
    (["--timeout", "5"], "'5' is not a valid duration; write 500ms, 30s, 5m or 1h"),
    (["--timeout", "2h"], "at most an hour"),
    (["--max-in-flight", "0"], "--max-in-flight"),
    (["--max-attempts", "0"], "--max-attempts"),
    (["--verify", "some"], "--verify"),
    (["--reason", "x" * 1001], "1,000 characters"),
    (["--token", "s3cret"], "No such option"),
    ([], "Missing argument"),
]


def test_missing_file_exits_with_3(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, "no-such-file.csv")
    assert (ended.code, ended.stdout) == (3, "")
    assert "no-such-file.csv: No such file or directory" in ended.stderr
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.smoke
def test_mangled_ids_exit_with_3_and_are_listed(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.file("mangled.csv", MANGLED))
    assert ended.code == 3
    assert ended.stderr.splitlines() == [
        "mangled.csv: 3 of 4 rows cannot be used",
        "  row 3: '1.2E+17' is a reformatted number, not an id",
        "    set the id column to Text, re-enter the ids and export again",
        "  row 4: '123456789012345000' is a number rounded by a spreadsheet, not an id",
        "    set the id column to Text, re-enter the ids and export again",
        "  row 5: no id",
        "    fill it in or delete the row",
        CLOSING,
    ]
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_twenty_thousand_invalid_rows_are_one_group(
    program: Program, serve: Serve
) -> None:
    path = program.file("mangled.csv", "id\n" + "1E5\n" * 20_000)
    ended = program.pause(serve(), path)
    assert ended.code == 3
    lines = ended.stderr.splitlines()
    assert lines[1] == "  20000 rows: each is a reformatted number, not an id"
    assert " ".join(lines).count("row ") == 10
    assert lines[-3].endswith("and 19990 more")
    assert len(lines) == 7


def test_skip_invalid_leaves_out_mangled_ids(program: Program, serve: Serve) -> None:
    simulator = serve()
    path = program.file("mangled.csv", MANGLED)
    ended = program.pause(simulator, path, "--skip-invalid")
    assert (ended.code, ended.summary) == (1, "4 rows = 1 paused + 3 invalid")
    assert ended.stderr.startswith(
        "warning: mangled.csv: 3 of 4 rows cannot be used and are left out\n  row 3: "
    )
    assert simulator.ledger.paused_ids() == {"1001"}
    invalid = [r for r in program.records() if r["status"] == "invalid"]
    assert [(r["id"], r["row"]) for r in invalid] == [(None, 3), (None, 4), (None, 5)]


@pytest.mark.parametrize("text", ["", "\n\n"], ids=repr)
def test_file_without_ids_exits_with_3(
    program: Program, serve: Serve, text: str
) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.file("empty.csv", text))
    assert (ended.code, ended.stdout) == (3, "")
    assert "bulkpause: empty.csv: the input " in ended.stderr
    assert len(simulator.ledger) == 0


def test_missing_token_exits_with_4(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables.clear()
    ended = program.pause(simulator, program.ids(3))
    assert (ended.code, ended.stdout) == (4, "")
    assert "there is no token; set OCAMBA_TOKEN" in ended.stderr
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("path", ["ids.txt", "-"])
def test_run_without_terminal_needs_yes(
    program: Program, serve: Serve, path: str
) -> None:
    simulator = serve()
    program.ids(3)
    ended = program.call("run", path, *program.to(simulator), stdin=b"1001\n")
    assert ended.code == 2
    assert "there is no terminal to ask on" in ended.stderr
    assert "--yes" in ended.stderr
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://api.ocamba.com",
        "https://api.ocamba.com@evil.example",
        "https://evil.example#api.ocamba.com",
        "https://api.ocamba.com/?to=evil.example",
        "https://0x7f.1",
        "https://169.254.169.254",
        "ftp://127.0.0.1",
        "api.ocamba.com",
        "",
    ],
)
def test_ambiguous_base_url_exits_with_2(program: Program, url: str) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--base-url", url)
    assert ended.code == 2
    assert "base URL" in ended.stderr


def test_base_url_from_environment_is_checked(program: Program) -> None:
    program.variables["OCAMBA_BASE_URL"] = "https://api.ocamba.com@evil.example"
    ended = program.call("run", program.ids(1), "--yes")
    assert ended.code == 2
    assert "must not contain a user" in ended.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    INVALID_OPTIONS,
    ids=[" ".join(options)[:20] or "no input" for options, _ in INVALID_OPTIONS],
)
def test_invalid_option_exits_with_2(
    program: Program, options: list[str], message: str
) -> None:
    path = [program.ids(1)] if options else []
    ended = program.call("run", *path, "--yes", *options)
    assert (ended.code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_existing_log_is_not_overwritten(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.log.write_text("of an earlier run\n")
    ended = program.pause(simulator, program.ids(3))
    assert ended.code == 2
    assert "log.jsonl exists" in ended.stderr
    assert program.log.read_text() == "of an earlier run\n"
    assert len(simulator.ledger) == 0


def test_log_is_not_written_through_symlink(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.log.symlink_to(program.folder / "elsewhere")
    ended = program.pause(simulator, program.ids(3))
    assert ended.code == 2
    assert not (program.folder / "elsewhere").exists()
    assert len(simulator.ledger) == 0


def test_log_in_missing_folder_exits_with_2(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(3), "--log", "no/such/folder.jsonl")
    assert ended.code == 2
    assert "create it with: mkdir -p no/such;" in ended.stderr
    assert len(simulator.ledger) == 0


def test_undecodable_reason_exits_with_2(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(1), "--reason", "\udcff")
    assert ended.code == 2
    assert len(simulator.ledger) == 0
