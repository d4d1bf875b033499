"""The status of an id for each response, judged by the ledger."""

import socket
from collections import Counter

import pytest

from bulkpause.simulator import Fault
from tests.support.program import Program, Serve


pytestmark = pytest.mark.unmeasured


def test_transient_faults_are_retried(program: Program, serve: Serve) -> None:
    faults = [
        Fault.INTERNAL_ERROR,
        Fault.BAD_GATEWAY,
        Fault.UNAVAILABLE,
        Fault.GATEWAY_TIMEOUT,
        Fault.RESET_BEFORE,
        Fault.NOT_JSON,
    ]
    simulator = serve(
        scripts={str(n): (fault,) for n, fault in enumerate(faults, 1001)}
    )
    source = program.file(
        "ids.txt", "".join(f"{1001 + n}\n" for n in range(len(faults)))
    )
    ended = program.pause(simulator, source)
    assert (ended.code, ended.summary) == (0, "6 rows = 6 paused")
    assert len(simulator.ledger.paused_ids()) == 6
    assert {record["attempts"] for record in program.records()} == {2}


def test_first_attempt_is_in_history(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.INTERNAL_ERROR,)})
    program.pause(simulator, program.ids(1))
    (earlier,) = program.records()[0]["history"]
    first = simulator.ledger[0]
    assert (earlier["http_status"], earlier["trace_id"]) == (500, first.trace_id)


def test_lost_responses_are_read_back(program: Program, serve: Serve) -> None:
    faults = [
        Fault.INTERNAL_ERROR_AFTER,
        Fault.BAD_GATEWAY_AFTER,
        Fault.GATEWAY_TIMEOUT_AFTER,
        Fault.RESET_AFTER,
        Fault.LOST,
        Fault.CUT_AFTER,
        Fault.HANG_AFTER,
    ]
    simulator = serve(
        scripts={str(n): (fault,) for n, fault in enumerate(faults, 1001)}
    )
    source = program.file(
        "ids.txt", "".join(f"{1001 + n}\n" for n in range(len(faults)))
    )
    ended = program.pause(simulator, source, "--timeout", "500ms")
    assert (ended.code, ended.summary) == (0, "7 rows = 7 paused")
    assert Counter(entry.action for entry in simulator.ledger)["view"] == 7
    assert {record["campaign_status"] for record in program.records()} == {"paused"}


def test_exhausted_attempts_exit_5(program: Program, serve: Serve) -> None:
    faults = {
        "1": Fault.INTERNAL_ERROR,
        "2": Fault.UNAVAILABLE,
        "3": Fault.RESET_BEFORE,
        "4": Fault.HANG,
        "5": Fault.BAD_GATEWAY_AFTER,
    }
    simulator = serve(
        scripts={id_: (fault,) * 2 for id_, fault in faults.items()},
        # Read-backs without a campaign are not repeated.
        statuses=dict.fromkeys(["1", "2", "3", "4"], "unknown"),
    )
    source = program.file("ids.txt", "1\n2\n3\n4\n5\n")
    options = ["--max-attempts", "1", "--timeout", "300ms"]
    ended = program.pause(simulator, source, *options)
    assert (ended.code, ended.summary) == (
        5,
        "5 rows = 1 paused + 1 failed + 3 unknown",
    )
    assert program.statuses() == {
        "1": "unknown",
        "2": "failed",
        "3": "unknown",
        "4": "unknown",
        "5": "paused",
    }
    assert simulator.ledger.paused_ids() == {"5"}


def test_id_still_running_is_read_five_times(program: Program, serve: Serve) -> None:
    last_words: dict[str, str] = {
        Fault.INTERNAL_ERROR: "unknown",
        Fault.OK_200: "unknown",
        Fault.UNAVAILABLE: "failed",
        Fault.FORBIDDEN: "failed",
        Fault.NOT_FOUND: "rejected",
        Fault.REDIRECT: "rejected",
    }
    simulator = serve(
        scripts={id_: (Fault(id_),) for id_ in last_words},
        statuses={"1000": "needs_decision"},
    )
    ids = [*last_words, "1000"]
    source = program.file("ids.txt", "".join(f"{id_}\n" for id_ in ids))
    ended = program.pause(simulator, source, "--max-attempts", "1")
    assert ended.code == 5
    assert program.statuses() == {
        **last_words,
        "1000": "rejected",
    }
    for id_ in ids:
        actions = [entry.action for entry in simulator.ledger.of(id_)]
        assert actions == ["pause", *["view"] * 5]
    assert {r["id"]: r["campaign_status"] for r in program.records()} == {
        **dict.fromkeys(last_words, "running"),
        "1000": "needs_decision",
    }


@pytest.mark.smoke
def test_id_without_read_back_is_unknown(program: Program, serve: Serve) -> None:
    simulator = serve(
        scripts={"1001": (Fault.LOST,)},
        read_back_scripts={"1001": (Fault.FORBIDDEN,)},
    )
    ended = program.pause(simulator, program.ids(1), "--max-attempts", "1")
    assert (ended.code, ended.summary) == (5, "1 row = 1 unknown")
    assert program.records()[0]["error"] == "connection_closed"


