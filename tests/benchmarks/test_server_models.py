"""The server models of the benchmark, and the best client against each."""

from collections.abc import Iterator
from itertools import islice

import pytest

from benchmarks.gate.ledger import most_in_any_window
from bulkpause.model import Limit, RateLimitHeaders
from tests.testkit.fixed_window import (
    FixedWindows,
    HeaderWindow,
    Rounding,
    window_end_s,
    window_index,
)
from tests.testkit.lower_bounds import (
    best_time_s,
    fixed_window_arrivals,
    sliding_counter_arrivals,
    sliding_log_arrivals,
    token_bucket_arrivals,
)
from tests.testkit.server_model import ServerModel
from tests.testkit.shared_account import Shared, poisson_arrivals, steady_arrivals
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.sliding_log import SlidingLog
from tests.testkit.token_bucket import Bucket, OneBucket, TwoTokenBuckets, buckets_of


BURST = Limit(10, 1)
STEADY = Limit(150, 60)
DOCUMENTED = (BURST, STEADY)
TWO_IN_TEN = Limit(2, 10)


def verdicts(model: ServerModel, *arrivals_s: float) -> list[bool]:
    return [model.arrive(now_s).allowed for now_s in arrivals_s]


def told_by(model: ServerModel, now_s: float) -> RateLimitHeaders:
    rate_limit = model.arrive(now_s).rate_limit
    assert rate_limit is not None
    return rate_limit


class TestWindows:
    def test_a_window_holds_its_first_instant_and_not_its_last(self) -> None:
        indices = [window_index(TWO_IN_TEN, 3, now_s) for now_s in (2.9, 3, 12.9, 13)]

        assert indices == [-1, 0, 0, 1]

    @pytest.mark.parametrize("index", [1, 3, 7, 1_000, 33_333])
    def test_an_instant_computed_as_a_boundary_is_in_the_window_it_begins(
        self, index: int
    ) -> None:
        limit = Limit(1, 0.1)
        boundary_s = 0.7 + index * limit.period_s

        assert window_index(limit, 0.7, boundary_s) == index
        assert window_end_s(limit, 0.7, boundary_s) > boundary_s


class TestFixedWindows:
    def test_each_window_holds_its_limit_and_begins_anew(self) -> None:
        model = FixedWindows([TWO_IN_TEN], [0])
        found = verdicts(model, 8, 9, 9.5, 10, 11, 12)

        assert found == [True, True, False, True, True, False]

    def test_a_request_has_to_fit_into_both_windows(self) -> None:
        model = FixedWindows([Limit(2, 1), Limit(3, 10)], [0, 0])
        found = verdicts(model, 0, 0, 0, 1, 1, 2)

        assert found == [True, True, False, True, False, False]

    def test_a_refused_request_spends_nothing(self) -> None:
        model = FixedWindows([Limit(1, 1), Limit(2, 10)], [0, 0])

        assert verdicts(model, 0, 0.1, 0.2, 1) == [True, False, False, True]

    def test_a_refused_request_spends_where_it_counts(self) -> None:
        model = FixedWindows([Limit(1, 1), Limit(2, 10)], [0, 0], counts_refused=True)

        assert verdicts(model, 0, 0.1, 1) == [True, False, False]

    @pytest.mark.parametrize(
        ("header_window", "expected"),
        [
            ("longest", RateLimitHeaders(limit=150, remaining=149, reset_s=52)),
            ("shortest", RateLimitHeaders(limit=10, remaining=9, reset_s=1)),
            ("tightest", RateLimitHeaders(limit=10, remaining=9, reset_s=1)),
            ("none", None),
        ],
    )
    def test_the_headers_speak_of_the_window_asked_for(
        self, header_window: HeaderWindow, expected: RateLimitHeaders | None
    ) -> None:
        model = FixedWindows(DOCUMENTED, [0, 0], header_window=header_window)

        assert model.arrive(8.5).rate_limit == expected

    def test_the_tightest_window_changes(self) -> None:
        model = FixedWindows(
            [Limit(3, 1), Limit(4, 10)], [0, 0], header_window="tightest"
        )
        told = [told_by(model, now_s).limit for now_s in (0, 0, 1)]

        assert told == [3, 3, 4]

    @pytest.mark.parametrize(
        ("reset_rounding", "now_s", "reset_s"),
        [
            ("up", 8.4, 2),
            ("down", 8.4, 1),
            ("nearest", 8.4, 2),
            ("nearest", 8.6, 1),
            ("down", 9.5, 0),
        ],
    )
    def test_seconds_left_are_made_whole(
        self, reset_rounding: Rounding, now_s: float, reset_s: int
    ) -> None:
        model = FixedWindows([TWO_IN_TEN], [0], reset_rounding=reset_rounding)

        assert told_by(model, now_s).reset_s == reset_s

    def test_a_refusal_has_only_the_seconds_until_the_refusing_window_ends(
        self,
    ) -> None:
        model = FixedWindows(DOCUMENTED, [0.25, 0])
        for _ in range(10):
            model.arrive(30)
        refusal = model.arrive(30.1)

        assert (refusal.allowed, refusal.rate_limit) == (False, None)
        assert refusal.retry_after_s == 1

    def test_of_two_refusing_windows_the_longer_one_is_told(self) -> None:
        model = FixedWindows([Limit(1, 1), Limit(1, 60)], [0, 0])
        model.arrive(8)

        assert model.arrive(8.5).retry_after_s == 52


