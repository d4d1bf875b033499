"""Read, retry and resume a log: `retry`, `status`, `export`, and `run --resume`."""

import csv
import io

import orjson
import pytest

from bulkpause.cli.options import RETRIABLE
from bulkpause.journal.codec import Header, encode, encode_plan
from bulkpause.model import Item
from bulkpause.plan import digest
from bulkpause.simulator import Fault, Simulator
from tests.support.program import Program, Serve, until


pytestmark = pytest.mark.unmeasured

RULES = ("--max-attempts", "1", "--progress", "none")
#: Two failed ids, one in doubt, and one that is rejected.
SCRIPTS = {
    "1002": (Fault.UNAVAILABLE,),
    "1003": (Fault.LOST,),
    "1005": (Fault.BAD_REQUEST,),
}
#: Such answers to read-backs are final, so that no test waits for others.
VIEWS = {"1002": (Fault.NOT_FOUND,), "1003": (Fault.FORBIDDEN,)}
STATUSES = {"1006": "draft", "1007": "paused"}
MIXED = {"scripts": SCRIPTS, "read_back_scripts": VIEWS, "statuses": STATUSES}


def first_run(program: Program, serve: Serve) -> Simulator:
    simulator = serve(**MIXED)
    program.pause(simulator, program.ids(8), *RULES)
    assert program.statuses() == {
        "1001": "paused",
        "1002": "failed",
        "1003": "unknown",
        "1004": "paused",
        "1005": "rejected",
        "1006": "not_pausable",
        "1007": "already_paused",
        "1008": "paused",
    }
    return simulator


def to(simulator: Simulator) -> list[str]:
    return ["--yes", "--base-url", simulator.base_url, *RULES]


def test_retry_takes_failed_and_unknown_ids_only(
    program: Program, serve: Serve
) -> None:
    simulator = first_run(program, serve)
    before = len(simulator.ledger)
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert ended.summary == "2 rows = 2 paused"
    asked = [(one.action, one.id) for one in simulator.ledger[before:]]
    assert sorted(asked) == [("pause", "1002"), ("view", "1003")]


@pytest.mark.parametrize(
    ("statuses", "ids", "summary", "code"),
    [
        ("rejected", ["1005"], "1 row = 1 paused", 5),
        ("rejected,failed,unknown", ["1002", "1003", "1005"], "3 rows = 3 paused", 1),
        ("not_pausable", ["1006"], "1 row = 1 not_pausable", 5),
        ("already_paused", ["1007"], "1 row = 1 already_paused", 5),
    ],
)
def test_retry_takes_ids_of_named_statuses(
    program: Program,
    serve: Serve,
    statuses: str,
    ids: list[str],
    summary: str,
    code: int,
) -> None:
    simulator = first_run(program, serve)
    before = len(simulator.ledger)
    options = (*to(simulator), "--status", statuses, "--expect", str(len(ids)))
    ended = program.call("retry", "log.jsonl", *options)
    assert (ended.summary, ended.code) == (summary, code)
    assert {entry.id for entry in simulator.ledger[before:]} == {*ids}
    status = program.call("status", "log.jsonl")
    assert status.code == code


def test_retry_of_some_statuses_counts_all_others(
    program: Program, serve: Serve
) -> None:
    simulator = first_run(program, serve)
    ended = program.call("retry", "log.jsonl", *to(simulator), "--status", "failed")
    assert ended.stdout.splitlines()[:2] == [
        "1 row = 1 paused",
        (
            "2 may still be running: 1 rejected in an earlier run, "
            "1 unknown in an earlier run"
        ),
    ]
    assert "retry with: bulkpause retry log.jsonl" in ended.stderr


@pytest.mark.parametrize("status", ["paused", "invalid", "failed,paused", "gone"])
def test_retry_refuses_other_statuses(
    program: Program, serve: Serve, status: str
) -> None:
    simulator = first_run(program, serve)
    before = len(simulator.ledger)
    ended = program.call("retry", "log.jsonl", *to(simulator), "--status", status)
    assert (ended.code, ended.stdout) == (2, "")
    assert f"choose from {', '.join(RETRIABLE)}" in ended.stderr
    assert len(simulator.ledger) == before


