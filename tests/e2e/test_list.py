"""Lists of campaigns, compared with the simulator's ledger."""

import shlex
import signal
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkpause.simulator import Campaign, Fault, Lists, Simulator, make_campaigns
from tests.support.program import QUICK, ProcessResult, Program, Serve, until


STATUSES = ("running", "running", "scheduled", "paused", "sent")
#: Of 60 campaigns with these statuses.
SENDING = 36


def options(simulator: Simulator) -> list[str]:
    return ["--base-url", simulator.base_url, *QUICK, "--progress", "none"]


def list_(program: Program, simulator: Simulator, *words: str) -> ProcessResult:
    return program.call("list", *words, *options(simulator))


def campaigns(count: int = 60) -> tuple[Campaign, ...]:
    return make_campaigns(count, statuses=STATUSES, labels=("shoes", "sale"))


def lines(text: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


@pytest.mark.smoke
def test_list_is_paused_and_proof_follows(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=campaigns())
    filters = ("--status", "running,scheduled")
    listed = list_(program, simulator, *filters, "--output", "running.jsonl")
    assert listed.code == 0, listed.stderr
    assert listed.stdout.startswith(f"{SENDING} campaigns on 127.0.0.1:")
    path = program.folder / "running.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {one["status"] for one in lines(path.read_text())} == {
        "running",
        "scheduled",
    }

    command = listed.stdout.partition("pause them with: ")[2].strip()
    name, *words = shlex.split(command)
    assert (name, words[:4]) == (
        "bulkpause",
        ["run", "running.jsonl", "--expect", str(SENDING)],
    )
    quiet = ("--yes", "--progress", "none", "--log", "log.jsonl")
    assert program.call(*words, *quiet).code == 0
    assert {one["name"] for one in program.records()} >= {"Campaign 1000001"}

    proof = list_(program, simulator, "--in", "log.jsonl")
    assert (proof.code, proof.stdout) == (
        0,
        f"0 of {SENDING} ids of log.jsonl are running or scheduled\n",
    )
    again = list_(program, simulator, *filters)
    assert (again.code, again.stdout) == (0, "")
    assert simulator.ledger.rate_limited() == []


def test_csv_is_safe_and_accepted(program: Program, serve: Serve) -> None:
    names = ["=HYPERLINK(1)", "two\nlines", "Käse; 50 %", "\x1b[31mred"]
    made = [
        Campaign(id=str(1001 + n), name=name, labels=("a", "b"))
        for n, name in enumerate(names)
    ]
    simulator = serve(campaigns=tuple(made))
    listed = list_(program, simulator, "--all", "--format", "csv")
    assert listed.code == 0, listed.stderr
    assert listed.stdout.splitlines()[:2] == [
        "id,name,status,labels,scheduled_time,create_time",
        '1001,\'=HYPERLINK(1),running,"a,b",,2024-10-06 10:00:00',
    ]
    assert "\x1b" not in listed.stdout
    ended = program.pause(simulator, "-", "--expect", "4", stdin=listed.stdout.encode())
    assert ended.code == 0, ended.stderr
    assert simulator.ledger.paused_ids() == {one.id for one in made}


def test_ignored_filter_writes_nothing(program: Program, serve: Serve) -> None:
    lists = Lists(ignored=frozenset({"labels"}))
    simulator = serve(campaigns=campaigns(), lists=lists)
    label = ("--label", "shoes", "--output", "list.csv")
    ended = list_(program, simulator, *label, "--json")
    assert ended.code == 8
    error = orjson.loads(ended.stdout)["error"]
    assert error["code"] == 8
    assert "seems to ignore the filter; nothing was written" in error["message"]
    assert list(program.folder.iterdir()) == []

    ended = list_(program, simulator, *label, "--filter-here")
    assert ended.code == 0
    assert (program.folder / "list.csv").read_text().count("shoes") == 30


