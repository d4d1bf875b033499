"""Inputs damaged by spreadsheets, editors or copying, and unusual valid inputs.

The program runs in this process; a sample of the files runs in a child process.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from bulkpause._text import format_count
from bulkpause.cli.app import main
from bulkpause.simulator import Simulator
from tests.inputs.table import (
    BAD,
    BAD_ROWS,
    GOOD,
    GOOD_ROWS,
    JOINED,
    LARGE,
    REFUSED,
    SEVERAL_IDS_PER_ROW,
)
from tests.support.program import ProcessResult, Program, Serve


pytestmark = pytest.mark.unmeasured

Pause = Callable[..., ProcessResult]


@pytest.fixture
def simulator(serve: Serve) -> Simulator:
    return serve()


@pytest.fixture
def pause(
    program: Program,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Pause:
    """Call `bulkpause run` in this process, as its script would."""
    monkeypatch.chdir(program.folder)
    for name, value in program.variables.items():
        monkeypatch.setenv(name, value)

    def run(source: Path, *options: str) -> ProcessResult:
        command = ["bulkpause", "run", str(source), "--yes", *program.to(simulator)]
        monkeypatch.setattr(sys, "argv", [*command, *options])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return ProcessResult(
            code=caught.value.code, stdout=output.out, stderr=output.err
        )

    return run


def invalid_rows(output: str) -> dict[int, tuple[str, str]]:
    """Give the reasons and remedies by row that a refusal lists as JSON."""
    rows = orjson.loads(output)["error"]["rows"]
    return {row["row"]: (row["reason"], row["remedy"]) for row in rows}


def unwrapped(message: str) -> str:
    """Undo the line breaks, which depend on the length of the path."""
    return " ".join(message.split())


def read_error(output: str) -> str:
    """Give the last problem of a refusal as JSON, as a message words it."""
    *_, last = orjson.loads(output)["error"]["rows"]
    place = "" if last["row"] is None else f"row {last['row']}: "
    return f"{place}{last['reason']}; {last['remedy']}"


def sent_ids(simulator: Simulator) -> list[str]:
    return sorted(request.id or "" for request in simulator.ledger)


def test_table_lists_every_corpus_file() -> None:
    assert {path.name for path in BAD.iterdir()} == {*REFUSED, *BAD_ROWS, *JOINED}
    assert {path.name for path in GOOD.iterdir()} == {
        *GOOD_ROWS,
        *SEVERAL_IDS_PER_ROW,
    }
    assert not set(REFUSED) & set(BAD_ROWS)


#: Of a file that is named, the remedy is a whole command.
LOGS = {
    name: REFUSED[name].partition("; ")[0]
    + f"; retry what is left with: bulkpause retry {BAD / name.removesuffix('.wal')}"
    + option
    for name, option in (
        ("result_log.jsonl", ""),
        ("write_ahead_log.jsonl.wal", " --simulate"),
    )
}


@pytest.mark.parametrize("option", [(), ("--skip-invalid",)], ids=["", "skip-invalid"])
@pytest.mark.parametrize("name", REFUSED)
def test_unreadable_file_is_refused(
    program: Program, simulator: Simulator, pause: Pause, name: str, option: str
) -> None:
    ended = pause(BAD / name, "--json", *option)
    expected = LOGS.get(name) or REFUSED[name]
    assert (ended.code, read_error(ended.stdout)) == (3, expected)
    # Alone, it is one line; else it follows the invalid rows.
    if ended.stderr != f"bulkpause: {BAD / name}: {expected}\n":
        message = unwrapped(ended.stderr)
        assert "cannot be used, and the rest cannot be read row " in message
        assert message.endswith(" bulkpause: nothing was sent")
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.parametrize("name", LARGE)
def test_unreadable_large_file_is_refused(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    data, message = LARGE[name]
    path = program.folder / name
    path.write_bytes(data)
    ended = pause(path)
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr == f"bulkpause: {path}: {message}\n"
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("name", BAD_ROWS)
def test_invalid_rows_are_listed_and_nothing_sent(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    path = BAD / name
    ended = pause(path, "--json")
    assert (ended.code, invalid_rows(ended.stdout)) == (3, BAD_ROWS[name].invalid)
    headline = f"{path}: {len(BAD_ROWS[name].invalid)} of "
    assert unwrapped(ended.stderr).startswith(headline)
    last_line = ended.stderr.splitlines()[-1]
    assert last_line.startswith("bulkpause: nothing was sent. Fix th")
    whole = f"{headline}{len(BAD_ROWS[name].invalid)} "
    are_all_invalid = unwrapped(ended.stderr).startswith(whole)
    assert ("pass --skip-invalid" in last_line) is not are_all_invalid
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.parametrize("name", BAD_ROWS)
def test_skip_invalid_records_invalid_rows_and_sends_rest(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    ids, invalid = BAD_ROWS[name].ids, BAD_ROWS[name].invalid
    ended = pause(BAD / name, "--skip-invalid")
    paused = f"{len(ids)} paused + " if ids else ""
    rows = format_count(len(ids) + len(invalid), "row")
    assert (ended.code, ended.summary) == (
        1,
        f"{rows} = {paused}{len(invalid)} invalid",
    )
    assert sent_ids(simulator) == sorted(ids.values())
    assert {request.action for request in simulator.ledger} <= {"pause"}
    errors = {row: "; ".join(message) for row, message in invalid.items()}
    assert {
        record["row"]: record["error"] or record["id"] for record in program.records()
    } == ids | errors


@pytest.mark.parametrize("name", GOOD_ROWS)
def test_unusual_file_is_read_correctly(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    ids = GOOD_ROWS[name]
    ended = pause(GOOD / name)
    assert (ended.code, re.findall(r"\brow [0-9]+: ", ended.stderr)) == (0, [])
    assert sent_ids(simulator) == sorted(ids.values())
    assert {record["row"]: record["id"] for record in program.records()} == ids


@pytest.mark.parametrize("name", SEVERAL_IDS_PER_ROW)
def test_ids_on_one_line_are_paused_one_by_one(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    assert pause(GOOD / name).code == 0
    ids = [(row, id_) for row, ids in SEVERAL_IDS_PER_ROW[name].items() for id_ in ids]
    assert sorted((record["row"], record["id"]) for record in program.records()) == ids


@pytest.mark.parametrize("is_piped", [False, True], ids=["path", "standard input"])
@pytest.mark.parametrize(
    "name", ["exponents.csv", "other_routes.txt", "lone_surrogates.jsonl"]
)
def test_child_process_lists_invalid_rows(
    program: Program, simulator: Simulator, name: str, is_piped: bool
) -> None:
    path = "standard input" if is_piped else str(BAD / name)
    source = "-" if is_piped else path
    data = (BAD / name).read_bytes()
    ended = program.pause(simulator, source, "--json", stdin=data if is_piped else b"")
    assert (ended.code, invalid_rows(ended.stdout)) == (3, BAD_ROWS[name].invalid)
    headline = f"{path}: {len(BAD_ROWS[name].invalid)} of "
    assert unwrapped(ended.stderr).startswith(headline)
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize(
    "name", ["workbook.xlsx", "corrupt.csv.gz", "truncated_array.json"]
)
def test_child_process_refuses_unreadable_file(
    program: Program, simulator: Simulator, name: str
) -> None:
    ended = program.pause(simulator, str(BAD / name), "--skip-invalid")
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr == f"bulkpause: {BAD / name}: {REFUSED[name]}\n"
    assert len(simulator.ledger) == 0


def test_plan_counts_every_row(program: Program) -> None:
    name = "other_routes.txt"
    ended = program.call("plan", str(BAD / name), "--json")
    plan = orjson.loads(ended.stdout)
    assert (ended.code, plan["rows"], plan["ids"]) == (3, 21, 2)
    assert {
        invalid["row"]: (invalid["reason"], invalid["remedy"])
        for invalid in plan["problems"]
    } == BAD_ROWS[name].invalid


@pytest.mark.parametrize("name", JOINED)
def test_joined_rows_are_named_and_never_sent(
    simulator: Simulator, pause: Pause, name: str
) -> None:
    ids, named = JOINED[name]
    ended = pause(BAD / name)
    assert (ended.code, ended.stdout) == (3, "")
    assert all(f"'{id_}'" in ended.stderr for id_ in named)
    assert "--multiline-cells" in ended.stderr
    assert len(simulator.ledger) == 0
    skipped = pause(BAD / name, "--skip-invalid")
    assert skipped.code == 1
    assert skipped.summary.endswith(f" + {len(named)} invalid")
    assert sent_ids(simulator) == sorted(ids.values())