class TestSlidingLog:
    def test_a_request_counts_until_it_is_as_old_as_the_period(self) -> None:
        model = SlidingLog([TWO_IN_TEN])
        found = verdicts(model, 0, 4, 9.999, 10, 13.999, 14)

        assert found == [True, True, False, True, False, True]

    def test_a_refused_request_is_remembered_where_it_counts(self) -> None:
        model = SlidingLog([TWO_IN_TEN], counts_refused=True)
        found = verdicts(model, 0, 4, 9, 10, 14, 20.5)

        assert found == [True, True, False, False, False, True]

    def test_a_refusal_tells_when_there_is_room_again(self) -> None:
        model = SlidingLog([Limit(1, 1), TWO_IN_TEN])
        verdicts(model, 0, 4)

        assert model.arrive(4.5).retry_after_s == 6

    def test_a_refusal_that_counts_puts_off_the_room(self) -> None:
        model = SlidingLog([TWO_IN_TEN], counts_refused=True)
        verdicts(model, 0, 4)

        assert model.arrive(5).retry_after_s == 9

    def test_headers_tell_when_the_oldest_leaves(self) -> None:
        model = SlidingLog(DOCUMENTED, has_headers=True)
        model.arrive(0)
        told = model.arrive(4.5).rate_limit

        assert told == RateLimitHeaders(limit=150, remaining=148, reset_s=56)

    def test_no_headers_are_sent_unless_asked_for(self) -> None:

        assert SlidingLog(DOCUMENTED).arrive(0).rate_limit is None


class TestBuckets:
    def test_a_bucket_starts_full_and_is_refilled_evenly(self) -> None:
        model = OneBucket(capacity=2, per_s=0.5)
        found = verdicts(model, 0, 0, 1.9, 2, 3.9, 4)

        assert found == [True, True, False, True, False, True]

    def test_a_bucket_holds_no_more_than_its_capacity(self) -> None:
        model = OneBucket(capacity=2, per_s=0.5)

        assert verdicts(model, 0, 100, 100, 100) == [True, True, True, False]

    def test_a_refusal_tells_when_there_is_a_token(self) -> None:
        model = OneBucket(capacity=1, per_s=0.1)
        model.arrive(0)

        assert model.arrive(2.5).retry_after_s == 8

    def test_each_limit_is_a_bucket(self) -> None:
        model = TwoTokenBuckets([Limit(2, 1), Limit(3, 30)])
        found = verdicts(model, 0, 0, 0.4, 0.5, 5, 10)

        assert found == [True, True, False, True, False, True]

    def test_a_refusal_takes_no_token_of_the_other_bucket(self) -> None:
        model = TwoTokenBuckets([Limit(1, 1), Limit(2, 1_000)])

        assert verdicts(model, 0, 0, 0, 1) == [True, False, False, True]