def test_incomplete_list_is_written_with_warning(
    program: Program, serve: Serve
) -> None:
    simulator = serve(campaigns=campaigns(), lists=Lists(total_offset=1))
    ended = list_(program, simulator, "--all", "--output", "all.jsonl", "--json")
    assert ended.code == 5
    summary = orjson.loads(ended.stdout)
    assert (summary["campaigns"], summary["complete"]) == (60, False)
    assert summary["doubt"] == "the API says 61 campaigns, and lists 60"
    assert len(lines((program.folder / "all.jsonl").read_text())) == 60

    ended = list_(program, simulator, "--all")
    assert (ended.code, len(lines(ended.stdout))) == (5, 60)
    assert "warning: the list may be incomplete: the API says 61" in ended.stderr


def test_file_is_never_overwritten_silently(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=campaigns(3))
    program.file("list.jsonl", "mine")
    ended = list_(program, simulator, "--all", "-o", "list.jsonl")
    assert ended.code == 2
    assert "replace it with --overwrite" in ended.stderr
    assert (program.folder / "list.jsonl").read_text() == "mine"
    assert len(simulator.ledger) == 0

    ended = list_(program, simulator, "--all", "-o", "list.jsonl", "--overwrite")
    assert ended.code == 0
    assert len(lines((program.folder / "list.jsonl").read_text())) == 3
    assert [path.name for path in program.folder.iterdir()] == ["list.jsonl"]


def test_every_log_that_is_named_is_compared(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=make_campaigns(8))
    for name, id_ in (("a", "1000001"), ("b", "1000002"), ("c", "1000003")):
        assert program.pause(simulator, id_, "--log", f"{name}.jsonl").code == 0
    simulator.put(Campaign(id="1000001", name="Back again"))

    words = ("--in", "a.jsonl", "b.jsonl", "--in", "c.jsonl")
    ended = list_(program, simulator, *words)

    assert ended.code == 1
    assert ended.stdout.splitlines()[:2] == [
        "1 of 3 ids of a.jsonl, c.jsonl, b.jsonl is running or scheduled",
        "  1000001 Back again: running now, paused on record",
    ]


def test_restarted_campaign_is_found(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=make_campaigns(8))
    ids = program.file("ids.txt", "1000001\n1000002\n1000003\n")
    assert program.pause(simulator, ids).code == 0
    simulator.put(Campaign(id="1000002", name="Back again"))

    ended = list_(program, simulator, "--in", "log.jsonl", "-o", "back.jsonl")

    assert ended.code == 1
    assert ended.stdout.splitlines()[:3] == [
        "1 of 3 ids of log.jsonl is running or scheduled",
        "  1000002 Back again: running now, paused on record",
        f"5 other campaigns on {simulator.base_url[7:]} are running or scheduled",
    ]
    assert "pause them with: bulkpause run back.jsonl --expect 1 " in ended.stdout
    [one] = lines((program.folder / "back.jsonl").read_text())
    assert one["id"] == "1000002"


def test_filter_hides_nothing_from_proof(program: Program, serve: Serve) -> None:
    """The API's filter knows neither of these words as running."""
    simulator = serve(campaigns=make_campaigns(3))
    ids = program.file("ids.txt", "1000001\n1000002\n1000003\n")
    assert program.pause(simulator, ids).code == 0
    simulator.put(Campaign(id="1000002", status="RUNNING"))
    simulator.put(Campaign(id="1000003", status="sending"))

    asked = ("--status", "running,scheduled", "--in", "log.jsonl", "--json")
    ended = list_(program, simulator, *asked)

    assert ended.code == 1
    running = orjson.loads(ended.stdout)["running"]
    assert [one["status"] for one in running] == ["RUNNING", "sending"]
    assert list_(program, simulator, "--status", "draft", "--in", "l").code == 2


def test_log_of_other_account_is_no_all_clear(program: Program, serve: Serve) -> None:
    changes = {1: ("1000001", "1000002")}
    simulator = serve(campaigns=make_campaigns(3), lists=Lists(changes=changes))
    ids = program.file("ids.txt", "1000001\n1000002\n")
    assert program.pause(simulator, ids).code == 0

    ended = list_(program, simulator, "--in", "log.jsonl")

    assert ended.code == 5
    assert "not certain: none of 2 ids of log.jsonl is among the" in ended.stdout


