"""Whether a paused campaign is resumed, with which body, and why not."""

from datetime import UTC, datetime, timedelta

import pytest

from bulkpause.engine.policy import Send
from bulkpause.engine.resume import (
    CHANGE_UNKNOWN,
    CHANGED,
    EARLIER_UNKNOWN,
    OVERDUE,
    TIME_AHEAD,
    TIME_MARGIN,
    TIME_UNKNOWN,
    ResumeBody,
    ResumeRules,
    resume_of,
)
from bulkpause.model import Earlier, Reply


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
AHEAD, PAST = "2026-07-01 18:30:00", "2026-07-01 11:00:00"
PAUSED_AT = "2026-07-01T11:30:00.000Z"
RUN_NOW: dict[str, object] = {"run_immediately": 1}
AT_TIME: dict[str, object] = {"scheduled_time": AHEAD}
#: Of an epoch in ms, the digits alone could be read as a date.
UNREADABLE = [
    *("24.12.2026 10:00", "0000-00-00 00:00:00", "1795860000", "1712011200000"),
    "2026-07-01",
]
UNTIL = datetime(2026, 7, 1, 18, 30, tzinfo=UTC) - TIME_MARGIN


def decide(
    status: str | None = "running",
    time: str | None = None,
    *,
    shown_time: str | None = None,
    update_time: str | None = None,
    served_at: datetime | None = None,
    round_trip_s: float = 0.0,
    body: ResumeBody = ResumeBody.AUTO,
    starts_overdue: bool = False,
    resumes_changed: bool = False,
) -> Send | str:
    earlier = Earlier(status=status, scheduled_time=time, paused_at=PAUSED_AT)
    shown = Reply(
        sent_at=1.0,
        received_at=1.0 + round_trip_s,
        http_status=200,
        campaign_status="paused",
        scheduled_time=shown_time,
        update_time=update_time,
        served_at=served_at,
    )
    rules = ResumeRules(
        body=body, starts_overdue=starts_overdue, resumes_changed=resumes_changed
    )
    return resume_of(earlier, shown, rules, NOW)


@pytest.mark.parametrize("status", ["running", "RUNNING", " active "])
@pytest.mark.parametrize("time", [None, PAST])
def test_running_campaign_runs_again(status: str, time: str | None) -> None:
    assert decide(status, time) == Send(RUN_NOW)


def test_scheduled_campaign_waits_for_its_time_again() -> None:
    assert decide("scheduled", AHEAD) == Send(AT_TIME, UNTIL)


def test_time_that_api_shows_fills_in_for_none() -> None:
    assert decide("scheduled", shown_time=AHEAD) == Send(AT_TIME, UNTIL)


def test_time_with_zone_is_sent_in_gmt() -> None:
    assert decide("scheduled", "2026-07-01T20:30:00+02:00") == Send(AT_TIME, UNTIL)


@pytest.mark.parametrize("body", ResumeBody)
@pytest.mark.parametrize("time", [PAST, "2026-07-01 12:00:30"])
def test_campaign_whose_time_passed_is_left_alone(body: ResumeBody, time: str) -> None:
    assert decide("scheduled", time, body=body) == OVERDUE


def test_overdue_campaign_starts_only_when_told() -> None:
    assert decide("scheduled", PAST, starts_overdue=True) == Send(RUN_NOW)
    none = decide("scheduled", PAST, starts_overdue=True, body=ResumeBody.NONE)
    assert none == Send(None)


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01", *UNREADABLE])
def test_scheduled_campaign_without_time_is_left_alone(text: str | None) -> None:
    assert decide("scheduled", text) == TIME_UNKNOWN
    for body, sent in ((ResumeBody.NONE, None), (ResumeBody.NOW, RUN_NOW)):
        assert decide("scheduled", text, body=body) == TIME_UNKNOWN
        told = decide("scheduled", text, body=body, starts_overdue=True)
        assert told == Send(sent)


