"""The fakes behave as their names and docstrings say."""

import asyncio
from typing import Any

import pytest

from bulkpause.errors import LogError
from bulkpause.model import Record, Reply
from bulkpause.vocabulary import Action, Status, TransportError
from tests.support.fakes import (
    Answer,
    FailingRecorder,
    FakeServer,
    Fault,
    ScriptedSender,
    Storm,
    UnlimitedGate,
    View,
    disagreements,
    no_faults,
    random_faults,
)


pytestmark = pytest.mark.anyio


async def send(server: FakeServer, action: Action = Action.PAUSE) -> Reply:
    return await server.send(action, "1", "run-1")


def faulty_server(fault: Fault) -> FakeServer:
    return FakeServer(fault_of=lambda *_: fault)


@pytest.mark.parametrize(
    ("fault", "http_status", "error", "server_status"),
    [
        (Fault.NONE, 204, None, "paused"),
        (Fault.LOST_AFTER, None, TransportError.HANG_UP, "paused"),
        (Fault.LOST_BEFORE, None, TransportError.RESET, "running"),
        (Fault.ERROR_AFTER, 500, None, "paused"),
        (Fault.ERROR_BEFORE, 500, None, "running"),
        (Fault.UNAVAILABLE, 503, None, "running"),
        (Fault.NOT_SENT, None, TransportError.REFUSED, "running"),
    ],
)
async def test_fake_server_injects_fault(
    fault: Fault,
    http_status: int | None,
    error: TransportError | None,
    server_status: str,
) -> None:
    server = faulty_server(fault)
    reply = await send(server)
    assert (reply.http_status, reply.error) == (http_status, error)
    assert server.status("1") == server_status
    assert (reply.sent_at is None) == (fault is Fault.NOT_SENT)


async def test_fake_server_pauses_running_campaign_once() -> None:
    server = FakeServer(statuses={"2": "draft"})
    assert [(await send(server)).http_status for _ in range(2)] == [204, 400]
    assert (await server.send(Action.PAUSE, "2", "run-2")).http_status == 400
    assert [call.acted for call in server.calls] == [True, False, False]


async def test_read_back_shows_status_without_changing_state() -> None:
    server = FakeServer()
    assert (await send(server, Action.READ)).campaign_status == "running"
    await send(server)
    assert (await send(server, Action.READ)).campaign_status == "paused"


async def test_unsent_request_is_not_in_ledger() -> None:
    server = faulty_server(Fault.NOT_SENT)
    await send(server)
    assert server.calls == []


def test_random_faults_depend_only_on_seed_and_request() -> None:
    fault_of = random_faults({Fault.UNAVAILABLE: 0.5}, {})
    first = [fault_of(Action.PAUSE, str(n), 0) for n in range(400)]
    assert first == [fault_of(Action.PAUSE, str(n), 0) for n in range(400)]
    assert 150 < first.count(Fault.UNAVAILABLE) < 250
    assert {fault_of(Action.READ, str(n), 0) for n in range(400)} == {Fault.NONE}
    assert no_faults(Action.PAUSE, "1", 0) is Fault.NONE


@pytest.mark.parametrize(
    ("status", "server_status", "agrees"),
    [
        (Status.PAUSED, "paused", True),
        (Status.PAUSED, "running", False),
        (Status.ALREADY_PAUSED, "draft", False),
        (Status.NOT_PAUSABLE, "draft", True),
        (Status.NOT_PAUSABLE, "paused", False),
        (Status.UNKNOWN, "paused", True),
        (Status.FAILED, "running", True),
    ],
)
def test_contradicting_record_is_reported(
    status: Status, server_status: str, agrees: bool
) -> None:
    server = FakeServer(statuses={"1": server_status})
    reported = disagreements([Record(id="1", status=status)], server)
    assert reported == (
        [] if agrees else [f"1 is {status}, at the server {server_status}"]
    )


