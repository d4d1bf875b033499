"""`plan` shows what a run would send, and the run sends exactly that."""

import orjson
import pytest

from bulkpause.simulator import Fault, Window
from tests.support.program import UNREAD, ProcessResult, Program, Serve, until


EXPORT = (
    'id,spend\n1001,9.50\n1002,"1,200.00"\n1001,9.50\n1003,30\n1004,\n1005,7\n'
    "1006,6\n1007,5\n"
)
MANGLED = "id,name\n1001,a\n1.2E+17,b\n,c\n1002,d\n"


def planned(program: Program, text: str, *options: str) -> ProcessResult:
    return program.call("plan", program.file("export.csv", text), *options)


def as_object(program: Program, text: str, *options: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(
        planned(program, text, "--json", *options).stdout
    )
    return found


def digest_of(program: Program, source: str, *options: str) -> str:
    ended = program.call("plan", source, "--json", *options)
    return str(orjson.loads(ended.stdout)["digest"])


def test_plan_lists_counts_order_duration_and_digest(program: Program) -> None:
    ended = planned(program, EXPORT, "--order-by", "spend:desc")
    digest = digest_of(program, "export.csv", "--order-by", "spend:desc")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "8 rows: 7 to pause, 1 duplicate, 0 already done, 0 invalid",
        "ids from    column 'id' of export.csv",
        "first       1002, 1003, 1001",
        "last        1006, 1007, 1004",
        "order       by 'spend', highest first",
        "            1,257.50 in all, 1 without a value",
        "on          api.ocamba.com, about 1 s at 10/1s and 150/60s",
        f"digest      {digest}",
    ]


def test_plan_json_holds_the_plan(program: Program) -> None:
    found = as_object(program, EXPORT, "--order-by", "spend:desc")
    assert found == {
        "rows": 8,
        "ids": 7,
        "duplicate": 1,
        "already_done": 0,
        "problems": [],
        "first": ["1002", "1003", "1001"],
        "last": ["1006", "1007", "1004"],
        "first_names": [None] * 3,
        "last_names": [None] * 3,
        "inputs": found["inputs"],
        "statuses": {},
        "host": "api.ocamba.com",
        "simulated": False,
        "order_by": "spend:desc",
        "sum": 1257.5,
        "unit": None,
        "blanks": 1,
        "limits": ["150/60s", "10/1s"],
        "needed_s": 0.0,
        "accounts": [],
        "shard": None,
        "digest": found["digest"],
    }
    assert len(str(found["digest"])) == 16


def test_plan_lists_invalid_rows_with_remedy(program: Program) -> None:
    ended = planned(program, MANGLED)
    assert ended.code == 3
    assert ended.stderr.splitlines() == [
        "export.csv: 2 of 4 rows cannot be used",
        "  row 3: '1.2E+17' is a reformatted number, not an id",
        "    set the id column to Text, re-enter the ids and export again",
        "  row 4: no id",
        "    fill it in or delete the row",
    ]
    assert ended.stdout.endswith(
        "`run` refuses this list: fix these rows or pass --skip-invalid\n"
    )


def test_skipped_invalid_rows_do_not_refuse_plan(program: Program) -> None:
    ended = planned(program, MANGLED, "--skip-invalid")
    assert ended.code == 0
    assert ended.summary == (
        "4 rows: 2 to pause, 0 duplicate, 0 already done, 2 invalid"
    )


def test_plan_json_holds_every_invalid_row(program: Program) -> None:
    found = as_object(program, "id\n" + "1E5\n" * 25)
    problems = found["problems"]
    assert isinstance(problems, list)
    assert [one["row"] for one in problems] == list(range(2, 27))
    assert all(one["reason"] and one["remedy"] for one in problems)


def test_plan_names_estimated_duration(program: Program) -> None:
    ended = program.call("plan", program.ids(600))
    duration = "api.ocamba.com, about 3:16 at 10/1s and 150/60s"
    assert f"on          {duration}" in ended.stdout.splitlines()