def test_incomplete_list_is_no_all_clear(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=make_campaigns(3), lists=Lists(total="none"))
    assert program.pause(simulator, program.file("ids.txt", "1000001\n")).code == 0

    ended = list_(program, simulator, "--in", "log.jsonl", "--json")

    assert ended.code == 5
    result = orjson.loads(ended.stdout)
    assert (result["running"], result["complete"]) == ([], False)
    [doubt] = result["doubts"]
    assert doubt.startswith("the list may be incomplete: the API does not say how many")


def test_log_that_lacks_ids_is_no_all_clear(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=make_campaigns(3))
    ids = program.file("ids.txt", "1000001\n1000002\n1000003\n")
    assert program.pause(simulator, ids).code == 0
    whole = program.log.read_bytes().splitlines(keepends=True)
    program.log.write_bytes(b"".join(whole[:2]))

    ended = list_(program, simulator, "--in", "log.jsonl")

    assert ended.code == 5
    assert "not certain: log.jsonl lacks 1 planned id" in ended.stdout


def test_log_of_other_endpoint_is_refused(program: Program, serve: Serve) -> None:
    first, second = serve(), serve()
    assert program.pause(first, program.ids(1)).code == 0
    ended = list_(program, second, "--in", "log.jsonl")
    assert ended.code == 2
    assert "belongs to the endpoint" in ended.stderr
    assert len(second.ledger) == 0


def test_rejected_token_and_outage_have_codes(program: Program, serve: Serve) -> None:
    simulator = serve(lists=Lists(fault_rates={Fault.INTERNAL_ERROR: 1.0}))
    ended = list_(program, simulator, "--all", "--give-up-after", "500ms")
    assert (ended.code, ended.stdout) == (5, "")
    assert "no campaign was listed" in ended.stderr
    program.variables["OCAMBA_TOKEN"] = "another"
    assert list_(program, serve(), "--all").code == 4


def test_list_and_run_share_the_account(program: Program, serve: Serve) -> None:
    lists = Lists(max_page_size=10)
    simulator = serve(campaigns=make_campaigns(400), lists=lists)
    words = ("--status", "running,paused", "-o", "list.jsonl")
    listing = program.start("list", *words, *options(simulator))
    ended = program.pause(simulator, program.ids(60))
    listed = listing.end()
    again = program.call("check", "--base-url", simulator.base_url, *QUICK)
    assert (ended.code, listed.code, again.code) == (0, 0, 0)
    assert simulator.ledger.rate_limited() == []
    assert "other runs now" in again.stdout


def test_signal_leaves_nothing(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=campaigns(), lists=Lists(script=(Fault.HANG,)))
    running = program.start(
        "list", "--all", "--output", "list.jsonl", *options(simulator)
    )
    until(lambda: len(simulator.ledger))
    running.send(signal.SIGINT)
    ended = running.end()
    assert ended.code == 130
    assert ended.stderr.endswith("SIGINT: nothing was written\n")
    assert list(program.folder.iterdir()) == []


def test_lines_of_json_tell_of_progress(program: Program, serve: Serve) -> None:
    simulator = serve(campaigns=campaigns())
    words = ("list", "--all", "--base-url", simulator.base_url, *QUICK)
    ended = program.call(*words)
    assert ended.code == 0
    events = lines(ended.stderr)
    assert [one["event"] for one in events] == ["list.progressed", "list.finished"]
    assert events[-1]["next"].startswith("bulkpause run - --expect 60 --base-url")


def test_output_that_cannot_be_written_exits_with_74(
    program: Program, serve: Serve
) -> None:
    simulator = serve(campaigns=campaigns())
    to_full = ("sh", "-c", 'exec "$@" > /dev/full', "sh")
    ended = program.start("list", "--all", *options(simulator), under=to_full).end()
    assert ended.code == 74
    assert "the output could not be written" in ended.stderr


def test_filter_is_required(program: Program) -> None:
    for words in ((), ("--all", "--name", "x"), ("--in", "l", "--label", "x"), ("l",)):
        ended = program.call("list", *words)
        assert ended.code == 2, words
        assert "Error: " in ended.stderr


def test_folder_of_output_must_exist(program: Program) -> None:
    ended = program.call("list", "--all", "-o", "no/list.csv", "--simulate")
    assert ended.code == 2
    assert "mkdir -p no" in ended.stderr
    assert not Path("no").exists()
