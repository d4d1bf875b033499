"""What follows the read of a campaign before its first request: a table."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bulkpause.doubt import Doubt
from bulkpause.engine.first_read import (
    NOT_FOUND,
    NOT_PAUSED,
    after_first_read,
    after_remembering,
)
from bulkpause.engine.policy import (
    MAX_READ_BACKS,
    Decision,
    Finish,
    Resend,
    Retry,
    RetryPolicy,
    Send,
    Stop,
    after_attempt,
    after_read_back,
)
from bulkpause.engine.resume import EARLIER_UNKNOWN, ResumeRules
from bulkpause.model import Earlier, Reply
from bulkpause.operation import RESUME
from bulkpause.vocabulary import Status, TransportError


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def response(status: int, **values: object) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, http_status=status, **values)  # type: ignore[arg-type]


def shown(word: str) -> Reply:
    return response(200, campaign_status=word)


LOST = Reply(received_at=2.0, sent_at=1.0, error=TransportError.RESET)
MISSING = response(200, is_campaign_missing=True)
UNTRUSTED = Reply(received_at=2.0, error=TransportError.TLS, is_untrusted=True)


def decide(
    reply: Reply,
    *,
    doubt: Doubt = Doubt.EXCLUDED,
    reads: int = MAX_READ_BACKS,
    earlier: Earlier | None = None,
) -> Decision:
    return after_first_read(
        reply,
        operation=RESUME,
        reads=reads,
        rate_limited=1,
        earlier=earlier or Earlier(status="running"),
        doubt=doubt,
        rules=ResumeRules(),
        retry_policy=RetryPolicy(),
        jitter=0.0,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("reply", "known", "in_doubt"),
    [
        (shown("paused"), Send({"run_immediately": 1}), None),
        (shown("running"), Finish(Status.ALREADY_RUNNING, NOT_PAUSED), Status.RESUMED),
        (shown("Scheduled"), Finish(Status.ALREADY_RUNNING, NOT_PAUSED), Status.RESUMED),
        (shown("draft"), Finish(Status.NOT_RESUMABLE, NOT_PAUSED), Status.UNKNOWN),
        (shown("sent"), Finish(Status.NOT_RESUMABLE, NOT_PAUSED), Status.UNKNOWN),
        (shown("needs_decision"), Finish(Status.NOT_RESUMABLE, NOT_PAUSED), Status.UNKNOWN),
        (MISSING, Finish(Status.REJECTED, NOT_FOUND), Status.UNKNOWN),
        (response(404), Finish(Status.FAILED), Status.UNKNOWN),
        (response(403), Finish(Status.FAILED), Status.UNKNOWN),
        (response(500), Finish(Status.FAILED), Status.UNKNOWN),
        (LOST, Finish(Status.FAILED), Status.UNKNOWN),
    ],
    ids=str,
)  # fmt: skip
def test_read_decides_what_is_done(
    reply: Reply, known: Decision, in_doubt: Status | None
) -> None:
    assert decide(reply) == known
    doubtful = decide(reply, doubt=Doubt.POSSIBLE)
    assert doubtful == (known if in_doubt is None else Finish(in_doubt))


JUST_PAUSED = Earlier(status="running", paused_at="2026-07-01T11:59:50.000Z")


@pytest.mark.parametrize("doubt", list(Doubt))
@pytest.mark.parametrize(
    "reply", [shown("running"), shown("draft"), shown("aktiv"), MISSING], ids=str
)
def test_read_soon_after_pause_is_repeated(reply: Reply, doubt: Doubt) -> None:
    """A read that lags behind the pause shows the campaign as it was before."""
    early = decide(reply, doubt=doubt, reads=1, earlier=JUST_PAUSED)
    assert early == Retry(1.0)
    # The reads take 15 s in all, whatever the clocks say.
    known = decide(reply, doubt=doubt)
    assert decide(reply, doubt=doubt, earlier=JUST_PAUSED) == known
    long_ago = replace(JUST_PAUSED, paused_at="2026-07-01T11:59:44.000Z")
    assert decide(reply, doubt=doubt, reads=1, earlier=long_ago) == known


def test_read_is_as_old_as_its_request() -> None:
    slow = replace(shown("running"), received_at=11.0)
    earlier = replace(JUST_PAUSED, paused_at="2026-07-01T11:59:40.000Z")
    assert decide(slow, reads=1, earlier=earlier) == Retry(1.0)


def test_pause_is_seen_soon_after_it() -> None:
    assert isinstance(decide(shown("paused"), reads=1, earlier=JUST_PAUSED), Send)


def test_campaign_left_alone_in_doubt_is_unknown() -> None:
    nothing = Earlier(status="draft")
    assert decide(shown("paused"), earlier=nothing) == Finish(
        Status.NOT_RESUMABLE, EARLIER_UNKNOWN
    )
    doubtful = decide(shown("paused"), earlier=nothing, doubt=Doubt.POSSIBLE)
    assert doubtful == Finish(Status.UNKNOWN, EARLIER_UNKNOWN)


@pytest.mark.parametrize("reply", [LOST, response(500), response(200)], ids=str)
def test_read_that_may_work_later_is_repeated(reply: Reply) -> None:
    assert decide(reply, reads=1) == Retry(1.0)
    assert decide(reply, reads=4) == Retry(8.0)


@pytest.mark.parametrize("reply", [response(401), UNTRUSTED], ids=["401", "tls"])
def test_refused_token_and_certificate_stop_run(reply: Reply) -> None:
    assert isinstance(decide(reply), Stop)
    assert isinstance(after_remembering(reply, rate_limited=0), Stop)


@pytest.mark.parametrize(
    "reply", [shown("running"), MISSING, response(500), response(403), LOST], ids=str
)
def test_nothing_read_holds_pause_up(reply: Reply) -> None:
    assert after_remembering(reply, rate_limited=0) == Send()


def test_rate_limited_read_is_repeated() -> None:
    assert decide(response(429)) == Retry(0.0)
    assert after_remembering(response(429), rate_limited=1) == Retry(0.0)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (response(204), Finish(Status.RESUMED)),
        (response(400), "read back"),
        (response(500), "retry"),
        (response(409), "read back"),
    ],
    ids=str,
)
def test_resume_is_decided_as_a_pause(reply: Reply, expected: object) -> None:
    decision = after_attempt(
        reply,
        operation=RESUME,
        attempts=1,
        rate_limited=0,
        doubt=Doubt.EXCLUDED if reply.http_status in {204, 400} else Doubt.UNLIKELY,
        retry_policy=RetryPolicy(),
        jitter=1.0,
    )
    name = {"ReadBack": "read back", "Retry": "retry"}.get(type(decision).__name__)
    assert (name or decision) == expected


@pytest.mark.parametrize(
    ("word", "late"), [("running", Status.RESUMED), ("draft", Status.UNKNOWN)]
)
def test_read_back_may_lag_behind_pause(word: str, late: Status) -> None:
    def decide_read_back(reads: int) -> Decision:
        return after_read_back(
            shown(word),
            operation=RESUME,
            attempts=reads,
            rate_limited=0,
            attempt=response(500),
            doubt=Doubt.POSSIBLE,
            retry_policy=RetryPolicy(),
            jitter=0.0,
            may_precede_pause=True,
        )

    assert decide_read_back(1) == Retry(1.0)
    assert decide_read_back(MAX_READ_BACKS) == Finish(late)


REFUSED, ACCEPTED = response(400), response(204)


@pytest.mark.parametrize(
    ("attempt", "word", "doubt", "expected"),
    [
        (REFUSED, "running", Doubt.EXCLUDED, Finish(Status.ALREADY_RUNNING)),
        (REFUSED, "running", Doubt.POSSIBLE, Finish(Status.RESUMED)),
        (REFUSED, "paused", Doubt.EXCLUDED, Finish(Status.REJECTED)),
        (REFUSED, "paused", Doubt.POSSIBLE, Finish(Status.UNKNOWN)),
        (REFUSED, "draft", Doubt.EXCLUDED, Finish(Status.NOT_RESUMABLE)),
        (REFUSED, "sent", Doubt.POSSIBLE, Finish(Status.UNKNOWN)),
        (ACCEPTED, "sent", Doubt.POSSIBLE, Finish(Status.RESUMED)),
        (ACCEPTED, "scheduled", Doubt.POSSIBLE, Finish(Status.RESUMED)),
        (ACCEPTED, "paused", Doubt.POSSIBLE, Finish(Status.UNKNOWN)),
        (None, "paused", Doubt.POSSIBLE, Resend()),
    ],
)
def test_read_back_settles_resume(
    attempt: Reply | None, word: str, doubt: Doubt, expected: Decision
) -> None:
    decision = after_read_back(
        shown(word),
        operation=RESUME,
        attempts=MAX_READ_BACKS,
        rate_limited=0,
        attempt=attempt,
        doubt=doubt,
        retry_policy=RetryPolicy(),
        jitter=0.0,
    )
    assert decision == expected