def test_printed_retry_keeps_named_statuses(program: Program, serve: Serve) -> None:
    scripts = dict.fromkeys(["1001", "1002"], (Fault.BAD_REQUEST,) * 9)
    simulator = serve(scripts=scripts)
    program.pause(simulator, program.ids(3), *RULES)
    options = (*to(simulator), "--status", "rejected", "--canary", "1")
    ended = program.call("retry", "log.jsonl", *options)
    assert ended.code == 8
    assert "--status failed,unknown,not_attempted,rejected" in ended.stderr


def test_retry_of_empty_log_names_remedy(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.log.write_bytes(b"")
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert (ended.code, ended.stdout.splitlines()) == (
        5,
        [
            "0 rows: no ids to pause",
            "nothing is on record: every campaign may still be running",
        ],
    )
    assert "bulkpause run INPUT --log log.jsonl --resume" in ended.stderr
    found = orjson.loads(
        program.call("retry", "log.jsonl", *to(simulator), "--json").stdout
    )
    assert (found["exit_code"], found["is_plan_known"]) == (5, False)
    assert found["next"].startswith("bulkpause run INPUT --log log.jsonl --resume")
    assert len(simulator.ledger) == 0


def test_retry_takes_ids_not_attempted(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(
        simulator, program.ids(50), "--deadline", "100ms", "--burst", "5/300ms"
    )
    assert ended.code == 8
    left = {str(1001 + n) for n in range(50)} - set(program.statuses())
    assert left
    before = len(simulator.ledger)
    assert (
        program.call(
            "retry",
            "log.jsonl",
            *to(simulator),
            "--steady",
            "none",
            "--burst",
            "20/500ms",
        ).code
        == 0
    )
    assert {one.id for one in simulator.ledger[before:]} == left


#: Slow enough that at most one request is sent before the kill.
ONE_AN_HOUR = ("--burst", "1/1h", "--steady", "none")


def kill_before_its_plan(program: Program, *call: str) -> None:
    """Leave the log as a kill does between the header and the plan of a run."""
    ahead = program.folder / "log.jsonl.wal"
    before = program.log.read_bytes() if program.log.exists() else b""
    running = program.start(*call, *ONE_AN_HOUR)
    until(lambda: ahead.exists() and b'"planned":[' in ahead.read_bytes())
    running.kill()
    header, *_ = ahead.read_bytes().splitlines(keepends=True)
    ahead.write_bytes(header)
    program.log.write_bytes(before)


def test_retry_killed_before_plan_can_be_repeated(
    program: Program, serve: Serve
) -> None:
    open_ids = ["1002", "1004", "1003"]
    simulator = serve(
        scripts=dict.fromkeys(open_ids, (Fault.UNAVAILABLE,)),
        read_back_scripts=dict.fromkeys(open_ids, (Fault.NOT_FOUND,)),
    )
    source = program.file("ids.txt", "\n".join(["1001", *open_ids, "1005"]))
    program.pause(simulator, source, *RULES)
    before = len(simulator.ledger)
    kill_before_its_plan(program, "retry", "log.jsonl", *to(simulator))
    assert len(simulator.ledger) == before
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")
    assert {one.id for one in simulator.ledger[before:]} == set(open_ids)


def test_run_killed_before_plan_needs_input(program: Program, serve: Serve) -> None:
    simulator = serve()
    run = ("run", program.ids(3), "--log", "log.jsonl", *to(simulator))
    kill_before_its_plan(program, *run)
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert (ended.code, ended.stdout.splitlines()) == (
        5,
        ["3 rows = 3 not_attempted", "3 may still be running: 3 not on record"],
    )
    assert (
        "resume with its input: bulkpause run INPUT --log log.jsonl --resume "
        f"--base-url {simulator.base_url} --max-attempts 1 --progress none --yes\n"
    ) in ended.stderr
    # That of the killed run, which may arrive after its end.
    assert len(simulator.ledger) <= 1
    assert program.call(*run, "--resume").code == 0
    assert set(program.statuses()) == {"1001", "1002", "1003"}


def test_resume_takes_same_ids_as_retry(program: Program, serve: Serve) -> None:
    simulator = first_run(program, serve)
    before = len(simulator.ledger)
    ended = program.pause(simulator, "ids.txt", *RULES, "--resume")
    assert ended.summary == "8 rows = 2 paused + 6 already_done"
    assert {one.id for one in simulator.ledger[before:]} == {"1002", "1003"}


def test_retry_of_finished_log_sends_nothing(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(3), *RULES)
    before = len(simulator.ledger)
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert (ended.code, ended.summary) == (0, "0 rows: no ids to pause")
    assert len(simulator.ledger) == before


def test_status_equals_summary_of_run(program: Program, serve: Serve) -> None:
    simulator = serve(**MIXED)
    live = orjson.loads(
        program.pause(simulator, program.ids(8), *RULES, "--json").stdout
    )
    later = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    same = sorted(set(live) & set(later) - {"wall_s", "next"})
    assert {"rows", "paused", "causes", "requests", "read_back", "unknown"} < set(same)
    assert {name: later[name] for name in same} == {name: live[name] for name in same}


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_run_accepts_export(program: Program, serve: Serve, format_: str) -> None:
    simulator = first_run(program, serve)
    exported = program.call("export", "log.jsonl", "--format", format_)
    source = program.file(f"open.{format_}", exported.stdout)
    before = len(simulator.ledger)
    ended = program.call("run", source, "--log", "second.jsonl", *to(simulator))
    assert ended.summary.startswith("2 rows = ")
    assert {one.id for one in simulator.ledger[before:]} == {"1002", "1003"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n@"])
def test_export_cells_are_never_formulas(program: Program, start: str) -> None:
    record = {
        "id": "1001",
        "status": "failed",
        "title": f"{start}HYPERLINK(1)",
        "message": f"{start}1",
        "history": [],
        "run_id": "run",
    }
    program.log.write_bytes(orjson.dumps(record) + b"\n")
    ended = program.call("export", "log.jsonl")
    (row,) = csv.DictReader(io.StringIO(ended.stdout))
    assert row["campaign_id"] == "1001"
    assert row["title"].startswith("'")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_torn_last_line_is_cut_and_reported(program: Program, serve: Serve) -> None:
    simulator = first_run(program, serve)
    with program.log.open("ab") as file:
        file.write(b'{"id":"1001","status":"fai')
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert "torn last line of 26 bytes was cut" in ended.stderr
    assert ended.summary == "2 rows = 2 paused"
    assert program.statuses()["1001"] == "paused"


@pytest.mark.smoke
@pytest.mark.parametrize("verb", ["run", "retry", "status", "export"])
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.wal"])
def test_damaged_line_is_named(
    program: Program, serve: Serve, name: str, verb: str
) -> None:
    simulator = first_run(program, serve)
    before = len(simulator.ledger)
    damaged = program.folder / name
    lines = damaged.read_bytes().splitlines(keepends=True) if damaged.exists() else []
    damaged.write_bytes(b"".join([*lines[:2], b"{}\n", *lines[2:]]))
    given = ["run", "ids.txt", "--log", "log.jsonl", "--resume"]
    call = [*given, *to(simulator)]
    if verb != "run":
        call = [verb, "log.jsonl", *(to(simulator) if verb == "retry" else [])]
    ended = program.call(*call)
    line = 1 + len(lines[:2])
    assert (ended.code, f"{name}: line {line} is damaged" in ended.stderr) == (6, True)
    assert len(simulator.ledger) == before


def test_log_of_other_endpoint_is_refused(program: Program, serve: Serve) -> None:
    first = first_run(program, serve)
    other = serve()
    for call in (
        ["retry", "log.jsonl"],
        ["run", "ids.txt", "--log", "log.jsonl", "--resume"],
    ):
        ended = program.call(*call, *to(other))
        assert (ended.code, "name another log" in ended.stderr) == (2, True)
        assert f"belongs to the endpoint {first.base_url}, not to " in ended.stderr
    assert len(other.ledger) == 0


def test_existing_log_is_never_overwritten(program: Program, serve: Serve) -> None:
    simulator = first_run(program, serve)
    before = program.log.read_bytes()
    assert program.pause(simulator, "ids.txt").code == 2
    assert program.log.read_bytes() == before


def test_resume_with_other_input_warns(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(30), "--deadline", "1ms")
    other = program.file("other.txt", "2001\n2002\n")
    ended = program.pause(simulator, other, "--resume")
    assert (ended.code, "the input differs from the log's plan" in ended.stderr) == (
        5,
        True,
    )
    left = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)["may_run"]
    lines = ended.stdout.splitlines()
    assert lines[0] == "2 rows = 2 paused"
    assert lines[1].startswith(f"{left} may still be running: ")
    assert "retry with: bulkpause retry log.jsonl" in ended.stderr
    again = program.pause(simulator, other, "--resume", "--json")
    found = orjson.loads(again.stdout)
    assert (again.code, found["may_run"], found["rows"]) == (5, left, 2)
    assert found["next"].startswith("bulkpause retry")
    ended = program.call("retry", "log.jsonl", *to(simulator))
    assert {one.id for one in simulator.ledger} == {
        *("2001", "2002"),
        *(str(1001 + n) for n in range(30)),
    }


def test_long_outage_exits_5(program: Program, serve: Serve) -> None:
    simulator = serve(always=Fault.INTERNAL_ERROR)
    ended = program.pause(simulator, program.ids(100), "--give-up-after", "1s")
    assert (ended.code, "no valid response for" in ended.stderr) == (5, True)
    assert len(simulator.ledger) <= 1.1 * 100
    assert "paused" not in program.statuses().values()


@pytest.mark.parametrize(
    ("fault", "most_pauses"), [(Fault.UNAUTHORIZED, 2), (Fault.FORBIDDEN, 11)]
)
def test_token_without_rights_exits_4(
    program: Program, serve: Serve, fault: Fault, most_pauses: int
) -> None:
    simulator = serve(always=fault)
    ended = program.pause(simulator, program.ids(100), "--max-in-flight", "2")
    assert ended.code == 4
    actions = [entry.action for entry in simulator.ledger]
    assert actions.count("pause") <= most_pauses
    # Each id that was sent is read back at most once.
    assert actions.count("view") <= (0 if fault is Fault.UNAUTHORIZED else most_pauses)
    assert set(program.statuses().values()) == {"failed"}


def test_resume_removes_finished_write_ahead_log(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    program.pause(simulator, program.ids(2))
    ahead = program.folder / "log.jsonl.wal"
    items = [Item(id="1001", row=1), Item(id="1002", row=2)]
    header = Header(
        run=program.records()[0]["run_id"],
        base_url=simulator.base_url,
        digest=digest(item.id for item in items),
        planned=2,
        boot_id="",
    )
    ahead.write_bytes(b"".join([encode(header), *encode_plan(items)]))
    ended = program.pause(simulator, program.ids(2), "--resume")
    assert (ended.code, ended.summary) == (0, "2 rows = 2 already_done")
    assert not ahead.exists()
    assert len(simulator.ledger) == 2


def test_resume_keeps_ids_of_other_input_open(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.UNAVAILABLE,)})
    program.pause(simulator, program.ids(1))
    ahead = program.folder / "log.jsonl.wal"
    header = Header(
        run=program.records()[0]["run_id"],
        base_url=simulator.base_url,
        digest="",
        planned=1,
        boot_id="",
    )
    left = encode(header) + b"".join(encode_plan([Item(id="1002", row=2)]))
    ahead.write_bytes(left)
    program.pause(simulator, program.ids(1), "--resume")
    assert ahead.read_bytes() == left
