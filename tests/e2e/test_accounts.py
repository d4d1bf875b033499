"""Runs over many accounts, judged by the ledger of a simulator with all of them."""

import shlex
from collections import Counter
from pathlib import Path
from signal import SIGINT
from typing import Any

import orjson
import pytest

from bulkpause.simulator import (
    Campaign,
    Ledger,
    Simulator,
    Window,
    make_campaigns,
)
from tests.support.program import Program, Serve, until


LIMITS = ("--burst", "5/500ms", "--steady", "none")
WINDOWS = (Window(limit=5, period_s=0.5),)


def prepare(program: Program, names: list[str], ids: int) -> dict[str, str]:
    """Write the accounts and a list of ids in each; give the companies by token."""
    sections: list[str] = []
    for name in names:
        token = program.folder / f"{name}.token"
        token.write_text(f"token-of-{name}")
        token.chmod(0o600)
        sections.append(f'[{name}]\ntoken_file = "{name}.token"\n')
    program.file("accounts.toml", "".join(sections))
    rows = [f"{name},{1001 + n}\n" for n in range(ids) for name in names]
    program.file("all.csv", "account,id\n" + "".join(rows))
    return {f"token-of-{name}": name for name in names}


def to(simulator: Simulator, *options: str) -> list[str]:
    base_url = ("--base-url", simulator.base_url, "--share", "none")
    return ["--accounts", "accounts.toml", *base_url, *LIMITS, *options]


def records_in(folder: Path) -> list[dict[str, Any]]:
    logs = [log.read_bytes().splitlines() for log in folder.glob("*.jsonl")]
    return [orjson.loads(line) for lines in logs for line in lines]


