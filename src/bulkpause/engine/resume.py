"""Decide whether a paused campaign may be resumed, and with which body.

Resuming sends. So a campaign that was changed since our pause is left alone, and so is
one whose time has passed: it would send at once. What cannot be read is a doubt, and so
is a list, or a person, that says a campaign was running: it is believed only of one that
shows no `scheduled_time`, or the one on record, from before our pause. These are pure
functions.

The documentation of the body differs: "Only one parameter can be passed, either
run_immediately or scheduled_time", and a sample without a body.
https://docs.ocamba.com/api/hood/v1.0/reference/create-campaigns-by_id-resume
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial

from bulkpause._value import value
from bulkpause.engine.policy import Send
from bulkpause.model import Earlier, Reply


#: Earlier statuses of a campaign that was sending, and of one that waited for its time.
RUNNING = frozenset({"running", "active"})
SCHEDULED = "scheduled"
#: A change so soon after our pause cannot be told from it. The clock of a response has
#: whole seconds, and the API may note our pause somewhat later than we have it on record.
CHANGE_TOLERANCE = timedelta(seconds=2)
#: The same where a response shows no clock: those of the server and of this machine may
#: differ.
CHANGE_TOLERANCE_WITHOUT_CLOCK = timedelta(seconds=5)
#: A campaign whose time is nearer could have passed it when it is resumed.
TIME_MARGIN = timedelta(minutes=1)
#: How the API writes times, in GMT.
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

#: A date alone, or the digits of another notation, would be a guess.
_TIME_START = partial(re.match, r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")

CHANGE_UNKNOWN = (
    "left alone: its update_time cannot be read, so it may have been changed since it "
    "was paused"
)
TIME_AHEAD = "left alone: its scheduled_time is ahead, so it may have been scheduled"
CHANGED = "left alone: changed since it was paused"
OVERDUE = "left alone: its scheduled_time has passed, and it would send at once"
TIME_UNKNOWN = "left alone: its scheduled_time is not known"
EARLIER_UNKNOWN = "left alone: its status before the pause is not known"


class ResumeBody(StrEnum):
    """The body of a resume request."""

    #: What the campaign was: `NOW` if it was running, `TIME` if it was scheduled.
    AUTO = "auto"
    NONE = "none"
    #: `run_immediately`.
    NOW = "now"
    #: `scheduled_time`.
    TIME = "time"


@value(frozen=True)
class ResumeRules:
    """How campaigns are resumed, and which are left alone.

    Args:
        body: The body of the requests.
        starts_overdue: Whether campaigns are resumed whose scheduled time has passed.
        resumes_changed: Whether campaigns are resumed that were changed since our pause.
    """

    body: ResumeBody = ResumeBody.AUTO
    starts_overdue: bool = False
    resumes_changed: bool = False


def resume_of(
    earlier: Earlier, shown: Reply, rules: ResumeRules, now: datetime
) -> Send | str:
    """Decide how a campaign that was read as paused is resumed; else say why it is not.

    Args:
        earlier: What it was before our pause.
        shown: The response to the read.
        rules: How campaigns are resumed.
        now: The wall clock when the response came.
    """
    doubt = None if rules.resumes_changed else _doubt_of_change(earlier, shown, now)
    if doubt is not None:
        return doubt
    status = (earlier.status or "").strip().lower()
    if status not in {*RUNNING, SCHEDULED}:
        return EARLIER_UNKNOWN
    time = parse_time(earlier.scheduled_time) or parse_time(shown.scheduled_time)
    body = _body_kind(rules.body, status)
    if status in RUNNING and body is not ResumeBody.TIME:
        return _resume_now(earlier, shown, body, rules, now)
    return _resume_at(time, body, rules, now)


def may_precede_pause(
    earlier: Earlier, shown: Reply, lag_s: float, now: datetime
) -> bool:
    """Tell whether a read may show a campaign as it was before our pause.

    Args:
        earlier: What it was before our pause, and when that was.
        shown: The response to the read.
        lag_s: The seconds for which a read may lag behind a change.
        now: The wall clock when the response came.
    """
    paused_at = parse_time(earlier.paused_at)
    if paused_at is None:
        return False
    asked_at = now - _round_trip(shown)
    return asked_at < paused_at + timedelta(seconds=lag_s)


def _resume_now(
    earlier: Earlier, shown: Reply, body: ResumeBody, rules: ResumeRules, now: datetime
) -> Send | str:
    """Decide how a campaign is resumed that is said to have been running."""
    text = (shown.scheduled_time or earlier.scheduled_time or "").strip()
    time, paused_at = parse_time(text), parse_time(earlier.paused_at)
    if not text or _had_begun(time, parse_time(earlier.scheduled_time), paused_at):
        return Send(_body_of(body, None))
    if time is not None and time > now + TIME_MARGIN:
        return TIME_AHEAD
    return _resume_at(time, body, rules, now)


def _had_begun(
    time: datetime | None, on_record: datetime | None, paused_at: datetime | None
) -> bool:
    """Tell whether a time from before our pause is the one on record."""
    if time is None or paused_at is None:
        return False
    return time == on_record and time <= paused_at


def _resume_at(
    time: datetime | None, body: ResumeBody, rules: ResumeRules, now: datetime
) -> Send | str:
    """Decide how a campaign is resumed that waits for its time."""
    if time is None:
        may_send = rules.starts_overdue and body is not ResumeBody.TIME
        return Send(_body_of(body, None)) if may_send else TIME_UNKNOWN
    if time > now + TIME_MARGIN:
        return Send(_body_of(body, time), valid_until=time - TIME_MARGIN)
    if not rules.starts_overdue:
        return OVERDUE
    # A time that has passed is no time to resume at.
    return Send(_body_of(_kind_of_overdue(body), None))


def _kind_of_overdue(body: ResumeBody) -> ResumeBody:
    return ResumeBody.NOW if body is ResumeBody.TIME else body


def _body_kind(wanted: ResumeBody, status: str) -> ResumeBody:
    if wanted is not ResumeBody.AUTO:
        return wanted
    return ResumeBody.NOW if status in RUNNING else ResumeBody.TIME


def _body_of(kind: ResumeBody, time: datetime | None) -> Mapping[str, object] | None:
    if kind is ResumeBody.NOW:
        return {"run_immediately": 1}
    if kind is ResumeBody.TIME and time is not None:
        return {"scheduled_time": time.astimezone(UTC).strftime(_TIME_FORMAT)}
    return None


def _doubt_of_change(earlier: Earlier, shown: Reply, now: datetime) -> str | None:
    """Say why a campaign may have been changed after our pause; None if nothing shows it.

    Both times are compared on the server's clock, which its response shows.
    """
    was_scheduled = (earlier.status or "").strip().lower() == SCHEDULED
    if was_scheduled and _differ(earlier.scheduled_time, shown.scheduled_time):
        return CHANGED
    if not shown.shows_update_time or earlier.paused_at is None:
        return None
    updated_at = parse_time(shown.update_time)
    if updated_at is None:
        return CHANGE_UNKNOWN
    ahead = (shown.served_at or now) - now
    paused_at = datetime.fromisoformat(earlier.paused_at) + ahead
    return CHANGED if updated_at > paused_at + _tolerance(shown) else None


def _tolerance(shown: Reply) -> timedelta:
    """Tell how much later than its record a pause of ours may seem to be."""
    if shown.served_at is None:
        return CHANGE_TOLERANCE_WITHOUT_CLOCK
    # The server's clock was read somewhere on the way of this response.
    tolerance = CHANGE_TOLERANCE + _round_trip(shown)
    return min(tolerance, CHANGE_TOLERANCE_WITHOUT_CLOCK)


def _round_trip(shown: Reply) -> timedelta:
    sent_at = shown.received_at if shown.sent_at is None else shown.sent_at
    return timedelta(seconds=max(0.0, shown.received_at - sent_at))


def _differ(text: str | None, other: str | None) -> bool:
    """Tell whether two times differ, as far as both are known."""
    time, other_time = parse_time(text), parse_time(other)
    return time is not None and other_time is not None and time != other_time


def parse_time(text: str | None) -> datetime | None:
    """Read a time as the API writes it, in GMT unless it says otherwise."""
    text = (text or "").strip()
    if not _TIME_START(text):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
