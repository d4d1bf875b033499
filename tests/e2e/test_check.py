"""The command `check`, compared with the ledger and with what a run does."""

import orjson
import pytest

from tests.support.program import Program, Serve


@pytest.mark.smoke
def test_working_account_exits_with_0(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables["XDG_STATE_HOME"] = str(program.folder)
    ended = program.call("check", "--base-url", simulator.base_url)
    assert (ended.code, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == f"on {simulator.base_url[7:]}"
    assert {line.split()[0] for line in lines[1:]} == {"ok"}
    assert "no other run has used the account yet" in ended.stdout
    assert list(program.folder.iterdir()) == []
    assert simulator.ledger.acted_ids() == []


def test_code_is_that_of_a_run(program: Program, serve: Serve) -> None:
    simulator = serve()
    url = ("--base-url", simulator.base_url)
    ids = program.ids(1)
    run = ("run", ids, "--yes", *url)
    assert program.call(*run, "--log", "log.jsonl").code == 0

    def both(*words: str) -> list[int]:
        return [
            program.call("check", *url, *words).code,
            program.call(*run, *words).code,
        ]

    assert both("--log", "log.jsonl") == [2, 2]
    assert both("--log", "log.jsonl", "--resume") == [0, 0]
    assert both("--log", "no/log.jsonl") == [2, 2]
    (program.folder / "dead.db").symlink_to("nothing")
    assert both("--log", "new.jsonl", "--share", "dead.db") == [2, 2]
    assert both("--log", "new.jsonl", "--share", "no/x.db") == [2, 2]
    undo = ("undo", "log.jsonl", "--as", "running", "--yes", *url)
    assert program.call(*undo).code == 0
    assert both("--log", "log.jsonl", "--resume") == [2, 2]
    # The log of an undo takes no pauses.
    assert both("--log", "log.undo.jsonl", "--resume") == [2, 2]
    program.variables["OCAMBA_TOKEN"] = "another"
    assert both("--log", "second.jsonl") == [4, 4]
    del program.variables["OCAMBA_TOKEN"]
    assert both("--log", "third.jsonl") == [4, 4]


def test_unreachable_api_exits_with_5(program: Program) -> None:
    ended = program.call("check", "--base-url", "http://127.0.0.1:9", "--json")
    assert ended.code == 5
    result = orjson.loads(ended.stdout)
    assert result["exit_code"] == 5
    states = {one["name"]: one["state"] for one in result["checks"]}
    assert (states["reach"], states["log"]) == ("failed", "ok")


def test_simulated_account_is_checked_without_token(program: Program) -> None:
    del program.variables["OCAMBA_TOKEN"]
    ended = program.call("check", "--simulate", "--json")
    assert ended.code == 0
    result = orjson.loads(ended.stdout)
    assert (result["host"], result["simulated"]) == ("the simulator", True)
