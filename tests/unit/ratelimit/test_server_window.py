"""Estimate of the server's window from its headers, and when they are ignored."""

from collections.abc import Callable
from itertools import pairwise
from math import ceil

import pytest

from bulkpause.model import Limit, RateLimitHeaders, Reply
from bulkpause.ratelimit.server_window import CLOCK_DRIFT, ServerWindow, WindowReset
from bulkpause.vocabulary import TransportError
from tests.testkit.fixed_window import ROUNDED


LIMIT = Limit(150, 60.0)
DRIFT_S = CLOCK_DRIFT * LIMIT.period_s


def headers(remaining: int, reset_s: int, limit: int = 150) -> RateLimitHeaders:
    return RateLimitHeaders(limit=limit, remaining=remaining, reset_s=reset_s)


def reply(
    sent_at: float | None,
    rate_limit: RateLimitHeaders | None,
    *,
    round_trip_s: float = 0.1,
) -> Reply:
    return Reply(
        sent_at=sent_at,
        received_at=(sent_at or 0.0) + round_trip_s,
        http_status=204,
        rate_limit=rate_limit,
    )


def rate_limited(sent_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=sent_at + 0.1, http_status=429)


def observed_by(*replies: Reply, limit: Limit = LIMIT) -> ServerWindow:
    """Make a window from responses, each to the only request in flight."""
    window = ServerWindow(limit)
    for index, response in enumerate(replies):
        window.observe(response, resting=index, in_flight=1)
    return window


def reset_unconfirmed() -> ServerWindow:
    """Make a window after its first reset, with 100 requests counted before it."""
    window = ServerWindow(LIMIT)
    first = reply(0.0, headers(50, 30))
    window.check_reset(first, counted=0, is_assumed=False)
    window.observe(first, resting=99, in_flight=1)
    window.advance(32.0)
    return window


class TestWindowReset:
    def test_reset_allows_for_rounding_and_rtt(self) -> None:
        reset = observed_by(reply(10.0, headers(149, 20), round_trip_s=0.3)).reset

        assert reset == WindowReset(10.0 + 20 - 1, 10.3 + 20 + 1)

    def test_reset_is_at_most_one_period_away(self) -> None:
        reset = observed_by(reply(10.0, headers(149, 60), round_trip_s=0.3)).reset

        assert reset == WindowReset(10.0 + 59, 10.3 + 60)

    @pytest.mark.parametrize("rounded", ROUNDED.values(), ids=ROUNDED)
    def test_each_response_narrows_reset_around_truth(
        self, rounded: Callable[[float], int]
    ) -> None:
        reset_at = 47.3
        window = ServerWindow(LIMIT)
        widths = []
        for sent_at in (0.0, 0.9, 1.77, 3.21, 5.5, 9.07, 13.6):
            reset_s = rounded(reset_at - sent_at - 0.05)
            window.observe(
                reply(sent_at, headers(150, reset_s)), resting=0, in_flight=1
            )
            reset = window.reset
            assert reset is not None
            assert reset.earliest <= reset_at <= reset.latest
            widths.append(reset.latest - reset.earliest)

        assert all(later <= width for width, later in pairwise(widths))
        assert widths[-1] < widths[0] - 0.5

    def test_reset_of_later_window_narrows_interval(self) -> None:
        first, later = WindowReset(10.0, 12.0), WindowReset(10.0 + 180.5, 12.0 + 180.5)

        assert first.intersected(later, 60.0) == WindowReset(10.5, 12.0)

    def test_intersection_may_be_one_instant(self) -> None:
        intersection = WindowReset(10.0, 12.0).intersected(
            WindowReset(12.0, 14.0), 60.0
        )

        assert intersection == WindowReset(12.0, 12.0)
        assert WindowReset(1.0, 2.0).middle == 1.5

    def test_response_of_past_window_narrows_current_reset(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.advance(32.0)
        window.observe(reply(29.5, headers(140, 1)), resting=9, in_flight=1)

        assert window.reset is not None
        assert window.reset.latest == pytest.approx(31.1 + 60 + DRIFT_S)
        assert window.is_confirmed is None

    def test_contradictory_resets_are_ignored(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)), reply(1.0, headers(148, 50)))

        assert window.is_confirmed is False
        assert window.reset is None


