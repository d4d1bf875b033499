"""The engine on virtual time, between a scripted sender and a recorder that may fail."""

import asyncio
from itertools import pairwise

import pytest

from bulkpause.engine.circuit_breaker import OPENS_AFTER
from bulkpause.engine.dispatcher import Dispatcher
from bulkpause.engine.job import Job
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import LogError
from bulkpause.model import (
    Action,
    Item,
    Limit,
    PriorAttempt,
    Record,
    Reply,
    StopCause,
    StopReason,
    TransportError,
)
from bulkpause.ratelimit.gate import Gate
from tests.support.fakes import KeepingRecorder, OpenGate, ScriptedSender, context, ids


pytestmark = pytest.mark.anyio
DOUBT = PriorAttempt(
    error="no_answer_on_record", at="2026-07-01T08:00:00Z", is_in_doubt=True
)

STOPPED = StopReason(StopCause.SIGNAL, "SIGTERM")


class Bench:
    """An engine with its ports, and what it made of the ids."""

    def __init__(
        self,
        sender: ScriptedSender,
        *,
        retry_policy: RetryPolicy | None = None,
        recorder: KeepingRecorder | None = None,
        gate: Gate | OpenGate | None = None,
    ) -> None:
        self.records: dict[str, Record] = {}
        self.sender = sender
        self.recorder = recorder or KeepingRecorder()
        self.gate = gate or OpenGate()
        self.engine = Dispatcher(
            sender=sender,
            gate=self.gate,
            recorder=self.recorder,
            context=context(retry_policy),
            on_record=self._learn,
        )

    def _learn(self, record: Record) -> None:
        assert record.id not in self.records
        self.records[record.id or ""] = record

    async def run(self, *given: str | Job) -> dict[str, str]:
        jobs = [
            Job(Item(id=one, row=row)) if isinstance(one, str) else one
            for row, one in enumerate(given, 1)
        ]
        await self.engine.run(jobs)
        return {id_: record.status for id_, record in self.records.items()}


async def test_each_id_is_asked_for_once_when_all_goes_well() -> None:
    bench = Bench(ScriptedSender({"*": [204]}))
    assert await bench.run("1", "2", "3") == dict.fromkeys("123", "paused")
    assert bench.sender.order == ["pause 1", "pause 2", "pause 3"]


async def test_a_line_stands_before_each_request_and_each_answer() -> None:
    bench = Bench(ScriptedSender({"1": [500, 204]}))
    await bench.run("1")
    assert bench.recorder.lines == [
        "sent 1",
        "answered 1 500 doubtful",
        "sent 1",
        "paused 1",
    ]


async def test_a_refusal_after_a_doubtful_attempt_is_read_back() -> None:
    bench = Bench(ScriptedSender({"1": [TransportError.HANG_UP, 400, "paused"]}))
    assert await bench.run("1") == {"1": "paused"}
    assert bench.sender.order == ["pause 1", "pause 1", "view 1"]


async def test_read_backs_wait_for_all_first_tries() -> None:
    sender = ScriptedSender({"*": [400, "paused"]})
    await Bench(sender, gate=OpenGate(1)).run(*ids(20))
    assert sender.order[:20] == [f"pause {id_}" for id_ in ids(20)]
    assert sender.order[20:] == [f"view {id_}" for id_ in ids(20)]


async def test_what_an_earlier_run_left_in_doubt_is_looked_at_first() -> None:
    bench = Bench(ScriptedSender({"1": ["running", 204], "2": ["paused"]}))
    jobs = [
        Job(Item(id=id_, row=1), prior_attempts=[DOUBT], action=Action.READ)
        for id_ in ("1", "2")
    ]
    assert await bench.run(*jobs) == {"1": "paused", "2": "paused"}
    assert bench.sender.order == ["view 1", "view 2", "pause 1"]
    assert bench.records["1"].history[0]["error"] == "no_answer_on_record"