@pytest.mark.parametrize("status", [Status.FAILED, Status.REJECTED])
async def test_negative_status_of_paused_id_is_reported(status: Status) -> None:
    server = FakeServer()
    await send(server)
    assert disagreements([Record(id="1", status=status)], server)


async def test_scripted_sender_repeats_last_reply() -> None:
    sender = ScriptedSender(
        {"1": [500, TransportError.RESET, "draft", 204], "*": [400]}
    )
    replies = [await sender.send(Action.PAUSE, "1", "r") for _ in range(5)]
    outcomes = [reply.http_status or reply.error for reply in replies]
    assert outcomes == [500, "connection_reset", 200, 204, 204]
    assert replies[2].campaign_status == "draft"
    assert (await sender.send(Action.READ, "2", "r")).http_status == 400
    assert sender.order[-2:] == ["pause 1", "view 2"]
    assert sender.max_in_flight == 1


async def test_unlimited_gate_limits_requests_in_flight() -> None:
    gate = UnlimitedGate(2)
    await gate.acquire()
    await gate.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await gate.acquire()
    await gate.release(None)
    await gate.acquire()
    assert (gate.acquired, gate.released, gate.in_flight) == (3, 1, 2)


def test_failing_recorder_keeps_lines_until_failure() -> None:
    recorder = FailingRecorder(fails_at=2)
    recorder.sent(Action.PAUSE, "1", "r", "2026-07-01T08:00:00.000Z")
    reply = Reply(received_at=1.0, http_status=500)
    recorder.answered("1", "r", reply, is_in_doubt=True)
    with pytest.raises(LogError):
        recorder.write(Record(id="1", status=Status.PAUSED))
    assert recorder.lines == ["sent 1", "answered 1 500 in doubt"]


def answering(answer: Answer, **options: Any) -> FakeServer:
    return FakeServer(fault_of=lambda *_: answer, **options)


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("outcome", [202, 301, 404, 503, TransportError.HANG_UP])
async def test_answer_does_not_depend_on_acting(
    outcome: int | TransportError, acts: bool
) -> None:
    server = answering(Answer(outcome=outcome, acts=acts, retry_after_s=3.0))
    reply = await send(server)
    assert outcome in {reply.http_status, reply.error}
    assert reply.retry_after_s == 3.0
    assert server.status("1") == ("paused" if acts else "running")
    assert [call.acted for call in server.calls] == [acts]


async def test_late_answer_acts_once_it_is_due() -> None:
    server = answering(Answer(outcome=502, late_s=12.0))
    assert (await send(server)).http_status == 502
    server.settle(server.now + 11.9)
    assert server.status("1") == "running"
    server.settle(server.now + 0.2)
    assert server.status("1") == "paused"
    assert [call.acted for call in server.calls] == [True]


async def test_lagging_view_shows_status_before_pause() -> None:
    server = FakeServer(
        statuses={"1": "scheduled"},
        views={"*": View(lag_s=5.0, words={"paused": "Paused"})},
    )
    await send(server)
    assert (await send(server, Action.READ)).campaign_status == "scheduled"
    server.settle(server.now + 5.0)
    assert server.shown("1") == "Paused"
    assert server.status("1") == "paused"


async def test_storm_answers_one_action_for_its_time() -> None:
    start = asyncio.get_running_loop().time()
    storm = Storm(
        answer=Answer(outcome=429, retry_after_s=-1.0),
        ends_at=start + 3600.0,
        action=Action.PAUSE,
    )
    server = FakeServer(storms=[storm])
    reply = await send(server)
    assert (reply.http_status, reply.retry_after_s) == (429, -1.0)
    assert (await send(server, Action.READ)).http_status == 200
    server.storms = [Storm(answer=Answer(outcome=503), ends_at=start)]
    assert (await send(server)).http_status == 204


async def test_answer_may_take_its_time() -> None:
    server = answering(Answer(outcome=TransportError.READ_TIMEOUT, takes_s=0.2))
    start = asyncio.get_running_loop().time()
    await send(server)
    assert asyncio.get_running_loop().time() - start >= 0.2
