"""The dispatcher in virtual time, with a scripted sender and a failing recorder."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import inf

import pytest

from bulkpause.engine.circuit_breaker import OPENS_AFTER
from bulkpause.engine.dispatcher import Dispatcher
from bulkpause.engine.job import Job
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.wall import WALL_IDS
from bulkpause.errors import BudgetError, LogError
from bulkpause.model import Item, Limit, PriorAttempt, Record, Reply, StopReason
from bulkpause.ratelimit.gate import Gate
from bulkpause.vocabulary import Action, StopCause, TransportError
from tests.support.fakes import (
    FailingRecorder,
    ScriptedSender,
    Step,
    UnlimitedGate,
    ids,
    run_context,
)


pytestmark = pytest.mark.anyio
Script = dict[str, list[Step]]
DOUBT = PriorAttempt(
    error="no_answer_on_record", at="2026-07-01T08:00:00Z", is_in_doubt=True
)

STOP = StopReason(StopCause.SIGNAL, "SIGTERM")


class Harness:
    """A dispatcher with its ports and the records that it made."""

    def __init__(
        self,
        sender: ScriptedSender,
        *,
        retry_policy: RetryPolicy | None = None,
        recorder: FailingRecorder | None = None,
        gate: Gate | UnlimitedGate | None = None,
    ) -> None:
        self.records: dict[str, Record] = {}
        self.sender = sender
        self.recorder = recorder or FailingRecorder()
        self.gate = gate or UnlimitedGate()
        self.dispatcher = Dispatcher(
            sender=sender,
            gate=self.gate,
            recorder=self.recorder,
            context=run_context(retry_policy),
            on_record=self._add,
        )

    def _add(self, record: Record) -> None:
        assert record.id not in self.records
        self.records[record.id or ""] = record

    async def run(self, *ids_or_jobs: str | Job) -> dict[str, str]:
        """Run to the end; give the status of each id that has a record."""
        jobs = [
            Job(Item(id=given, row=row)) if isinstance(given, str) else given
            for row, given in enumerate(ids_or_jobs, 1)
        ]
        await self.dispatcher.run(jobs)
        return {id_: record.status for id_, record in self.records.items()}


async def test_each_id_is_sent_once_without_failures() -> None:
    harness = Harness(ScriptedSender({"*": [204]}))
    assert await harness.run("1", "2", "3") == dict.fromkeys("123", "paused")
    assert harness.sender.order == ["pause 1", "pause 2", "pause 3"]


async def test_good_response_needs_no_task_for_next() -> None:
    sender = TaskCounter({"*": [204]})
    await Harness(sender, gate=UnlimitedGate(4)).run(*ids(100))
    assert len(sender.sent) == 100
    assert len(sender.tasks) == 4


class TaskCounter(ScriptedSender):
    """Notes the tasks that send, too."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.tasks: set[asyncio.Task[None] | None] = set()

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        self.tasks.add(asyncio.current_task())
        return await super().send(action, id_, request_id, body)


async def test_each_request_and_open_reply_is_recorded() -> None:
    harness = Harness(ScriptedSender({"1": [500, 204]}))
    await harness.run("1")
    assert harness.recorder.lines == [
        "sent 1",
        "answered 1 500 in doubt",
        "sent 1",
        "paused 1",
    ]


async def test_rejection_after_attempt_in_doubt_is_read_back() -> None:
    harness = Harness(ScriptedSender({"1": [TransportError.HANG_UP, 400, "paused"]}))
    assert await harness.run("1") == {"1": "paused"}
    assert harness.sender.order == ["pause 1", "pause 1", "view 1"]


async def test_read_backs_wait_for_all_first_attempts() -> None:
    sender = ScriptedSender({"*": [400, "paused"]})
    await Harness(sender, gate=UnlimitedGate(1)).run(*ids(20))
    assert sender.order[:20] == [f"pause {id_}" for id_ in ids(20)]
    assert sender.order[20:] == [f"view {id_}" for id_ in ids(20)]


async def test_ids_left_in_doubt_are_read_back_first() -> None:
    harness = Harness(ScriptedSender({"1": ["running", 204], "2": ["paused"]}))
    jobs = [
        Job(Item(id=id_, row=1), prior_attempts=[DOUBT], action=Action.READ)
        for id_ in ("1", "2")
    ]
    assert await harness.run(*jobs) == {"1": "paused", "2": "paused"}
    assert harness.sender.order == ["view 1", "view 2", "pause 1"]
    assert harness.records["1"].history[0]["error"] == "no_answer_on_record"