async def test_what_waits_for_a_second_try_holds_nobody_up() -> None:
    sender = ScriptedSender({"1": [503, 204], "*": [204]})
    await Bench(sender, gate=OpenGate(1)).run(*ids(3, first=1))
    assert sender.order == ["pause 1", "pause 2", "pause 3", "pause 1"]


async def test_retries_take_at_most_a_fifth_of_the_turns_while_fresh_ids_wait() -> None:
    sender = ScriptedSender({"*": [503, 204]}, latency_s=0.05)
    fresh = ids(200)
    await Bench(
        sender, gate=OpenGate(1), retry_policy=RetryPolicy(wait_initial_s=0.1)
    ).run(*fresh)
    first_tries = [n for n, one in enumerate(sender.order) if _is_first(sender, n)]
    until = first_tries[-1]
    retries = until + 1 - len(first_tries)
    assert len(first_tries) == len(fresh)
    assert until * 0.15 < retries <= until / 5


def _is_first(sender: ScriptedSender, position: int) -> bool:
    return sender.order[position] not in sender.order[:position]


async def test_retry_after_on_503_is_waited_for() -> None:
    refusal = Reply(sent_at=0.0, received_at=0.01, http_status=503, retry_after_s=17.0)
    sender = ScriptedSender({"1": [refusal, 204]})
    await Bench(sender).run("1")
    first, second = (at for at, _, _ in sender.sent)
    assert 17.0 <= second - first < 17.1


async def test_waits_between_tries_grow() -> None:
    sender = ScriptedSender({"1": [500]})
    await Bench(sender, retry_policy=RetryPolicy(verify=Verify.NONE)).run("1")
    times = [at for at, _, _ in sender.sent]
    gaps = [round(b - a, 1) for a, b in pairwise(times)]
    assert gaps == [1.0, 2.0, 4.0]


async def test_401_stops_the_run_and_leaves_the_rest_alone() -> None:
    bench = Bench(ScriptedSender({"*": [401]}), gate=OpenGate(2))
    assert await bench.run(*ids(50)) == {}
    assert bench.engine.stopped is not None
    assert bench.engine.stopped.cause is StopCause.TOKEN
    assert len(bench.sender.sent) <= 3


async def test_five_403_in_a_row_stop_the_run() -> None:
    bench = Bench(ScriptedSender({"*": [403]}), gate=OpenGate(1))
    ended = await bench.run(*ids(50))
    assert bench.engine.stopped is not None
    assert bench.engine.stopped.cause is StopCause.TOKEN
    assert list(ended.values()) == ["rejected"] * 5


async def test_403_now_and_then_stops_nothing() -> None:
    answers = {id_: [204 if int(id_) % 5 == 0 else 403] for id_ in ids(50)}
    bench = Bench(ScriptedSender(answers), gate=OpenGate(1))
    assert len(await bench.run(*ids(50))) == 50
    assert bench.engine.stopped is None


async def test_a_server_that_fails_always_is_left_alone() -> None:
    sender = ScriptedSender({"*": [500]})
    bench = Bench(sender, retry_policy=RetryPolicy(give_up_after_s=300.0))
    await bench.run(*ids(1000))
    assert bench.engine.stopped is not None
    assert bench.engine.stopped.cause is StopCause.OUTAGE
    assert len(sender.sent) <= 40


async def test_before_the_outage_is_known_few_ids_are_asked_twice() -> None:
    sender = ScriptedSender({"*": [500]}, latency_s=0.06)
    gate = Gate((Limit(10, 1.0), Limit(150, 60.0)), max_in_flight=10)
    await Bench(sender, gate=gate).run(*ids(1000))
    times = [at for at, _, _ in sender.sent]
    closed = next(n for n, at in enumerate(times) if at > times[n - 1] + 1.1)
    asked = [id_ for _, _, id_ in sender.sent[:closed]]
    assert OPENS_AFTER <= len(asked) <= 1.1 * len(set(asked))