def test_verify_all_doubles_estimated_duration(program: Program) -> None:
    once = as_object(program, "id\n" + "".join(f"{n}\n" for n in range(1001, 1601)))
    text = "id\n" + "".join(f"{n}\n" for n in range(1001, 1301))
    proved = as_object(program, text, "--verify", "all")
    assert proved["ids"] == 300
    assert proved["needed_s"] == once["needed_s"]


def test_plan_sends_nothing(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = planned(program, EXPORT, "--base-url", simulator.base_url)
    assert ended.code == 0
    assert simulator.base_url.removeprefix("http://") in ended.stdout
    assert len(simulator.ledger) == 0
    assert [path.name for path in program.folder.iterdir()] == ["export.csv"]


def test_plan_needs_no_token(program: Program) -> None:
    program.variables.clear()
    assert planned(program, EXPORT).code == 0


def test_run_accepts_digest_of_its_plan(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.ids(3)
    digest = digest_of(program, source)
    ended = program.pause(simulator, source, "--plan", digest, "--expect", "3")
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")


@pytest.mark.parametrize(
    "text", ["1001\n1002\n1003\n1004\n", "1001\n1002\n", "1001\n1003\n1002\n"], ids=repr
)
def test_run_refuses_input_with_other_digest(
    program: Program, serve: Serve, text: str
) -> None:
    simulator = serve()
    digest = digest_of(program, program.ids(3))
    ended = program.pause(simulator, program.file("ids.txt", text), "--plan", digest)
    assert (ended.code, ended.stdout) == (8, "")
    assert f"--plan {digest}: the digest of this input is " in ended.stderr
    assert "nothing was sent" in ended.stderr
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_order_changes_digest_of_plan(program: Program) -> None:
    source = program.file("export.csv", EXPORT)
    orders = [(), ("--order-by", "spend"), ("--order-by", "spend:desc")]
    assert len({digest_of(program, source, *order) for order in orders}) == 3


@pytest.mark.smoke
@pytest.mark.parametrize("expected", ["2", "4", "0"])
def test_run_refuses_unexpected_number_of_ids(
    program: Program, serve: Serve, expected: str
) -> None:
    simulator = serve()
    ended = program.pause(simulator, program.ids(3), "--expect", expected)
    assert (ended.code, ended.stdout) == (8, "")
    assert f"--expect {expected}: there are 3 ids to pause" in ended.stderr
    assert len(simulator.ledger) == 0
    assert not program.log.exists()


def test_expect_does_not_count_duplicates(program: Program, serve: Serve) -> None:
    source = program.file("ids.txt", "1001\n1001\n1002\n")
    assert program.pause(serve(), source, "--expect", "2").code == 0


@pytest.mark.smoke
def test_input_of_skipped_rows_only_exits_1(program: Program, serve: Serve) -> None:
    simulator = serve()
    source = program.file("export.csv", "id\n1E5\n1E6\n")
    ended = program.pause(simulator, source, "--skip-invalid")
    assert (ended.code, ended.summary) == (1, "2 rows = 2 invalid")
    assert len(simulator.ledger) == 0


def test_same_command_goes_on_after_kill(program: Program, serve: Serve) -> None:
    simulator = serve(windows=(Window(limit=5, period_s=0.5),))
    source = program.ids(20)
    digest = digest_of(program, source)
    guards = ("--plan", digest, "--expect", "20", "--resume")
    options = (*program.to(simulator, "--burst", "5/500ms"), *guards)
    running = program.start("run", source, "--yes", *options)
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 2)
    running.kill()
    ended = program.call("run", source, "--yes", *options)
    assert (ended.code, "already_done" in ended.summary) == (0, True)
    assert set(program.statuses().values()) == {"paused"}
    again = program.call("run", source, "--yes", *options)
    assert (again.code, again.summary) == (0, "20 rows = 20 already_done")


def test_retry_expects_number_of_ids_it_sends(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1002": (Fault.UNAVAILABLE,)})
    program.pause(simulator, program.ids(3), "--max-attempts", "1", *UNREAD)
    options = ("log.jsonl", "--yes", "--base-url", simulator.base_url)
    assert program.call("retry", *options, "--expect", "3").code == 8
    assert program.call("retry", *options, "--expect", "1").code == 0
