import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.engine.policy import (
    LONGEST_RETRY_AFTER_S,
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
    counts_as_attempt,
    is_refused,
    may_be_applied,
    unsettled,
    wait_s,
)
from bulkpause.model import Reply, Status, StopCause, TransportError


FINAL_REFUSALS = (300, 301, 302, 303, 307, 308, 403, 404, 409, 422, 499)
ODD_SUCCESSES = (200, 201, 202, 206, 299)
REJECTIONS = FINAL_REFUSALS + ODD_SUCCESSES
DOUBTFUL_STATUSES = (500, 502, 504, 520, 599)
UNSENT_FAULTS = (
    TransportError.DNS,
    TransportError.TLS,
    TransportError.REFUSED,
    TransportError.CONNECT_TIMEOUT,
)
SENT_FAULTS = (
    TransportError.READ_TIMEOUT,
    TransportError.RESET,
    TransportError.HANG_UP,
    TransportError.MALFORMED,
)
OTHER_STATUSES = ("sent", "draft", "canceled", "needs_decision", "a new one")


def answer(status: int, **values: object) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, http_status=status, **values)  # type: ignore[arg-type]


def unsent(fault: TransportError = TransportError.REFUSED) -> Reply:
    return Reply(received_at=2.0, error=fault)


def broken(fault: TransportError = TransportError.RESET) -> Reply:
    return Reply(received_at=2.0, sent_at=1.0, error=fault)


def seen(campaign_status: str | None) -> Reply:
    return answer(200, campaign_status=campaign_status)


def decide(
    reply: Reply,
    *,
    verify: Verify = Verify.REFUSED,
    attempts: int = 1,
    was_doubtful: bool = False,
    jitter: float = 1.0,
) -> Decision:
    return after_pause(
        reply,
        attempts=attempts,
        is_in_doubt=was_doubtful or may_be_applied(reply),
        retry_policy=RetryPolicy(verify=verify),
        jitter=jitter,
    )


def settle(
    view: Reply,
    *,
    pause: Reply | None,
    was_doubtful: bool = False,
    verify: Verify = Verify.ALL,
    attempts: int = 4,
) -> Decision:
    return after_read_back(
        view,
        attempts=attempts,
        pause=pause,
        is_in_doubt=was_doubtful or pause is None or may_be_applied(pause),
        retry_policy=RetryPolicy(verify=verify),
        jitter=1.0,
    )


VERIFY_SOME = (Verify.NONE, Verify.DOUBTFUL, Verify.REFUSED)
VERIFY_DOUBT = (Verify.DOUBTFUL, Verify.REFUSED, Verify.ALL)

