"""A folder with a log for each account: none is lost, mixed up or left out unsaid."""

import shlex
from pathlib import Path

import orjson
import pytest

from bulkpause.journal.account_names import NAMES_FILE, add_names
from bulkpause.journal.codec import UndoMark, encode
from bulkpause.vocabulary import Action, Status
from tests.support.result_logs import ENDPOINT, record, write_killed_log, write_log
from tests.unit.cli.conftest import Call


LOGS = Path("logs")
REAL = ("--base-url", ENDPOINT, "--resume-within", "99999h")


@pytest.fixture(autouse=True)
def accounts(call: Call) -> None:
    """Write logs of two accounts, one of which is open, and the file of the accounts."""
    LOGS.mkdir()
    done = [record(number, account="acme", planned=2) for number in (1, 2)]
    write_log(LOGS / "acme.jsonl", done)
    failed = [record(1, Status.FAILED, account="globex", planned=1)]
    write_log(LOGS / "globex.jsonl", failed)
    add_names(LOGS, ["acme", "globex"])
    write_accounts("acme", "globex")
    Path("part.csv").write_text("id,account\n1001,acme\n1002,acme\n")


def write_accounts(*names: str) -> None:
    sections = []
    for name in names:
        token = Path(f"{name}.token")
        token.write_text(f"token-of-{name}")
        token.chmod(0o600)
        sections.append(f'[{name}]\ntoken_file = "{name}.token"\n')
    Path("accounts.toml").write_text("".join(sections))


def pause_globex() -> None:
    write_log(LOGS / "globex.jsonl", [record(1, account="globex", planned=1)])


def resume(call: Call, *options: str) -> tuple[object, str]:
    """Resume the folder with a list of one account, all of which is paused."""
    words = ("run", "part.csv", "--accounts", "accounts.toml", "--log", "logs")
    ended = call(*words, "--resume", "--yes", "--progress", "none", *REAL, *options)
    is_json = "--json" in options
    return ended.code, ended.stdout if is_json else ended.stdout + ended.stderr


def test_run_counts_accounts_without_a_row(call: Call) -> None:
    code, text = resume(call)
    assert code == 5
    assert "1 may still be running: 1 failed in an earlier run" in text
    assert "retry with: bulkpause retry logs --base-url" in text
    pause_globex()
    assert resume(call)[0] == 0


def test_run_counts_accounts_without_a_token(call: Call) -> None:
    write_accounts("acme")
    code, text = resume(call)
    assert code == 5
    assert "globex is not in accounts.toml: add it there first" in text


def test_run_is_no_all_clear_beside_damage(call: Call) -> None:
    (LOGS / "globex.jsonl").write_text("no log\n{}\n")
    code, text = resume(call)
    assert code == 6
    assert "globex: all of it may still be running" in text


def test_run_notices_a_lost_log(call: Call) -> None:
    (LOGS / "globex.jsonl").unlink()
    code, text = resume(call, "--json")
    assert code == 5
    assert "its log is missing" in orjson.loads(text)["accounts"]["globex"]["doubt"]


def test_shard_leaves_other_accounts_to_others(call: Call) -> None:
    found = {shard: resume(call, "--shard", f"{shard}/2")[1] for shard in (1, 2)}
    assert sorted("globex" in text for text in found.values()) == [False, True]


def test_status_sums_up_all_logs(call: Call) -> None:
    lines = call("status", "logs").stdout.splitlines()
    (total,) = (line for line in lines if line.startswith("in all: "))
    assert total.startswith("in all: 1 of 3 campaigns may still be running")
    found = orjson.loads(call("status", "logs", "--json").stdout)
    assert (found["ids"], found["open"], found["may_run"]) == (3, 1, 1)


def test_retry_beside_a_lost_log_denies_no_other(call: Call) -> None:
    (LOGS / "globex.jsonl").unlink()
    words = ("--accounts", "accounts.toml", "--yes", "--progress", "none")
    ended = call("retry", "logs", *words, "--base-url", ENDPOINT)
    assert ended.code == 5, ended.stderr
    assert "nothing is on record" not in ended.stdout
    assert "on record: others may still be running" in ended.stdout
    assert "globex: all of it may still be running" in ended.stdout


def test_status_notices_a_lost_log(call: Call) -> None:
    pause_globex()
    assert call("status", "logs").code == 0
    (LOGS / "globex.jsonl").unlink()
    ended = call("status", "logs")
    assert ended.code == 5
    assert "logs lacks the logs of 1 account of its runs: globex;" in ended.stdout
    found = orjson.loads(call("status", "logs", "--json").stdout)
    assert (found["may_run"], found["exit_code"]) == (None, 5)
    assert found["account_folders"] == [
        {
            "folder": "logs",
            "missing": ["globex"],
            "is_whole": True,
            "next": "bulkpause run INPUT --log logs --resume "
            f"--base-url {ENDPOINT} --accounts ACCOUNTS_FILE",
        }
    ]


def only_names(folder: str) -> None:
    """Leave what a run leaves that stops before any log."""
    for log in LOGS.glob("*.jsonl*"):
        log.unlink()
    LOGS.rename(folder)


