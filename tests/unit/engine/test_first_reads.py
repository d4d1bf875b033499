"""Campaigns that are read before they are sent, with a scripted API on virtual time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bulkpause.engine.dispatcher import Dispatcher
from bulkpause.engine.job import make_jobs
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.resume import OVERDUE, TIME_MARGIN
from bulkpause.model import Earlier, Item, PriorAttempt, Record, Reply, StopReason
from bulkpause.operation import PAUSE, RESUME, Operation
from bulkpause.vocabulary import StopCause, TransportError
from tests.support.fakes import (
    FailingRecorder,
    ScriptedSender,
    Step,
    UnlimitedGate,
    ids,
    run_context,
)
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock


class Course:
    """One run of a dispatcher that reads each campaign first."""

    def __init__(
        self,
        script: Mapping[str, list[Step]],
        wanted: list[str],
        *,
        operation: Operation = PAUSE,
        earlier: Earlier | None = None,
        prior: Mapping[str, list[PriorAttempt]] | None = None,
        verify: Verify = Verify.REFUSED,
    ) -> None:
        self.sender = ScriptedSender(script)
        self.recorder = FailingRecorder()
        self.records: dict[str, Record] = {}
        self.stopped: StopReason | None = None
        items = [Item(id=id_, row=1, earlier=earlier) for id_ in wanted]

        async def run() -> None:
            context = replace(
                run_context(RetryPolicy(verify=verify)),
                operation=operation,
                remembers=operation is PAUSE,
            )
            dispatcher = Dispatcher(
                sender=self.sender,
                gate=UnlimitedGate(max_in_flight=1),
                recorder=self.recorder,
                context=context,
                on_record=self._add,
            )
            jobs = make_jobs(
                items,
                prior or {},
                operation=operation,
                reads_back=True,
                reads_first=True,
            )
            await dispatcher.run(jobs)
            self.stopped = dispatcher.stopped

        run_on_virtual_time(run())

    def _add(self, record: Record) -> None:
        self.records[record.id or ""] = record

    @property
    def order(self) -> list[str]:
        return self.sender.order


def test_pause_follows_its_read_at_once() -> None:
    course = Course({"*": ["running", 204]}, ["1", "2"])
    assert course.order == ["view 1", "pause 1", "view 2", "pause 2"]
    record = course.records["2"]
    assert (record.status, record.earlier_status, record.reads) == (
        "paused",
        "running",
        1,
    )
    # What was read before the pause does not show that it worked.
    assert record.campaign_status is None


def test_what_campaign_was_is_written_before_its_pause() -> None:
    course = Course({"*": ["scheduled", 204]}, ["1"])
    assert course.recorder.lines == [
        "sent 1",
        "remembered 1 scheduled",
        "sent 1",
        "paused 1",
    ]


def test_read_that_fails_does_not_hold_pause_up() -> None:
    script: dict[str, list[Step]] = {
        "1": [500, 204],
        "2": [TransportError.RESET, 204],
        "3": [403, 204],
    }
    course = Course(script, ["1", "2", "3"])
    assert course.order == [
        *("view 1", "pause 1", "view 2", "pause 2", "view 3", "pause 3")
    ]
    assert {record.earlier_status for record in course.records.values()} == {None}
    assert {record.status.value for record in course.records.values()} == {"paused"}


def test_rate_limited_read_is_repeated_before_pause() -> None:
    course = Course({"1": [429, "running", 204]}, ["1"])
    assert course.order == ["view 1", "view 1", "pause 1"]
    assert course.records["1"].earlier_status == "running"


def test_id_in_doubt_keeps_what_it_was() -> None:
    doubt = PriorAttempt(error="no_answer_on_record", is_in_doubt=True)
    course = Course(
        {"1": ["paused"]},
        ["1"],
        earlier=Earlier(status="scheduled"),
        prior={"1": [doubt]},
    )
    assert course.order == ["view 1"]
    record = course.records["1"]
    assert (record.status, record.earlier_status) == ("paused", "scheduled")
    assert course.recorder.lines == ["sent 1", "paused 1"]


def test_proven_pause_is_as_old_as_its_attempt() -> None:
    late: list[Step] = ["running", 204, "running", "running", "paused"]
    record = Course({"1": late}, ["1"], verify=Verify.ALL).records["1"]
    assert (record.status, record.reads) == ("paused", 4)
    assert record.paused_at is not None
    assert record.finished_at is not None
    read_for = datetime.fromisoformat(record.finished_at) - datetime.fromisoformat(
        record.paused_at
    )
    assert read_for >= timedelta(seconds=3)


WAS_RUNNING = Earlier(status="running")


def test_undo_reads_then_resumes() -> None:
    script: dict[str, list[Step]] = {"1": ["paused", 204], "2": ["running"]}
    course = Course(script, ["1", "2"], operation=RESUME, earlier=WAS_RUNNING)
    assert course.order == ["view 1", "resume 1", "view 2"]
    assert course.sender.bodies == {"1": [{"run_immediately": 1}]}
    assert {id_: one.status.value for id_, one in course.records.items()} == {
        "1": "resumed",
        "2": "already_running",
    }
    left_alone = course.records["2"]
    assert (left_alone.attempts, left_alone.request_id) == (0, None)
    assert left_alone.campaign_status == "running"
    assert left_alone.error == "left alone: not paused any more"


def test_same_refusal_of_reads_stops_undo() -> None:
    course = Course({"*": [403]}, ids(30), operation=RESUME, earlier=WAS_RUNNING)
    assert course.stopped is not None
    assert course.stopped.cause is StopCause.TOKEN
    assert "is the token allowed to resume campaigns?" in course.stopped.detail
    assert {record.status.value for record in course.records.values()} == {"failed"}
    assert len(course.sender.sent) == 10


def paused_until(seconds: float) -> Reply:
    """Show a paused campaign whose time is so many seconds away when this is called."""
    time = wall_clock_at_start() + timedelta(seconds=seconds)
    return Reply(
        received_at=0.0,
        sent_at=0.0,
        http_status=200,
        campaign_status="paused",
        scheduled_time=time.strftime("%Y-%m-%d %H:%M:%S"),
    )


def wall_clock_at_start() -> datetime:
    async def now() -> datetime:
        return wall_clock()

    return run_on_virtual_time(now())


def test_resume_that_waited_too_long_is_read_again() -> None:
    margin_s = TIME_MARGIN.total_seconds()
    soon = paused_until(margin_s + 2)
    busy = Reply(received_at=0.0, sent_at=0.0, http_status=503, retry_after_s=5.0)
    course = Course(
        {"1": [soon, busy, soon]},
        ["1"],
        operation=RESUME,
        earlier=Earlier(status="scheduled"),
    )
    # The retry would come after the campaign's time: nothing is sent any more.
    assert course.order[:3] == ["view 1", "resume 1", "view 1"]
    assert course.order.count("resume 1") == 1
    assert course.records["1"].status.value == "not_resumable"


def test_campaign_whose_time_is_near_is_left_alone() -> None:
    course = Course(
        {"1": [paused_until(30)]},
        ["1"],
        operation=RESUME,
        earlier=Earlier(status="scheduled"),
    )
    assert course.order == ["view 1"]
    assert course.records["1"].error == OVERDUE


def test_each_attempt_to_resume_follows_a_read() -> None:
    script: dict[str, list[Step]] = {"1": ["paused", 503, "paused", 429, "paused", 204]}
    course = Course(script, ["1"], operation=RESUME, earlier=WAS_RUNNING)
    assert course.order == ["view 1", "resume 1"] * 3
    record = course.records["1"]
    assert (record.status, record.reads) == ("resumed", 3)
    assert record.campaign_status is None


def test_campaign_changed_between_attempts_is_left_alone() -> None:
    script: dict[str, list[Step]] = {"1": ["paused", 503, "canceled"]}
    course = Course(script, ["1"], operation=RESUME, earlier=WAS_RUNNING)
    assert course.order == ["view 1", "resume 1", "view 1"]
    record = course.records["1"]
    assert (record.status, record.campaign_status) == ("not_resumable", "canceled")


def test_reads_have_no_body() -> None:
    script: dict[str, list[Step]] = {"1": ["paused", 500, "paused", 400, "running"]}
    course = Course(script, ["1"], operation=RESUME, earlier=WAS_RUNNING)
    assert course.order == ["view 1", "resume 1", "view 1", "resume 1", "view 1"]
    assert course.sender.bodies == {"1": [{"run_immediately": 1}] * 2}
    assert course.records["1"].status == "resumed"
