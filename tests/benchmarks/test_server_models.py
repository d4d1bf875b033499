"""The server models of the benchmark, and the earliest arrivals at each."""

from collections.abc import Iterator
from itertools import islice

import pytest

from bulkpause.model import Limit, RateLimitHeaders
from tests.testkit.fixed_window import (
    FixedWindows,
    HeaderWindow,
    Rounding,
)
from tests.testkit.lower_bounds import (
    fixed_window_arrivals,
    shortest_time_s,
    sliding_counter_arrivals,
    sliding_log_arrivals,
    token_bucket_arrivals,
)
from tests.testkit.server_model import ServerModel
from tests.testkit.shared_account import (
    SharedAccount,
    poisson_arrivals,
    steady_arrivals,
)
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.sliding_log import SlidingLog, most_in_any_window
from tests.testkit.token_bucket import Bucket, OneBucket, TwoTokenBuckets, buckets_of


BURST = Limit(10, 1)
STEADY = Limit(150, 60)
DOCUMENTED = (BURST, STEADY)
TWO_IN_TEN = Limit(2, 10)


def decisions(model: ServerModel, *arrivals_s: float) -> list[bool]:
    return [model.arrive(now_s).allowed for now_s in arrivals_s]


def headers_of(model: ServerModel, now_s: float) -> RateLimitHeaders:
    rate_limit = model.arrive(now_s).rate_limit
    assert rate_limit is not None
    return rate_limit


class TestFixedWindows:
    def test_window_allows_its_limit_until_reset(self) -> None:
        model = FixedWindows([TWO_IN_TEN], [0])
        allowed = decisions(model, 8, 9, 9.5, 10, 11, 12)

        assert allowed == [True, True, False, True, True, False]

    def test_request_must_fit_into_both_windows(self) -> None:
        model = FixedWindows([Limit(2, 1), Limit(3, 10)], [0, 0])
        allowed = decisions(model, 0, 0, 0, 1, 1, 2)

        assert allowed == [True, True, False, True, False, False]

    def test_rate_limited_request_is_not_counted(self) -> None:
        model = FixedWindows([Limit(1, 1), Limit(2, 10)], [0, 0])

        assert decisions(model, 0, 0.1, 0.2, 1) == [True, False, False, True]

    def test_rate_limited_request_is_counted_if_configured(self) -> None:
        model = FixedWindows(
            [Limit(1, 1), Limit(2, 10)], [0, 0], counts_rate_limited=True
        )

        assert decisions(model, 0, 0.1, 1) == [True, False, False]

    @pytest.mark.parametrize(
        ("header_window", "expected"),
        [
            ("longest", RateLimitHeaders(limit=150, remaining=149, reset_s=52)),
            ("shortest", RateLimitHeaders(limit=10, remaining=9, reset_s=1)),
            ("tightest", RateLimitHeaders(limit=10, remaining=9, reset_s=1)),
            ("none", None),
        ],
    )
    def test_headers_describe_configured_window(
        self, header_window: HeaderWindow, expected: RateLimitHeaders | None
    ) -> None:
        model = FixedWindows(DOCUMENTED, [0, 0], header_window=header_window)

        assert model.arrive(8.5).rate_limit == expected

    def test_headers_follow_tightest_window(self) -> None:
        model = FixedWindows(
            [Limit(3, 1), Limit(4, 10)], [0, 0], header_window="tightest"
        )
        limits = [headers_of(model, now_s).limit for now_s in (0, 0, 1)]

        assert limits == [3, 3, 4]

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
    def test_reset_is_rounded_to_whole_seconds(
        self, reset_rounding: Rounding, now_s: float, reset_s: int
    ) -> None:
        model = FixedWindows([TWO_IN_TEN], [0], reset_rounding=reset_rounding)

        assert headers_of(model, now_s).reset_s == reset_s

    def test_429_has_retry_after_only(self) -> None:
        model = FixedWindows(DOCUMENTED, [0.25, 0])
        for _ in range(10):
            model.arrive(30)
        decision = model.arrive(30.1)

        assert (decision.allowed, decision.rate_limit) == (False, None)
        assert decision.retry_after_s == 1

    def test_retry_after_waits_for_longer_of_full_windows(self) -> None:
        model = FixedWindows([Limit(1, 1), Limit(1, 60)], [0, 0])
        model.arrive(8)

        assert model.arrive(8.5).retry_after_s == 52


