"""What many replies in a row say."""

import pytest

from bulkpause.engine.circuit_breaker import (
    FORBIDDEN_STOPS,
    OPENS_AFTER,
    CircuitBreaker,
    is_broken,
)
from bulkpause.model import Reply, StopCause, TransportError


def reply(status: int, at: float = 0.0, trace_id: str | None = None) -> Reply:
    return Reply(received_at=at, sent_at=at, http_status=status, trace_id=trace_id)


def watch_of(*statuses: int, give_up_after_s: float = 300.0) -> CircuitBreaker:
    watch = CircuitBreaker(give_up_after_s)
    for number, status in enumerate(statuses):
        watch.learn(str(number), reply(status, at=float(number)))
    return watch


@pytest.mark.parametrize(
    ("answer", "expected"),
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
def test_broken_is_what_answers_nothing(answer: Reply, expected: bool) -> None:
    assert is_broken(answer) is expected


def test_ten_broken_replies_in_a_row_are_an_outage() -> None:
    assert OPENS_AFTER == 10
    assert not watch_of(*[500] * (OPENS_AFTER - 1)).is_open
    assert watch_of(*[500] * OPENS_AFTER).is_open


@pytest.mark.parametrize("good", [204, 400, 429])
def test_one_answer_in_between_starts_the_count_of_broken_ones_anew(good: int) -> None:
    broken = [500] * (OPENS_AFTER - 1)
    assert not watch_of(*broken, good, *broken).is_open


@pytest.mark.parametrize("good", [204, 400, 429])
def test_one_answer_ends_an_outage(good: int) -> None:
    assert not watch_of(*[500] * OPENS_AFTER, good).is_open


def test_probes_come_twice_as_late_each_time_up_to_the_last() -> None:
    watch = watch_of(*[500] * OPENS_AFTER, give_up_after_s=1e9)
    now, waits = float(OPENS_AFTER - 1), []
    for _ in range(8):
        waits.append(watch.probe_at - now)
        now = watch.probe_at
        watch.learn("1", reply(500, at=now))
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_probe_that_takes_its_time_is_one() -> None:
    watch = watch_of(*[500] * OPENS_AFTER)
    now = watch.probe_at + 0.5
    watch.learn("1", reply(500, at=now))
    assert watch.probe_at == now + 2


def test_what_was_in_flight_when_the_server_went_out_is_no_probe() -> None:
    watch = watch_of(*[500] * OPENS_AFTER)
    before = watch.probe_at
    watch.learn("1", reply(500, at=before - 0.5))
    assert watch.probe_at == before


def test_a_second_outage_begins_with_short_waits() -> None:
    watch = watch_of(*[500] * OPENS_AFTER)
    watch.learn("1", reply(500, at=watch.probe_at))
    watch.learn("1", reply(204, at=50.0))
    for _ in range(OPENS_AFTER):
        watch.learn("1", reply(500, at=60.0))
    assert watch.probe_at == 61.0


def test_an_outage_that_lasts_ends_the_run() -> None:
    watch = watch_of(*[500] * OPENS_AFTER, give_up_after_s=100.0)
    assert watch.learn("1", reply(500, at=99.9)) is None
    stopped = watch.learn("1", reply(502, at=100.0))
    assert stopped is not None
    assert stopped.cause is StopCause.OUTAGE
    assert stopped.detail == "no usable answer for 100 s, the last: HTTP 502"


def test_an_outage_lasts_from_its_own_first_broken_reply_on() -> None:
    watch = watch_of(*[500] * OPENS_AFTER, give_up_after_s=100.0)
    watch.learn("1", reply(204, at=50.0))
    for number in range(OPENS_AFTER):
        assert watch.learn("1", reply(500, at=60.0 + number)) is None
    assert watch.learn("1", reply(500, at=159.9)) is None
    stopped = watch.learn("1", reply(500, at=161.0))
    assert stopped is not None
    assert stopped.detail == "no usable answer for 101 s, the last: HTTP 500"


def test_a_fault_is_named_when_the_run_is_given_up() -> None:
    watch = watch_of(*[500] * OPENS_AFTER, give_up_after_s=20.0)
    stopped = watch.learn("1", Reply(received_at=20.0, error=TransportError.DNS))
    assert stopped is not None
    assert stopped.detail.endswith("the last: dns_failed")


def test_so_many_ids_forbidden_in_a_row_stop_the_run() -> None:
    watch = watch_of(*[403] * (FORBIDDEN_STOPS - 1))
    stopped = watch.learn("last", reply(403, trace_id="t-9"))
    assert stopped is not None
    assert stopped.cause is StopCause.TOKEN
    assert (
        stopped.detail == "the API forbade to pause 5 campaigns in a row (trace_id t-9)"
    )


def test_the_same_id_forbidden_again_and_again_counts_once() -> None:
    watch = CircuitBreaker(300.0)
    assert [watch.learn("1", reply(403)) for _ in range(10)] == [None] * 10


def test_one_more_that_is_forbidden_stops_the_run_too() -> None:
    watch = watch_of(*[403] * FORBIDDEN_STOPS)
    assert watch.learn("one more", reply(403)) is not None


@pytest.mark.parametrize("other", [204, 404, 429, 500])
def test_another_answer_in_between_starts_the_count_anew(other: int) -> None:
    watch = watch_of(*[403] * (FORBIDDEN_STOPS - 1), other)
    assert watch.learn("last", reply(403)) is None