async def test_waiting_retry_does_not_block_other_ids() -> None:
    sender = ScriptedSender({"1": [503, 204], "*": [204]})
    await Harness(sender, gate=UnlimitedGate(1)).run(*ids(3, first=1))
    assert sender.order == ["pause 1", "pause 2", "pause 3", "pause 1"]


async def test_retries_take_at_most_a_fifth_of_requests() -> None:
    sender = ScriptedSender({"*": [503, 204]}, latency_s=0.05)
    campaign_ids = ids(200)
    await Harness(
        sender, gate=UnlimitedGate(1), retry_policy=RetryPolicy(wait_initial_s=0.1)
    ).run(*campaign_ids)
    first_attempts = [n for n in range(len(sender.order)) if _is_first(sender, n)]
    last = first_attempts[-1]
    retries = last + 1 - len(first_attempts)
    assert len(first_attempts) == len(campaign_ids)
    assert last * 0.15 < retries <= last / 5


def pauses_of(harness: Harness) -> int:
    return sum(action is Action.PAUSE for _, action, _ in harness.sender.sent)


class PausesFail(ScriptedSender):
    """Answers every pause with 500, and read-backs with a status until a time."""

    def __init__(self, campaign_status: str, *, reads_until: float = inf) -> None:
        super().__init__({"*": [500]})
        self._campaign_status = campaign_status
        self._reads_until = reads_until

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        reply = await super().send(action, id_, request_id, body)
        if action is Action.PAUSE or reply.received_at > self._reads_until:
            return reply
        return replace(reply, http_status=200, campaign_status=self._campaign_status)


def _is_first(sender: ScriptedSender, position: int) -> bool:
    return sender.order[position] not in sender.order[:position]


async def test_retry_after_on_503_is_honoured() -> None:
    unavailable = Reply(
        sent_at=0.0, received_at=0.01, http_status=503, retry_after_s=17.0
    )
    sender = ScriptedSender({"1": [unavailable, 204]})
    await Harness(sender).run("1")
    first, second = (at for at, _, _ in sender.sent)
    assert 17.0 <= second - first < 17.1


async def test_waits_between_attempts_grow() -> None:
    sender = ScriptedSender({"1": [500]})
    await Harness(sender, retry_policy=RetryPolicy(verify=Verify.NONE)).run("1")
    times = [at for at, _, _ in sender.sent]
    gaps = [round(b - a, 1) for a, b in pairwise(times)]
    assert gaps == [1.0, 2.0, 4.0]


async def test_401_stops_run_and_fails_its_ids() -> None:
    harness = Harness(ScriptedSender({"*": [401]}), gate=UnlimitedGate(2))
    statuses = await harness.run(*ids(50))
    assert set(statuses.values()) == {"failed"}
    assert len(statuses) == len(harness.sender.sent) <= 3
    assert harness.dispatcher.stopped is not None
    assert harness.dispatcher.stopped.cause is StopCause.TOKEN


async def test_invalid_certificate_stops_run_at_once() -> None:
    reply = Reply(received_at=0.01, error=TransportError.TLS, is_untrusted=True)
    harness = Harness(ScriptedSender({"*": [reply]}))
    statuses = await harness.run(*ids(50))
    assert set(statuses.values()) == {"failed"}
    assert len(harness.sender.sent) <= 10
    assert harness.dispatcher.stopped is not None


@pytest.mark.parametrize("view", ["running", 403, 404, 302, "html"])
@pytest.mark.parametrize("status", [302, 403, 404, 409, 422])
async def test_wall_stops_run_and_leaves_ids_to_retry(
    status: int, view: int | str
) -> None:
    # Read-backs that get a login page have no status.
    reply = Reply(received_at=0.0, sent_at=0.0, http_status=200)
    step = reply if view == "html" else view
    harness = Harness(ScriptedSender({"*": [status, step]}), gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(50))
    assert list(statuses.values()) == ["failed"] * WALL_IDS
    assert pauses_of(harness) == WALL_IDS
    assert harness.dispatcher.stopped is not None
    cause = StopCause.TOKEN if status == 403 else StopCause.REFUSAL
    assert harness.dispatcher.stopped.cause is cause