class TestSlidingCounter:
    def test_a_part_of_the_last_window_counts(self) -> None:
        model = SlidingCounter([Limit(4, 10)], [0])
        # At 12.5, three of the four count still, and at 15 two.
        found = verdicts(model, 0, 1, 2, 3, 4, 12.4, 12.5, 12.5, 14.9, 15)

        assert found == [True] * 4 + [False, False, True, False, False, True]

    def test_the_window_before_the_last_one_does_not_count(self) -> None:
        model = SlidingCounter([Limit(2, 10)], [0])

        assert verdicts(model, 9, 9, 20, 20) == [True] * 4

    def test_a_refusal_tells_when_there_is_room(self) -> None:
        model = SlidingCounter([Limit(4, 10)], [0])
        verdicts(model, 0, 0, 0, 0)

        assert model.arrive(0.5).retry_after_s == 12

    def test_a_refused_request_spends_nothing(self) -> None:
        model = SlidingCounter([Limit(1, 10)], [0])

        assert verdicts(model, 0, 5, 20) == [True, False, True]


class TestShared:
    def test_what_others_sent_before_is_spent(self) -> None:
        model = Shared(FixedWindows([TWO_IN_TEN], [0]), [1, 11, 12])
        found = verdicts(model, 0.5, 1.5, 12.5, 20)

        assert found == [True, False, False, True]

    def test_what_others_send_later_is_not(self) -> None:
        model = Shared(FixedWindows([TWO_IN_TEN], [0]), [1, 11, 12])

        assert verdicts(model, 0, 0.5) == [True, True]

    def test_it_is_counted_what_the_others_were_refused(self) -> None:
        model = Shared(FixedWindows([TWO_IN_TEN], [0]), [1, 2, 3])
        verdicts(model, 0, 9)

        assert model.others_refused == 2

    def test_steady_others_come_evenly(self) -> None:
        arrivals_s = steady_arrivals(2.0, since_s=-1.0)

        assert list(islice(arrivals_s, 3)) == [-1.0, -0.5, 0.0]

    def test_others_at_random_keep_their_rate_and_repeat_by_seed(self) -> None:
        first, second = (
            list(islice(poisson_arrivals(1.25, since_s=0.0, seed="s"), 5_000))
            for _ in range(2)
        )

        assert first == second
        assert first[-1] == pytest.approx(4_000, rel=0.05)