#: reply, whether an earlier one was doubtful, verify modes, decision on the last try
LAST_TRIES = [
    (answer(204), False, VERIFY_SOME, Finish(Status.PAUSED)),
    (answer(204), False, (Verify.ALL,), ReadBack()),
    (answer(204), True, VERIFY_SOME, Finish(Status.PAUSED)),
    (answer(204), True, (Verify.ALL,), ReadBack()),
    (answer(400), False, (Verify.NONE, Verify.DOUBTFUL), Finish(Status.REJECTED)),
    (answer(400), False, (Verify.REFUSED, Verify.ALL), ReadBack()),
    *((answer(s), False, VERIFY_SOME, Finish(Status.REJECTED)) for s in REJECTIONS),
    *((answer(s), False, (Verify.ALL,), ReadBack()) for s in REJECTIONS),
    *(
        (answer(s), True, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in (400, *REJECTIONS)
    ),
    *((answer(s), True, VERIFY_DOUBT, ReadBack()) for s in (400, *REJECTIONS)),
    *(
        (answer(s), False, (Verify.NONE,), Finish(Status.UNKNOWN))
        for s in DOUBTFUL_STATUSES
    ),
    *((answer(s), False, VERIFY_DOUBT, ReadBack()) for s in DOUBTFUL_STATUSES),
    *((broken(f), False, (Verify.NONE,), Finish(Status.UNKNOWN)) for f in SENT_FAULTS),
    *((broken(f), False, VERIFY_DOUBT, ReadBack()) for f in SENT_FAULTS),
    *((unsent(f), False, VERIFY_SOME, Finish(Status.FAILED)) for f in UNSENT_FAULTS),
    *((unsent(f), False, (Verify.ALL,), ReadBack()) for f in UNSENT_FAULTS),
    *((unsent(f), True, (Verify.NONE,), Finish(Status.UNKNOWN)) for f in UNSENT_FAULTS),
    *((unsent(f), True, VERIFY_DOUBT, ReadBack()) for f in UNSENT_FAULTS),
    *((answer(s), False, VERIFY_SOME, Finish(Status.FAILED)) for s in (503, 408, 425)),
    *((answer(s), False, (Verify.ALL,), ReadBack()) for s in (503, 408, 425)),
    *((answer(s), True, (Verify.NONE,), Finish(Status.UNKNOWN)) for s in (503, 408)),
    *((answer(s), True, VERIFY_DOUBT, ReadBack()) for s in (503, 408)),
]
LAST_TRY_ROWS = [
    pytest.param(
        reply,
        was_doubtful,
        verify,
        decision,
        id=f"{reply.http_status or reply.error}-"
        f"{'after-doubt' if was_doubtful else 'fresh'}-{verify}",
    )
    for reply, was_doubtful, modes, decision in LAST_TRIES
    for verify in modes
]


@pytest.mark.parametrize(("reply", "was_doubtful", "verify", "decision"), LAST_TRY_ROWS)
def test_the_last_try_ends_as_the_table_says(
    reply: Reply, was_doubtful: bool, verify: Verify, decision: Decision
) -> None:
    met = decide(reply, was_doubtful=was_doubtful, verify=verify, attempts=4)

    assert met == decision


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_doubtful", [False, True])
@pytest.mark.parametrize("status", [204, 400, *REJECTIONS])
def test_a_final_answer_is_the_same_at_the_first_try_as_at_the_last(
    status: int, was_doubtful: bool, verify: Verify
) -> None:
    first, last = (
        decide(answer(status), attempts=tries, was_doubtful=was_doubtful, verify=verify)
        for tries in (1, 4)
    )

    assert first == last


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_doubtful", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        *map(unsent, UNSENT_FAULTS),
        *map(broken, SENT_FAULTS),
        *map(answer, (503, 408, 425, *DOUBTFUL_STATUSES)),
    ],
    ids=lambda reply: str(reply.http_status or reply.error),
)
def test_what_may_pass_is_tried_again(
    reply: Reply, was_doubtful: bool, verify: Verify
) -> None:
    tries = [
        decide(reply, attempts=number, was_doubtful=was_doubtful, verify=verify)
        for number in (1, 2, 3)
    ]

    assert tries == [Retry(1.0), Retry(2.0), Retry(4.0)]


@pytest.mark.parametrize("reply", [unsent(), broken(), answer(503)])
def test_a_try_too_many_is_the_last_as_well(reply: Reply) -> None:
    assert decide(reply, attempts=5) == decide(reply, attempts=4)
    assert settle(reply, pause=reply, attempts=5) == settle(reply, pause=reply)


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("attempts", [0, 1, 4, 1000])
def test_429_is_tried_again_however_many_tries_there_were(
    attempts: int, verify: Verify
) -> None:
    assert decide(answer(429), attempts=attempts, verify=verify) == Retry(0.0)


def test_429_is_no_attempt_and_every_other_reply_is() -> None:
    replies = [answer(429), answer(503), answer(204), unsent(), broken()]

    assert [counts_as_attempt(reply) for reply in replies] == [False] + [True] * 4