async def test_wall_stops_run_although_read_backs_fail() -> None:
    sender = ScriptedSender({"*": [404, 500]})
    harness = Harness(sender, gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(50))
    assert list(statuses.values()) == ["unknown"] * WALL_IDS
    assert harness.dispatcher.stopped is not None
    assert harness.dispatcher.stopped.cause is StopCause.REFUSAL
    assert asyncio.get_running_loop().time() < 20


@pytest.mark.parametrize("verify", [Verify.NONE, Verify.DOUBTFUL])
async def test_wall_stops_run_without_read_backs(verify: Verify) -> None:
    harness = Harness(
        ScriptedSender({"*": [404]}),
        gate=UnlimitedGate(1),
        retry_policy=RetryPolicy(verify=verify),
    )
    statuses = await harness.run(*ids(50))
    assert list(statuses.values()) == ["failed"] * WALL_IDS
    assert len(harness.sender.sent) == WALL_IDS


@pytest.mark.parametrize("verify", Verify)
async def test_short_row_of_refusals_is_rejected(verify: Verify) -> None:
    script: Script = {id_: [404, "running"] for id_ in ids(WALL_IDS - 1)}
    harness = Harness(
        ScriptedSender({**script, "*": [204, "paused"]}),
        gate=UnlimitedGate(1),
        retry_policy=RetryPolicy(verify=verify),
    )
    statuses = await harness.run(*ids(20))
    assert [statuses[id_] for id_ in ids(20)] == ["rejected"] * 9 + ["paused"] * 11
    assert harness.dispatcher.stopped is None


@pytest.mark.parametrize("verify", Verify)
async def test_refusals_of_short_list_are_rejected(verify: Verify) -> None:
    harness = Harness(
        ScriptedSender({"*": [404, "running"]}),
        retry_policy=RetryPolicy(verify=verify),
    )
    assert await harness.run(*ids(5)) == dict.fromkeys(ids(5), "rejected")


@pytest.mark.parametrize(
    ("view", "status"), [("paused", "paused"), ("draft", "not_pausable")]
)
async def test_run_continues_if_wall_belongs_to_ids(view: str, status: str) -> None:
    script: Script = {id_: [409, view] for id_ in ids(25)}
    harness = Harness(ScriptedSender({**script, "*": [204]}), gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(40))
    assert [statuses[id_] for id_ in ids(40)] == [status] * 25 + ["paused"] * 15
    assert harness.dispatcher.stopped is None


async def test_wall_whose_pauses_were_applied_late_is_paused() -> None:
    # Every pause is applied, gets a 404, and shows up in the third read-back.
    sender = ScriptedSender({"*": [404, "running", "running", "paused"]})
    harness = Harness(sender, gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(30))
    assert set(statuses.values()) == {"paused"}


async def test_occasional_403_does_not_stop_run() -> None:
    script: Script = {
        id_: [204] if int(id_) % 5 == 0 else [403, "running"] for id_ in ids(50)
    }
    harness = Harness(ScriptedSender(script), gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(50))
    assert Counter(statuses.values()) == {"failed": 40, "paused": 10}
    assert harness.dispatcher.stopped is None


async def test_half_of_ids_failing_does_not_stop_others() -> None:
    fails: list[Step] = [500, 500, 500, 500, "running"]
    succeeds: list[Step] = [204]
    script = {id_: succeeds if int(id_) % 2 else fails for id_ in ids(400)}
    harness = Harness(ScriptedSender(script))
    statuses = await harness.run(*ids(400))
    assert Counter(statuses.values()) == {"paused": 200, "unknown": 200}
    assert harness.dispatcher.stopped is None
    read_back = {id_ for _, action, id_ in harness.sender.sent if action is Action.READ}
    assert read_back >= {id_ for id_ in ids(400) if int(id_) % 2 == 0}
    assert asyncio.get_running_loop().time() < 100


async def test_ids_are_read_back_before_outage_of_pauses_ends_run() -> None:
    sender = PausesFail("paused")
    harness = Harness(sender)
    statuses = await harness.run(*ids(1000))
    assert harness.dispatcher.stopped is not None
    assert harness.dispatcher.stopped.cause is StopCause.OUTAGE
    assert set(statuses.values()) == {"paused"}
    assert len(statuses) < 100


