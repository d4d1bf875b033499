"""`status` and `export` never give an all-clear that the log does not prove."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from bulkpause._text import timestamp
from bulkpause.journal.codec import encode
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Record
from bulkpause.plan import digest
from bulkpause.simulator import Fault, Simulator, Window
from bulkpause.vocabulary import Status
from tests.support.program import Program, Serve, until


pytestmark = pytest.mark.unmeasured

SLOW = {"windows": (Window(limit=5, period_s=0.5),), "latency_s": 0.1}
RESUME = "resume with its input: bulkpause run INPUT --log log.jsonl --resume"
OF_SLOW_RUN = ("--burst", "5/500ms")


def wal(program: Program) -> Path:
    return program.folder / "log.jsonl.wal"


def kill_in_the_middle(program: Program, simulator: Simulator, count: int) -> None:
    """Leave the log of a killed run that has settled some of its ids."""
    options = [*program.to(simulator, *OF_SLOW_RUN)]
    running = program.start("run", program.ids(count), "--yes", *options)
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 2)
    running.kill()


def write_log(
    program: Program,
    endpoint: str,
    *statuses: Status,
    hours: float = 0,
    planned: int | None = None,
) -> None:
    """Write the log of a finished run that ended so many hours ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    records = [
        Record(
            id=str(1001 + number),
            status=status,
            row=number,
            started_at=timestamp(at),
            finished_at=timestamp(at),
            run_id=new_run_id(at, endpoint),
            planned=planned or len(statuses),
            input_digest=digest(str(1001 + n) for n in range(len(statuses))),
            endpoint=endpoint,
        )
        for number, status in enumerate(statuses)
    ]
    program.log.write_bytes(b"".join(map(encode, records)))


def test_planned_ids_without_write_ahead_log_are_not_on_record(
    program: Program, serve: Serve
) -> None:
    simulator = serve(**SLOW)
    kill_in_the_middle(program, simulator, 40)
    wal(program).unlink()
    done = len(program.records())
    ended = program.call("status", "log.jsonl")
    missing = f"{40 - done} may still be running: {40 - done} not on record"
    assert (ended.code, missing in ended.stdout) == (5, True)
    assert ended.stdout.splitlines()[-1] == (
        f"{RESUME} --base-url {simulator.base_url}"
    )
    found = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    assert (found["not_on_record"], found["may_run"]) == (40 - done, 40 - done)
    assert (found["rows"], found["endpoint"]) == (40, simulator.base_url)
    exported = program.call("export", "log.jsonl")
    *notes, warning = exported.stderr.splitlines()
    assert warning == (
        f"warning: log.jsonl: {40 - done} planned ids not on record, and so not listed"
    )
    assert not any(f"{40 - done} not_attempted" in note for note in notes)


def test_advised_resume_settles_ids_not_on_record(
    program: Program, serve: Serve
) -> None:
    simulator = serve(**SLOW)
    kill_in_the_middle(program, simulator, 12)
    wal(program).unlink()
    command = program.call("status", "log.jsonl").stdout.rpartition("bulkpause ")[2]
    words = command.replace("INPUT", "ids.txt").split()
    assert program.call(*words, "--yes").code == 0
    ended = program.call("status", "log.jsonl")
    assert (ended.code, "\n0 may still be running" in ended.stdout) == (0, True)
    # An id that was in flight at the kill has lost the record of its request.
    statuses = {str(record["status"]) for record in program.records()}
    assert statuses <= {"paused", "already_paused"}
    assert len({record["id"] for record in program.records()}) == 12


def test_other_input_does_not_hold_lost_ids(program: Program, serve: Serve) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, Status.PAUSED, planned=9)
    other = program.file("other.txt", "2001\n2002\n")
    ended = program.pause(simulator, other, "--resume")
    assert (ended.code, "the log lacks 5 planned ids" in ended.stderr) == (5, True)
    assert ended.stdout.splitlines()[:2] == [
        "2 rows = 2 paused",
        "7 may still be running: 7 not on record in an earlier run",
    ]
    assert RESUME in ended.stderr
    assert program.call("status", "log.jsonl").code == 5


def test_write_ahead_log_cut_after_header_loses_no_id(
    program: Program, serve: Serve
) -> None:
    simulator = serve(**SLOW)
    kill_in_the_middle(program, simulator, 30)
    header, *_ = wal(program).read_bytes().splitlines(keepends=True)
    wal(program).write_bytes(header)
    program.log.unlink()
    ended = program.call("status", "log.jsonl")
    assert "30 may still be running: 30 not on record" in ended.stdout
    assert ended.code == 5