class TestSlidingLog:
    def test_request_counts_for_one_period(self) -> None:
        model = SlidingLog([TWO_IN_TEN])
        allowed = decisions(model, 0, 4, 9.999, 10, 13.999, 14)

        assert allowed == [True, True, False, True, False, True]

    def test_rate_limited_request_is_logged_if_configured(self) -> None:
        model = SlidingLog([TWO_IN_TEN], counts_rate_limited=True)
        allowed = decisions(model, 0, 4, 9, 10, 14, 20.5)

        assert allowed == [True, True, False, False, False, True]

    def test_retry_after_waits_until_request_fits(self) -> None:
        model = SlidingLog([Limit(1, 1), TWO_IN_TEN])
        decisions(model, 0, 4)

        assert model.arrive(4.5).retry_after_s == 6

    def test_logged_rate_limited_request_extends_wait(self) -> None:
        model = SlidingLog([TWO_IN_TEN], counts_rate_limited=True)
        decisions(model, 0, 4)

        assert model.arrive(5).retry_after_s == 9

    def test_reset_is_expiry_of_oldest_request(self) -> None:
        model = SlidingLog(DOCUMENTED, has_headers=True)
        model.arrive(0)
        headers = model.arrive(4.5).rate_limit

        assert headers == RateLimitHeaders(limit=150, remaining=148, reset_s=56)

    def test_headers_are_off_by_default(self) -> None:
        assert SlidingLog(DOCUMENTED).arrive(0).rate_limit is None


class TestTokenBuckets:
    def test_bucket_starts_full_and_refills_evenly(self) -> None:
        model = OneBucket(capacity=2, per_s=0.5)
        allowed = decisions(model, 0, 0, 1.9, 2, 3.9, 4)

        assert allowed == [True, True, False, True, False, True]

    def test_bucket_never_exceeds_its_capacity(self) -> None:
        model = OneBucket(capacity=2, per_s=0.5)

        assert decisions(model, 0, 100, 100, 100) == [True, True, True, False]

    def test_retry_after_waits_for_next_token(self) -> None:
        model = OneBucket(capacity=1, per_s=0.1)
        model.arrive(0)

        assert model.arrive(2.5).retry_after_s == 8

    def test_each_limit_has_its_bucket(self) -> None:
        model = TwoTokenBuckets([Limit(2, 1), Limit(3, 30)])
        allowed = decisions(model, 0, 0, 0.4, 0.5, 5, 10)

        assert allowed == [True, True, False, True, False, True]

    def test_rate_limited_request_takes_no_token(self) -> None:
        model = TwoTokenBuckets([Limit(1, 1), Limit(2, 1_000)])

        assert decisions(model, 0, 0, 0, 1) == [True, False, False, True]


class TestSlidingCounter:
    def test_part_of_previous_window_counts(self) -> None:
        model = SlidingCounter([Limit(4, 10)], [0])
        # At 12.5, three of the four still count, and at 15 two.
        allowed = decisions(model, 0, 1, 2, 3, 4, 12.4, 12.5, 12.5, 14.9, 15)

        assert allowed == [True] * 4 + [False, False, True, False, False, True]

    def test_window_before_previous_does_not_count(self) -> None:
        model = SlidingCounter([Limit(2, 10)], [0])

        assert decisions(model, 9, 9, 20, 20) == [True] * 4

    def test_retry_after_waits_until_estimate_falls(self) -> None:
        model = SlidingCounter([Limit(4, 10)], [0])
        decisions(model, 0, 0, 0, 0)

        assert model.arrive(0.5).retry_after_s == 12

    def test_rate_limited_request_is_not_counted(self) -> None:
        model = SlidingCounter([Limit(1, 10)], [0])

        assert decisions(model, 0, 5, 20) == [True, False, True]


class TestShared:
    def test_earlier_requests_of_others_are_counted(self) -> None:
        model = SharedAccount(FixedWindows([TWO_IN_TEN], [0]), [1, 11, 12])
        allowed = decisions(model, 0.5, 1.5, 12.5, 20)

        assert allowed == [True, False, False, True]

    def test_later_requests_of_others_are_not_counted(self) -> None:
        model = SharedAccount(FixedWindows([TWO_IN_TEN], [0]), [1, 11, 12])

        assert decisions(model, 0, 0.5) == [True, True]

    def test_rate_limited_requests_of_others_are_counted_separately(self) -> None:
        model = SharedAccount(FixedWindows([TWO_IN_TEN], [0]), [1, 2, 3])
        decisions(model, 0, 9)

        assert model.others_rate_limited == 2

    def test_steady_arrivals_are_evenly_spaced(self) -> None:
        arrivals_s = steady_arrivals(2.0, since_s=-1.0)

        assert list(islice(arrivals_s, 3)) == [-1.0, -0.5, 0.0]

    def test_poisson_arrivals_keep_rate_and_repeat_by_seed(self) -> None:
        first, second = (
            list(islice(poisson_arrivals(1.25, since_s=0.0, seed="s"), 5_000))
            for _ in range(2)
        )

        assert first == second
        assert first[-1] == pytest.approx(4_000, rel=0.05)