@pytest.mark.parametrize(
    ("status", "time", "body", "expected"),
    [
        ("running", None, ResumeBody.NONE, Send(None)),
        ("running", AHEAD, ResumeBody.NOW, TIME_AHEAD),
        ("running", AHEAD, ResumeBody.TIME, Send(AT_TIME, UNTIL)),
        ("running", PAST, ResumeBody.TIME, OVERDUE),
        ("running", None, ResumeBody.TIME, TIME_UNKNOWN),
        ("scheduled", AHEAD, ResumeBody.NONE, Send(None, UNTIL)),
        ("scheduled", AHEAD, ResumeBody.NOW, Send(RUN_NOW, UNTIL)),
        ("scheduled", AHEAD, ResumeBody.TIME, Send(AT_TIME, UNTIL)),
    ],
)
def test_body_is_what_was_asked_for(
    status: str, time: str | None, body: ResumeBody, expected: Send | str
) -> None:
    assert decide(status, time, body=body) == expected


@pytest.mark.parametrize("status", [None, "", "paused", "draft", "Aktiv"])
def test_campaign_with_unknown_past_is_left_alone(status: str | None) -> None:
    assert decide(status) == EARLIER_UNKNOWN


@pytest.mark.parametrize(
    ("update_time", "is_changed"),
    [
        ("2026-07-01 11:30:00", False),
        ("2026-07-01 11:30:05", False),
        ("2026-07-01 11:30:06", True),
        ("2026-06-30 09:00:00", False),
        (None, False),
    ],
)
def test_campaign_changed_since_pause_is_left_alone(
    update_time: str | None, is_changed: bool
) -> None:
    found = decide(update_time=update_time)
    assert found == (CHANGED if is_changed else Send(RUN_NOW))
    assert decide(update_time=update_time, resumes_changed=True) == Send(RUN_NOW)


def test_times_are_compared_on_clock_of_server() -> None:
    ahead = NOW + timedelta(minutes=10)
    ours = decide(update_time="2026-07-01 11:40:02", served_at=ahead)
    theirs = decide(update_time="2026-07-01 11:40:03", served_at=ahead)
    assert (ours, theirs) == (Send(RUN_NOW), CHANGED)


@pytest.mark.parametrize(
    ("round_trip_s", "update_time", "is_changed"),
    [
        (1.5, "2026-07-01 11:30:03", False),
        (1.5, "2026-07-01 11:30:04", True),
        (30.0, "2026-07-01 11:30:05", False),
        (30.0, "2026-07-01 11:30:06", True),
    ],
)
def test_slow_response_leaves_more_time_in_doubt(
    round_trip_s: float, update_time: str, is_changed: bool
) -> None:
    found = decide(update_time=update_time, served_at=NOW, round_trip_s=round_trip_s)
    assert found == (CHANGED if is_changed else Send(RUN_NOW))


def test_other_scheduled_time_is_a_change() -> None:
    later = "2026-07-02 10:00:00"
    assert decide("scheduled", AHEAD, shown_time=later) == CHANGED
    assert decide("scheduled", AHEAD, shown_time=AHEAD) == Send(AT_TIME, UNTIL)


@pytest.mark.parametrize("text", ["yesterday", *UNREADABLE])
def test_unreadable_update_time_counts_as_changed(text: str) -> None:
    assert decide(update_time=text) == CHANGE_UNKNOWN
    assert decide(update_time=text, resumes_changed=True) == Send(RUN_NOW)


@pytest.mark.parametrize("body", [ResumeBody.AUTO, ResumeBody.NOW, ResumeBody.NONE])
def test_said_running_is_not_believed_of_scheduled(body: ResumeBody) -> None:
    for overdue in (False, True):
        found = decide(shown_time=AHEAD, body=body, starts_overdue=overdue)
        assert found == TIME_AHEAD
    assert decide(shown_time=PAST, body=body) == OVERDUE
    assert decide(shown_time="24.12.2026", body=body) == TIME_UNKNOWN
    # A time between the pause and now: it had not begun when it was paused.
    between = "2026-07-01 11:45:00"
    assert decide("running", between, shown_time=between, body=body) == OVERDUE


def test_running_is_believed_with_time_on_record() -> None:
    assert decide("running", PAST, shown_time=PAST) == Send(RUN_NOW)
    assert decide("running", shown_time=PAST, starts_overdue=True) == Send(RUN_NOW)


def test_said_running_is_scheduled_again_if_told() -> None:
    told = decide(shown_time=AHEAD, body=ResumeBody.TIME)
    assert told == decide("scheduled", shown_time=AHEAD) == Send(AT_TIME, UNTIL)