async def test_outage_during_last_read_backs_ends_run() -> None:
    sender = PausesFail("running", reads_until=310.0)
    harness = Harness(sender)
    statuses = await harness.run(*ids(1000))
    assert set(statuses.values()) == {"unknown"}
    assert asyncio.get_running_loop().time() < 320


async def test_probe_of_dead_server_touches_no_other_id() -> None:
    sender = ScriptedSender({"*": [500]})
    harness = Harness(sender, gate=UnlimitedGate(1))
    statuses = await harness.run(*ids(1000))
    assert set(statuses.values()) == {"unknown"}
    assert len(statuses) == OPENS_AFTER


async def test_nothing_is_sent_before_retry_after_is_over() -> None:
    reply = Reply(received_at=0.01, sent_at=0.0, http_status=503, retry_after_s=20.0)
    script: Script = {id_: [reply, 204] for id_ in ids(10)}
    sender = ScriptedSender({**script, "*": [204]})
    gate = Gate((), max_in_flight=10)
    statuses = await Harness(sender, gate=gate).run(*ids(15))
    assert set(statuses.values()) == {"paused"}
    times = sorted(at for at, _, _ in sender.sent)
    assert times[9] < 0.1
    assert 20.0 <= times[10] < 21.0


async def test_lasting_outage_stops_run_after_few_requests() -> None:
    sender = ScriptedSender({"*": [500]})
    harness = Harness(sender, retry_policy=RetryPolicy(give_up_after_s=300.0))
    await harness.run(*ids(1000))
    assert harness.dispatcher.stopped is not None
    assert harness.dispatcher.stopped.cause is StopCause.OUTAGE
    assert len(sender.sent) <= 80


async def test_few_ids_are_retried_before_outage_is_detected() -> None:
    sender = ScriptedSender({"*": [500]}, latency_s=0.06)
    gate = Gate((Limit(10, 1.0), Limit(150, 60.0)), max_in_flight=10)
    await Harness(sender, gate=gate).run(*ids(1000))
    times = [at for at, _, _ in sender.sent]
    opened = next(n for n, at in enumerate(times) if at > times[n - 1] + 1.1)
    sent_ids = [id_ for _, _, id_ in sender.sent[:opened]]
    assert OPENS_AFTER <= len(sent_ids) <= 1.1 * len(set(sent_ids))


async def test_single_probes_are_sent_at_growing_intervals() -> None:
    sender = ScriptedSender({"*": [500]}, latency_s=0.2)
    await Harness(sender).run(*ids(1000))
    probes = [at for at, _, _ in sender.sent if at > 0.5]
    gaps = [round(b - a, 1) for a, b in pairwise(probes)]
    # The probe interval and the time until the reply.
    assert gaps[:4] == [2.2, 4.2, 5.2, 5.2]
    assert set(gaps[4:-1]) == {5.2}
    # The last one comes when it is time to give up.
    assert gaps[-1] <= 5.2


async def test_run_continues_as_soon_as_outage_ends() -> None:
    script: Script = {id_: [500, 500, 500, 204] for id_ in ids(12)}
    harness = Harness(ScriptedSender({**script, "*": [204]}))
    statuses = await harness.run(*ids(100))
    assert set(statuses.values()) == {"paused"}
    assert harness.dispatcher.stopped is None


async def test_failed_probe_does_not_count_as_attempt() -> None:
    # Ten attempts open the breaker, and eight probes fail: two attempts are left.
    replies = [500] * OPENS_AFTER + [500] * 8 + [204]
    retry_policy = RetryPolicy(
        max_attempts=OPENS_AFTER + 2, give_up_after_s=1e6, verify=Verify.NONE
    )
    harness = Harness(ScriptedSender({"1": replies}), retry_policy=retry_policy)
    assert await harness.run("1") == {"1": "paused"}
    assert len(harness.sender.sent) == len(replies)


async def test_stop_records_requests_in_flight_and_waiting_retries() -> None:
    sender = ScriptedSender({"1": [503], "2": [500], "3": [204]}, latency_s=0.2)
    harness = Harness(sender)
    asyncio.get_running_loop().call_later(0.1, harness.dispatcher.stop, STOP)
    statuses = await harness.run("1", "2", "3")
    assert statuses == {"1": "unknown", "2": "unknown", "3": "paused"}


