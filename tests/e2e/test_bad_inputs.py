"""Files that spreadsheets, editors and copying have spoiled, and those they have not.

The program is called in this process, a sample of it in one of its own.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from bulkpause._text import format_count
from bulkpause.cli.app import main
from bulkpause.simulator import Simulator
from tests.inputs.table import BAD, BAD_ROWS, GOOD, GOOD_ROWS, LARGE, REFUSED
from tests.support.program import Ended, Program, Serve


pytestmark = pytest.mark.unmeasured

Pause = Callable[..., Ended]


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
    """Call `bulkpause run` here, as its script would."""
    monkeypatch.chdir(program.folder)
    for name, value in program.variables.items():
        monkeypatch.setenv(name, value)

    def run(source: Path, *options: str) -> Ended:
        words = ["bulkpause", "run", str(source), "--yes", *program.to(simulator)]
        monkeypatch.setattr(sys, "argv", [*words, *options])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Ended(code=caught.value.code, stdout=said.out, stderr=said.err)

    return run


def problems_of(name: str, path: str) -> list[str]:
    return [
        f"{path}: row {row}: {reason}; {remedy}"
        for row, (reason, remedy) in BAD_ROWS[name].problems.items()
    ]


def closing_of(name: str, path: str) -> str:
    count = len(BAD_ROWS[name].problems)
    rows = "1 row holds" if count == 1 else f"{count} rows hold"
    return (
        f"bulkpause: {path}: {rows} no usable id; nothing was sent; mend the file, or "
        "leave these rows out with --skip-invalid"
    )


def test_every_file_has_its_line_in_the_table() -> None:
    assert {path.name for path in BAD.iterdir()} == {*REFUSED, *BAD_ROWS}
    assert {path.name for path in GOOD.iterdir()} == set(GOOD_ROWS)
    assert not set(REFUSED) & set(BAD_ROWS)


@pytest.mark.parametrize("option", [(), ("--skip-invalid",)], ids=["", "skip"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_file_whose_rows_cannot_be_told_is_refused_as_a_whole(
    program: Program, simulator: Simulator, pause: Pause, name: str, option: str
) -> None:
    ended = pause(BAD / name, *option)
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr == f"bulkpause: {BAD / name}: {REFUSED[name]}\n"
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_as_a_whole(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    data, said = LARGE[name]
    path = program.folder / name
    path.write_bytes(data)
    ended = pause(path)
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr == f"bulkpause: {path}: {said}\n"
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("name", BAD_ROWS)
def test_every_bad_row_is_named_with_its_remedy_and_nothing_is_sent(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    path = str(BAD / name)
    ended = pause(BAD / name)
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr.split("\n") == [
        *problems_of(name, path),
        closing_of(name, path),
        "",
    ]
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_that_are_left_out_are_recorded_and_the_good_ones_sent(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    ids, problems = BAD_ROWS[name].ids, BAD_ROWS[name].problems
    ended = pause(BAD / name, "--skip-invalid")
    paused = f"{len(ids)} paused + " if ids else ""
    rows = format_count(len(ids) + len(problems), "row")
    assert (ended.code, ended.account) == (
        1,
        f"{rows} = {paused}{len(problems)} invalid",
    )
    assert sorted(one.id or "" for one in simulator.ledger) == sorted(ids.values())
    assert {one.action for one in simulator.ledger} <= {"pause"}
    assert {
        one["row"]: one["error"] or one["id"] for one in program.records()
    } == ids | {row: "; ".join(problem) for row, problem in problems.items()}


@pytest.mark.parametrize("name", GOOD_ROWS)
def test_an_odd_file_is_read_right(
    program: Program, simulator: Simulator, pause: Pause, name: str
) -> None:
    ids = GOOD_ROWS[name]
    ended = pause(GOOD / name)
    assert (ended.code, ended.stderr.count("row ")) == (0, 0)
    assert sorted(one.id or "" for one in simulator.ledger) == sorted(ids.values())
    assert {one["row"]: one["id"] for one in program.records()} == ids


@pytest.mark.parametrize("is_piped", [False, True], ids=["path", "standard input"])
@pytest.mark.parametrize(
    "name", ["exponents.csv", "other_routes.txt", "lone_surrogates.jsonl"]
)
def test_a_child_process_names_bad_rows_too(
    program: Program, simulator: Simulator, name: str, is_piped: bool
) -> None:
    path = "standard input" if is_piped else str(BAD / name)
    source = "-" if is_piped else path
    data = (BAD / name).read_bytes()
    ended = program.pause(simulator, source, stdin=data if is_piped else b"")
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr.splitlines() == [
        *problems_of(name, path),
        closing_of(name, path),
    ]
    assert len(simulator.ledger) == 0


@pytest.mark.parametrize("name", ["workbook.xlsx", "damaged.csv.gz", "array.json"])
def test_a_child_process_refuses_a_whole_file_too(
    program: Program, simulator: Simulator, name: str
) -> None:
    ended = program.pause(simulator, str(BAD / name), "--skip-invalid")
    assert (ended.code, ended.stdout) == (3, "")
    assert ended.stderr == f"bulkpause: {BAD / name}: {REFUSED[name]}\n"
    assert len(simulator.ledger) == 0


def test_a_plan_counts_every_row(program: Program) -> None:
    name = "other_routes.txt"
    ended = program.call("plan", str(BAD / name), "--json")
    found = orjson.loads(ended.stdout)
    assert (ended.code, found["rows"], found["ids"]) == (3, 21, 2)
    assert {
        one["row"]: (one["reason"], one["remedy"]) for one in found["problems"]
    } == (BAD_ROWS[name].problems)