def test_status_of_names_alone_is_open(call: Call) -> None:
    only_names("monday")
    ended = call("status", "monday")
    assert ended.code == 5
    assert "monday holds no log: it lacks those of 2 accounts of its" in ended.stdout
    assert "all of their campaigns may still be running" in ended.stdout
    assert "bulkpause run INPUT --log monday --resume " in ended.stdout
    found = orjson.loads(call("status", "monday", "--json").stdout)
    assert (found["logs"], found["may_run"], found["exit_code"]) == ([], None, 5)
    assert found["account_folders"][0]["missing"] == ["acme", "globex"]


def test_status_of_undo_without_logs_undoes(call: Call) -> None:
    only_names("monday.undo")
    ended = call("status", "monday.undo")
    assert ended.code == 5
    assert "all of their campaigns may still be paused" in ended.stdout
    assert "undo its logs: bulkpause undo FOLDER " in ended.stdout


@pytest.mark.parametrize("command", ["retry", "export", "report"])
def test_command_on_names_alone_says_way(call: Call, command: str) -> None:
    only_names("monday")
    accounts = ("--accounts", "accounts.toml", "--yes") if command == "retry" else ()
    ended = call(command, "monday", *accounts)
    assert ended.code == (3 if command == "retry" else 2)
    assert "bulkpause run INPUT --log monday --resume " in ended.stderr


def test_report_and_export_notice_a_lost_log(call: Call) -> None:
    pause_globex()
    (LOGS / "globex.jsonl").unlink()
    lacks = "logs lacks the logs of 1 account of its runs: globex;"
    report = call("report", "logs", "--format", "markdown", "-o", "report.md")
    assert report.code == 5
    assert "0 of 2 campaigns may still be running" in report.stdout
    assert "; others may still be running\n" in report.stdout
    assert lacks in Path("report.md").read_text()
    assert f"warning: {lacks}" in call("export", "logs").stderr


@pytest.mark.parametrize("content", [None, b'{"accounts":["acme"],"crc32":"0"}\n'])
def test_lost_names_are_a_doubt(call: Call, content: bytes | None) -> None:
    pause_globex()
    (LOGS / NAMES_FILE).unlink()
    if content is not None:
        (LOGS / NAMES_FILE).write_bytes(content)
    ended = call("status", "logs")
    assert ended.code == 5
    assert "which accounts its runs had is not on record" in ended.stdout


def test_printed_resume_settles_lost_names(call: Call) -> None:
    pause_globex()
    (LOGS / NAMES_FILE).unlink()
    (line,) = (
        line
        for line in call("status", "logs").stdout.splitlines()
        if "resume with its input: " in line
    )
    words = shlex.split(line.partition("input: bulkpause ")[2])
    known = {"INPUT": "all.csv", "ACCOUNTS_FILE": "accounts.toml"}
    rows = "1001,acme\n1002,acme\n1001,globex\n"
    Path("all.csv").write_text(f"id,account\n{rows}")
    arguments = [known.get(word, word) for word in words]
    assert call(*arguments, "--yes", *REAL[2:]).code == 0
    assert call("status", "logs").code == 0


def test_printed_retry_names_the_folder_once(call: Call) -> None:
    write_log(
        LOGS / "acme.jsonl", [record(1, Status.FAILED, account="acme", planned=1)]
    )
    for command in ("status", "report"):
        more = ("--format", "markdown") if command == "report" else ()
        text = call(command, "logs", *more).stdout
        assert text.count("bulkpause retry") == 1, text
        assert f"retry logs --base-url {ENDPOINT} --accounts ACCOUNTS_FILE" in text


@pytest.mark.parametrize("command", ["status", "report"])
def test_command_of_folder_stands_beside_its_sum(call: Call, command: str) -> None:
    for number, name in enumerate(("acme", "globex"), 1):
        rejected = [
            record(id_, Status.REJECTED, account=name, planned=number)
            for id_ in range(number)
        ]
        write_log(LOGS / f"{name}.jsonl", rejected)
    more = ("--format", "markdown") if command == "report" else ()
    every = call(command, "logs", *more).stdout
    assert every.count("bulkpause retry") == 1
    check = "check the ids, the account and --base-url"
    assert f"3 rejected, all not found (404): {check}, then retry them too" in every
    assert "the commands are for all logs" not in every
    for name in ("acme", "globex"):
        alone = call(command, f"logs/{name}.jsonl", *more).stdout
        assert "the commands are for all logs of logs" in alone


def test_log_under_another_name_says_the_way(call: Call) -> None:
    (LOGS / "globex.jsonl").rename("moved.jsonl")
    text = call("status", "moved.jsonl").stdout
    assert "move it, and its .wal if there is one, to FOLDER/globex.jsonl" in text