async def test_one_probe_at_a_time_goes_out_at_growing_intervals() -> None:
    sender = ScriptedSender({"*": [500]}, latency_s=0.2)
    await Bench(sender).run(*ids(1000))
    probes = [at for at, _, _ in sender.sent if at > 0.5]
    gaps = [round(b - a, 1) for a, b in pairwise(probes)]
    # From answer to probe, and the time that the answer takes.
    assert gaps[:6] == [2.2, 4.2, 8.2, 16.2, 30.2, 30.2]
    assert set(gaps[6:]) == {30.2}


async def test_a_server_that_comes_back_is_used_at_once() -> None:
    answers = {id_: [500, 500, 500, 204] for id_ in ids(12)}
    bench = Bench(ScriptedSender({**answers, "*": [204]}))
    ended = await bench.run(*ids(100))
    assert set(ended.values()) == {"paused"}
    assert bench.engine.stopped is None


async def test_a_probe_is_not_held_against_its_id() -> None:
    # Ten tries until the outage is known, eight probes, a sign of life, and an
    # eleventh try that is broken: there is one left.
    answers = [500] * OPENS_AFTER + [500] * 8 + [429, 500, 204]
    retry_policy = RetryPolicy(max_attempts=OPENS_AFTER + 2, give_up_after_s=1e6)
    bench = Bench(ScriptedSender({"1": answers}), retry_policy=retry_policy)
    assert await bench.run("1") == {"1": "paused"}
    assert len(bench.sender.sent) == len(answers)


async def test_a_stop_lets_what_is_in_flight_finish_and_names_what_waits() -> None:
    sender = ScriptedSender({"1": [503], "2": [500], "3": [204]}, latency_s=0.2)
    bench = Bench(sender)
    asyncio.get_running_loop().call_later(0.1, bench.engine.stop, STOPPED)
    ended = await bench.run("1", "2", "3")
    assert ended == {"1": "failed", "2": "unknown", "3": "paused"}


async def test_what_a_stop_keeps_from_being_read_back_stays_open() -> None:
    sender = ScriptedSender({"1": [400], "2": [403], "3": [204]}, latency_s=0.2)
    bench = Bench(sender, gate=OpenGate(3))
    asyncio.get_running_loop().call_later(0.1, bench.engine.stop, STOPPED)
    ended = await bench.run("1", "2", "3")
    assert ended == {"1": "failed", "2": "rejected", "3": "paused"}


async def test_nothing_is_sent_after_a_stop() -> None:
    bench = Bench(ScriptedSender({"*": [204]}))
    bench.engine.stop(STOPPED)
    assert await bench.run("1") == {}
    assert bench.sender.sent == []


@pytest.mark.parametrize("fails_at", range(60))
async def test_after_the_first_line_that_fails_nothing_is_sent(fails_at: int) -> None:
    sender = ScriptedSender({"*": [503, 500, 204]})
    recorder = KeepingRecorder(fails_at=fails_at)
    bench = Bench(sender, recorder=recorder, gate=OpenGate(4))
    with pytest.raises(LogError, match="in flight: "):
        await bench.run(*ids(20))
    assert len(sender.sent) == sum(line.startswith("sent") for line in recorder.lines)
    assert bench.engine.stopped is not None
    assert bench.engine.stopped.cause is StopCause.LOG


async def test_a_failed_log_names_what_was_in_flight() -> None:
    sender = ScriptedSender({"*": [204]})
    bench = Bench(sender, recorder=KeepingRecorder(fails_at=3), gate=OpenGate(3))
    with pytest.raises(LogError, match=r"nothing more was sent; in flight: 1, 2, 3$"):
        await bench.run("1", "2", "3", "4")


async def test_every_slot_that_was_taken_is_given_back() -> None:
    gate = OpenGate()
    sender = ScriptedSender({"*": [TransportError.REFUSED, 400, "draft"]})
    bench = Bench(sender, gate=gate, recorder=KeepingRecorder(fails_at=60))
    with pytest.raises(LogError):
        await bench.run(*ids(20))
    assert gate.taken == gate.told > 20