@pytest.mark.parametrize("verify", Verify)
@pytest.mark.parametrize("was_doubtful", [False, True])
def test_401_stops_the_run(was_doubtful: bool, verify: Verify) -> None:
    decision = decide(answer(401), was_doubtful=was_doubtful, verify=verify)

    assert isinstance(decision, Stop)
    assert decision.stopped.cause is StopCause.TOKEN


def test_401_names_the_trace_that_the_server_gave() -> None:
    decision = decide(answer(401, trace_id="abc-1"))

    assert isinstance(decision, Stop)
    assert "abc-1" in decision.stopped.detail


def test_401_to_a_read_back_stops_the_run_too() -> None:
    decision = settle(answer(401), pause=answer(400), attempts=1)

    assert isinstance(decision, Stop)
    assert decision.stopped.cause is StopCause.TOKEN


@pytest.mark.parametrize("status", [204, *DOUBTFUL_STATUSES])
def test_an_answer_that_hides_what_was_done_may_be_applied(status: int) -> None:
    assert may_be_applied(answer(status))


@pytest.mark.parametrize("status", [400, 401, 408, 425, 429, 503, *FINAL_REFUSALS])
def test_a_refusal_is_not_applied(status: int) -> None:
    assert not may_be_applied(answer(status))


@pytest.mark.parametrize("fault", TransportError)
def test_a_fault_may_be_applied_exactly_when_the_request_was_written(
    fault: TransportError,
) -> None:
    assert (may_be_applied(broken(fault)), may_be_applied(unsent(fault))) == (
        True,
        False,
    )


@pytest.mark.parametrize("status", [400, 401, *REJECTIONS])
def test_a_final_refusal_is_one(status: int) -> None:
    assert is_refused(answer(status))


@pytest.mark.parametrize("reply", [answer(204), answer(429), answer(500), unsent()])
def test_what_is_no_final_refusal_is_none(reply: Reply) -> None:
    assert not is_refused(reply)


#: last pause reply, whether an earlier one was doubtful, status seen, final status
SETTLED = [
    (answer(204), False, "paused", Status.PAUSED),
    (answer(400), False, "paused", Status.ALREADY_PAUSED),
    (answer(400), False, "sent", Status.NOT_PAUSABLE),
    (answer(400), False, "running", Status.NOT_PAUSABLE),
    (answer(400), True, "paused", Status.PAUSED),
    (answer(400), True, "sent", Status.NOT_PAUSABLE),
    (answer(400), True, "running", Status.NOT_PAUSABLE),
    *((answer(s), False, "paused", Status.ALREADY_PAUSED) for s in FINAL_REFUSALS),
    *((answer(s), False, "running", Status.REJECTED) for s in REJECTIONS),
    *((answer(s), False, "sent", Status.NOT_PAUSABLE) for s in REJECTIONS),
    *((answer(s), True, "paused", Status.PAUSED) for s in REJECTIONS),
    *((answer(s), True, "running", Status.REJECTED) for s in REJECTIONS),
    *((answer(s), False, "paused", Status.PAUSED) for s in ODD_SUCCESSES),
    *((answer(s), False, "paused", Status.PAUSED) for s in DOUBTFUL_STATUSES),
    *((answer(s), False, "running", Status.FAILED) for s in DOUBTFUL_STATUSES),
    *((answer(s), False, "draft", Status.NOT_PAUSABLE) for s in DOUBTFUL_STATUSES),
    *((broken(f), False, "paused", Status.PAUSED) for f in SENT_FAULTS),
    *((broken(f), False, "scheduled", Status.FAILED) for f in SENT_FAULTS),
    *((unsent(f), False, "paused", Status.ALREADY_PAUSED) for f in UNSENT_FAULTS),
    *((unsent(f), False, "running", Status.FAILED) for f in UNSENT_FAULTS),
    *((unsent(f), True, "paused", Status.PAUSED) for f in UNSENT_FAULTS),
    *((unsent(f), True, "running", Status.FAILED) for f in UNSENT_FAULTS),
    (answer(503), False, "paused", Status.ALREADY_PAUSED),
    (answer(503), False, "running", Status.FAILED),
    (answer(503), True, "paused", Status.PAUSED),
    (answer(204), False, "running", Status.FAILED),
    (answer(204), False, "canceled", Status.NOT_PAUSABLE),
]


