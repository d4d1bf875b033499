"""In which order a server counted, by what it said remains."""

from bisect import bisect_right
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Reply
from bulkpause.ratelimit.server_window import ArrivalOrder


def answer(sent_at: float, received_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=received_at, http_status=204)


def countdown(*told: tuple[float, int]) -> ArrivalOrder:
    """Learn that so many were counted, by answers at these moments."""
    one = ArrivalOrder(60.0)
    for received_at, counted in told:
        one.latest(answer(0.0, received_at), counted=counted)
    return one


def test_the_first_answer_speaks_for_itself() -> None:
    assert countdown().latest(answer(0.0, 0.3), counted=7) == 0.3


def test_one_that_was_counted_before_is_no_later_than_the_others_answer() -> None:
    assert countdown((0.2, 51)).latest(answer(0.1, 3.0), counted=50) == 0.2


def test_the_first_answer_that_told_of_a_later_one_is_the_word() -> None:
    one = countdown((0.2, 48), (0.4, 51), (0.6, 52))

    assert one.latest(answer(0.1, 3.0), counted=50) == 0.4


def test_one_that_was_counted_after_may_be_as_late_as_its_answer() -> None:
    assert countdown((0.2, 50)).latest(answer(0.1, 3.0), counted=51) == 3.0


def test_the_same_count_tells_no_order() -> None:
    assert countdown((0.2, 50)).latest(answer(0.1, 3.0), counted=50) == 3.0


def test_an_answer_from_before_it_was_sent_tells_nothing() -> None:
    one = countdown((0.2, 51), (0.5, 52))

    assert one.latest(answer(0.3, 3.0), counted=50) == 0.5


def test_an_answer_of_the_moment_at_which_it_was_sent_tells_nothing() -> None:
    assert countdown((0.3, 51)).latest(answer(0.3, 3.0), counted=50) == 3.0


def test_an_answer_that_came_sooner_is_the_word_itself() -> None:
    assert countdown((5.0, 51)).latest(answer(0.0, 3.0), counted=50) == 3.0


@pytest.mark.parametrize("counted", [50, 51])
def test_a_count_that_is_no_news_changes_nothing(counted: int) -> None:
    one = countdown((0.2, 51), (0.4, counted))

    assert one.latest(answer(0.3, 3.0), counted=49) == 3.0


def test_an_answer_that_was_overtaken_does_not_hide_the_one_that_overtook_it() -> None:
    one = countdown((0.2, 50), (0.4, 53), (0.6, 51), (0.8, 54))

    assert one.latest(answer(0.1, 3.0), counted=52) == 0.4


def test_answers_may_be_handed_on_in_another_order_than_they_came() -> None:
    one = countdown((0.6, 51), (0.4, 53))

    assert one.latest(answer(0.1, 3.0), counted=52) == 0.6
    assert one.latest(answer(0.5, 3.0), counted=52) == 0.6


def test_what_was_never_written_is_as_late_as_it_says() -> None:
    one = countdown((0.2, 51))

    assert one.latest(Reply(received_at=0.1), counted=50) == 0.1


@given(
    st.lists(
        st.tuples(*[st.floats(0, 0.5)] * 3).map(lambda ways: (*ways,)),
        min_size=1,
        max_size=40,
    )
)
def test_nothing_is_said_to_be_counted_before_it_was(
    ways: Sequence[tuple[float, float, float]],
) -> None:
    """Requests are sent after gaps, counted in order of arrival, and answered."""
    sent_at = [sum(gap_s for gap_s, _, _ in ways[: i + 1]) for i in range(len(ways))]
    arrived_at = [at + out_s for at, (_, out_s, _) in zip(sent_at, ways, strict=True)]
    in_order = sorted(arrived_at)
    answered = sorted(
        (arrived + back_s, sent, arrived)
        for sent, arrived, (_, _, back_s) in zip(sent_at, arrived_at, ways, strict=True)
    )

    one = ArrivalOrder(60.0)
    for received_at, sent, arrived in answered:
        counted = bisect_right(in_order, arrived)
        latest = one.latest(answer(sent, received_at), counted=counted)
        assert arrived <= latest <= received_at
