"""The fakes do what they are named for."""

import asyncio
import time

import pytest

from bulkpause.errors import LogError
from bulkpause.model import Action, Record, Reply, Status, TransportError
from tests.support.fakes import (
    EPOCH,
    FakeServer,
    Fate,
    KeepingRecorder,
    OneThreadLoop,
    OpenGate,
    ScriptedSender,
    always_well,
    disagreements,
    drawn,
    on_virtual_time,
    wall_clock,
)


pytestmark = pytest.mark.anyio


async def ask(server: FakeServer, action: Action = Action.PAUSE) -> Reply:
    return await server.send(action, "1", "run-1")


def fated(fate: Fate) -> FakeServer:
    return FakeServer(fate=lambda *_: fate)


@pytest.mark.parametrize(
    ("fate", "http_status", "fault", "there"),
    [
        (Fate.WELL, 204, None, "paused"),
        (Fate.LOST_AFTER, None, TransportError.HANG_UP, "paused"),
        (Fate.LOST_BEFORE, None, TransportError.RESET, "running"),
        (Fate.ERROR_AFTER, 500, None, "paused"),
        (Fate.ERROR_BEFORE, 500, None, "running"),
        (Fate.UNAVAILABLE, 503, None, "running"),
        (Fate.NOT_SENT, None, TransportError.REFUSED, "running"),
    ],
)
async def test_a_server_acts_and_answers_by_fate(
    fate: Fate, http_status: int | None, fault: TransportError | None, there: str
) -> None:
    server = fated(fate)
    reply = await ask(server)
    assert (reply.http_status, reply.error) == (http_status, fault)
    assert server.status("1") == there
    assert (reply.sent_at is None) == (fate is Fate.NOT_SENT)


async def test_a_server_pauses_a_campaign_once() -> None:
    server = FakeServer(statuses={"2": "draft"})
    assert [(await ask(server)).http_status for _ in range(2)] == [204, 400]
    assert (await server.send(Action.PAUSE, "2", "run-2")).http_status == 400
    assert [call.acted for call in server.calls] == [True, False, False]


async def test_a_read_back_shows_the_status_and_changes_nothing() -> None:
    server = FakeServer()
    assert (await ask(server, Action.READ)).campaign_status == "running"
    await ask(server)
    assert (await ask(server, Action.READ)).campaign_status == "paused"


async def test_what_is_not_sent_is_not_in_the_ledger() -> None:
    server = fated(Fate.NOT_SENT)
    await ask(server)
    assert server.calls == []


def test_drawn_fates_hang_on_seed_id_and_number_alone() -> None:
    fate = drawn({Fate.UNAVAILABLE: 0.5}, {})
    first = [fate(Action.PAUSE, str(n), 0) for n in range(400)]
    assert first == [fate(Action.PAUSE, str(n), 0) for n in range(400)]
    assert 150 < first.count(Fate.UNAVAILABLE) < 250
    assert {fate(Action.READ, str(n), 0) for n in range(400)} == {Fate.WELL}
    assert always_well(Action.PAUSE, "1", 0) is Fate.WELL


@pytest.mark.parametrize(
    ("status", "there", "agrees"),
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
def test_a_record_that_disagrees_is_named(
    status: Status, there: str, agrees: bool
) -> None:
    server = FakeServer(statuses={"1": there})
    found = disagreements([Record(id="1", status=status)], server)
    assert found == ([] if agrees else [f"1 is {status}, at the server {there}"])


@pytest.mark.parametrize("status", [Status.FAILED, Status.REJECTED])
async def test_what_we_paused_must_not_be_called_otherwise(status: Status) -> None:
    server = FakeServer()
    await ask(server)
    assert disagreements([Record(id="1", status=status)], server)


async def test_a_script_is_followed_and_its_last_answer_repeated() -> None:
    sender = ScriptedSender(
        {"1": [500, TransportError.RESET, "draft", 204], "*": [400]}
    )
    replies = [await sender.send(Action.PAUSE, "1", "r") for _ in range(5)]
    said = [one.http_status or one.error for one in replies]
    assert said == [500, "connection_reset", 200, 204, 204]
    assert replies[2].campaign_status == "draft"
    assert (await sender.send(Action.READ, "2", "r")).http_status == 400
    assert sender.order[-2:] == ["pause 1", "view 2"]
    assert sender.most_in_flight == 1


async def test_an_open_gate_lets_so_many_through_at_a_time() -> None:
    gate = OpenGate(2)
    await gate.acquire()
    await gate.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await gate.acquire()
    await gate.release(None)
    await gate.acquire()
    assert (gate.taken, gate.told) == (3, 1)


def test_a_recorder_keeps_lines_until_it_fails() -> None:
    recorder = KeepingRecorder(fails_at=2)
    recorder.sent(Action.PAUSE, "1", "r")
    reply = Reply(received_at=1.0, http_status=500)
    recorder.answered("1", "r", reply, is_in_doubt=True)
    with pytest.raises(LogError):
        recorder.write(Record(id="1", status=Status.PAUSED))
    assert recorder.lines == ["sent 1", "answered 1 500 doubtful"]


def test_virtual_time_takes_no_time_and_threads_run_in_place() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        assert isinstance(asyncio.get_running_loop(), OneThreadLoop)
        with pytest.raises(ValueError, match="no"):
            await asyncio.to_thread(int, "no")
        assert await asyncio.to_thread(int, "5") == 5
        return (wall_clock() - EPOCH).total_seconds()

    began = time.monotonic()
    assert on_virtual_time(main()) == pytest.approx(3600)
    assert time.monotonic() - began < 600