def test_empty_log_says_nothing_is_on_record(program: Program) -> None:
    program.log.write_bytes(b"")
    ended = program.call("status", "log.jsonl")
    assert (ended.code, ended.stdout.splitlines()) == (
        5,
        [
            "log.jsonl: its endpoint is not on record",
            "nothing is on record: every campaign may still be running",
            (
                "the log does not record options such as --canary, --max-failures, "
                "--verify or --remember: add those of its run"
            ),
            RESUME,
        ],
    )
    exported = program.call("export", "log.jsonl")
    assert "nothing is on record" in exported.stderr


def test_log_without_plan_gives_no_all_clear(program: Program) -> None:
    # Records of version 1 do not say how many ids were planned.
    write_log(program, "simulator", Status.PAUSED, Status.PAUSED)
    lines = [orjson.loads(line) for line in program.log.read_bytes().splitlines()]
    for line in lines:
        for key in (
            *("v", "name", "account", "action", "planned", "endpoint", "crc32"),
            *("reads", "earlier_status", "earlier_scheduled_time", "paused_at"),
            "input_digest",
        ):
            del line[key]
    program.log.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    ended = program.call("status", "log.jsonl")
    assert (ended.code, "0 may still" in ended.stdout) == (5, False)
    assert "how many were planned is not on record" in ended.stdout
    assert ended.stdout.splitlines()[-1] == f"{RESUME} --simulate"


def test_old_log_is_dated_and_its_advice_runs(program: Program, serve: Serve) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, Status.PAUSED, hours=50)
    ended = program.call("status", "log.jsonl")
    assert (ended.code, ", 2 days ago" in ended.stdout) == (0, True)
    assert "0 may still be running, as of 20" in ended.stdout
    lines = program.log.read_bytes().splitlines(keepends=True)
    program.log.write_bytes(lines[0])
    advised = program.call("status", "log.jsonl").stdout.rpartition("bulkpause ")[2]
    assert "--resume-within 52h" in advised
    words = advised.replace("INPUT", program.ids(2)).split()
    assert program.call(*words, "--yes").code == 0


def test_simulated_log_names_simulator(program: Program) -> None:
    options = ("--yes", "--simulate", "--log", "log.jsonl")
    program.call("run", program.ids(3), *options)
    ended = program.call("status", "log.jsonl")
    assert ended.stdout.startswith("log.jsonl: simulator, run ")
    assert "simulated: no real campaign was paused" in ended.stdout
    assert ended.stdout.endswith("0 may still be running on the simulator\n")
    found = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    assert (found["is_simulated"], found["is_held"]) == (True, False)


def test_running_log_is_named_and_advises_nothing(
    program: Program, serve: Serve
) -> None:
    simulator = serve(**SLOW)
    options = [*program.to(simulator, *OF_SLOW_RUN)]
    program.start("run", program.ids(200), "--yes", *options)
    until(lambda: program.log.exists() and program.log.read_bytes().count(b"\n") > 2)
    ended = program.call("status", "log.jsonl")
    assert "a run holds this log now: these numbers still change" in ended.stdout
    assert "bulkpause" not in ended.stdout
    found = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    assert (found["is_held"], found["next"]) == (True, None)


def test_rejected_ids_are_retried_by_a_command_of_their_own(
    program: Program, serve: Serve
) -> None:
    write_log(program, serve().base_url, Status.PAUSED, Status.REJECTED)
    ended = program.call("status", "log.jsonl")
    assert (ended.code, "retry with:" in ended.stdout) == (1, False)
    assert "1 may still be running: 1 rejected\n" in ended.stdout
    advice = ended.stdout.splitlines()[-1]
    assert advice.startswith("1 rejected: mend what the API says of them, then retry")
    assert "--status failed,unknown,not_attempted,rejected" in advice


@pytest.mark.parametrize("command", ["run", "retry"])
def test_unknown_plan_stays_unknown(
    program: Program, serve: Serve, command: str
) -> None:
    simulator, unknown = serve(), "how many were planned is not on record"
    statuses = [Status.PAUSED, Status.PAUSED, Status.FAILED]
    write_log(program, simulator.base_url, *statuses, planned=2)
    assert program.call("status", "log.jsonl").code == 5
    options = program.to(simulator)
    options.remove("--log")  # its value is what is retried
    ended = (
        program.pause(simulator, program.ids(4), "--resume")
        if command == "run"
        else program.call("retry", "--yes", *options)
    )
    assert (ended.code, unknown in ended.stdout) == (5, True)
    assert {one["status"] for one in program.records()[3:]} == {"paused"}
    assert (program.records()[-1]["planned"], wal(program).exists()) == (None, False)
    after = program.call("status", "log.jsonl")
    assert (after.code, unknown in after.stdout) == (5, True)
    assert "pause the whole list again with another --log" in after.stdout