class TestBest:
    @pytest.mark.parametrize(
        ("phases_s", "ids", "expected_s"),
        [
            ([0, 0], 1, 0),
            ([0, 0], 10, 0),
            # From 0.25 on: 10 at once, then 10 at 1, 2, 3 and 4.
            ([0, 0], 11, 0.75),
            ([0, 0], 50, 3.75),
            # The 150th is let in at 14, the 151st when the minute begins anew.
            ([0, 0], 150, 13.75),
            ([0, 0], 151, 59.75),
            ([0, 0], 300, 73.75),
            ([0, 0], 301, 119.75),
            # A minute begins at 5: 50 before it, and 150 in it, until 19.
            ([0, 5], 60, 4.75),
            ([0, 5], 200, 18.75),
            ([0, 5], 201, 64.75),
            # It begins at 5.5: the second of 5 was used up before it.
            ([0, 5.5], 70, 5.75),
        ],
    )
    def test_fixed_windows_are_filled_at_their_first_instant(
        self, phases_s: list[float], ids: int, expected_s: float
    ) -> None:
        best = fixed_window_arrivals(DOCUMENTED, phases_s, 0.25)

        assert best_time_s(best, ids) == pytest.approx(expected_s)

    def test_what_others_will_ask_of_a_window_is_left_to_them(self) -> None:
        best = fixed_window_arrivals([TWO_IN_TEN], [0], 0.0, [9.0, 11.0, 12.0])

        assert list(islice(best, 3)) == [0.0, 20.0, 20.0]

    @pytest.mark.parametrize(
        ("ids", "expected_s"),
        [(10, 0), (11, 1), (150, 14), (151, 60), (160, 60), (300, 74), (301, 120)],
    )
    def test_a_sliding_log_takes_each_as_soon_as_one_leaves(
        self, ids: int, expected_s: float
    ) -> None:
        best = sliding_log_arrivals(DOCUMENTED, 0.25)

        assert best_time_s(best, ids) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        ("ids", "expected_s"), [(1, 0), (10, 0), (110, 40), (1_000, 396)]
    )
    def test_one_bucket_gives_what_flows_in_after_the_burst(
        self, ids: int, expected_s: float
    ) -> None:
        best = token_bucket_arrivals([Bucket(capacity=10, per_s=2.5)], 0.25)

        assert best_time_s(best, ids) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        # The burst's refill limits until 18.67 s, the steady one's from then on.
        ("ids", "expected_s"),
        [(10, 0), (150, 14), (190, 18), (200, 20), (600, 180)],
    )
    def test_of_two_buckets_the_emptier_one_limits(
        self, ids: int, expected_s: float
    ) -> None:
        best = token_bucket_arrivals(buckets_of(DOCUMENTED), 0.25)

        assert best_time_s(best, ids) == pytest.approx(expected_s)

    def test_a_sliding_counter_opens_as_the_last_window_fades(self) -> None:
        best = sliding_counter_arrivals([Limit(4, 10)], [0], 2.0)
        # Three came between 10 and 20, so that one more of them fades in 10/3 s.
        expected_s = [2.0] * 4 + [12.5, 15.0, 17.5, 20.0, 20 + 10 / 3]

        assert list(islice(best, 9)) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        ("model", "best"),
        [
            (
                FixedWindows(DOCUMENTED, [0.3, 41.7]),
                fixed_window_arrivals(DOCUMENTED, [0.3, 41.7], 0.41),
            ),
            (SlidingLog(DOCUMENTED), sliding_log_arrivals(DOCUMENTED, 0.41)),
            (
                TwoTokenBuckets(DOCUMENTED),
                token_bucket_arrivals(buckets_of(DOCUMENTED), 0.41),
            ),
            (
                SlidingCounter(DOCUMENTED, [0.3, 41.7]),
                sliding_counter_arrivals(DOCUMENTED, [0.3, 41.7], 0.41),
            ),
        ],
    )
    def test_the_server_allows_the_best_and_nothing_earlier(
        self, model: ServerModel, best: Iterator[float]
    ) -> None:
        before_s = 0.41
        for now_s in islice(best, 1_000):
            if now_s - 1e-4 > before_s:
                assert not model.arrive(now_s - 1e-4).allowed
            assert model.arrive(now_s).allowed
            before_s = now_s


class TestMostInAnyWindow:
    def test_a_window_does_not_hold_both_its_ends(self) -> None:

        assert most_in_any_window([0, 5, 10], TWO_IN_TEN) == 2

    def test_the_fullest_is_found_anywhere(self) -> None:
        arrivals_s = [0, 1, 20, 24, 29, 29.9, 60]

        assert most_in_any_window(arrivals_s, TWO_IN_TEN) == 4

    def test_nothing_is_in_no_window(self) -> None:

        assert most_in_any_window([], TWO_IN_TEN) == 0
