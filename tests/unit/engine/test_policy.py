"""Retry policy: tables of decisions, and properties of scripted simulations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.engine.policy import (
    MAX_RETRY_AFTER_S,
    Decision,
    Finish,
    ReadBack,
    Resend,
    Retry,
    RetryPolicy,
    Stop,
    Verify,
    after_pause,
    after_read_back,
    backoff_s,
    counts_as_attempt,
    is_rejected,
    may_be_applied,
    status_without_read_back,
)
from bulkpause.model import Reply, Status, StopCause, TransportError


FINAL_ERRORS = (300, 301, 302, 303, 307, 308, 403, 404, 409, 422, 499)
UNEXPECTED_SUCCESSES = (200, 201, 202, 206, 299)
REJECTIONS = FINAL_ERRORS + UNEXPECTED_SUCCESSES
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
OTHER_STATUSES = ("sent", "draft", "canceled", "needs_decision", "unknown_status")


def reply_id(value: object) -> str | None:
    """Name a parametrised reply after its HTTP status, error or campaign status."""
    if not isinstance(value, Reply):
        return None
    outcome = str(value.http_status or value.error)
    is_sent = "" if value.sent_at is not None else "-unsent"
    shown_status = f"-{value.campaign_status}" if value.campaign_status else ""
    return f"{outcome}{is_sent}{shown_status}"


def response(status: int, **values: object) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, http_status=status, **values)  # type: ignore[arg-type]


def unsent(error: TransportError = TransportError.REFUSED) -> Reply:
    return Reply(received_at=2.0, error=error)


def interrupted(error: TransportError = TransportError.RESET) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, error=error)


def shown(campaign_status: str | None) -> Reply:
    return response(200, campaign_status=campaign_status)


def decide(
    reply: Reply,
    *,
    verify: Verify = Verify.REFUSED,
    attempts: int = 1,
    was_in_doubt: bool = False,
    jitter: float = 1.0,
) -> Decision:
    return after_pause(
        reply,
        attempts=attempts,
        is_in_doubt=was_in_doubt or may_be_applied(reply),
        retry_policy=RetryPolicy(verify=verify),
        jitter=jitter,
    )


def settle(
    read_back: Reply,
    *,
    pause: Reply | None,
    was_in_doubt: bool = False,
    verify: Verify = Verify.ALL,
    attempts: int = 4,
) -> Decision:
    return after_read_back(
        read_back,
        attempts=attempts,
        pause=pause,
        is_in_doubt=was_in_doubt or pause is None or may_be_applied(pause),
        retry_policy=RetryPolicy(verify=verify),
        jitter=1.0,
    )


VERIFY_SOME = (Verify.NONE, Verify.DOUBTFUL, Verify.REFUSED)
VERIFY_IN_DOUBT = (Verify.DOUBTFUL, Verify.REFUSED, Verify.ALL)

#: Reply, whether the id was in doubt before, verify modes, decision at the last attempt.
LAST_ATTEMPTS = [
    (response(204), False, VERIFY_SOME, Finish(Status.PAUSED)),
    (response(204), False, (Verify.ALL,), ReadBack()),
    (response(204), True, VERIFY_SOME, Finish(Status.PAUSED)),
    (response(204), True, (Verify.ALL,), ReadBack()),
    (response(400), False, (Verify.NONE, Verify.DOUBTFUL), Finish(Status.REJECTED)),
    (response(400), False, (Verify.REFUSED, Verify.ALL), ReadBack()),
    *((response(s), False, VERIFY_SOME, Finish(Status.REJECTED)) for s in REJECTIONS),
    *((response(s), False, (Verify.ALL,), ReadBack()) for s in REJECTIONS),
    *(
        (response(s), True, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in (400, *REJECTIONS)
    ),
    *((response(s), True, VERIFY_IN_DOUBT, ReadBack()) for s in (400, *REJECTIONS)),
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
    *(
        (response(s), False, VERIFY_SOME, Finish(Status.FAILED))
        for s in (503, 408, 425)
    ),
    *((response(s), False, (Verify.ALL,), ReadBack()) for s in (503, 408, 425)),
    *((response(s), True, (Verify.NONE,), Finish(Status.UNKNOWN)) for s in (503, 408)),
    *((response(s), True, VERIFY_IN_DOUBT, ReadBack()) for s in (503, 408)),
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
@pytest.mark.parametrize("status", [204, 400, *REJECTIONS])
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
    assert settle(reply, pause=reply, attempts=5) == settle(reply, pause=reply)


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("attempts", [0, 1, 4, 1000])
def test_429_is_retried_after_any_number_of_attempts(
    attempts: int, verify: Verify
) -> None:
    assert decide(response(429), attempts=attempts, verify=verify) == Retry(0.0)


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


@pytest.mark.parametrize("status", [204, *AMBIGUOUS_STATUSES])
def test_204_and_ambiguous_error_may_be_applied(status: int) -> None:
    assert may_be_applied(response(status))


@pytest.mark.parametrize("status", [400, 401, 408, 425, 429, 503, *FINAL_ERRORS])
def test_rejection_is_not_applied(status: int) -> None:
    assert not may_be_applied(response(status))


@pytest.mark.parametrize("error", TransportError)
def test_transport_error_may_be_applied_only_after_sending(
    error: TransportError,
) -> None:
    assert (may_be_applied(interrupted(error)), may_be_applied(unsent(error))) == (
        True,
        False,
    )


@pytest.mark.parametrize("status", [400, 401, *REJECTIONS])
def test_negative_response_is_rejection(status: int) -> None:
    assert is_rejected(response(status))


@pytest.mark.parametrize(
    "reply", [response(204), response(429), response(500), unsent()], ids=reply_id
)
def test_other_reply_is_not_rejection(reply: Reply) -> None:
    assert not is_rejected(reply)


#: Last pause reply, whether the id was in doubt before, campaign status, final status.
SETTLED = [
    (response(204), False, "paused", Status.PAUSED),
    (response(400), False, "paused", Status.ALREADY_PAUSED),
    (response(400), False, "sent", Status.NOT_PAUSABLE),
    (response(400), False, "running", Status.NOT_PAUSABLE),
    (response(400), True, "paused", Status.PAUSED),
    (response(400), True, "sent", Status.NOT_PAUSABLE),
    (response(400), True, "running", Status.NOT_PAUSABLE),
    *((response(s), False, "paused", Status.ALREADY_PAUSED) for s in FINAL_ERRORS),
    *((response(s), False, "running", Status.REJECTED) for s in REJECTIONS),
    *((response(s), False, "sent", Status.NOT_PAUSABLE) for s in REJECTIONS),
    *((response(s), True, "paused", Status.PAUSED) for s in REJECTIONS),
    *((response(s), True, "running", Status.REJECTED) for s in REJECTIONS),
    *((response(s), False, "paused", Status.PAUSED) for s in UNEXPECTED_SUCCESSES),
    *((response(s), False, "paused", Status.PAUSED) for s in AMBIGUOUS_STATUSES),
    *((response(s), False, "running", Status.FAILED) for s in AMBIGUOUS_STATUSES),
    *((response(s), False, "draft", Status.NOT_PAUSABLE) for s in AMBIGUOUS_STATUSES),
    *((interrupted(f), False, "paused", Status.PAUSED) for f in SENT_ERRORS),
    *((interrupted(f), False, "scheduled", Status.FAILED) for f in SENT_ERRORS),
    *((unsent(f), False, "paused", Status.ALREADY_PAUSED) for f in UNSENT_ERRORS),
    *((unsent(f), False, "running", Status.FAILED) for f in UNSENT_ERRORS),
    *((unsent(f), True, "paused", Status.PAUSED) for f in UNSENT_ERRORS),
    *((unsent(f), True, "running", Status.FAILED) for f in UNSENT_ERRORS),
    (response(503), False, "paused", Status.ALREADY_PAUSED),
    (response(503), False, "running", Status.FAILED),
    (response(503), True, "paused", Status.PAUSED),
    (response(204), False, "running", Status.FAILED),
    (response(204), False, "canceled", Status.NOT_PAUSABLE),
]


@pytest.mark.parametrize(
    ("pause", "was_in_doubt", "campaign_status", "status"),
    [
        pytest.param(
            *row,
            id=f"{row[0].http_status or row[0].error}-"
            f"{'in-doubt' if row[1] else 'not-in-doubt'}-{row[2]}",
        )
        for row in SETTLED
    ],
)
def test_read_back_settles_status_as_tabulated(
    pause: Reply, was_in_doubt: bool, campaign_status: str, status: Status
) -> None:
    decision = settle(shown(campaign_status), pause=pause, was_in_doubt=was_in_doubt)

    assert decision == Finish(status)


@pytest.mark.parametrize("campaign_status", OTHER_STATUSES)
def test_campaign_that_cannot_run_is_not_pausable(campaign_status: str) -> None:
    decision = settle(shown(campaign_status), pause=response(400), attempts=1)

    assert decision == Finish(Status.NOT_PAUSABLE)


@pytest.mark.parametrize(
    "pause", [response(400), response(500), interrupted(), unsent()], ids=reply_id
)
def test_first_read_back_with_status_is_final(pause: Reply) -> None:
    first = settle(shown("running"), pause=pause, attempts=1)

    assert first == settle(shown("running"), pause=pause, attempts=4)


def test_read_back_of_accepted_pause_is_repeated() -> None:
    decisions = [
        settle(shown("running"), pause=response(204), attempts=number)
        for number in (1, 2, 3, 4)
    ]

    assert decisions == [Retry(1.0), Retry(2.0), Retry(4.0), Finish(Status.FAILED)]


@pytest.mark.parametrize(
    "read_back",
    [unsent(), interrupted(), response(500), response(503)],
    ids=reply_id,
)
def test_failed_read_back_is_retried(read_back: Reply) -> None:
    assert settle(read_back, pause=response(400), attempts=3) == Retry(4.0)


@pytest.mark.parametrize("attempts", [0, 4, 1000])
def test_429_on_read_back_is_always_retried(attempts: int) -> None:
    assert settle(response(429), pause=response(400), attempts=attempts) == Retry(0.0)


READ_BACKS_WITHOUT_STATUS = [
    shown(None),
    response(204),
    response(302),
    response(403),
    response(404),
    response(400),
    response(503),
    response(500),
    unsent(),
    interrupted(),
    response(404, campaign_status="paused"),
]


@pytest.mark.parametrize("read_back", READ_BACKS_WITHOUT_STATUS, ids=reply_id)
@pytest.mark.parametrize(
    ("pause", "status"),
    [
        (response(403), Status.REJECTED),
        (response(200), Status.REJECTED),
        (response(503), Status.FAILED),
        (unsent(), Status.FAILED),
        (response(500), Status.UNKNOWN),
        (interrupted(), Status.UNKNOWN),
        # With `--verify all`, a 204 alone does not settle the id.
        (response(204), Status.UNKNOWN),
    ],
    ids=reply_id,
)
def test_pause_reply_decides_without_campaign_status(
    pause: Reply, status: Status, read_back: Reply
) -> None:
    assert settle(read_back, pause=pause) == Finish(status)


@pytest.mark.parametrize(
    ("read_back", "status"),
    [
        (response(404), Status.REJECTED),
        (response(400), Status.REJECTED),
        (response(503), Status.FAILED),
        (response(500), Status.FAILED),
        (unsent(), Status.FAILED),
        (interrupted(), Status.FAILED),
    ],
    ids=reply_id,
)
def test_400_stays_retryable_after_transient_read_back_failure(
    read_back: Reply, status: Status
) -> None:
    assert settle(read_back, pause=response(400)) == Finish(status)


@pytest.mark.parametrize(
    ("pause", "is_in_doubt", "status"),
    [
        (response(400), False, Status.FAILED),
        (response(400), True, Status.UNKNOWN),
        (response(403), False, Status.REJECTED),
        (response(404), False, Status.REJECTED),
    ],
    ids=reply_id,
)
def test_only_400_stays_retryable_before_read_back(
    pause: Reply, is_in_doubt: bool, status: Status
) -> None:
    actual = status_without_read_back(
        pause, is_in_doubt=is_in_doubt, is_read_back_due=True
    )
    assert actual is status


@pytest.mark.parametrize("read_back", READ_BACKS_WITHOUT_STATUS, ids=reply_id)
def test_id_in_doubt_without_read_back_is_unknown(read_back: Reply) -> None:
    decision = settle(read_back, pause=response(400), was_in_doubt=True)

    assert decision == Finish(Status.UNKNOWN)


@pytest.mark.parametrize(
    ("read_back", "attempts", "decision"),
    [
        (shown("paused"), 1, Finish(Status.PAUSED)),
        (shown("running"), 1, Resend()),
        (shown("scheduled"), 1, Resend()),
        (shown("sent"), 1, Finish(Status.NOT_PAUSABLE)),
        (shown(None), 1, Resend()),
        (response(404), 1, Resend()),
        (response(500), 3, Retry(4.0)),
        (response(500), 4, Resend()),
        (interrupted(), 4, Resend()),
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
    [(20.0, 20.0), (0.0, 2.0), (1.0, 2.0), (-1.0, 2.0), (None, 2.0), (1e9, 300.0)],
)
def test_retry_after_is_capped_lower_bound(
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
read_backs = replies | st.builds(
    shown, st.none() | st.sampled_from(["paused", "running", "scheduled", "sent"])
)


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
    def is_in_doubt(self) -> bool:
        return any(map(may_be_applied, self.pauses))

    @property
    def shown(self) -> str | None:
        last = self.read_backs[-1] if self.read_backs else None
        is_good = last is not None and last.http_status == 200
        return last.campaign_status if last is not None and is_good else None

    def run(self, pauses: list[Reply], read_backs: list[Reply]) -> None:
        decision: Decision = Retry(0.0)
        for reply in pauses:
            self.pauses.append(reply)
            decision = after_pause(
                reply,
                attempts=counted(self.pauses),
                is_in_doubt=self.is_in_doubt,
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
                attempts=counted(self.read_backs),
                pause=self.pauses[-1],
                is_in_doubt=self.is_in_doubt,
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
            case ReadBack() | Resend():
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
def test_id_in_doubt_fails_only_when_seen_running(simulation: Simulation) -> None:
    if simulation.is_in_doubt and simulation.end in {Status.REJECTED, Status.FAILED}:
        assert simulation.shown in {"running", "scheduled"}


@given(simulations())
def test_only_id_in_doubt_is_unknown(simulation: Simulation) -> None:
    if simulation.end is Status.UNKNOWN:
        assert simulation.is_in_doubt
        assert simulation.shown is None


@given(simulations())
def test_paused_needs_204_or_read_back(simulation: Simulation) -> None:
    if simulation.end is Status.PAUSED:
        assert simulation.pauses[-1].http_status == 204 or simulation.shown == "paused"


@given(simulations())
def test_already_paused_needs_read_back_and_no_doubt(simulation: Simulation) -> None:
    if simulation.end is Status.ALREADY_PAUSED:
        assert simulation.shown == "paused"
        assert not simulation.is_in_doubt
        status = simulation.pauses[-1].http_status
        assert status is None or status >= 300


@given(simulations())
def test_not_pausable_needs_read_back_of_status(simulation: Simulation) -> None:
    if simulation.end is Status.NOT_PAUSABLE:
        assert simulation.shown not in {None, "paused"}


@given(simulations())
def test_counted_attempts_never_exceed_maximum(simulation: Simulation) -> None:
    maximum = simulation.retry_policy.max_attempts

    assert counted(simulation.pauses) <= maximum
    assert counted(simulation.read_backs) <= maximum


@given(simulations())
def test_wait_is_finite_and_capped(simulation: Simulation) -> None:
    assert all(0 <= wait <= MAX_RETRY_AFTER_S for wait in simulation.waits)


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
def test_unfinished_id_is_unknown_only_in_doubt(simulation: Simulation) -> None:
    status = status_without_read_back(
        simulation.pauses[-1], is_in_doubt=simulation.is_in_doubt
    )

    assert (status is Status.UNKNOWN) == simulation.is_in_doubt