def test_proof_of_resumed_run_leaves_earlier_pauses_out(
    program: Program, serve: Serve
) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, Status.PAUSED)
    for count in (2, 3):
        ended = program.pause(
            simulator, program.ids(count), "--resume", "--verify", "all"
        )
        assert ended.code == 0
        assert (
            "--verify all reads back only what this run pauses: read what earlier runs "
            "paused with: bulkpause list --in log.jsonl --base-url http"
        ) in ended.stderr
    shown = program.call("status", "log.jsonl").stdout
    assert "2 of the paused ids accepted, but not read back\n" in shown
    assert shown.endswith(
        "2 paused ids not read back: read them with: bulkpause list --in log.jsonl "
        f"--base-url {simulator.base_url}\n"
    )


def test_resumed_run_counts_ids_rejected_before(program: Program, serve: Serve) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, Status.REJECTED)
    ended = program.pause(simulator, program.ids(3), "--resume")
    assert (ended.code, ended.stdout.splitlines()[:2]) == (
        1,
        [
            "3 rows = 1 paused + 2 already_done",
            "1 may still be running: 1 rejected in an earlier run",
        ],
    )


def test_several_logs_end_with_worst_code(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.UNAVAILABLE,) * 9})
    write_log(program, simulator.base_url, Status.PAUSED)
    program.log.rename(program.folder / "good.jsonl")
    write_log(program, simulator.base_url, Status.REJECTED)
    program.log.rename(program.folder / "rejected.jsonl")
    write_log(program, simulator.base_url, Status.FAILED)
    (program.folder / "bad.jsonl").write_bytes(b'{"run_id": 1}\n')

    def code_of(*names: str) -> int:
        return program.call("status", *names).code

    assert code_of("good.jsonl", "rejected.jsonl") == 1
    assert code_of("log.jsonl", "rejected.jsonl") == 5
    assert code_of("good.jsonl", "bad.jsonl", "log.jsonl") == 6
    ended = program.call("status", "good.jsonl", "log.jsonl", "none.jsonl")
    assert (ended.code, "none.jsonl does not exist" in ended.stderr) == (3, True)
    assert ended.stdout.startswith(f"2 logs together: {simulator.base_url}\n")
    assert "1 may still be running: 1 failed" in ended.stdout


def test_several_logs_make_one_json_object(program: Program, serve: Serve) -> None:
    write_log(program, serve().base_url, Status.PAUSED, Status.FAILED)
    ended = program.call("status", "log.jsonl", "none.jsonl", "--json")
    found = orjson.loads(ended.stdout)
    first, second = found["logs"]
    assert (first["log"], first["failed"], first["exit_code"]) == ("log.jsonl", 1, 5)
    assert (second["log"], second["exit_code"]) == ("none.jsonl", 3)
    assert "does not exist" in second["error"]
    one = orjson.loads(program.call("status", "log.jsonl", "--json").stdout)
    assert set(one) == set(first)
    (together,) = found["together"]
    assert (together["logs"], together["failed"]) == (["log.jsonl"], 1)
    assert (together["exit_code"], found["exit_code"]) == (5, 3)


@pytest.mark.smoke
def test_old_log_is_not_resumed(program: Program, serve: Serve) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, hours=25)
    ended = program.pause(simulator, program.ids(2), "--resume")
    assert (ended.code, ended.stdout) == (2, "")
    assert "--resume-within" in ended.stderr
    assert "log for each day" in ended.stderr
    assert len(simulator.ledger) == 0
    longer = ("--resume", "--resume-within", "26h")
    ended = program.pause(simulator, program.ids(2), *longer)
    assert (ended.code, ended.summary) == (0, "2 rows = 1 paused + 1 already_done")


def test_retry_of_old_log_says_how_old_it_is(program: Program, serve: Serve) -> None:
    simulator = serve()
    write_log(program, simulator.base_url, Status.PAUSED, Status.FAILED, hours=72)
    options = ("--yes", "--base-url", simulator.base_url)
    ended = program.call("retry", "log.jsonl", *options)
    assert (ended.code, ended.summary) == (0, "1 row = 1 paused")
    assert "the last record of log.jsonl is 3 days old" in ended.stderr