def test_each_account_has_its_log_and_summary(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme", "globex"], 4)
    simulator = serve(windows=WINDOWS, accounts=companies)
    options = to(simulator, "--log", "logs", "--yes", "--json")
    ended = program.call("run", "all.csv", *options)
    assert ended.code == 0, ended.stderr
    result = orjson.loads(ended.stdout)
    assert result["paused"] == 8
    assert {name: one["paused"] for name, one in result["accounts"].items()} == {
        "acme": 4,
        "globex": 4,
    }
    found = Counter(
        (one["account"], one["status"]) for one in records_in(program.folder / "logs")
    )
    assert found == {("acme", "paused"): 4, ("globex", "paused"): 4}
    assert simulator.ledger.rate_limited() == []


@pytest.mark.smoke
def test_refused_token_is_retried_alone(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme", "globex"], 3)
    simulator = serve(windows=WINDOWS, accounts=companies)
    program.file("globex.token", "token-of-nobody")
    options = to(simulator, "--log", "logs", "--yes")
    ended = program.call("run", "all.csv", *options)
    assert ended.code == 4, ended.stderr
    assert "acme: 3 rows = 3 paused" in ended.stdout
    assert "globex: " in ended.stdout
    assert "bulkpause retry logs" in ended.stderr
    program.file("globex.token", "token-of-globex")
    again = program.call("retry", "logs", *to(simulator, "--yes"))
    assert again.code == 0, again.stderr
    assert len(simulator.ledger.acted_ids()) == 6


def test_simulator_of_accounts_takes_their_tokens_alone(program: Program) -> None:
    prepare(program, ["acme", "globex"], 6)
    simulator = program.start(
        "simulate", "--accounts", "accounts.toml", "--ledger", "ledger.jsonl",
        "--window", "5/500ms",
    )  # fmt: skip
    url = simulator.line_of_stdout().strip()
    options = ("--accounts", "accounts.toml", "--base-url", url, "--log", "logs")
    ended = program.call(
        "run", "all.csv", *options, *LIMITS, "--yes", "--share", "none"
    )
    assert ended.code == 0, ended.stderr
    wrong = program.call("run", "1001", "--base-url", url, "--yes", "--log", "x.jsonl")
    assert wrong.code == 4
    simulator.send(SIGINT)
    simulator.end()
    ledger = Ledger.read(program.folder / "ledger.jsonl")
    # The same ids in two accounts, each within limits of its own.
    assert len([entry for entry in ledger if entry.acted]) == 12
    assert ledger.rate_limited() == []


def test_company_that_check_reads_holds_in_run(program: Program) -> None:
    prepare(program, ["acme", "globex"], 2)
    tokens = program.folder / "tokens"
    tokens.mkdir()
    for name in ("acme", "globex"):
        (program.folder / f"{name}.token").rename(tokens / f"{name}.token")
    simulator = program.start("simulate", "--accounts", "tokens", "--campaigns", "3")
    url = simulator.line_of_stdout().strip()
    program.file(
        "accounts.toml",
        '[acme]\ntoken_file = "tokens/acme.token"\ncompany_id = "1000000"\n'
        '[globex]\ntoken_file = "tokens/globex.token"\ncompany_id = "1000001"\n',
    )
    options = ("--accounts", "accounts.toml", "--base-url", url, "--share", "none")
    checked = program.call("check", *options)
    assert checked.code == 0, checked.stdout
    ended = program.call("run", "all.csv", *options, "--yes", "--log", "logs")
    assert ended.code == 0, ended.stderr


def test_unknown_account_is_a_row_problem(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme"], 1)
    simulator = serve(accounts=companies)
    program.file("all.csv", "account,id\nacme,1001\nacne,1002\n,1003\n")
    ended = program.call("run", "all.csv", *to(simulator, "--log", "logs", "--yes"))
    assert ended.code == 3
    assert "row 3: 'acne' is not an account of --accounts" in ended.stderr
    assert "row 4: '1003' has no account" in ended.stderr
    assert len(simulator.ledger) == 0


def test_plan_counts_what_its_shard_sends(program: Program) -> None:
    names = [f"account{n}" for n in range(6)]
    prepare(program, names, 2)
    plans = [
        orjson.loads(
            program.call(
                "plan", "all.csv", "--accounts", "accounts.toml",
                "--shard", f"{k}/3", "--json",
            ).stdout
        )
        for k in (1, 2, 3)
    ]  # fmt: skip
    assert sum(plan["ids"] for plan in plans) == 12
    assert [plan["shard"] for plan in plans] == ["1/3", "2/3", "3/3"]
    planned = [one["account"] for plan in plans for one in plan["accounts"]]
    assert sorted(planned) == names
    assert len({plan["digest"] for plan in plans}) == 3


def test_accounts_are_listed_paused_proved_and_resumed(
    program: Program, serve: Serve
) -> None:
    companies = prepare(program, ["acme", "globex"], 0)
    made = make_campaigns(6, statuses=("running", "paused"))
    simulator = serve(windows=WINDOWS, accounts=companies, campaigns=made)
    options = to(simulator, "--progress", "none")
    # Each command is a process, and begins when the windows of the last may be full.
    options[options.index("--share") + 1] = "auto"

    ready = program.call("check", *options)
    assert (ready.code, ready.stderr) == (0, "")
    assert ready.stdout.endswith("\n2 of 2 accounts are as they should be\n")
    listed = program.call("list", "--status", "running", *options, "-o", "list.csv")
    assert listed.code == 0, listed.stderr
    assert listed.stdout.startswith("6 campaigns on 127.0.0.1:")
    command = shlex.split(listed.stdout.partition("pause them with: ")[2])
    paused = program.call(*command[1:], "--yes", "--log", "logs", "--progress", "none")
    assert paused.code == 0, paused.stderr

    simulator.put(Campaign(id="1000003"), "globex")
    proof = program.call("list", "--in", "logs", *options)
    assert proof.code == 1
    assert proof.stdout.splitlines() == [
        "1 of 6 ids of 2 accounts is running or scheduled",
        "globex: 1 of 3 ids of logs/globex.jsonl is running or scheduled",
        "globex:   1000003 Campaign 1000003: running now, paused on record",
        "to pause them, write them to a file with --output FILE",
    ]

    program.file("wrong.csv", "account,id\nacme,1000001\nglobex,1000005\n")
    undo = ("undo", "logs", "--only", "wrong.csv", "--expect", "2", "--yes")
    undone = program.call(*undo, *options)
    assert (undone.code, undone.summary) == (0, "2 rows = 2 resumed"), undone.stderr
    resumed = {
        (one.company_id, one.id) for one in simulator.ledger if one.action == "resume"
    }
    assert resumed == {("acme", "1000001"), ("globex", "1000005")}
    assert program.call("status", "logs.undo").code == 0

    simulator.put(Campaign(id="1000003", status="paused"), "globex")
    for suffix in ("", ".wal"):
        (program.folder / f"logs/globex.jsonl{suffix}").unlink(missing_ok=True)
    proof = program.call("list", "--in", "logs", *options)
    assert proof.code == 5
    assert "globex: not certain: its log is missing in logs" in proof.stdout
    assert simulator.ledger.rate_limited() == []


def test_undo_names_accounts_whose_log_is_lost(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme", "globex"], 2)
    simulator = serve(windows=WINDOWS, accounts=companies)
    options = to(simulator, "--yes", "--progress", "none")
    assert program.call("run", "all.csv", "--log", "logs", *options).code == 0
    lost = program.folder / "logs/globex.jsonl"
    lost.rename(program.folder / "elsewhere.jsonl")
    ended = program.call("undo", "logs", "--as", "running", *options)
    assert ended.code == 5
    assert "acme: 2 rows = 2 resumed" in ended.stdout
    assert simulator.status("1001", "globex") == "paused"
    assert program.call("status", "logs.undo").code == 5

    (program.folder / "elsewhere.jsonl").rename(lost)
    command = ended.stdout.partition("and undo it with: bulkpause ")[2].split("\n")[0]
    assert program.call(*command.split()).code == 0
    assert simulator.status("1001", "globex") == "running"
    assert program.call("status", "logs.undo").code == 0


@pytest.mark.smoke
def test_wrong_company_is_corrected_and_resumed(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme", "globex"], 2)
    simulator = serve(windows=WINDOWS, accounts=companies)
    accounts = (program.folder / "accounts.toml").read_text()
    wrong = accounts.replace("[globex]", 'company_id = "initech"\n[globex]')
    program.file("accounts.toml", wrong)
    options = to(simulator, "--log", "logs", "--yes", "--progress", "none")
    ended = program.call("run", "all.csv", *options)
    assert ended.code == 8
    said = ended.stdout + ended.stderr
    assert said.count("belongs to the company acme, not to initech") == 1
    assert "correct the token or the company_id in accounts.toml first" in said
    assert not any(one.action == "pause" for one in simulator.ledger)

    program.file("accounts.toml", accounts)
    command = ended.stderr.rpartition("resume with its input: bulkpause ")[2]
    resumed = program.call(*shlex.split(command))
    assert (resumed.code, resumed.summary) == (0, "4 rows = 4 paused"), resumed.stderr


@pytest.mark.smoke
def test_refused_token_hides_no_other_account(program: Program, serve: Serve) -> None:
    companies = prepare(program, ["acme", "globex"], 1)
    simulator = serve(windows=WINDOWS, accounts=companies, campaigns=make_campaigns(3))
    program.file("globex.token", "token-of-nobody")
    options = to(simulator, "--progress", "none")

    checked = program.call("check", *options)
    assert checked.code == 4
    assert "failed   globex  token: the API rejected the token" in checked.stdout
    assert "1 of 2 accounts is as it should be" in checked.stdout

    listed = program.call("list", "--all", *options)
    assert listed.code == 4
    lines = list(map(orjson.loads, listed.stdout.splitlines()))
    assert {one["account"] for one in lines} == {"acme"}
    assert "warning: globex is not listed: the API rejected" in listed.stderr

    run = program.call("run", "all.csv", *options, "--log", "logs", "--yes")
    proof = program.call("list", "--in", "logs", *options, "--json")
    assert (run.code, proof.code) == (4, 4)
    result = orjson.loads(proof.stdout)
    assert "rejected the token" in result["accounts"]["globex"]["error"]
    nobody = program.file("acme.token", "token-of-nobody-else")
    assert program.call("list", "--all", *options).code == 4, nobody


def test_shards_over_forty_accounts_survive_a_kill(
    program: Program, serve: Serve
) -> None:
    names = [f"account{n:02}" for n in range(40)]
    companies = prepare(program, names, 8)
    simulator = serve(windows=WINDOWS, accounts=companies, latency_s=0.02)

    def arguments(k: int) -> list[str]:
        options = to(simulator, "--log", "logs", "--resume", "--yes")
        return ["run", "all.csv", *options, "--shard", f"{k}/4"]

    runs = {k: program.start(*arguments(k)) for k in range(1, 5)}
    until(lambda: len(simulator.ledger) > 60)
    runs[2].kill()
    runs[5] = program.start(*arguments(2))
    codes = [runs[k].end().code for k in (1, 3, 4, 5)]
    assert codes == [0, 0, 0, 0]
    records = records_in(program.folder / "logs")
    found = Counter((one["account"], one["id"]) for one in records)
    assert len(found) == 320
    assert set(found.values()) == {1}
    acted = Counter((e.company_id, e.id) for e in simulator.ledger if e.acted)
    assert acted == found
    assert simulator.ledger.rate_limited() == []