@pytest.mark.parametrize(
    ("pause", "was_doubtful", "campaign_status", "status"),
    [
        pytest.param(
            *row,
            id=f"{row[0].http_status or row[0].error}-"
            f"{'after-doubt' if row[1] else 'fresh'}-{row[2]}",
        )
        for row in SETTLED
    ],
)
def test_a_read_back_settles_as_the_table_says(
    pause: Reply, was_doubtful: bool, campaign_status: str, status: Status
) -> None:
    met = settle(seen(campaign_status), pause=pause, was_doubtful=was_doubtful)

    assert met == Finish(status)


@pytest.mark.parametrize("campaign_status", OTHER_STATUSES)
def test_a_campaign_that_cannot_run_is_not_pausable(campaign_status: str) -> None:
    met = settle(seen(campaign_status), pause=answer(400), attempts=1)

    assert met == Finish(Status.NOT_PAUSABLE)


@pytest.mark.parametrize("pause", [answer(400), answer(500), broken(), unsent()])
def test_the_first_read_back_that_shows_a_status_settles(pause: Reply) -> None:
    first = settle(seen("running"), pause=pause, attempts=1)

    assert first == settle(seen("running"), pause=pause, attempts=4)


def test_a_pause_that_was_accepted_is_given_time_to_show() -> None:
    tries = [
        settle(seen("running"), pause=answer(204), attempts=number)
        for number in (1, 2, 3, 4)
    ]

    assert tries == [Retry(1.0), Retry(2.0), Retry(4.0), Finish(Status.FAILED)]


@pytest.mark.parametrize("view", [unsent(), broken(), answer(500), answer(503)])
def test_a_read_back_that_failed_is_made_again(view: Reply) -> None:
    assert settle(view, pause=answer(400), attempts=3) == Retry(4.0)


@pytest.mark.parametrize("attempts", [0, 4, 1000])
def test_429_to_a_read_back_uses_up_no_try(attempts: int) -> None:
    assert settle(answer(429), pause=answer(400), attempts=attempts) == Retry(0.0)


BLIND_VIEWS = [
    seen(None),
    answer(204),
    answer(302),
    answer(403),
    answer(404),
    answer(400),
    answer(503),
    answer(500),
    unsent(),
    broken(),
    answer(404, campaign_status="paused"),
]


@pytest.mark.parametrize("view", BLIND_VIEWS)
@pytest.mark.parametrize(
    ("pause", "status"),
    [
        (answer(403), Status.REJECTED),
        (answer(200), Status.REJECTED),
        (answer(503), Status.FAILED),
        (unsent(), Status.FAILED),
        (answer(500), Status.UNKNOWN),
        (broken(), Status.UNKNOWN),
        # Every id was to be proved, and this one was not.
        (answer(204), Status.UNKNOWN),
    ],
)
def test_without_a_status_seen_the_pause_requests_have_the_last_word(
    pause: Reply, status: Status, view: Reply
) -> None:
    assert settle(view, pause=pause) == Finish(status)


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (answer(404), Status.REJECTED),
        (answer(400), Status.REJECTED),
        (answer(503), Status.FAILED),
        (answer(500), Status.FAILED),
        (unsent(), Status.FAILED),
        (broken(), Status.FAILED),
    ],
)
def test_400_stays_open_where_a_later_read_back_can_tell_more(
    view: Reply, status: Status
) -> None:
    assert settle(view, pause=answer(400)) == Finish(status)