def test_killed_log_refuses_another_token(call: Call) -> None:
    (LOGS / "globex.jsonl").unlink()
    log = str(write_killed_log(LOGS / "globex.jsonl", 1, account="globex"))
    for command in ("retry", "undo"):
        ended = call(command, log, "--base-url", ENDPOINT, "--yes")
        assert ended.code == 2
        assert "is of the account globex; pass --accounts" in ended.stderr
    (LOGS / "globex.jsonl.wal").rename(LOGS / "acme.jsonl.wal")
    swapped = ("retry", "logs", "--accounts", "accounts.toml", *REAL[:2], "--yes")
    ended = call(*swapped)
    assert ended.code in {2, 6}
    assert "globex" in ended.stderr


def test_log_of_undo_hinders_no_retry(call: Call) -> None:
    pause_globex()
    undone = record(1, Status.RESUMED, account="acme", action=Action.RESUME, planned=1)
    write_log(LOGS / "acme.undo.jsonl", [undone])
    words = ("retry", "logs", "--accounts", "accounts.toml", *REAL[:2], "--yes")
    ended = call(*words)
    assert ended.code == 0, ended.stderr
    assert "acme.undo.jsonl is the log of an undo: left out" in ended.stderr


def test_undone_account_hinders_no_other(call: Call) -> None:
    pause_globex()
    mark = UndoMark(undone_by="u.jsonl", run_id="r", at="2026-11-28T08:00:00.000Z")
    with (LOGS / "acme.jsonl").open("ab") as file:
        file.write(encode(mark))
    words = ("retry", "logs", "--accounts", "accounts.toml", *REAL[:2], "--yes")
    ended = call(*words)
    assert ended.code == 0, ended.stderr
    assert "left out: logs/acme.jsonl was undone by u.jsonl" in ended.stderr


def test_undone_logs_of_a_group_are_named(call: Call) -> None:
    mark = UndoMark(undone_by="u.jsonl", run_id="r", at="2026-11-28T08:00:00.000Z")
    for number in (3, 4, 5):
        write_log(Path(f"{number}.jsonl"), [record(number, planned=1)])
    with Path("4.jsonl").open("ab") as file:
        file.write(encode(mark))
    text = call("status", "3.jsonl", "4.jsonl", "5.jsonl").stdout
    assert "an undo of 1 of these 3 logs (4.jsonl) was begun" in text


def undo_of_acme(call: Call, *options: str) -> tuple[object, str]:
    """Carry on with the undo of the folder, in which acme is done."""
    folder = Path("logs.undo")
    folder.mkdir(exist_ok=True)
    resumed = [
        record(n, Status.RESUMED, account="acme", action=Action.RESUME, planned=2)
        for n in (1, 2)
    ]
    write_log(folder / "acme.jsonl", resumed)
    words = ("undo", "logs", "--accounts", "accounts.toml", "--resume", "--yes")
    ended = call(*words, *REAL[:2], "--progress", "none", *options)
    return ended.code, ended.stdout + ended.stderr


def test_undo_notices_a_lost_log(call: Call) -> None:
    (LOGS / "globex.jsonl").unlink()
    code, text = undo_of_acme(call)
    assert code == 5
    assert "globex: its log is missing in logs: left out; bring it back" in text
    assert "bulkpause undo logs --log logs.undo --resume" in text
    assert "acme: 2 rows = 2 already_done" in text
    # Its log will be missing in the folder of the undo until that is done.
    status = call("status", "logs.undo")
    assert status.code == 5
    assert "globex; all of their campaigns may still be paused" in status.stdout
    assert "undo its logs: bulkpause undo FOLDER --log logs.undo" in status.stdout


def test_undo_notices_lost_names(call: Call) -> None:
    (LOGS / NAMES_FILE).unlink()
    code, text = undo_of_acme(call)
    assert code == 5
    assert "logs: accounts.names is missing in it or damaged: left out" in text


def test_undo_of_chosen_accounts_needs_no_others(call: Call) -> None:
    (LOGS / "globex.jsonl").unlink()
    Path("only.csv").write_text("account,id\nacme,1001\n")
    code, text = undo_of_acme(call, "--only", "only.csv")
    assert (code, "globex" in text) == (0, False), text
    Path("only.csv").write_text("account,id\nacme,1001\nglobex,1001\n")
    code, text = undo_of_acme(call, "--only", "only.csv")
    assert (code, "globex: its log is missing" in text) == (5, True)


def test_status_says_what_an_undo_left(call: Call) -> None:
    unknown = record(1, Status.UNKNOWN, account="globex", planned=2)
    write_log(LOGS / "globex.jsonl", [unknown])
    mark = UndoMark(
        undone_by="logs.undo/globex.jsonl",
        run_id="r",
        at="2026-11-28T08:00:00.000Z",
    )
    with (LOGS / "globex.jsonl").open("ab") as file:
        file.write(encode(mark))
    text = call("status", "logs").stdout
    undo = "bulkpause undo logs --resume-unknown --log logs.undo --resume --base-url"
    of_unknown = "1 unknown id may be paused by us; resume those that are paused with"
    assert f"{of_unknown}: {undo}" in text
    named = undo.replace("logs --resume", "logs --only INPUT --resume", 1)
    not_on_record = "ids that are not on record may be paused by us; resume those of a"
    assert f"\n{not_on_record} list that are paused with: {named}" in text
    assert "bulkpause retry" not in text