async def test_400_stays_retryable_after_stop_before_read_back() -> None:
    sender = ScriptedSender({"1": [400], "2": [403], "3": [204]}, latency_s=0.2)
    harness = Harness(sender, gate=UnlimitedGate(3))
    asyncio.get_running_loop().call_later(0.1, harness.dispatcher.stop, STOP)
    statuses = await harness.run("1", "2", "3")
    assert statuses == {"1": "failed", "2": "unknown", "3": "paused"}


async def test_nothing_is_sent_after_stop() -> None:
    harness = Harness(ScriptedSender({"*": [204]}))
    harness.dispatcher.stop(STOP)
    assert await harness.run("1") == {}
    assert harness.sender.sent == []


async def test_good_response_after_stop_starts_nothing() -> None:
    harness = Harness(ScriptedSender({"*": [204]}, latency_s=1), gate=UnlimitedGate(2))
    asyncio.get_running_loop().call_later(1.5, harness.dispatcher.stop, STOP)
    assert await harness.run(*ids(20)) == dict.fromkeys(ids(4), "paused")
    assert len(harness.sender.sent) == 4


async def test_aborted_pause_leaves_no_record() -> None:
    gate = UnlimitedGate(2)
    sender = ScriptedSender({"1": [503], "*": [204]}, latency_s=100.0)
    harness = Harness(sender, gate=gate)
    loop = asyncio.get_running_loop()
    start = loop.time()
    loop.call_later(150, harness.dispatcher.stop, STOP)
    loop.call_later(160, harness.dispatcher.abort)
    statuses = await harness.run("1", "2", "3", "4")
    assert statuses == {"1": "unknown", "2": "paused"}
    assert loop.time() - start == pytest.approx(160)
    assert gate.in_flight == 0


@pytest.mark.parametrize(
    ("steps", "status"), [([204], "paused"), ([TransportError.HANG_UP], "unknown")]
)
async def test_aborted_read_back_keeps_status_of_pause(
    steps: list[Step], status: str
) -> None:
    policy = RetryPolicy(verify=Verify.ALL, max_attempts=1)
    sender = ScriptedSender({"1": [*steps, "paused"]}, latency_s=100.0)
    harness = Harness(sender, retry_policy=policy)
    asyncio.get_running_loop().call_later(150, harness.dispatcher.stop, STOP)
    asyncio.get_running_loop().call_later(160, harness.dispatcher.abort)
    assert await harness.run("1") == {"1": status}
    assert sender.order == ["pause 1", "view 1"]


@pytest.mark.parametrize("fails_at", range(60))
async def test_nothing_is_sent_after_log_failure(fails_at: int) -> None:
    sender = ScriptedSender({"*": [503, 500, 204]})
    recorder = FailingRecorder(fails_at=fails_at)
    harness = Harness(sender, recorder=recorder, gate=UnlimitedGate(4))
    with pytest.raises(LogError, match="in flight: "):
        await harness.run(*ids(20))
    assert len(sender.sent) == sum(line.startswith("sent") for line in recorder.lines)
    assert harness.dispatcher.stopped is not None
    assert harness.dispatcher.stopped.cause is StopCause.LOG


async def test_log_failure_names_ids_in_flight() -> None:
    sender = ScriptedSender({"*": [204]})
    harness = Harness(
        sender, recorder=FailingRecorder(fails_at=3), gate=UnlimitedGate(3)
    )
    with pytest.raises(LogError, match=r"nothing more was sent; in flight: 1, 2, 3$"):
        await harness.run("1", "2", "3", "4")


async def test_every_acquired_slot_is_released() -> None:
    gate = UnlimitedGate()
    sender = ScriptedSender({"*": [TransportError.REFUSED, 400, "draft"]})
    harness = Harness(sender, gate=gate, recorder=FailingRecorder(fails_at=60))
    with pytest.raises(LogError):
        await harness.run(*ids(20))
    assert gate.acquired == gate.released > 20


class EmptyBudgetGate(UnlimitedGate):
    """A gate of an account whose budget gives slots for two requests only."""

    async def acquire(self) -> None:
        if self.acquired == 2:
            raise BudgetError("the shared budget did not answer for 300 s")
        await super().acquire()


async def test_lost_budget_stops_run_as_an_outage() -> None:
    harness = Harness(ScriptedSender({"*": [204]}), gate=EmptyBudgetGate())
    assert await harness.run("1", "2", "3") == dict.fromkeys("12", "paused")
    assert harness.dispatcher.stopped == StopReason(
        StopCause.OUTAGE, "the shared budget did not answer for 300 s"
    )
