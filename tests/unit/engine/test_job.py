"""Attempts of one id, its doubt and its record."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from bulkpause._text import timestamp
from bulkpause.engine.job import Job, make_jobs
from bulkpause.model import Attempt, Item, PriorAttempt, Record, Reply
from bulkpause.operation import PAUSE
from bulkpause.vocabulary import Action, Status, TransportError
from tests.support.fakes import run_context


NOW = datetime(2026, 7, 1, 8, 0, 9, tzinfo=UTC)


def attempt(number: int, **reply: object) -> Attempt:
    return Attempt(
        request_id=f"run-{number}",
        started_at=f"2026-07-01T08:00:0{number}.000Z",
        latency_ms=float(number),
        reply=Reply(received_at=1.0, sent_at=0.5, **reply),  # type: ignore[arg-type]
    )


def job_with(*attempts: Attempt, prior: tuple[PriorAttempt, ...] = ()) -> Job:
    job = Job(Item(id="1001", row=7), prior_attempts=prior)
    for made in attempts:
        job.add(made)
    return job


def record_of(job: Job) -> Record:
    context = replace(
        run_context(),
        reason="why",
        now=lambda: NOW,
    )
    return job.record(Status.UNKNOWN, context)


def test_record_holds_last_attempt_and_history() -> None:
    job = job_with(
        attempt(1, http_status=500, trace_id="t1"),
        attempt(2, error=TransportError.RESET),
        attempt(3, http_status=400, trace_id="t3", title="T", message="M"),
    )
    record = record_of(job)
    assert (record.http_status, record.trace_id) == (400, "t3")
    assert (record.title, record.message, record.error) == ("T", "M", None)
    assert (record.request_id, record.latency_ms) == ("run-3", 3.0)
    assert record.history == (
        {
            "http_status": 500,
            "trace_id": "t1",
            "error": None,
            "at": "2026-07-01T08:00:01.000Z",
        },
        {
            "http_status": None,
            "trace_id": None,
            "error": "connection_reset",
            "at": "2026-07-01T08:00:02.000Z",
        },
    )


def test_record_holds_run_id_reason_and_times() -> None:
    record = record_of(job_with(attempt(1, http_status=204)))
    assert (record.id, record.row, record.reason, record.run_id) == (
        "1001",
        7,
        "why",
        "run",
    )
    assert record.started_at == "2026-07-01T08:00:01.000Z"
    assert record.finished_at == "2026-07-01T08:00:09.000Z"


def test_read_back_adds_campaign_status_but_no_attempt() -> None:
    job = job_with(attempt(1, http_status=400))
    job.action = Action.READ
    job.add(attempt(2, http_status=200, campaign_status="draft"))
    job.add(attempt(3, http_status=500))
    record = record_of(job)
    assert (record.campaign_status, record.attempts) == ("draft", 1)
    assert (record.http_status, record.history) == (400, ())


def test_rate_limited_attempt_is_uncounted_history() -> None:
    record = record_of(
        job_with(attempt(1, http_status=429), attempt(2, http_status=204))
    )
    assert record.attempts == 1
    assert [entry["http_status"] for entry in record.history] == [429]


def test_rate_limited_prior_attempt_does_not_count() -> None:
    prior = (PriorAttempt(http_status=429), PriorAttempt(http_status=500))
    record = record_of(job_with(attempt(1, http_status=204), prior=prior))
    assert record.attempts == 2


def test_history_begins_with_prior_attempts() -> None:
    prior = (PriorAttempt(http_status=502, at="2026-06-30T08:00:00.000Z"),)
    record = record_of(job_with(attempt(1, http_status=204), prior=prior))
    assert record.attempts == 2
    assert record.started_at == "2026-06-30T08:00:00.000Z"
    assert [entry["http_status"] for entry in record.history] == [502]


def test_record_without_new_pause_shows_prior_attempt() -> None:
    prior = (
        PriorAttempt(error="no_answer_on_record", request_id="old-1", is_in_doubt=True),
    )
    record = record_of(job_with(prior=prior))
    assert (record.error, record.request_id) == ("no_answer_on_record", "old-1")
    assert (record.attempts, record.latency_ms, record.title) == (1, None, None)


@pytest.mark.parametrize(
    ("reply", "is_in_doubt"),
    [
        ({"http_status": 500}, True),
        ({"http_status": 503}, False),
        ({"http_status": 429}, False),
        ({"http_status": 400}, False),
        ({"error": TransportError.READ_TIMEOUT}, True),
        ({"error": TransportError.REFUSED, "sent_at": None}, False),
    ],
)
def test_doubt_remains_after_later_rejection(
    reply: dict[str, object], is_in_doubt: bool
) -> None:
    first = Attempt(
        request_id="run-1",
        started_at=timestamp(NOW),
        latency_ms=1.0,
        reply=Reply(**{"received_at": 1.0, "sent_at": 0.5, **reply}),  # type: ignore[arg-type]
    )
    job = job_with(first, attempt(2, http_status=400))
    assert job.is_in_doubt is is_in_doubt


def test_doubt_of_earlier_run_remains() -> None:
    doubt = (PriorAttempt(is_in_doubt=True), PriorAttempt(is_in_doubt=False))
    assert job_with(attempt(1, http_status=400), prior=doubt).is_in_doubt
    assert not job_with(attempt(1, http_status=400), prior=doubt[1:]).is_in_doubt


@pytest.mark.parametrize(
    ("reply", "is_accepted"),
    [
        ({"http_status": 204}, True),
        ({"http_status": 203}, False),
        ({"http_status": 205}, False),
        ({"http_status": 500}, False),
        ({"error": TransportError.READ_TIMEOUT}, False),
    ],
)
def test_only_204_accepts_pause(reply: dict[str, object], is_accepted: bool) -> None:
    job = job_with(attempt(1, http_status=500), attempt(2, **reply))
    assert job.is_accepted is is_accepted


def test_204_of_earlier_run_is_not_accepted() -> None:
    job = job_with(prior=(PriorAttempt(http_status=204),))
    job.action = Action.READ
    job.add(attempt(1, http_status=204))
    assert job.is_accepted is False


def test_counted_attempts_exclude_429_probes_and_earlier_runs() -> None:
    job = job_with(
        attempt(1, http_status=429),
        attempt(2, http_status=500),
        attempt(3, http_status=500),
        prior=(PriorAttempt(http_status=500),),
    )
    job.uncounted_requests.add("run-3")
    assert job.counted_attempts == 1
    job.action = Action.READ
    assert job.counted_attempts == 0


def test_record_fills_every_field() -> None:
    job = job_with(attempt(1, http_status=500, trace_id="t", title="T", message="M"))
    job.action = Action.READ
    job.add(attempt(2, http_status=200, campaign_status="draft"))
    record = record_of(job)
    empty = {f.name for f in fields(Record) if getattr(record, f.name) is None}
    earlier = {"earlier_status", "earlier_scheduled_time"}
    assert empty == {"error", "name", "account", *earlier}


def shows(number: int, status: str) -> Attempt:
    return attempt(number, http_status=200, campaign_status=status)


ACCEPTED, REFUSED = {"http_status": 204}, {"http_status": 400}
LOST = {"error": TransportError.RESET}
IN_DOUBT = PriorAttempt(
    error="no_answer_on_record", at="2026-07-01T07:00:00.000Z", is_in_doubt=True
)


@pytest.mark.parametrize(
    ("is_remembered", "replies", "prior", "paused_at"),
    [
        (False, [ACCEPTED], (), None),
        (True, [ACCEPTED], (), "2026-07-01T08:00:01.001Z"),
        (False, [LOST, ACCEPTED], (), "2026-07-01T08:00:02.002Z"),
        (False, [LOST, REFUSED], (), "2026-07-01T08:00:01.001Z"),
        (False, [], (IN_DOUBT,), "2026-07-01T07:00:00.000Z"),
        (False, [REFUSED], (IN_DOUBT,), "2026-07-01T07:00:00.000Z"),
    ],
)
def test_pause_was_made_by_our_attempt(
    *,
    is_remembered: bool,
    replies: list[dict[str, object]],
    prior: tuple[PriorAttempt, ...],
    paused_at: str | None,
) -> None:
    """Its record is made after the last read, however much later that is."""
    job = Job(Item(id="1001", row=7), prior_attempts=prior)
    if is_remembered:
        job.read_for_attempt()
        job.add(shows(0, "running"))
        job.action = Action.PAUSE
    for number, reply in enumerate(replies, 1):
        job.add(attempt(number, **reply))
    context = replace(run_context(), now=lambda: NOW)
    record = job.record(Status.PAUSED, context)
    assert record.paused_at == paused_at
    job.read_back()
    job.add(shows(8, "paused"))
    read_back = job.record(Status.PAUSED, context)
    assert read_back.paused_at == (paused_at or "2026-07-01T08:00:01.001Z")
    # It may have been made, for all that is known.
    unknown = job.record(Status.UNKNOWN, context)
    assert unknown.paused_at == read_back.paused_at
    assert job.record(Status.NOT_PAUSABLE, context).paused_at is None


ITEMS = [Item(id=id_, row=row) for row, id_ in enumerate(("1", "2", "3"), 1)]
PRIOR = {
    "2": [PriorAttempt(http_status=503)],
    "3": [PriorAttempt(error="no_answer_on_record", is_in_doubt=True)],
}


def test_ids_in_doubt_are_read_back_first() -> None:
    jobs = list(make_jobs(ITEMS, PRIOR, operation=PAUSE, reads_back=True))
    assert [(job.item.id, job.action) for job in jobs] == [
        ("3", Action.READ),
        ("1", Action.PAUSE),
        ("2", Action.PAUSE),
    ]
    assert [len(job.prior_attempts) for job in jobs] == [1, 0, 1]


def test_ids_keep_their_order_without_read_backs() -> None:
    jobs = list(make_jobs(ITEMS, PRIOR, operation=PAUSE, reads_back=False))
    assert [(job.item.id, job.action) for job in jobs] == [
        (item.id, Action.PAUSE) for item in ITEMS
    ]
    assert jobs[2].is_in_doubt


def test_record_has_name_of_item() -> None:
    job = Job(Item(id="1001", row=7, name="Summer sale"))
    job.add(attempt(1, http_status=204))
    assert record_of(job).name == "Summer sale"


def test_attempts_of_only_attempt_are_a_number() -> None:
    record = record_of(job_with(attempt(1, http_status=204)))

    # JSON has no number for True, which equals 1.
    assert repr(record.attempts) == "1"
