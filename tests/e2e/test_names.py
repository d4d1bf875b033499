"""Names of campaigns go from the input through logs, messages and exports."""

import csv

import orjson
import pytest

from bulkpause.simulator import Fault
from tests.support.program import UNREAD, Program, Serve, until


NAMES = {"1001": "Summer sale", "1002": "Été; «Köln»", "1003": None}
EXPORT = "id,name\n1001,Summer sale\n1002,Été; «Köln»\n1003,\n"


def names_on_record(program: Program) -> dict[str, str | None]:
    return {record["id"]: record["name"] for record in program.records()}


@pytest.mark.smoke
def test_names_are_on_record(program: Program, serve: Serve) -> None:
    program.pause(serve(), program.file("export.csv", EXPORT))
    assert names_on_record(program) == NAMES


def test_name_column_is_chosen(program: Program, serve: Serve) -> None:
    source = program.file("export.csv", "id,name,label\n1001,wrong,right\n")
    program.pause(serve(), source, "--name-column", "label")
    assert names_on_record(program) == {"1001": "right"}


def test_id_with_two_names_is_said(program: Program, serve: Serve) -> None:
    first = program.file("a.csv", "id,name\n1001,Sale\n")
    other = program.file("b.csv", "id,name\n1002,b\n1001,Autumn\n")
    ended = program.pause(serve(), first, other)
    assert (
        f"warning: 1 id has another name in {other}: 1001 is 'Autumn' in row 3, and "
        f"planned as 'Sale' by row 2 of {first}\n"
    ) in ended.stderr
    assert names_on_record(program) == {"1001": "Sale", "1002": "b"}


def test_bytes_of_other_encoding_in_name_do_not_stop_run(
    program: Program, serve: Serve
) -> None:
    (program.folder / "export.csv").write_bytes(b"id,name\n1001,K\xf6ln\n")
    assert program.pause(serve(), "export.csv").code == 0
    assert names_on_record(program) == {"1001": "Köln"}


def test_summary_and_status_show_names(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.NOT_FOUND,)})
    ended = program.pause(simulator, program.file("export.csv", EXPORT), *UNREAD)
    assert "    such as 1001 Summer sale\n" in ended.stdout
    shown = program.call("status", "log.jsonl")
    assert "    such as 1001 Summer sale\n" in shown.stdout
    causes = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)[
        "causes"
    ]
    assert [(cause["ids"], cause["names"]) for cause in causes] == [
        (["1001"], ["Summer sale"])
    ]


def test_retry_keeps_names(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.UNAVAILABLE,)})
    source = program.file("export.csv", EXPORT)
    program.pause(simulator, source, "--max-attempts", "1", *UNREAD)
    options = ("--yes", "--base-url", simulator.base_url)
    assert program.call("retry", "log.jsonl", *options).code == 0
    last = program.records()[-1]
    assert (last["id"], last["name"], last["status"]) == (
        "1001",
        "Summer sale",
        "paused",
    )


def test_names_survive_kill(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.SLOW,)})
    source = program.file("export.csv", EXPORT)
    running = program.start("run", source, "--yes", *program.to(simulator))
    until(lambda: len(simulator.ledger) == 3)
    running.kill()
    exported = program.call("export", "log.jsonl", "--status", "unknown").stdout
    assert "1002,Été; «Köln»,unknown" in exported
    options = ("--yes", "--base-url", simulator.base_url)
    assert program.call("retry", "log.jsonl", *options).code == 0
    assert names_on_record(program) == NAMES


def test_export_is_read_with_its_names(program: Program, serve: Serve) -> None:
    simulator = serve(scripts=dict.fromkeys(NAMES, (Fault.UNAVAILABLE,)))
    source = program.file("export.csv", EXPORT)
    program.pause(simulator, source, "--max-attempts", "1", *UNREAD)
    exported = program.call("export", "log.jsonl").stdout
    rows = {
        row["campaign_id"]: row["name"] for row in csv.DictReader(exported.split("\n"))
    }
    assert rows == {id_: name or "" for id_, name in NAMES.items()}
    program.log.unlink()
    program.pause(simulator, program.file("left.csv", exported))
    assert names_on_record(program) == NAMES


def test_hostile_name_is_inert_on_terminal(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.NOT_FOUND,)})
    source = program.file("export.csv", "id,name\n1001,\x1b]0;owned\x07\x1b[2J\n")
    options = [*program.to(simulator), "--progress", "none", *UNREAD]
    terminal = program.on_a_terminal("run", source, *options)
    terminal.wait_for("[y/N]: ")
    terminal.type("y\n")
    terminal.end()
    assert "\x1b" not in terminal.seen
    assert terminal.seen.count("]0;owned") == 2


def test_json_lines_name_campaigns(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.NOT_FOUND,)})
    source = program.file("export.csv", EXPORT)
    options = ("--progress", "lines", "--log-level", "debug", *UNREAD)
    ended = program.pause(simulator, source, *options)
    events = [orjson.loads(line) for line in ended.stderr.splitlines()]
    found = {e["id"]: e["name"] for e in events if e["event"] == "id.finished"}
    assert found == NAMES
