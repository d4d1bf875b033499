"""What is made with less for each request is what the long way makes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._text import timestamp
from bulkpause.engine.job import Job
from bulkpause.engine.records_without_past import RecordsWithoutPast
from bulkpause.journal.codec import Sent, encode, encode_sent
from bulkpause.model import Attempt, Earlier, Item, PriorAttempt, Reply
from bulkpause.vocabulary import Action, Status
from tests.support.fakes import run_context


pytestmark = pytest.mark.unmeasured

#: Whole minutes of offset, as time zones have them.
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(
    # In UTC, those near the first and the last year would lie outside of all years.
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 (the zone is drawn)
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.just(UTC) | ZONES,
)


@given(st.lists(MOMENTS, min_size=1))
def test_timestamp_is_iso_format_in_utc(moments: list[datetime]) -> None:
    for moment in moments:
        iso = moment.astimezone(UTC).isoformat(timespec="milliseconds")
        assert timestamp(moment) == iso.removesuffix("+00:00") + "Z"


TEXTS = st.none() | st.text(max_size=5)
ACCEPTED = st.builds(
    Reply,
    received_at=st.floats(0, 1e6),
    http_status=st.just(204),
    trace_id=TEXTS,
    title=TEXTS,
    message=TEXTS,
)
REPLIES = ACCEPTED | st.builds(
    Reply,
    received_at=st.floats(0, 1e6),
    http_status=st.sampled_from([200, 429, 500]),
    campaign_status=TEXTS,
)


def attempts(replies: st.SearchStrategy[Reply]) -> st.SearchStrategy[Attempt]:
    return st.builds(
        Attempt,
        request_id=st.text(max_size=5),
        started_at=MOMENTS.map(timestamp),
        latency_ms=st.floats(0, 1e6),
        reply=replies,
    )


#: The requests for an id of which the last that is no read was accepted.
COURSES = st.sampled_from(
    [
        (Action.PAUSE,),
        (Action.PAUSE, Action.PAUSE),
        (Action.READ, Action.PAUSE),
        (Action.PAUSE, Action.READ),
    ]
)


@st.composite
def accepted_jobs(draw: st.DrawFn) -> Job:
    """Jobs whose last attempt was accepted."""
    item = Item(
        id=draw(st.from_regex("[A-Za-z0-9]{1,8}", fullmatch=True)),
        row=draw(st.integers(1, 10**6)),
        name=draw(TEXTS),
        earlier=draw(st.sampled_from([None, None, Earlier(), Earlier(status="sent")])),
    )
    job = Job(item, draw(st.sampled_from([(), (), (PriorAttempt(),)])))
    for action in draw(COURSES):
        job.action = action
        job.add(draw(attempts(ACCEPTED if action is Action.PAUSE else REPLIES)))
    return job


def _accepted_attempt() -> Attempt:
    reply = Reply(received_at=0.0, http_status=204)
    return Attempt(request_id="run-1", started_at="", latency_ms=0.0, reply=reply)


@given(st.lists(accepted_jobs(), min_size=1, max_size=2))
def test_record_without_past_is_record_of_job(jobs: list[Job]) -> None:
    context = replace(run_context(), now=lambda: datetime(2026, 7, 1, tzinfo=UTC))
    without_past = RecordsWithoutPast(context)
    usual = Job(Item(id="1", row=1))
    usual.add(_accepted_attempt())
    records = [without_past.record(job) for job in (usual, *jobs)]
    expected = [job.record(Status.PAUSED, context) for job in (usual, *jobs)]
    assert records == expected
    # Their fields come in the order of the log, too.
    assert list(map(encode, records)) == list(map(encode, expected))


@given(
    st.sampled_from(Action),
    st.text(max_size=5),
    st.text(max_size=5),
    MOMENTS.map(timestamp),
    st.floats(0, 1e9),
)
def test_encoded_request_is_that_of_sent(
    action: Action, id_: str, request_id: str, at: str, clock_s: float
) -> None:
    sent = Sent(sent=id_, action=action, request_id=request_id, at=at, clock_s=clock_s)
    line = encode_sent(action, id_, request_id, at=at, clock_s=clock_s)
    assert line == encode(sent)