@pytest.mark.parametrize(
    ("verify", "code", "statuses", "views"),
    [
        ("none", 5, {"1": "unknown", "2": "rejected", "3": "rejected"}, []),
        ("doubtful", 1, {"1": "paused", "2": "rejected", "3": "rejected"}, ["1"]),
        (
            "refused",
            1,
            {"1": "paused", "2": "already_paused", "3": "not_pausable"},
            ["1", "2", "3"],
        ),
        (
            "all",
            1,
            {"1": "paused", "2": "already_paused", "3": "not_pausable"},
            ["1", "2", "3", "4"],
        ),
    ],
    ids=["none", "doubtful", "refused", "all"],
)
def test_verify_option_selects_read_backs(
    program: Program,
    serve: Serve,
    verify: str,
    code: int,
    statuses: dict[str, str],
    views: list[str],
) -> None:
    simulator = serve(
        scripts={"1": (Fault.LOST,)}, statuses={"2": "paused", "3": "draft"}
    )
    source = program.file("ids.txt", "1\n2\n3\n4\n")
    ended = program.pause(simulator, source, "--verify", verify, "--max-attempts", "2")
    assert ended.code == code
    assert program.statuses() == {**statuses, "4": "paused"}
    seen = [entry.id for entry in simulator.ledger if entry.action == "view"]
    assert sorted(str(id_) for id_ in seen) == views


def test_read_backs_follow_all_first_attempts(program: Program, serve: Serve) -> None:
    simulator = serve(statuses={"1001": "draft"})
    program.pause(simulator, program.ids(30), "--max-in-flight", "1")
    assert [entry.action for entry in simulator.ledger] == ["pause"] * 30 + ["view"]


def test_already_paused_campaign_exits_0(program: Program, serve: Serve) -> None:
    simulator = serve(statuses={"1001": "paused"})
    ended = program.pause(simulator, program.ids(2))
    assert (ended.code, ended.summary) == (0, "2 rows = 1 paused + 1 already_paused")
    assert simulator.ledger.acted_ids() == ["1002"]


@pytest.mark.parametrize("status", ["draft", "sent", "canceled", "cancelled"])
def test_not_pausable_campaign_is_recorded_with_status(
    program: Program, serve: Serve, status: str
) -> None:
    simulator = serve(statuses={"1001": status})
    ended = program.pause(simulator, program.ids(1))
    (record,) = program.records()
    assert ended.code == 1
    assert (record["status"], record["campaign_status"]) == ("not_pausable", status)
    assert record["trace_id"] == simulator.ledger[0].trace_id is not None


def test_final_4xx_responses_are_rejected(program: Program, serve: Serve) -> None:
    faults = [
        Fault.BAD_REQUEST,
        Fault.NOT_FOUND,
        Fault.CONFLICT,
        Fault.UNPROCESSABLE,
        Fault.REDIRECT,
    ]
    ids = [fault.value for fault in faults]
    simulator = serve(
        scripts={fault.value: (fault,) for fault in faults},
        statuses=dict.fromkeys(ids, "unknown"),
    )
    source = program.file("ids.txt", "".join(f"{id_}\n" for id_ in ids))
    ended = program.pause(simulator, source)
    assert (ended.code, ended.summary) == (1, "5 rows = 5 rejected")
    assert {r["id"]: r["http_status"] for r in program.records()} == {
        fault.value: int(fault) for fault in faults
    }
    # Each is tried once, and read back before its last word.
    asked = Counter((entry.id, entry.action) for entry in simulator.ledger)
    assert asked == Counter(
        (id_, action) for id_ in ids for action in ("pause", "view")
    )


def test_refusals_without_read_back_are_open(program: Program, serve: Serve) -> None:
    last_words = {
        Fault.BAD_REQUEST: "failed",
        Fault.FORBIDDEN: "unknown",
        Fault.NOT_FOUND: "unknown",
        Fault.CONFLICT: "unknown",
        Fault.OK_200: "unknown",
    }
    simulator = serve(
        scripts={fault.value: (fault,) for fault in last_words},
        read_back_scripts={fault.value: (Fault.FORBIDDEN,) for fault in last_words},
    )
    source = program.file("ids.txt", "".join(f"{fault}\n" for fault in last_words))
    ended = program.pause(simulator, source)
    assert (ended.code, ended.summary) == (5, "5 rows = 1 failed + 4 unknown")
    assert program.statuses() == {
        fault.value: status for fault, status in last_words.items()
    }


def test_trace_id_of_header_is_recorded(program: Program, serve: Serve) -> None:
    simulator = serve(scripts={"1001": (Fault.BAD_REQUEST,)}, trace="header")
    program.pause(simulator, program.ids(1))
    assert program.records()[0]["trace_id"] == simulator.ledger[0].trace_id is not None


def test_429_response_uses_no_attempt(program: Program, serve: Serve) -> None:
    simulator = serve(
        scripts={"1001": (Fault.RATE_LIMITED,)}, rate_limited_retry_after=1
    )
    ended = program.pause(simulator, program.ids(2), "--max-attempts", "1")
    assert (ended.code, ended.summary) == (0, "2 rows = 2 paused")
    (record,) = [r for r in program.records() if r["id"] == "1001"]
    assert record["attempts"] == 1
    assert [entry.http_status for entry in simulator.ledger.of("1001")] == [429, 204]


@pytest.mark.smoke
def test_wrong_token_exits_4(program: Program, serve: Serve) -> None:
    simulator = serve()
    program.variables["OCAMBA_TOKEN"] = "another"
    ended = program.pause(simulator, program.ids(50))
    sent = len(simulator.ledger)
    left = f"{sent} failed + {50 - sent} not_attempted"
    assert (ended.code, ended.summary) == (4, f"50 rows = {left}")
    assert "stopped: the API rejected the token (trace_id " in ended.stderr
    assert simulator.ledger.acted_ids() == []
    assert sent <= 20


@pytest.mark.smoke
def test_unreachable_server_exits_5(program: Program) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = ["--base-url", url, "--log", "log.jsonl", "--max-attempts", "1"]
        ended = program.call("run", program.ids(3), "--yes", *options)
    assert (ended.code, ended.summary) == (5, "3 rows = 3 failed")
    assert {record["error"] for record in program.records()} == {"connection_refused"}