@pytest.mark.parametrize(
    ("pause", "is_in_doubt", "status"),
    [
        (answer(400), False, Status.FAILED),
        (answer(400), True, Status.UNKNOWN),
        (answer(403), False, Status.REJECTED),
        (answer(404), False, Status.REJECTED),
    ],
)
def test_before_its_read_back_only_400_is_no_final_word(
    pause: Reply, is_in_doubt: bool, status: Status
) -> None:
    found = unsettled(pause, is_in_doubt=is_in_doubt, is_open=True)
    assert found is status


@pytest.mark.parametrize("view", BLIND_VIEWS)
def test_a_doubt_that_no_read_back_removes_stays(view: Reply) -> None:
    met = settle(view, pause=answer(400), was_doubtful=True)

    assert met == Finish(Status.UNKNOWN)


@pytest.mark.parametrize(
    ("view", "attempts", "decision"),
    [
        (seen("paused"), 1, Finish(Status.PAUSED)),
        (seen("running"), 1, Resend()),
        (seen("scheduled"), 1, Resend()),
        (seen("sent"), 1, Finish(Status.NOT_PAUSABLE)),
        (seen(None), 1, Resend()),
        (answer(404), 1, Resend()),
        (answer(500), 3, Retry(4.0)),
        (answer(500), 4, Resend()),
        (broken(), 4, Resend()),
        (answer(429), 4, Retry(0.0)),
    ],
)
def test_what_an_earlier_run_left_in_doubt_is_looked_at_and_then_tried(
    view: Reply, attempts: int, decision: Decision
) -> None:
    assert settle(view, pause=None, attempts=attempts) == decision


def test_waits_double_up_to_the_cap() -> None:
    retry_policy = RetryPolicy(wait_initial_s=0.5, wait_max_s=3.0)

    waits = [wait_s(number, unsent(), retry_policy, 1.0) for number in range(1, 6)]

    assert waits == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_unless_told_otherwise_waits_and_patience_are_those_of_the_manual() -> None:
    retry_policy = RetryPolicy()
    waits = [wait_s(number, unsent(), retry_policy, 1.0) for number in range(1, 8)]

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert retry_policy.give_up_after_s == 5 * 60


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_a_wait_is_at_least_half_of_the_full_one_and_never_above_the_cap(
    attempts: int, jitter: float
) -> None:
    retry_policy = RetryPolicy()
    full = wait_s(attempts, unsent(), retry_policy, 1.0)

    assert full / 2 <= wait_s(attempts, unsent(), retry_policy, jitter) <= full
    assert full <= retry_policy.wait_max_s


def test_jitter_spreads_the_waits() -> None:
    waits = {wait_s(3, unsent(), RetryPolicy(), jitter / 10) for jitter in range(11)}

    assert len(waits) == 11


@pytest.mark.parametrize(
    ("retry_after_s", "expected_s"),
    [(20.0, 20.0), (0.0, 2.0), (1.0, 2.0), (-1.0, 2.0), (None, 2.0), (1e9, 300.0)],
)
def test_retry_after_is_the_least_wait_up_to_its_cap(
    retry_after_s: float | None, expected_s: float
) -> None:
    reply = answer(503, retry_after_s=retry_after_s)

    assert decide(reply, attempts=2) == Retry(expected_s)


def test_a_read_back_honours_retry_after_too() -> None:
    view = answer(503, retry_after_s=20.0)

    assert settle(view, pause=answer(400), attempts=1) == Retry(20.0)


replies = st.one_of(
    st.builds(unsent, st.sampled_from(TransportError)),
    st.builds(broken, st.sampled_from(TransportError)),
    st.builds(
        answer,
        st.integers(101, 999) | st.sampled_from([204, 400, 401, 429, 500, 503]),
        retry_after_s=st.none() | st.floats(-1, 1e9),
    ),
)
views = replies | st.builds(
    seen, st.none() | st.sampled_from(["paused", "running", "scheduled", "sent"])
)


