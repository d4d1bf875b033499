"""`ArrivalOrder` bounds when a request was counted by the remaining requests."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Reply
from bulkpause.ratelimit.server_window import ArrivalOrder


def response(sent_at: float, received_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=received_at, http_status=204)


def order_of(*responses: tuple[float, int]) -> ArrivalOrder:
    """Make an order from pairs of a response's arrival and the count it reports."""
    order = ArrivalOrder(60.0)
    for received_at, counted in responses:
        order.counted_by(response(0.0, received_at), counted=counted)
    return order


def test_first_response_gives_its_own_arrival() -> None:
    assert order_of().counted_by(response(0.0, 0.3), counted=7) == 0.3


def test_lower_count_is_bounded_by_earlier_response() -> None:
    assert order_of((0.2, 51)).counted_by(response(0.1, 3.0), counted=50) == 0.2


def test_earliest_response_with_higher_count_applies() -> None:
    order = order_of((0.2, 48), (0.4, 51), (0.6, 52))

    assert order.counted_by(response(0.1, 3.0), counted=50) == 0.4


def test_higher_count_gives_its_own_arrival() -> None:
    assert order_of((0.2, 50)).counted_by(response(0.1, 3.0), counted=51) == 3.0


def test_equal_count_proves_no_order() -> None:
    assert order_of((0.2, 50)).counted_by(response(0.1, 3.0), counted=50) == 3.0


def test_response_before_sending_is_ignored() -> None:
    order = order_of((0.2, 51), (0.5, 52))

    assert order.counted_by(response(0.3, 3.0), counted=50) == 0.5


def test_response_at_instant_of_sending_is_ignored() -> None:
    assert order_of((0.3, 51)).counted_by(response(0.3, 3.0), counted=50) == 3.0


def test_earlier_own_response_applies() -> None:
    assert order_of((5.0, 51)).counted_by(response(0.0, 3.0), counted=50) == 3.0


@pytest.mark.parametrize("counted", [50, 51])
def test_repeated_or_lower_count_changes_nothing(counted: int) -> None:
    order = order_of((0.2, 51), (0.4, counted))

    assert order.counted_by(response(0.3, 3.0), counted=49) == 3.0


def test_late_lower_count_keeps_earlier_bound() -> None:
    order = order_of((0.2, 50), (0.4, 53), (0.6, 51), (0.8, 54))

    assert order.counted_by(response(0.1, 3.0), counted=52) == 0.4


def test_responses_may_be_passed_out_of_order() -> None:
    order = order_of((0.6, 51), (0.4, 53))

    assert order.counted_by(response(0.1, 3.0), counted=52) == 0.6
    assert order.counted_by(response(0.5, 3.0), counted=52) == 0.6


def test_unsent_request_gives_its_received_at() -> None:
    order = order_of((0.2, 51))

    assert order.counted_by(Reply(received_at=0.1), counted=50) == 0.1


@given(
    st.lists(
        st.tuples(*[st.floats(0, 0.5)] * 3).map(lambda delays: (*delays,)),
        min_size=1,
        max_size=40,
    )
)
def test_bound_never_precedes_arrival_at_server(
    delays: Sequence[tuple[float, float, float]],
) -> None:
    """Requests are sent after gaps and counted in order of arrival."""
    sent_at = list(accumulate(gap_s for gap_s, _, _ in delays))
    arrived_at = [at + out_s for at, (_, out_s, _) in zip(sent_at, delays, strict=True)]
    in_order = sorted(arrived_at)
    responses = sorted(
        (arrived + back_s, sent, arrived)
        for sent, arrived, (_, _, back_s) in zip(
            sent_at, arrived_at, delays, strict=True
        )
    )

    order = ArrivalOrder(60.0)
    for received_at, sent, arrived in responses:
        counted = bisect_right(in_order, arrived)
        counted_by = order.counted_by(response(sent, received_at), counted=counted)
        assert arrived <= counted_by <= received_at
