"""Retry policy: tables of decisions, and properties of scripted simulations."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.doubt import Doubt, doubt_of
from bulkpause.engine.policy import (
    CONTRADICTORY,
    MAX_READ_BACKS,
    Decision,
    Finish,
    ReadBack,
    Resend,
    Retry,
    RetryPolicy,
    Send,
    Stop,
    Verify,
    after_attempt,
    after_read_back,
    backoff_s,
    counts_as_attempt,
    is_final_refusal,
    status_without_read_back,
)
from bulkpause.model import Reply
from bulkpause.operation import PAUSE
from bulkpause.vocabulary import Status, StopCause, TransportError


FINAL_ERRORS = (300, 301, 302, 303, 307, 308, 403, 404, 409, 422, 499)
UNEXPECTED_SUCCESSES = (200, 201, 202, 205, 206, 299)
NOT_PROCESSED = (408, 425, 503)
AMBIGUOUS_STATUSES = (500, 502, 504, 520, 599)
UNSENT_ERRORS = (
    TransportError.DNS,
    TransportError.TLS,
    TransportError.REFUSED,
    TransportError.CONNECT_TIMEOUT,
)
SENT_ERRORS = (
    TransportError.READ_TIMEOUT,
    TransportError.RESET,
    TransportError.HANG_UP,
    TransportError.MALFORMED,
)
NOT_SENDING = ("sent", "draft", "canceled", "cancelled", "Draft", " SENT ")
SENDING = ("running", "scheduled", "active", "RUNNING", "Scheduled")
UNKNOWN_WORDS = ("needs_decision", "pausing", "", "unknown_status", "archived")


def reply_id(value: object) -> str | None:
    """Name a parametrised reply after its HTTP status, error or campaign status."""
    if not isinstance(value, Reply):
        return None
    outcome = str(value.http_status or value.error)
    is_sent = "" if value.sent_at is not None else "-unsent"
    shown_status = f"-{value.campaign_status}" if value.campaign_status else ""
    missing = "-missing" if value.is_campaign_missing else ""
    return f"{outcome}{is_sent}{shown_status}{missing}"


def response(status: int, **values: object) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, http_status=status, **values)  # type: ignore[arg-type]


def unsent(error: TransportError = TransportError.REFUSED) -> Reply:
    return Reply(received_at=2.0, error=error)


def interrupted(error: TransportError = TransportError.RESET) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, error=error)


def shown(campaign_status: str | None) -> Reply:
    return response(200, campaign_status=campaign_status)


#: A list of campaigns without the one that was asked for.
MISSING = response(200, is_campaign_missing=True)


def decide(
    reply: Reply,
    *,
    verify: Verify = Verify.REFUSED,
    attempts: int = 1,
    was_in_doubt: bool = False,
    rate_limited: int = 0,
    jitter: float = 1.0,
) -> Decision:
    doubt = Doubt.POSSIBLE if was_in_doubt else Doubt.EXCLUDED
    return after_attempt(
        reply,
        operation=PAUSE,
        attempts=attempts,
        rate_limited=rate_limited,
        doubt=max(doubt, doubt_of(reply)),
        retry_policy=RetryPolicy(verify=verify),
        jitter=jitter,
    )


def settle(
    read_back: Reply,
    *,
    pause: Reply | None,
    was_in_doubt: bool = False,
    verify: Verify = Verify.ALL,
    attempts: int = MAX_READ_BACKS,
    rate_limited: int = 0,
) -> Decision:
    doubt = Doubt.EXCLUDED if pause is None else doubt_of(pause)
    return after_read_back(
        read_back,
        operation=PAUSE,
        attempts=attempts,
        rate_limited=rate_limited,
        attempt=pause,
        doubt=Doubt.POSSIBLE if was_in_doubt or pause is None else doubt,
        retry_policy=RetryPolicy(verify=verify),
        jitter=0.0,
    )


VERIFY_SOME = (Verify.NONE, Verify.DOUBTFUL, Verify.REFUSED)
VERIFY_FEW = (Verify.NONE, Verify.DOUBTFUL)
VERIFY_MOST = (Verify.REFUSED, Verify.ALL)
VERIFY_IN_DOUBT = (Verify.DOUBTFUL, Verify.REFUSED, Verify.ALL)

#: Reply, whether the id was in doubt before, verify modes, decision at the last attempt.
LAST_ATTEMPTS = [
    (response(204), False, VERIFY_SOME, Finish(Status.PAUSED)),
    (response(204), False, (Verify.ALL,), ReadBack()),
    (response(204), True, VERIFY_SOME, Finish(Status.PAUSED)),
    (response(204), True, (Verify.ALL,), ReadBack()),
    (response(400), False, (Verify.NONE, Verify.DOUBTFUL), Finish(Status.REJECTED)),
    (response(400), False, (Verify.REFUSED, Verify.ALL), ReadBack()),
    *(
        (response(s), False, VERIFY_FEW, Finish(Status.REJECTED))
        for s in FINAL_ERRORS
        if s != 403
    ),
    (response(403), False, VERIFY_FEW, Finish(Status.FAILED)),
    *((response(s), False, VERIFY_MOST, ReadBack()) for s in FINAL_ERRORS),
    *(
        (response(s), False, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in UNEXPECTED_SUCCESSES
    ),
    *((response(s), False, VERIFY_IN_DOUBT, ReadBack()) for s in UNEXPECTED_SUCCESSES),
    *(
        (response(s), True, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in (400, *FINAL_ERRORS)
    ),
    *((response(s), True, VERIFY_IN_DOUBT, ReadBack()) for s in (400, *FINAL_ERRORS)),
    *(
        (response(s), False, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in AMBIGUOUS_STATUSES
    ),
    *((response(s), False, VERIFY_IN_DOUBT, ReadBack()) for s in AMBIGUOUS_STATUSES),
    *(
        (interrupted(f), False, (Verify.NONE,), Finish(Status.UNKNOWN))
        for f in SENT_ERRORS
    ),
    *((interrupted(f), False, VERIFY_IN_DOUBT, ReadBack()) for f in SENT_ERRORS),
    *((unsent(f), False, VERIFY_SOME, Finish(Status.FAILED)) for f in UNSENT_ERRORS),
    *((unsent(f), False, (Verify.ALL,), ReadBack()) for f in UNSENT_ERRORS),
    *((unsent(f), True, (Verify.NONE,), Finish(Status.UNKNOWN)) for f in UNSENT_ERRORS),
    *((unsent(f), True, VERIFY_IN_DOUBT, ReadBack()) for f in UNSENT_ERRORS),
    *((response(s), False, VERIFY_FEW, Finish(Status.FAILED)) for s in NOT_PROCESSED),
    *((response(s), False, VERIFY_MOST, ReadBack()) for s in NOT_PROCESSED),
    *(
        (response(s), True, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in NOT_PROCESSED
    ),
    *((response(s), True, VERIFY_IN_DOUBT, ReadBack()) for s in NOT_PROCESSED),
]
LAST_ATTEMPT_CASES = [
    pytest.param(
        reply,
        was_in_doubt,
        verify,
        decision,
        id=f"{reply.http_status or reply.error}-"
        f"{'in-doubt' if was_in_doubt else 'not-in-doubt'}-{verify}",
    )
    for reply, was_in_doubt, modes, decision in LAST_ATTEMPTS
    for verify in modes
]


@pytest.mark.parametrize(
    ("reply", "was_in_doubt", "verify", "expected"), LAST_ATTEMPT_CASES
)
def test_last_attempt_ends_as_tabulated(
    reply: Reply, was_in_doubt: bool, verify: Verify, expected: Decision
) -> None:
    decision = decide(reply, was_in_doubt=was_in_doubt, verify=verify, attempts=4)

    assert decision == expected


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_in_doubt", [False, True])
@pytest.mark.parametrize("status", [204, 400, *FINAL_ERRORS, *UNEXPECTED_SUCCESSES])
def test_final_response_is_independent_of_attempt_number(
    status: int, was_in_doubt: bool, verify: Verify
) -> None:
    first, last = (
        decide(
            response(status),
            attempts=attempts,
            was_in_doubt=was_in_doubt,
            verify=verify,
        )
        for attempts in (1, 4)
    )

    assert first == last


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_in_doubt", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        *map(unsent, UNSENT_ERRORS),
        *map(interrupted, SENT_ERRORS),
        *map(response, (503, 408, 425, *AMBIGUOUS_STATUSES)),
    ],
    ids=reply_id,
)
def test_transient_failure_is_retried(
    reply: Reply, was_in_doubt: bool, verify: Verify
) -> None:
    decisions = [
        decide(reply, attempts=number, was_in_doubt=was_in_doubt, verify=verify)
        for number in (1, 2, 3)
    ]

    assert decisions == [Retry(1.0), Retry(2.0), Retry(4.0)]


@pytest.mark.parametrize(
    "reply", [unsent(), interrupted(), response(503)], ids=reply_id
)
def test_attempt_beyond_maximum_is_treated_as_last(reply: Reply) -> None:
    assert decide(reply, attempts=5) == decide(reply, attempts=4)
    assert settle(reply, pause=reply, attempts=9) == settle(reply, pause=reply)


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("attempts", [0, 1, 4, 1000])
def test_429_is_retried_after_any_number_of_attempts(
    attempts: int, verify: Verify
) -> None:
    decision = decide(response(429), attempts=attempts, rate_limited=1, verify=verify)

    assert decision == Retry(0.0)


@pytest.mark.parametrize(
    ("rate_limited", "wait_s"), [(1, 0), (2, 1), (3, 2), (4, 4), (5, 4), (10**6, 4)]
)
def test_id_waits_longer_after_each_429(rate_limited: int, wait_s: float) -> None:
    reply = response(429)

    assert decide(reply, rate_limited=rate_limited) == Retry(wait_s)
    assert settle(reply, pause=None, rate_limited=rate_limited) == Retry(wait_s)


def test_only_429_does_not_count_as_attempt() -> None:
    replies = [response(429), response(503), response(204), unsent(), interrupted()]

    assert [counts_as_attempt(reply.http_status) for reply in replies] == [False] + [
        True
    ] * 4


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_in_doubt", [False, True])
def test_401_stops_run(was_in_doubt: bool, verify: Verify) -> None:
    decision = decide(response(401), was_in_doubt=was_in_doubt, verify=verify)

    assert isinstance(decision, Stop)
    assert decision.reason.cause is StopCause.TOKEN


def test_401_stop_reason_includes_trace_id() -> None:
    decision = decide(response(401, trace_id="abc-1"))

    assert isinstance(decision, Stop)
    assert "abc-1" in decision.reason.detail


def test_401_on_read_back_stops_run() -> None:
    decision = settle(response(401), pause=response(400), attempts=1)

    assert isinstance(decision, Stop)
    assert decision.reason.cause is StopCause.TOKEN


@pytest.mark.parametrize("decide_on", [decide, partial(settle, pause=response(400))])
def test_invalid_certificate_stops_run(decide_on: Callable[[Reply], Decision]) -> None:
    reply = Reply(
        received_at=2.0,
        error=TransportError.TLS,
        is_untrusted=True,
        message="it has expired",
    )
    decision = decide_on(reply)

    assert isinstance(decision, Stop)
    assert decision.reason.cause is StopCause.OUTAGE
    assert "it has expired" in decision.reason.detail


def test_undocumented_refusal_may_have_common_cause() -> None:
    statuses = (*FINAL_ERRORS, *NOT_PROCESSED, 200, 204, 400, 401, 429, 500, None)
    refusals = tuple(status for status in statuses if is_final_refusal(status))

    assert refusals == FINAL_ERRORS


#: Last pause reply, whether the id was in doubt before, campaign status, final status.
SETTLED = [
    (response(204), False, "paused", Status.PAUSED),
    (response(204), False, "running", Status.UNKNOWN),
    (response(204), False, "canceled", Status.PAUSED),
    (response(400), False, "paused", Status.ALREADY_PAUSED),
    (response(400), False, "PAUSED", Status.ALREADY_PAUSED),
    (response(400), True, "paused", Status.PAUSED),
    *((response(400), False, word, Status.NOT_PAUSABLE) for word in NOT_SENDING),
    *((response(400), True, word, Status.NOT_PAUSABLE) for word in NOT_SENDING),
    *((response(400), False, word, Status.REJECTED) for word in SENDING),
    *((response(400), True, word, Status.UNKNOWN) for word in SENDING),
    *((response(400), False, word, Status.REJECTED) for word in UNKNOWN_WORDS),
    *((response(400), True, word, Status.UNKNOWN) for word in UNKNOWN_WORDS),
    *((response(s), False, "paused", Status.PAUSED) for s in FINAL_ERRORS),
    *((response(s), False, "sent", Status.NOT_PAUSABLE) for s in FINAL_ERRORS),
    *((response(s), False, "running", Status.REJECTED) for s in (302, 404, 409, 422)),
    *((response(s), False, "pausing", Status.UNKNOWN) for s in FINAL_ERRORS),
    *((response(s), True, "running", Status.UNKNOWN) for s in FINAL_ERRORS),
    (response(403), False, "running", Status.FAILED),
    *((response(s), False, "paused", Status.PAUSED) for s in UNEXPECTED_SUCCESSES),
    *((response(s), False, "running", Status.UNKNOWN) for s in UNEXPECTED_SUCCESSES),
    *((response(s), False, "paused", Status.PAUSED) for s in AMBIGUOUS_STATUSES),
    *((response(s), False, "running", Status.UNKNOWN) for s in AMBIGUOUS_STATUSES),
    *((response(s), False, "draft", Status.NOT_PAUSABLE) for s in AMBIGUOUS_STATUSES),
    *((interrupted(f), False, "paused", Status.PAUSED) for f in SENT_ERRORS),
    *((interrupted(f), False, "scheduled", Status.UNKNOWN) for f in SENT_ERRORS),
    *((unsent(f), False, "paused", Status.ALREADY_PAUSED) for f in UNSENT_ERRORS),
    *((unsent(f), False, "running", Status.FAILED) for f in UNSENT_ERRORS),
    *((unsent(f), True, "paused", Status.PAUSED) for f in UNSENT_ERRORS),
    *((unsent(f), True, "running", Status.UNKNOWN) for f in UNSENT_ERRORS),
    *((response(s), False, "paused", Status.PAUSED) for s in NOT_PROCESSED),
    *((response(s), False, "running", Status.FAILED) for s in NOT_PROCESSED),
    *((response(s), True, "running", Status.UNKNOWN) for s in NOT_PROCESSED),
]


@pytest.mark.parametrize(
    ("pause", "was_in_doubt", "campaign_status", "status"),
    [
        pytest.param(
            *row,
            id=f"{row[0].http_status or row[0].error}-"
            f"{'in-doubt' if row[1] else 'not-in-doubt'}-{row[2].strip() or 'empty'}",
        )
        for row in SETTLED
    ],
)
def test_read_back_settles_status_as_tabulated(
    pause: Reply, was_in_doubt: bool, campaign_status: str, status: Status
) -> None:
    decision = settle(shown(campaign_status), pause=pause, was_in_doubt=was_in_doubt)

    assert decision == Finish(status)


@pytest.mark.parametrize("campaign_status", NOT_SENDING)
def test_campaign_that_cannot_run_is_not_pausable(campaign_status: str) -> None:
    decision = settle(shown(campaign_status), pause=response(400), attempts=1)

    assert decision == Finish(Status.NOT_PAUSABLE)


@pytest.mark.parametrize("campaign_status", SENDING)
@pytest.mark.parametrize("pause", [response(400), unsent()], ids=reply_id)
def test_read_back_without_doubt_is_final(pause: Reply, campaign_status: str) -> None:
    decision = settle(shown(campaign_status), pause=pause, attempts=1)

    assert decision == settle(shown(campaign_status), pause=pause)


REPEATED_READ_BACKS = [
    *((response(s), "running") for s in (204, 202, 302, 404, 409, 422, 500, 502, 503)),
    *((interrupted(error), "scheduled") for error in SENT_ERRORS),
    *((response(400), word) for word in UNKNOWN_WORDS),
    *((response(500), word) for word in UNKNOWN_WORDS),
]


@pytest.mark.parametrize(("pause", "campaign_status"), REPEATED_READ_BACKS)
def test_read_back_is_repeated_while_status_may_lag(
    pause: Reply, campaign_status: str
) -> None:
    decisions = [
        settle(shown(campaign_status), pause=pause, attempts=number)
        for number in range(1, MAX_READ_BACKS)
    ]

    assert decisions == [Retry(1.0), Retry(2.0), Retry(4.0), Retry(8.0)]


@pytest.mark.parametrize(
    "read_back",
    [unsent(), interrupted(), response(500), response(503), shown(None)],
    ids=reply_id,
)
def test_failed_read_back_is_retried(read_back: Reply) -> None:
    assert settle(read_back, pause=response(400), attempts=3) == Retry(4.0)


@pytest.mark.parametrize("attempts", [0, 4, 1000])
def test_429_on_read_back_is_always_retried(attempts: int) -> None:
    read_back = response(429)
    decision = settle(read_back, pause=response(400), attempts=attempts, rate_limited=1)
    assert decision == Retry(0.0)


READ_BACKS_OF_MISSING = [
    MISSING,
    response(404),
    response(400),
    response(410),
    response(404, campaign_status="paused"),
]
READ_BACKS_WITHOUT_WORD = [
    shown(None),
    response(204),
    response(302),
    response(403),
    response(503),
    response(500),
    unsent(),
    interrupted(),
]


@pytest.mark.parametrize("read_back", READ_BACKS_OF_MISSING, ids=reply_id)
@pytest.mark.parametrize(
    ("pause", "status"),
    [
        (response(400), Status.REJECTED),
        (response(404), Status.REJECTED),
        (response(403), Status.FAILED),
        (response(503), Status.FAILED),
        (unsent(), Status.FAILED),
        (response(200), Status.UNKNOWN),
        (response(500), Status.UNKNOWN),
        (interrupted(), Status.UNKNOWN),
        (response(204), Status.UNKNOWN),
    ],
    ids=reply_id,
)
def test_pause_reply_decides_for_missing_campaign(
    pause: Reply, status: Status, read_back: Reply
) -> None:
    assert settle(read_back, pause=pause, attempts=1) == Finish(status)


@pytest.mark.parametrize("read_back", READ_BACKS_WITHOUT_WORD, ids=reply_id)
@pytest.mark.parametrize(
    ("pause", "status"),
    [
        (response(400), Status.FAILED),
        (unsent(), Status.FAILED),
        (response(404), Status.UNKNOWN),
        (response(403), Status.UNKNOWN),
        (response(503), Status.UNKNOWN),
        (response(200), Status.UNKNOWN),
        (response(500), Status.UNKNOWN),
        (interrupted(), Status.UNKNOWN),
        # With `--verify all`, a 204 alone does not settle the id.
        (response(204), Status.UNKNOWN),
    ],
    ids=reply_id,
)
def test_id_without_usable_read_back_stays_open(
    pause: Reply, status: Status, read_back: Reply
) -> None:
    assert settle(read_back, pause=pause) == Finish(status)


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        (response(204), Finish(Status.UNKNOWN, CONTRADICTORY)),
        (response(400), Finish(Status.FAILED, CONTRADICTORY)),
        # What the error leaves open is not to be lost.
        (interrupted(), Finish(Status.UNKNOWN)),
    ],
    ids=["accepted", "refused", "interrupted"],
)
def test_contradictory_read_back_leaves_id_open(pause: Reply, expected: Finish) -> None:
    read_back = response(200, is_contradictory=True)
    assert settle(read_back, pause=pause) == expected


@pytest.mark.parametrize("read_back", [response(302), response(403)], ids=reply_id)
def test_denied_read_back_is_not_repeated(read_back: Reply) -> None:
    decision = settle(read_back, pause=response(400), attempts=1)

    assert decision == Finish(Status.FAILED)


@pytest.mark.parametrize(
    ("pause", "doubt", "verify", "status"),
    [
        (response(400), Doubt.EXCLUDED, Verify.REFUSED, Status.FAILED),
        (response(400), Doubt.EXCLUDED, Verify.NONE, Status.REJECTED),
        (response(400), Doubt.UNLIKELY, Verify.REFUSED, Status.UNKNOWN),
        (response(400), Doubt.POSSIBLE, Verify.NONE, Status.UNKNOWN),
        (response(404), Doubt.UNLIKELY, Verify.REFUSED, Status.UNKNOWN),
        (response(404), Doubt.UNLIKELY, Verify.DOUBTFUL, Status.REJECTED),
        (response(503), Doubt.UNLIKELY, Verify.REFUSED, Status.UNKNOWN),
        (response(503), Doubt.UNLIKELY, Verify.NONE, Status.FAILED),
        (response(429), Doubt.EXCLUDED, Verify.REFUSED, Status.FAILED),
        (response(401), Doubt.EXCLUDED, Verify.REFUSED, Status.FAILED),
        (unsent(), Doubt.EXCLUDED, Verify.ALL, Status.FAILED),
    ],
)
def test_id_stays_open_without_due_read_back(
    pause: Reply, doubt: Doubt, verify: Verify, status: Status
) -> None:
    assert status_without_read_back(pause, doubt=doubt, verify=verify) is status


@pytest.mark.parametrize(
    "read_back",
    [*READ_BACKS_WITHOUT_WORD, *READ_BACKS_OF_MISSING],
    ids=reply_id,
)
def test_id_in_doubt_without_read_back_is_unknown(read_back: Reply) -> None:
    decision = settle(read_back, pause=response(400), was_in_doubt=True)

    assert decision == Finish(Status.UNKNOWN)


@pytest.mark.parametrize(
    ("read_back", "attempts", "decision"),
    [
        (shown("paused"), 1, Finish(Status.PAUSED)),
        (shown("running"), 1, Resend()),
        (shown("scheduled"), 1, Resend()),
        (shown("pausing"), 1, Resend()),
        (shown(""), 1, Resend()),
        (shown("sent"), 1, Finish(Status.NOT_PAUSABLE)),
        (shown(None), 1, Retry(1.0)),
        (shown(None), MAX_READ_BACKS, Resend()),
        (MISSING, 1, Resend()),
        (response(404), 1, Resend()),
        (response(403), 1, Resend()),
        (response(500), 3, Retry(4.0)),
        (response(500), MAX_READ_BACKS, Resend()),
        (interrupted(), MAX_READ_BACKS, Resend()),
        (response(429), 4, Retry(0.0)),
    ],
    ids=reply_id,
)
def test_read_back_decides_for_id_left_in_doubt(
    read_back: Reply, attempts: int, decision: Decision
) -> None:
    assert settle(read_back, pause=None, attempts=attempts) == decision


def test_backoff_doubles_up_to_cap() -> None:
    retry_policy = RetryPolicy(wait_initial_s=0.5, wait_max_s=3.0)

    waits = [backoff_s(number, unsent(), retry_policy, 1.0) for number in range(1, 6)]

    assert waits == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_default_retry_policy_matches_documentation() -> None:
    retry_policy = RetryPolicy()
    waits = [backoff_s(number, unsent(), retry_policy, 1.0) for number in range(1, 8)]

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert retry_policy.give_up_after_s == 5 * 60


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_backoff_stays_between_half_and_full_wait(attempts: int, jitter: float) -> None:
    retry_policy = RetryPolicy()
    full = backoff_s(attempts, unsent(), retry_policy, 1.0)

    assert full / 2 <= backoff_s(attempts, unsent(), retry_policy, jitter) <= full
    assert full <= retry_policy.wait_max_s


def test_jitter_spreads_backoff() -> None:
    waits = {backoff_s(3, unsent(), RetryPolicy(), jitter / 10) for jitter in range(11)}

    assert len(waits) == 11


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"),
    [(20.0, 20.0), (0.0, 2.0), (1.0, 2.0), (-1.0, 2.0), (None, 2.0), (1e9, 1e9)],
)
def test_retry_after_is_lower_bound(
    retry_after_s: float | None, expected_s: float
) -> None:
    reply = response(503, retry_after_s=retry_after_s)

    assert decide(reply, attempts=2) == Retry(expected_s)


def test_read_back_honours_retry_after() -> None:
    read_back = response(503, retry_after_s=20.0)

    assert settle(read_back, pause=response(400), attempts=1) == Retry(20.0)


replies = st.one_of(
    st.builds(unsent, st.sampled_from(TransportError)),
    st.builds(interrupted, st.sampled_from(TransportError)),
    st.builds(
        response,
        st.integers(101, 999) | st.sampled_from([204, 400, 401, 429, 500, 503]),
        retry_after_s=st.none() | st.floats(-1, 1e9),
    ),
)
words = st.sampled_from(["paused", "running", "scheduled", "sent", "pausing", "PAUSED"])
read_backs = replies | st.builds(shown, st.none() | words)


def counted(attempts: list[Reply]) -> int:
    return sum(counts_as_attempt(reply.http_status) for reply in attempts)


class Simulation:
    """Carries one id through scripted replies, as the dispatcher does."""

    def __init__(self, verify: Verify, max_attempts: int) -> None:
        self.retry_policy = RetryPolicy(verify=verify, max_attempts=max_attempts)
        self.pauses: list[Reply] = []
        self.read_backs: list[Reply] = []
        self.waits: list[float] = []
        self.end: Status | Stop | None = None

    @property
    def doubt(self) -> Doubt:
        return max(map(doubt_of, self.pauses))

    @property
    def shown(self) -> str | None:
        last = self.read_backs[-1] if self.read_backs else None
        if last is None or last.http_status != 200 or last.campaign_status is None:
            return None
        return last.campaign_status.lower()

    def run(self, pauses: list[Reply], read_backs: list[Reply]) -> None:
        decision: Decision = Retry(0.0)
        for reply in pauses:
            self.pauses.append(reply)
            decision = after_attempt(
                reply,
                operation=PAUSE,
                attempts=counted(self.pauses),
                rate_limited=1,
                doubt=self.doubt,
                retry_policy=self.retry_policy,
                jitter=0.5,
            )
            if self._ends(decision):
                return
            if decision == ReadBack():
                break
        for reply in read_backs if decision == ReadBack() else []:
            self.read_backs.append(reply)
            decision = after_read_back(
                reply,
                operation=PAUSE,
                attempts=counted(self.read_backs),
                attempt=self.pauses[-1],
                rate_limited=1,
                doubt=self.doubt,
                retry_policy=self.retry_policy,
                jitter=0.5,
            )
            if self._ends(decision):
                return

    def _ends(self, decision: Decision) -> bool:
        match decision:
            case Retry(wait):
                self.waits.append(wait)
                return False
            case ReadBack() | Resend() | Send():
                return False
            case Finish(status):
                self.end = status
            case Stop():
                self.end = decision
        return True


@st.composite
def simulations(draw: st.DrawFn) -> Simulation:
    simulation = Simulation(draw(st.sampled_from(Verify)), draw(st.integers(1, 5)))
    pauses = draw(st.lists(replies, min_size=1, max_size=12))
    simulation.run(pauses, draw(st.lists(read_backs, max_size=12)))
    return simulation


@given(simulations())
def test_id_in_doubt_is_never_called_not_paused(simulation: Simulation) -> None:
    if simulation.doubt is Doubt.POSSIBLE:
        assert simulation.end not in {
            Status.REJECTED,
            Status.FAILED,
            Status.ALREADY_PAUSED,
        }


@given(simulations())
def test_id_in_little_doubt_fails_only_after_read_back(simulation: Simulation) -> None:
    is_read = simulation.retry_policy.verify in {Verify.REFUSED, Verify.ALL}
    is_refused = simulation.end in {Status.REJECTED, Status.FAILED}
    if is_read and is_refused and simulation.doubt is Doubt.UNLIKELY:
        last = simulation.read_backs[-1]
        is_missing = last.http_status in {400, 404, 410}
        assert is_missing or simulation.shown in {"running", "scheduled"}


@given(simulations())
def test_only_id_in_doubt_is_unknown(simulation: Simulation) -> None:
    if simulation.end is Status.UNKNOWN:
        assert simulation.doubt is not Doubt.EXCLUDED
        assert simulation.shown not in {"paused", "sent"}


@given(simulations())
def test_paused_needs_204_or_read_back(simulation: Simulation) -> None:
    if simulation.end is Status.PAUSED:
        assert simulation.pauses[-1].http_status == 204 or simulation.shown == "paused"


@given(simulations())
def test_already_paused_needs_read_back_and_no_doubt(simulation: Simulation) -> None:
    if simulation.end is Status.ALREADY_PAUSED:
        assert simulation.shown == "paused"
        assert simulation.doubt is Doubt.EXCLUDED


@given(simulations())
def test_not_pausable_needs_read_back_of_status(simulation: Simulation) -> None:
    if simulation.end is Status.NOT_PAUSABLE:
        assert simulation.shown == "sent"


@given(simulations())
def test_counted_attempts_never_exceed_maximum(simulation: Simulation) -> None:
    maximum = simulation.retry_policy.max_attempts

    assert counted(simulation.pauses) <= maximum
    assert counted(simulation.read_backs) <= MAX_READ_BACKS


@given(simulations())
def test_wait_is_finite(simulation: Simulation) -> None:
    assert all(0 <= wait <= 1e9 for wait in simulation.waits)


@given(simulations())
def test_verify_all_always_reads_back(simulation: Simulation) -> None:
    if simulation.retry_policy.verify is Verify.ALL and isinstance(
        simulation.end, Status
    ):
        assert simulation.read_backs


@given(simulations())
def test_verify_none_never_reads_back(simulation: Simulation) -> None:
    if simulation.retry_policy.verify is Verify.NONE:
        assert not simulation.read_backs


@given(simulations())
def test_unfinished_id_is_unknown_in_doubt(simulation: Simulation) -> None:
    status = status_without_read_back(
        simulation.pauses[-1],
        doubt=simulation.doubt,
        verify=simulation.retry_policy.verify,
    )

    if simulation.doubt is Doubt.POSSIBLE:
        assert status is Status.UNKNOWN
    if simulation.doubt is Doubt.EXCLUDED:
        assert status is not Status.UNKNOWN
