"""What is found wrong before the first request leaves the campaigns alone."""

import pytest

from tests.support.program import Program, Serve


MANGLED = "id,name\n1001,good\n1.2E+17,eaten\n123456789012345000,rounded\n,empty\n"


def test_a_missing_file_ends_with_3(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, "no-such-file.csv")
    assert (ended.code, ended.stdout) == (3, "")
    assert "no-such-file.csv: No such file or directory" in ended.stderr
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_mangled_ids_end_with_3_and_their_rows(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.file("mangled.csv", MANGLED))
    assert ended.code == 3
    for row in ("row 3: '1.2E+17'", "row 4: '123456789012345000'", "row 5: no id"):
        assert f"mangled.csv: {row}" in ended.stderr
    assert "3 rows hold no usable id; nothing was sent" in ended.stderr
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_more_than_twenty_problems_are_counted(program: Program, serve: Serve) -> None:
    source = program.file("mangled.csv", "id\n" + "1E5\n" * 25)
    ended = program.pause(serve(), source)
    assert ended.stderr.count("row ") == 20
    assert "mangled.csv: and 5 more" in ended.stderr


def test_mangled_ids_can_be_left_out(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("mangled.csv", MANGLED)
    ended = program.pause(simulator, source, "--skip-invalid")
    assert (ended.code, ended.account) == (1, "4 rows = 1 paused + 3 invalid")
    assert simulator.ledger.paused_ids() == {"1001"}
    invalid = [r for r in program.records() if r["status"] == "invalid"]
    assert [(r["id"], r["row"]) for r in invalid] == [(None, 3), (None, 4), (None, 5)]


@pytest.mark.parametrize("text", ["", "\n\n", "id,name\n"], ids=repr)
def test_a_file_without_ids_ends_with_3(
    program: Program, serve: Serve, text: str
) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.file("empty.csv", text))
    assert (ended.code, ended.stdout) == (3, "")
    assert "bulkpause: empty.csv: it " in ended.stderr
    assert len(simulator.ledger) == 0


def test_a_missing_token_ends_with_4(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables.clear()
    ended = program.pause(simulator, program.ids(3))
    assert (ended.code, ended.stdout) == (4, "")
    assert "there is no token; set OCAMBA_TOKEN" in ended.stderr
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("source", ["ids.txt", "-"])
def test_without_a_terminal_the_run_needs_yes(
    program: Program, serve: Serve, source: str
) -> None:
    simulator = serve()
    program.ids(3)
    ended = program.call("run", source, *program.to(simulator), stdin=b"1001\n")
    assert ended.code == 2
    assert "nobody can be asked here" in ended.stderr
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
def test_an_address_that_could_mean_another_host_ends_with_2(
    program: Program, url: str
) -> None:
    ended = program.call("run", program.ids(1), "--yes", "--base-url", url)
    assert ended.code == 2
    assert "base URL" in ended.stderr


def test_an_address_in_the_environment_is_checked_too(program: Program) -> None:
    program.variables["OCAMBA_BASE_URL"] = "https://api.ocamba.com@evil.example"
    ended = program.call("run", program.ids(1), "--yes")
    assert ended.code == 2
    assert "must not contain a user" in ended.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--burst", "10"],
            "'10' is not a valid rate limit; write 10/1s, 150/1m or none",
        ),
        (["--burst", "0/1s"], "is not a valid rate limit"),
        (["--timeout", "5"], "'5' is not a valid duration; write 500ms, 30s, 5m or 1h"),
        (["--timeout", "2h"], "at most an hour"),
        (["--max-in-flight", "0"], "--max-in-flight"),
        (["--max-attempts", "0"], "--max-attempts"),
        (["--verify", "some"], "--verify"),
        (["--reason", "x" * 1001], "1,000 characters"),
        (["--token", "s3cret"], "No such option"),
        ([], "Missing argument"),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_used_ends_with_2(
    program: Program, options: list[str], words: str
) -> None:
    source = [program.ids(1)] if options else []
    ended = program.call("run", *source, "--yes", *options)
    assert (ended.code, ended.stdout) == (2, "")
    assert words in ended.stderr


def test_a_log_is_never_overwritten(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.log.write_text("of an earlier run\n")
    ended = program.pause(simulator, program.ids(3))
    assert ended.code == 2
    assert "log.jsonl exists" in ended.stderr
    assert program.log.read_text() == "of an earlier run\n"
    assert len(simulator.ledger) == 0


def test_a_log_is_not_written_through_a_link(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.log.symlink_to(program.folder / "elsewhere")
    ended = program.pause(simulator, program.ids(3))
    assert ended.code == 2
    assert not (program.folder / "elsewhere").exists()
    assert len(simulator.ledger) == 0


def test_a_log_that_cannot_be_made_ends_with_6(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(3), "--log", "no/such/folder.jsonl")
    assert ended.code == 6
    assert "no/such/folder.jsonl cannot be " in ended.stderr
    assert len(simulator.ledger) == 0


def test_a_reason_that_is_no_text_ends_with_2(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(1), "--reason", "\udcff")
    assert ended.code == 2
    assert len(simulator.ledger) == 0
