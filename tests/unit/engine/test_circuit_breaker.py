"""When the circuit breaker opens, probes, closes and gives up."""

import pytest

from bulkpause.engine.circuit_breaker import (
    OPENS_AFTER,
    STOPS_AFTER_FORBIDDEN,
    CircuitBreaker,
    is_server_failure,
)
from bulkpause.model import Reply, StopCause, TransportError


def reply(status: int, at: float = 0.0, trace_id: str | None = None) -> Reply:
    return Reply(received_at=at, sent_at=at, http_status=status, trace_id=trace_id)


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


def test_breaker_opens_after_ten_consecutive_failures() -> None:
    assert OPENS_AFTER == 10
    assert not breaker_after(*[500] * (OPENS_AFTER - 1)).is_open
    assert breaker_after(*[500] * OPENS_AFTER).is_open


@pytest.mark.parametrize("valid", [204, 400, 429])
def test_valid_response_resets_failure_count(valid: int) -> None:
    failures = [500] * (OPENS_AFTER - 1)
    assert not breaker_after(*failures, valid, *failures).is_open


@pytest.mark.parametrize("valid", [204, 400, 429])
def test_valid_response_closes_breaker(valid: int) -> None:
    assert not breaker_after(*[500] * OPENS_AFTER, valid).is_open


def test_probe_interval_doubles_up_to_maximum() -> None:
    breaker = breaker_after(*[500] * OPENS_AFTER, give_up_after_s=1e9)
    now, intervals = float(OPENS_AFTER - 1), []
    for _ in range(8):
        intervals.append(breaker.probe_at - now)
        now = breaker.probe_at
        breaker.record("1", reply(500, at=now))
    assert intervals == [1, 2, 4, 8, 16, 30, 30, 30]


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


def test_consecutive_forbidden_ids_stop_run() -> None:
    breaker = breaker_after(*[403] * (STOPS_AFTER_FORBIDDEN - 1))
    reason = breaker.record("last", reply(403, trace_id="t-9"))
    assert reason is not None
    assert reason.cause is StopCause.TOKEN
    assert (
        reason.detail
        == "the API returned 403 (forbidden) for 5 campaigns in a row (trace_id t-9)"
    )


def test_repeated_403_for_same_id_counts_once() -> None:
    breaker = CircuitBreaker(300.0)
    assert [breaker.record("1", reply(403)) for _ in range(10)] == [None] * 10


def test_further_403_after_maximum_stops_run() -> None:
    breaker = breaker_after(*[403] * STOPS_AFTER_FORBIDDEN)
    assert breaker.record("another", reply(403)) is not None


@pytest.mark.parametrize("other", [204, 404, 429, 500])
def test_other_reply_resets_forbidden_count(other: int) -> None:
    breaker = breaker_after(*[403] * (STOPS_AFTER_FORBIDDEN - 1), other)
    assert breaker.record("last", reply(403)) is None