class TestEarliestArrivals:
    @pytest.mark.parametrize(
        ("phases_s", "ids", "expected_s"),
        [
            ([0, 0], 1, 0),
            ([0, 0], 10, 0),
            # From 0.25 on: 10 at once, then 10 at 1, 2, 3 and 4.
            ([0, 0], 11, 0.75),
            ([0, 0], 50, 3.75),
            # The 150th is allowed at 14, the 151st at the reset of the minute.
            ([0, 0], 150, 13.75),
            ([0, 0], 151, 59.75),
            ([0, 0], 300, 73.75),
            ([0, 0], 301, 119.75),
            # A minute starts at 5: 50 before it, and 150 in it, until 19.
            ([0, 5], 60, 4.75),
            ([0, 5], 200, 18.75),
            ([0, 5], 201, 64.75),
            # A minute starts at 5.5: the second of 5 was used up before it.
            ([0, 5.5], 70, 5.75),
        ],
    )
    def test_fixed_windows_are_filled_from_their_start(
        self, phases_s: list[float], ids: int, expected_s: float
    ) -> None:
        arrivals_s = fixed_window_arrivals(DOCUMENTED, phases_s, 0.25)

        assert shortest_time_s(arrivals_s, ids) == pytest.approx(expected_s)

    def test_requests_of_other_clients_reduce_window(self) -> None:
        arrivals_s = fixed_window_arrivals([TWO_IN_TEN], [0], 0.0, [9.0, 11.0, 12.0])

        assert list(islice(arrivals_s, 3)) == [0.0, 20.0, 20.0]

    @pytest.mark.parametrize(
        ("ids", "expected_s"),
        [(10, 0), (11, 1), (150, 14), (151, 60), (160, 60), (300, 74), (301, 120)],
    )
    def test_sliding_log_allows_request_when_oldest_expires(
        self, ids: int, expected_s: float
    ) -> None:
        arrivals_s = sliding_log_arrivals(DOCUMENTED, 0.25)

        assert shortest_time_s(arrivals_s, ids) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        ("ids", "expected_s"), [(1, 0), (10, 0), (110, 40), (1_000, 396)]
    )
    def test_one_bucket_allows_refill_rate_after_burst(
        self, ids: int, expected_s: float
    ) -> None:
        arrivals_s = token_bucket_arrivals([Bucket(capacity=10, per_s=2.5)], 0.25)

        assert shortest_time_s(arrivals_s, ids) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        # The burst's refill limits until 18.67 s, and the steady refill after it.
        ("ids", "expected_s"),
        [(10, 0), (150, 14), (190, 18), (200, 20), (600, 180)],
    )
    def test_emptier_of_two_buckets_limits(self, ids: int, expected_s: float) -> None:
        arrivals_s = token_bucket_arrivals(buckets_of(DOCUMENTED), 0.25)

        assert shortest_time_s(arrivals_s, ids) == pytest.approx(expected_s)

    def test_sliding_counter_allows_more_as_previous_window_expires(self) -> None:
        arrivals_s = sliding_counter_arrivals([Limit(4, 10)], [0], 2.0)
        # Three arrived between 10 and 20, so that one more of them expires in 10/3 s.
        expected_s = [2.0] * 4 + [12.5, 15.0, 17.5, 20.0, 20 + 10 / 3]

        assert list(islice(arrivals_s, 9)) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        ("model", "earliest_s"),
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
    def test_server_allows_earliest_arrivals_and_none_earlier(
        self, model: ServerModel, earliest_s: Iterator[float]
    ) -> None:
        before_s = 0.41
        for now_s in islice(earliest_s, 1_000):
            if now_s - 1e-4 > before_s:
                assert not model.arrive(now_s - 1e-4).allowed
            assert model.arrive(now_s).allowed
            before_s = now_s


class TestMostInAnyWindow:
    def test_period_includes_only_one_end(self) -> None:
        assert most_in_any_window([0, 5, 10], TWO_IN_TEN) == 2

    def test_fullest_period_may_start_anywhere(self) -> None:
        arrivals_s = [0, 1, 20, 24, 29, 29.9, 60]

        assert most_in_any_window(arrivals_s, TWO_IN_TEN) == 4

    def test_no_arrivals_give_zero(self) -> None:
        assert most_in_any_window([], TWO_IN_TEN) == 0