class TestHeaders:
    @pytest.mark.parametrize(
        "unrelated",
        [
            headers(9, 30, limit=10),
            headers(1000, 30, limit=1500),
            headers(151, 30),
            headers(149, 62),
            headers(149, 1_700_000_000),
        ],
        ids=["short limit", "unknown limit", "remaining", "reset", "unix time"],
    )
    def test_headers_of_another_window_are_ignored(
        self, unrelated: RateLimitHeaders
    ) -> None:
        window = observed_by(reply(0.0, unrelated))

        assert window.reset is None
        assert window.spent_by_others == 0
        assert window.is_confirmed is None

    @pytest.mark.parametrize(
        ("announced", "is_used"),
        [
            (headers(0, 30), True),
            (headers(-1, 30), False),
            (headers(149, 0), True),
            (headers(149, -1), False),
            (headers(149, 61), True),
        ],
    )
    def test_headers_are_used_only_within_window_bounds(
        self, announced: RateLimitHeaders, is_used: bool
    ) -> None:
        assert (observed_by(reply(0.0, announced)).reset is not None) is is_used

    @pytest.mark.parametrize(
        ("limit", "reset_s", "reset"),
        [
            (Limit(150, 3.0), 3, WindowReset(2.0, 3.1)),
            (Limit(150, 4.5), 3, WindowReset(2.0, 4.1)),
            (Limit(1000, 60.0), 30, WindowReset(29.0, 31.1)),
        ],
    )
    def test_reset_is_known_from_three_second_windows(
        self, limit: Limit, reset_s: int, reset: WindowReset
    ) -> None:
        announced = headers(limit.requests - 1, reset_s, limit=int(str(limit.requests)))

        assert observed_by(reply(0.0, announced), limit=limit).reset == reset

    def test_reset_may_be_half_a_period_wide(self) -> None:
        late_response = reply(0.0, headers(149, 20), round_trip_s=28.0)

        assert observed_by(late_response).reset == WindowReset(19.0, 49.0)

    def test_reset_of_unsent_request_is_ignored(self) -> None:
        assert observed_by(reply(None, headers(149, 30))).reset is None

    def test_reset_of_short_window_is_unknown(self) -> None:
        short = Limit(150, 2.9)

        for reset_s in range(4):
            assert (
                observed_by(reply(0.0, headers(149, reset_s)), limit=short).reset
                is None
            )

    def test_reset_from_very_late_response_is_ignored(self) -> None:
        late_response = reply(0.0, headers(149, 20), round_trip_s=29.0)

        assert observed_by(late_response).reset is None

    def test_unconfirmed_reset_is_forgotten_without_headers(self) -> None:
        window = observed_by(reply(0.0, headers(100, 30)), reply(1.0, None))

        assert window.reset is None
        assert window.spent_by_others == 0
        assert window.is_confirmed is None

    @pytest.mark.parametrize(
        "failure",
        [
            rate_limited(1.0),
            Reply(sent_at=1.0, received_at=31.0, error=TransportError.READ_TIMEOUT),
        ],
        ids=["429", "transport error"],
    )
    def test_reset_survives_failure_without_headers(self, failure: Reply) -> None:
        assert observed_by(reply(0.0, headers(100, 30)), failure).reset is not None

    def test_confirmed_reset_survives_response_without_headers(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(reply(33.0, headers(149, 57)), counted=100, is_assumed=True)
        window.observe(reply(34.0, None), resting=2, in_flight=1)

        assert window.reset is not None


class TestAdvance:
    def test_window_stays_before_latest_reset(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))

        assert window.advance(31.0) is None

    def test_responses_after_earliest_reset_may_count(
        self,
    ) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))

        assert window.advance(31.2) == 29.0
        assert window.started_at == pytest.approx(31.1)

    def test_window_advances_at_latest_reset(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        assert window.reset is not None

        assert window.advance(window.reset.latest) is not None

    def test_clock_drift_grows_with_each_unused_window(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.advance(31.2 + 180)

        assert window.reset is not None
        assert window.reset.latest == pytest.approx(91.1 + 180 + 4 * DRIFT_S)

    def test_next_reset_allows_for_clock_drift(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.advance(31.2)

        assert window.reset is not None
        assert window.reset.earliest == pytest.approx(89 - DRIFT_S)
        assert window.reset.latest == pytest.approx(91.1 + DRIFT_S)

    @pytest.mark.parametrize("drift", [-4e-4, 4e-4])
    def test_reset_contains_truth_despite_clock_drift(self, drift: float) -> None:
        window = ServerWindow(LIMIT)
        period_s = LIMIT.period_s * (1 + drift)
        for number in range(50):
            reset_at = 61.0 + number * period_s
            for sent_at in (reset_at - 50.1, reset_at - 40.9, reset_at - 20.5):
                window.advance(sent_at)
                reset_s = ceil(reset_at - sent_at - 0.05)
                window.observe(
                    reply(sent_at, headers(150, reset_s)), resting=0, in_flight=1
                )
                assert window.reset is not None
                assert window.reset.earliest <= reset_at <= window.reset.latest

    def test_unused_windows_are_skipped(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))

        assert window.advance(31.2 + 600) == 29.0 + 600
        assert window.reset is not None
        assert window.reset.latest == pytest.approx(91.1 + 600 + 11 * DRIFT_S)

    def test_reset_clears_requests_of_other_clients(self) -> None:
        window = observed_by(reply(0.0, headers(100, 30)))
        window.advance(31.2)

        assert window.spent_by_others == 0

    def test_window_never_advances_without_headers(self) -> None:
        assert ServerWindow(LIMIT).advance(1e6) is None


class TestOtherClients:
    def test_missing_requests_count_as_other_clients(self) -> None:
        window = ServerWindow(LIMIT)
        window.observe(reply(0.0, headers(100, 30)), resting=20, in_flight=5)

        assert window.spent_by_others == 150 - 100 - 20 - 5

    def test_other_clients_may_spend_most_requests(self) -> None:
        window = ServerWindow(LIMIT)
        window.observe(reply(0.0, headers(40, 30)), resting=20, in_flight=5)

        assert window.spent_by_others == 150 - 40 - 20 - 5

    def test_request_sent_at_window_start_reveals_other_clients(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.advance(31.2)
        window.observe(
            reply(window.started_at, headers(100, 59)), resting=0, in_flight=1
        )

        assert window.spent_by_others == 150 - 100 - 1

    def test_requests_in_flight_are_uncounted_beside_other_clients(
        self,
    ) -> None:
        window = ServerWindow(LIMIT)
        window.observe(reply(0.0, headers(100, 30)), resting=20, in_flight=5)
        window.observe(reply(1.0, headers(99, 29)), resting=21, in_flight=5)

        assert window.spent_by_others == 150 - 99 - 21 - 1

    def test_higher_remaining_shows_no_other_clients(self) -> None:
        window = ServerWindow(LIMIT)
        window.observe(reply(0.0, headers(149, 30)), resting=20, in_flight=5)

        assert window.spent_by_others == 0

    def test_response_of_past_window_shows_no_other_clients(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.advance(31.2)
        window.observe(reply(30.5, headers(0, 1)), resting=0, in_flight=1)

        assert window.spent_by_others == 0


class TestConfirmation:
    def test_fallen_count_confirms_reset(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(reply(33.0, headers(149, 57)), counted=100, is_assumed=True)

        assert window.is_confirmed

    def test_fallen_count_confirms_reset_before_trial(self) -> None:
        window = ServerWindow(LIMIT)
        window.check_reset(reply(0.0, headers(50, 1)), counted=0, is_assumed=False)
        window.check_reset(reply(1.0, headers(149, 60)), counted=100, is_assumed=False)

        assert window.is_confirmed

    @pytest.mark.parametrize(
        ("remaining", "counted", "is_confirmed"),
        [
            (140, 20, True),  # the server counts 10 and had counted twice as many
            (140, 19, None),
            (120, 60, True),
            (120, 59, None),
            (149, 4, True),
            (149, 3, None),
        ],
    )
    def test_reset_needs_half_of_count_forgotten(
        self, remaining: int, counted: int, is_confirmed: bool | None
    ) -> None:
        window = ServerWindow(LIMIT)
        window.check_reset(reply(0.0, headers(50, 1)), counted=0, is_assumed=False)
        window.check_reset(
            reply(1.0, headers(remaining, 60)), counted=counted, is_assumed=False
        )

        assert window.is_confirmed is is_confirmed

    @pytest.mark.parametrize("remaining", [[150], [140, 50]])
    def test_rising_count_proves_nothing(self, remaining: list[int]) -> None:
        window = ServerWindow(LIMIT)
        for sent_at, left in enumerate(remaining):
            announced = reply(float(sent_at), headers(left, 30))
            window.check_reset(announced, counted=300 * sent_at + 10, is_assumed=False)

        assert window.is_confirmed is None

    @pytest.mark.parametrize(
        "unrelated",
        [reply(33.0, headers(9, 1, limit=10)), reply(None, headers(49, 57))],
        ids=["another window", "never sent"],
    )
    def test_unrelated_response_proves_nothing(self, unrelated: Reply) -> None:
        window = reset_unconfirmed()
        window.check_reset(unrelated, counted=100, is_assumed=True)

        assert window.is_confirmed is None

    def test_confirmed_reset_survives_later_429(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(reply(33.0, headers(149, 57)), counted=100, is_assumed=True)
        window.check_reset(rate_limited(34.0), counted=100, is_assumed=True)

        assert window.is_confirmed

    def test_continued_count_refutes_reset(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(reply(33.0, headers(49, 57)), counted=100, is_assumed=True)

        assert window.is_confirmed is False
        assert window.reset is None

    def test_continued_count_before_trial_refutes_nothing(
        self,
    ) -> None:
        window = ServerWindow(LIMIT)
        window.check_reset(reply(0.0, headers(49, 57)), counted=100, is_assumed=False)

        assert window.is_confirmed is None

    def test_429_refutes_reset(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(rate_limited(33.0), counted=100, is_assumed=True)

        assert window.is_confirmed is False

    def test_429_at_window_start_refutes_reset(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(
            rate_limited(window.started_at), counted=100, is_assumed=True
        )

        assert window.is_confirmed is False

    def test_429_before_reset_refutes_nothing(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(rate_limited(31.0), counted=100, is_assumed=True)

        assert window.is_confirmed is None

    def test_constant_count_proves_nothing(self) -> None:
        window = ServerWindow(LIMIT)
        for sent_at in range(10):
            frozen = reply(float(sent_at), headers(149, 30 - sent_at))
            window.check_reset(frozen, counted=10 * sent_at, is_assumed=False)

        assert window.is_confirmed is None

    def test_few_counted_requests_prove_nothing(self) -> None:
        window = ServerWindow(LIMIT)
        window.check_reset(reply(0.0, headers(147, 1)), counted=0, is_assumed=False)
        window.check_reset(reply(1.0, headers(149, 60)), counted=3, is_assumed=False)

        assert window.is_confirmed is None

    def test_headers_after_refutation_are_ignored(self) -> None:
        window = reset_unconfirmed()
        window.ignore_headers()
        window.observe(reply(40.0, headers(0, 50)), resting=0, in_flight=1)

        assert window.reset is None
        assert window.spent_by_others == 0


class TestArrivalOrder:
    """An earlier response can prove that a request was already counted."""

    LATE = reply(0.1, headers(100, 30), round_trip_s=3.0)

    def test_order_is_used_in_first_window(self) -> None:
        window = ServerWindow(LIMIT)
        window.counted_by(reply(0.0, headers(99, 30), round_trip_s=0.2))

        assert window.counted_by(self.LATE) == 0.2

    @pytest.mark.parametrize(("reset_s", "round_trip_s"), [(58, 3.0), (41, 20.0)])
    def test_order_of_another_window_is_ignored(
        self, reset_s: int, round_trip_s: float
    ) -> None:
        window = ServerWindow(LIMIT)
        window.counted_by(reply(0.0, headers(99, 1), round_trip_s=0.2))
        late_response = reply(0.1, headers(149, reset_s), round_trip_s=round_trip_s)

        assert window.counted_by(late_response) == late_response.received_at

    def test_slow_responses_of_one_window_share_order(self) -> None:
        # The reset is at 48.15. The way out was slow for the first request, and the
        # way back for the second.
        window = ServerWindow(LIMIT)
        window.counted_by(reply(0.1, headers(99, 20), round_trip_s=27.9))
        late_response = reply(0.15, headers(149, 48), round_trip_s=27.95)

        assert window.counted_by(late_response) == 28.0

    @pytest.mark.parametrize(
        "unrelated", [None, headers(9, 30, limit=10), headers(99, 999)]
    )
    def test_unrelated_headers_give_no_order(
        self, unrelated: RateLimitHeaders | None
    ) -> None:
        window = ServerWindow(LIMIT)
        window.counted_by(reply(0.0, unrelated, round_trip_s=0.2))

        assert window.counted_by(self.LATE) == self.LATE.received_at

    @pytest.mark.parametrize(
        "unrelated", [None, headers(9, 30, limit=10), headers(99, 999)]
    )
    def test_response_without_usable_headers_gets_no_order(
        self, unrelated: RateLimitHeaders | None
    ) -> None:
        window = ServerWindow(LIMIT)
        window.counted_by(reply(0.0, headers(99, 30), round_trip_s=0.2))
        late_response = reply(0.1, unrelated, round_trip_s=3.0)

        assert window.counted_by(late_response) == late_response.received_at

    def test_order_is_unused_while_reset_is_unconfirmed(self) -> None:
        window = reset_unconfirmed()
        window.counted_by(reply(33.0, headers(99, 57), round_trip_s=0.2))
        late_response = reply(33.1, headers(100, 57), round_trip_s=3.0)

        assert window.counted_by(late_response) == late_response.received_at

    def test_order_is_used_once_reset_is_confirmed(self) -> None:
        window = reset_unconfirmed()
        window.check_reset(reply(33.0, headers(149, 57)), counted=100, is_assumed=True)
        window.counted_by(reply(33.0, headers(99, 57), round_trip_s=0.2))
        late_response = reply(33.1, headers(100, 57), round_trip_s=3.0)

        assert window.counted_by(late_response) == 33.2

    def test_order_is_unused_after_refutation(self) -> None:
        window = ServerWindow(LIMIT)
        window.ignore_headers()
        window.counted_by(reply(0.0, headers(99, 30), round_trip_s=0.2))

        assert window.counted_by(self.LATE) == self.LATE.received_at


class TestFixedWindows:
    """Whether the server counts in fixed windows or keeps a log."""

    @pytest.mark.parametrize(
        ("reset_s", "is_fixed"),
        [(60, False), (59, False), (58, True), (30, True), (0, True)],
    )
    def test_window_older_than_its_only_request_is_fixed(
        self, reset_s: int, is_fixed: bool
    ) -> None:
        assert observed_by(reply(0.0, headers(149, reset_s))).is_fixed is is_fixed

    @pytest.mark.parametrize("requests", [1, 3500])
    def test_fixed_window_is_recognized_at_any_size(self, requests: int) -> None:
        announced = headers(requests - 1, 30, limit=requests)

        assert observed_by(reply(0.0, announced), limit=Limit(requests, 60.0)).is_fixed

    @pytest.mark.parametrize("remaining", [150, 148, 0])
    def test_other_counts_do_not_show_fixed_window(self, remaining: int) -> None:
        assert not observed_by(reply(0.0, headers(remaining, 30))).is_fixed

    def test_fixed_window_stays_known_after_reset(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)), reply(1.0, headers(148, 29)))
        window.advance(32.0)
        window.observe(reply(32.0, headers(149, 59)), resting=0, in_flight=1)

        assert window.is_fixed

    def test_confirmed_reset_shows_fixed_windows(self) -> None:
        window = reset_unconfirmed()
        assert not window.is_fixed
        window.check_reset(reply(33.0, headers(149, 57)), counted=100, is_assumed=True)

        assert window.is_fixed

    def test_refutation_overrides_fixed_windows(self) -> None:
        window = observed_by(reply(0.0, headers(149, 30)))
        window.ignore_headers()

        assert not window.is_fixed

    def test_fixed_windows_are_unknown_without_headers(self) -> None:
        assert not observed_by(reply(0.0, None)).is_fixed
