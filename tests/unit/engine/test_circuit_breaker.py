"""When the circuit breaker opens, probes, closes and gives up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.engine.circuit_breaker import (
    OPENS_AFTER,
    CircuitBreaker,
    is_server_failure,
    is_usable,
    retry_after_s,
)
from bulkpause.model import Reply
from bulkpause.vocabulary import StopCause, TransportError


def reply(
    status: int | None, at: float = 0.0, retry_after_s: float | None = None
) -> Reply:
    return Reply(
        received_at=at, sent_at=at, http_status=status, retry_after_s=retry_after_s
    )


def breaker_after(*statuses: int, give_up_after_s: float = 300.0) -> CircuitBreaker:
    breaker = CircuitBreaker(give_up_after_s)
    for number, status in enumerate(statuses):
        breaker.record(str(number), reply(status, at=float(number)))
    return breaker


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (reply(204), False),
        (reply(400), False),
        (reply(429), False),
        (reply(499), False),
        (reply(500), True),
        (reply(503), True),
        (Reply(received_at=0.0, error=TransportError.DNS), True),
    ],
)
def test_5xx_and_transport_error_are_server_failures(
    outcome: Reply, expected: bool
) -> None:
    assert is_server_failure(outcome) is expected


def test_429_and_failure_are_not_usable() -> None:
    assert [is_usable(reply(status)) for status in (204, 400, 401, 429, 500)] == [
        *[True] * 3,
        *[False] * 2,
    ]


def test_only_429_and_503_ask_to_wait() -> None:
    replies = [reply(status, retry_after_s=7.0) for status in (204, 429, 500, 503)]
    assert list(map(retry_after_s, replies)) == [0.0, 7.0, 0.0, 7.0]
    assert [retry_after_s(reply(429, retry_after_s=s)) for s in (None, -1.0)] == [0, 0]


def test_breaker_opens_after_ten_consecutive_failures() -> None:
    assert OPENS_AFTER == 10
    assert not breaker_after(*[500] * (OPENS_AFTER - 1)).is_open
    assert breaker_after(*[500] * OPENS_AFTER).is_open


@pytest.mark.parametrize("valid", [204, 400])
def test_valid_response_resets_failure_count(valid: int) -> None:
    failures = [500] * (OPENS_AFTER - 1)
    assert not breaker_after(*failures, valid, *failures).is_open


@pytest.mark.parametrize("valid", [204, 400])
def test_valid_response_closes_breaker(valid: int) -> None:
    assert not breaker_after(*[500] * OPENS_AFTER, valid).is_open


def test_429_neither_closes_nor_opens_breaker() -> None:
    assert breaker_after(*[500] * OPENS_AFTER, 429).is_open
    assert not breaker_after(*[429] * 20).is_open
    failures = [500] * (OPENS_AFTER - 1)
    assert breaker_after(*failures, 429, 500).is_open


def test_ids_at_fault_do_not_open_breaker_again() -> None:
    breaker = CircuitBreaker(300.0)
    for number in range(OPENS_AFTER):
        breaker.record(f"bad-{number}", reply(500))
    breaker.record_probe(reply(200))
    assert (breaker.is_open, breaker.answers_reads) == (True, True)
    breaker.blame_ids()
    for number in range(OPENS_AFTER):
        breaker.record(f"bad-{number}", reply(500))
    assert not breaker.is_open
    for number in range(OPENS_AFTER):
        breaker.record(f"other-{number}", reply(500))
    assert breaker.is_open


def test_failed_read_back_probe_schedules_next_probe() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER)
    now = breaker.probe_at
    assert breaker.record_probe(reply(500, at=now)) is None
    assert (breaker.answers_reads, breaker.probe_at) == (False, now + 2)
    assert breaker.record_probe(reply(500, at=1000.0)) is not None


def test_probe_interval_doubles_up_to_maximum() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=1e9)
    now, intervals = float(OPENS_AFTER - 1), []
    for _ in range(8):
        intervals.append(breaker.probe_at - now)
        now = breaker.probe_at
        breaker.record("1", reply(500, at=now))
    assert intervals == [1, 2, 4, 5, 5, 5, 5, 5]


def test_last_probe_is_due_when_patience_ends() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=11.5)
    opened_at = breaker.probe_at
    assert breaker.record("1", reply(500, at=opened_at)) is None
    assert breaker.probe_at == 11.5 < opened_at + 2
    assert breaker.record("1", reply(500, at=11.5)) is not None


def test_slow_probe_counts_as_probe() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER)
    now = breaker.probe_at + 0.5
    breaker.record("1", reply(500, at=now))
    assert breaker.probe_at == now + 2


def test_request_sent_before_opening_is_not_probe() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER)
    before = breaker.probe_at
    breaker.record("1", reply(500, at=before - 0.5))
    assert breaker.probe_at == before


def test_second_outage_begins_with_shortest_interval() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER)
    breaker.record("1", reply(500, at=breaker.probe_at))
    breaker.record("1", reply(204, at=50.0))
    for _ in range(OPENS_AFTER):
        breaker.record("1", reply(500, at=60.0))
    assert breaker.probe_at == 61.0


def test_lasting_outage_stops_run() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=100.0)
    assert breaker.record("1", reply(500, at=99.9)) is None
    reason = breaker.record("1", reply(502, at=100.0))
    assert reason is not None
    assert reason.cause is StopCause.OUTAGE
    assert reason.detail == "no valid response for 100 s, the last error: HTTP 502"


def test_outage_duration_begins_at_its_first_failure() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=100.0)
    breaker.record("1", reply(204, at=50.0))
    for number in range(OPENS_AFTER):
        assert breaker.record("1", reply(500, at=60.0 + number)) is None
    assert breaker.record("1", reply(500, at=159.9)) is None
    reason = breaker.record("1", reply(500, at=161.0))
    assert reason is not None
    assert reason.detail == "no valid response for 101 s, the last error: HTTP 500"


def test_stop_reason_names_last_transport_error() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=20.0)
    reason = breaker.record("1", Reply(received_at=20.0, error=TransportError.DNS))
    assert reason is not None
    assert reason.detail.endswith("the last error: dns_failed")


@pytest.mark.parametrize("wait_s", [None, 0.0, 1.0, -1.0])
def test_endless_429_stops_run(wait_s: float | None) -> None:
    breaker = CircuitBreaker(100.0)
    breaker.record("1", reply(204, at=50.0))
    for at in range(51, 150):
        assert (
            breaker.record("1", reply(429, at=float(at), retry_after_s=wait_s)) is None
        )
    reason = breaker.record("1", reply(429, at=151.0, retry_after_s=wait_s))
    assert reason is not None
    assert reason.cause is StopCause.OUTAGE
    assert "429" in reason.detail


def test_429_of_one_id_does_not_stop_others() -> None:
    breaker = CircuitBreaker(10.0)
    for at in range(0, 100, 2):
        assert breaker.record("1", reply(429, at=float(at))) is None
        assert breaker.record("2", reply(204, at=at + 1.0)) is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_beyond_patience_stops_run_at_once(status: int) -> None:
    breaker = CircuitBreaker(300.0)
    assert breaker.record("1", reply(status, retry_after_s=300.0)) is None
    reason = breaker.record("1", reply(status, at=1.0, retry_after_s=86_400.0))
    assert reason is not None
    assert reason.detail == (
        f"HTTP {status} asks to wait 86400 s (Retry-After), longer than "
        "--give-up-after allows"
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefghijklmnop"),
            st.sampled_from([204, 204, 400, 429, 500, None, "probe", "blame"]),
        ),
        max_size=60,
    )
)
def test_accepted_id_changes_nothing_without_trouble(
    steps: list[tuple[str, int | str | None]],
) -> None:
    told, spared = CircuitBreaker(20.0), CircuitBreaker(20.0)
    for second, (id_, step) in enumerate(steps):
        for breaker in (told, spared):
            if step == "blame":
                breaker.blame_ids()
            elif step == "probe" and breaker.is_open:
                breaker.record_probe(reply(500, at=second))
            elif breaker is told or not (step == 204 and breaker.is_untroubled):
                http_status = step if isinstance(step, int) else None
                breaker.record(id_, reply(http_status, at=second))
        seen, other = (
            (
                one.is_open,
                one.answers_reads,
                one.last_error,
                one.is_open and one.probe_at,
            )
            for one in (told, spared)
        )
        assert seen == other