class Course:
    """One id, carried through a script of replies the way an engine does it."""

    def __init__(self, verify: Verify, max_attempts: int) -> None:
        self.retry_policy = RetryPolicy(verify=verify, max_attempts=max_attempts)
        self.pauses: list[Reply] = []
        self.views: list[Reply] = []
        self.waits: list[float] = []
        self.end: Status | Stop | None = None

    @property
    def is_in_doubt(self) -> bool:
        return any(map(may_be_applied, self.pauses))

    @property
    def shown(self) -> str | None:
        last = self.views[-1] if self.views else None
        is_good = last is not None and last.http_status == 200
        return last.campaign_status if last is not None and is_good else None

    def run(self, pauses: list[Reply], views: list[Reply]) -> None:
        decision: Decision = Retry(0.0)
        for reply in pauses:
            self.pauses.append(reply)
            decision = after_pause(
                reply,
                attempts=sum(map(counts_as_attempt, self.pauses)),
                is_in_doubt=self.is_in_doubt,
                retry_policy=self.retry_policy,
                jitter=0.5,
            )
            if self._ends(decision):
                return
            if decision == ReadBack():
                break
        for reply in views if decision == ReadBack() else []:
            self.views.append(reply)
            decision = after_read_back(
                reply,
                attempts=sum(map(counts_as_attempt, self.views)),
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
def courses(draw: st.DrawFn) -> Course:
    course = Course(draw(st.sampled_from(Verify)), draw(st.integers(1, 5)))
    pauses = draw(st.lists(replies, min_size=1, max_size=12))
    course.run(pauses, draw(st.lists(views, max_size=12)))
    return course


@given(courses())
def test_nothing_that_may_be_paused_is_called_otherwise_unseen(course: Course) -> None:
    if course.is_in_doubt and course.end in {Status.REJECTED, Status.FAILED}:
        assert course.shown in {"running", "scheduled"}


@given(courses())
def test_only_a_doubtful_id_is_unknown(course: Course) -> None:
    if course.end is Status.UNKNOWN:
        assert course.is_in_doubt
        assert course.shown is None


@given(courses())
def test_paused_needs_204_or_a_sight_of_it(course: Course) -> None:
    if course.end is Status.PAUSED:
        assert course.pauses[-1].http_status == 204 or course.shown == "paused"


@given(courses())
def test_already_paused_was_seen_and_not_by_our_doing(course: Course) -> None:
    if course.end is Status.ALREADY_PAUSED:
        assert course.shown == "paused"
        assert not course.is_in_doubt
        status = course.pauses[-1].http_status
        assert status is None or status >= 300


@given(courses())
def test_not_pausable_was_seen_in_that_status(course: Course) -> None:
    if course.end is Status.NOT_PAUSABLE:
        assert course.shown not in {None, "paused"}


@given(courses())
def test_no_id_is_tried_more_often_than_allowed(course: Course) -> None:
    most = course.retry_policy.max_attempts

    assert sum(map(counts_as_attempt, course.pauses)) <= most
    assert sum(map(counts_as_attempt, course.views)) <= most


@given(courses())
def test_every_wait_is_finite_and_capped(course: Course) -> None:
    assert all(0 <= wait <= LONGEST_RETRY_AFTER_S for wait in course.waits)


@given(courses())
def test_verify_all_ends_no_id_without_a_read_back(course: Course) -> None:
    if course.retry_policy.verify is Verify.ALL and isinstance(course.end, Status):
        assert course.views


@given(courses())
def test_verify_none_reads_nothing_back(course: Course) -> None:
    if course.retry_policy.verify is Verify.NONE:
        assert not course.views


@given(courses())
def test_an_id_left_open_is_unknown_exactly_when_it_is_doubtful(course: Course) -> None:
    status = unsettled(course.pauses[-1], is_in_doubt=course.is_in_doubt)

    assert (status is Status.UNKNOWN) == course.is_in_doubt
