"""What the server says of its own window, and how far it is believed."""

from collections.abc import Callable
from itertools import pairwise
from math import ceil

import pytest

from bulkpause.model import Limit, RateLimitHeaders, Reply, TransportError
from bulkpause.ratelimit.server_window import CLOCK_DRIFT, Boundary, ServerWindow
from tests.testkit.fixed_window import ROUNDED


LIMIT = Limit(150, 60.0)
DRIFT_S = CLOCK_DRIFT * LIMIT.period_s


def word(remaining: int, reset_s: int, limit: int = 150) -> RateLimitHeaders:
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


def refusal(sent_at: float) -> Reply:
    return Reply(sent_at=sent_at, received_at=sent_at + 0.1, http_status=429)


def told(*replies: Reply, limit: Limit = LIMIT) -> ServerWindow:
    """Learn from answers, each to the only request in flight."""
    one = ServerWindow(limit)
    for index, each in enumerate(replies):
        one.learn(each, resting=index, taken=1)
    return one


def claimed() -> ServerWindow:
    """Make one whose first window is over as told, with 100 requests counted in it."""
    one = ServerWindow(LIMIT)
    first = reply(0.0, word(50, 30))
    one.judge(first, counted=0, is_claimed=False)
    one.learn(first, resting=99, taken=1)
    one.roll(32.0)
    return one


class TestBoundary:
    def test_the_rounding_and_the_way_are_left_open(self) -> None:
        boundary = told(reply(10.0, word(149, 20), round_trip_s=0.3)).boundary

        assert boundary == Boundary(10.0 + 20 - 1, 10.3 + 20 + 1)

    def test_a_window_is_over_after_its_period_at_the_latest(self) -> None:
        boundary = told(reply(10.0, word(149, 60), round_trip_s=0.3)).boundary

        assert boundary == Boundary(10.0 + 59, 10.3 + 60)

    @pytest.mark.parametrize("rounded", ROUNDED.values(), ids=ROUNDED)
    def test_each_answer_narrows_it_and_never_past_the_truth(
        self, rounded: Callable[[float], int]
    ) -> None:
        end_at = 47.3
        one = ServerWindow(LIMIT)
        widths = []
        for sent_at in (0.0, 0.9, 1.77, 3.21, 5.5, 9.07, 13.6):
            reset_s = rounded(end_at - sent_at - 0.05)
            one.learn(reply(sent_at, word(150, reset_s)), resting=0, taken=1)
            boundary = one.boundary
            assert boundary is not None
            assert boundary.earliest <= end_at <= boundary.latest
            widths.append(boundary.latest - boundary.earliest)

        assert all(later <= width for width, later in pairwise(widths))
        assert widths[-1] < widths[0] - 0.5

    def test_an_answer_from_a_later_window_narrows_it_too(self) -> None:
        first, later = Boundary(10.0, 12.0), Boundary(10.0 + 180.5, 12.0 + 180.5)

        assert first.narrowed(later, 60.0) == Boundary(10.5, 12.0)

    def test_what_two_answers_leave_may_be_one_instant(self) -> None:
        touching = Boundary(10.0, 12.0).narrowed(Boundary(12.0, 14.0), 60.0)

        assert touching == Boundary(12.0, 12.0)
        assert Boundary(1.0, 2.0).middle == 1.5

    def test_an_answer_of_the_window_before_narrows_the_present_one(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.roll(32.0)
        one.learn(reply(29.5, word(140, 1)), resting=9, taken=1)

        assert one.boundary is not None
        assert one.boundary.latest == pytest.approx(31.1 + 60 + DRIFT_S)
        assert one.is_true is None

    def test_contradictory_ends_end_all_belief(self) -> None:
        one = told(reply(0.0, word(149, 30)), reply(1.0, word(148, 50)))

        assert one.is_true is False
        assert one.boundary is None


class TestMeaning:
    @pytest.mark.parametrize(
        "other",
        [
            word(9, 30, limit=10),
            word(1000, 30, limit=1500),
            word(151, 30),
            word(149, 62),
            word(149, 1_700_000_000),
        ],
        ids=["other limit", "no limit of ours", "remaining", "reset", "unix time"],
    )
    def test_a_word_that_fits_no_window_is_no_word(
        self, other: RateLimitHeaders
    ) -> None:
        one = told(reply(0.0, other))

        assert one.boundary is None
        assert one.others == 0
        assert one.is_true is None

    @pytest.mark.parametrize(
        ("said", "is_word"),
        [
            (word(0, 30), True),
            (word(-1, 30), False),
            (word(149, 0), True),
            (word(149, -1), False),
            (word(149, 61), True),
        ],
    )
    def test_a_word_counts_up_to_the_ends_of_its_window(
        self, said: RateLimitHeaders, is_word: bool
    ) -> None:
        assert (told(reply(0.0, said)).boundary is not None) is is_word

    @pytest.mark.parametrize(
        ("limit", "reset_s", "boundary"),
        [
            (Limit(150, 3.0), 3, Boundary(2.0, 3.1)),
            (Limit(150, 4.5), 3, Boundary(2.0, 4.1)),
            (Limit(1000, 60.0), 30, Boundary(29.0, 31.1)),
        ],
    )
    def test_a_window_of_any_size_from_three_seconds_on_is_told(
        self, limit: Limit, reset_s: int, boundary: Boundary
    ) -> None:
        said = word(limit.requests - 1, reset_s, limit=int(str(limit.requests)))

        assert told(reply(0.0, said), limit=limit).boundary == boundary

    def test_half_a_period_is_not_too_late_for_a_word(self) -> None:
        late = reply(0.0, word(149, 20), round_trip_s=28.0)

        assert told(late).boundary == Boundary(19.0, 49.0)

    def test_an_answer_to_what_was_never_written_is_no_word(self) -> None:
        assert told(reply(None, word(149, 30))).boundary is None

    def test_windows_that_are_lost_in_the_rounding_are_not_told(self) -> None:
        short = Limit(150, 2.9)

        for reset_s in range(4):
            assert told(reply(0.0, word(149, reset_s)), limit=short).boundary is None

    def test_an_answer_so_late_that_it_may_mean_two_windows_is_no_word(self) -> None:
        late = reply(0.0, word(149, 20), round_trip_s=29.0)

        assert told(late).boundary is None

    def test_a_claim_that_the_server_does_not_keep_up_is_dropped(self) -> None:
        one = told(reply(0.0, word(100, 30)), reply(1.0, None))

        assert one.boundary is None
        assert one.others == 0
        assert one.is_true is None

    @pytest.mark.parametrize(
        "silent",
        [
            refusal(1.0),
            Reply(sent_at=1.0, received_at=31.0, error=TransportError.READ_TIMEOUT),
        ],
        ids=["refusal", "fault"],
    )
    def test_a_refusal_or_a_fault_without_a_word_drops_nothing(
        self, silent: Reply
    ) -> None:
        assert told(reply(0.0, word(100, 30)), silent).boundary is not None

    def test_a_claim_that_was_seen_to_be_true_is_not_dropped(self) -> None:
        one = claimed()
        one.judge(reply(33.0, word(149, 57)), counted=100, is_claimed=True)
        one.learn(reply(34.0, None), resting=2, taken=1)

        assert one.boundary is not None


class TestRoll:
    def test_nothing_begins_anew_before_the_latest_instant(self) -> None:
        one = told(reply(0.0, word(149, 30)))

        assert one.roll(31.0) is None

    def test_what_was_answered_after_the_earliest_instant_may_be_of_the_new_one(
        self,
    ) -> None:
        one = told(reply(0.0, word(149, 30)))

        assert one.roll(31.2) == 29.0
        assert one.begun_at == pytest.approx(31.1)

    def test_it_begins_anew_at_the_latest_instant(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        assert one.boundary is not None

        assert one.roll(one.boundary.latest) is not None

    def test_the_clocks_part_in_each_window_that_passed_unused(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.roll(31.2 + 180)

        assert one.boundary is not None
        assert one.boundary.latest == pytest.approx(91.1 + 180 + 4 * DRIFT_S)

    def test_the_next_end_is_a_period_later_and_allows_for_drift(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.roll(31.2)

        assert one.boundary is not None
        assert one.boundary.earliest == pytest.approx(89 - DRIFT_S)
        assert one.boundary.latest == pytest.approx(91.1 + DRIFT_S)

    @pytest.mark.parametrize("parting", [-4e-4, 4e-4])
    def test_the_two_clocks_may_part(self, parting: float) -> None:
        one = ServerWindow(LIMIT)
        period_s = LIMIT.period_s * (1 + parting)
        for window in range(50):
            end_at = 61.0 + window * period_s
            for sent_at in (end_at - 50.1, end_at - 40.9, end_at - 20.5):
                one.roll(sent_at)
                reset_s = ceil(end_at - sent_at - 0.05)
                one.learn(reply(sent_at, word(150, reset_s)), resting=0, taken=1)
                assert one.boundary is not None
                assert one.boundary.earliest <= end_at <= one.boundary.latest

    def test_windows_that_passed_unused_are_passed_over(self) -> None:
        one = told(reply(0.0, word(149, 30)))

        assert one.roll(31.2 + 600) == 29.0 + 600
        assert one.boundary is not None
        assert one.boundary.latest == pytest.approx(91.1 + 600 + 11 * DRIFT_S)

    def test_what_others_spent_counts_no_more(self) -> None:
        one = told(reply(0.0, word(100, 30)))
        one.roll(31.2)

        assert one.others == 0

    def test_without_a_word_nothing_begins_anew(self) -> None:
        assert ServerWindow(LIMIT).roll(1e6) is None


class TestOthers:
    def test_what_is_missing_was_spent_by_others(self) -> None:
        one = ServerWindow(LIMIT)
        one.learn(reply(0.0, word(100, 30)), resting=20, taken=5)

        assert one.others == 150 - 100 - 20 - 5

    def test_they_may_have_spent_most(self) -> None:
        one = ServerWindow(LIMIT)
        one.learn(reply(0.0, word(40, 30)), resting=20, taken=5)

        assert one.others == 150 - 40 - 20 - 5

    def test_what_is_sent_as_a_window_begins_tells_of_it(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.roll(31.2)
        one.learn(reply(one.begun_at, word(100, 59)), resting=0, taken=1)

        assert one.others == 150 - 100 - 1

    def test_what_is_in_flight_may_not_have_been_counted_once_others_are_seen(
        self,
    ) -> None:
        one = ServerWindow(LIMIT)
        one.learn(reply(0.0, word(100, 30)), resting=20, taken=5)
        one.learn(reply(1.0, word(99, 29)), resting=21, taken=5)

        assert one.others == 150 - 99 - 21 - 1

    def test_more_than_we_expect_is_left_to_us(self) -> None:
        one = ServerWindow(LIMIT)
        one.learn(reply(0.0, word(149, 30)), resting=20, taken=5)

        assert one.others == 0

    def test_an_answer_of_the_window_before_tells_nothing_of_this_one(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.roll(31.2)
        one.learn(reply(30.5, word(0, 1)), resting=0, taken=1)

        assert one.others == 0


class TestBelief:
    def test_a_count_that_fell_shows_that_the_claim_is_true(self) -> None:
        one = claimed()
        one.judge(reply(33.0, word(149, 57)), counted=100, is_claimed=True)

        assert one.is_true

    def test_a_count_that_fell_shows_it_also_before_we_act_on_it(self) -> None:
        one = ServerWindow(LIMIT)
        one.judge(reply(0.0, word(50, 1)), counted=0, is_claimed=False)
        one.judge(reply(1.0, word(149, 60)), counted=100, is_claimed=False)

        assert one.is_true

    @pytest.mark.parametrize(
        ("remaining", "counted", "is_true"),
        [
            (140, 20, True),  # it remembers 10, and had counted twice as many
            (140, 19, None),
            (120, 60, True),
            (120, 59, None),
            (149, 4, True),
            (149, 3, None),
        ],
    )
    def test_half_of_what_was_counted_has_to_be_forgotten(
        self, remaining: int, counted: int, is_true: bool | None
    ) -> None:
        one = ServerWindow(LIMIT)
        one.judge(reply(0.0, word(50, 1)), counted=0, is_claimed=False)
        one.judge(reply(1.0, word(remaining, 60)), counted=counted, is_claimed=False)

        assert one.is_true is is_true

    @pytest.mark.parametrize("remaining", [[150], [140, 50]])
    def test_a_count_that_did_not_fall_proves_nothing(
        self, remaining: list[int]
    ) -> None:
        one = ServerWindow(LIMIT)
        for sent_at, left in enumerate(remaining):
            said = reply(float(sent_at), word(left, 30))
            one.judge(said, counted=300 * sent_at + 10, is_claimed=False)

        assert one.is_true is None

    @pytest.mark.parametrize(
        "other",
        [reply(33.0, word(9, 1, limit=10)), reply(None, word(49, 57))],
        ids=["another window", "never written"],
    )
    def test_a_claim_is_not_judged_by_what_says_nothing_of_it(
        self, other: Reply
    ) -> None:
        one = claimed()
        one.judge(other, counted=100, is_claimed=True)

        assert one.is_true is None

    def test_a_claim_that_is_true_is_not_judged_again(self) -> None:
        one = claimed()
        one.judge(reply(33.0, word(149, 57)), counted=100, is_claimed=True)
        one.judge(refusal(34.0), counted=100, is_claimed=True)

        assert one.is_true

    def test_a_count_that_goes_on_refutes_the_claim(self) -> None:
        one = claimed()
        one.judge(reply(33.0, word(49, 57)), counted=100, is_claimed=True)

        assert one.is_true is False
        assert one.boundary is None

    def test_a_count_that_goes_on_refutes_nothing_while_nothing_was_claimed(
        self,
    ) -> None:
        one = ServerWindow(LIMIT)
        one.judge(reply(0.0, word(49, 57)), counted=100, is_claimed=False)

        assert one.is_true is None

    def test_a_refusal_refutes_the_claim(self) -> None:
        one = claimed()
        one.judge(refusal(33.0), counted=100, is_claimed=True)

        assert one.is_true is False

    def test_a_refusal_as_the_window_begins_refutes_the_claim(self) -> None:
        one = claimed()
        one.judge(refusal(one.begun_at), counted=100, is_claimed=True)

        assert one.is_true is False

    def test_a_refusal_from_before_the_end_refutes_nothing(self) -> None:
        one = claimed()
        one.judge(refusal(31.0), counted=100, is_claimed=True)

        assert one.is_true is None

    def test_a_count_that_never_moves_proves_nothing(self) -> None:
        one = ServerWindow(LIMIT)
        for sent_at in range(10):
            frozen = reply(float(sent_at), word(149, 30 - sent_at))
            one.judge(frozen, counted=10 * sent_at, is_claimed=False)

        assert one.is_true is None

    def test_a_few_requests_prove_nothing(self) -> None:
        one = ServerWindow(LIMIT)
        one.judge(reply(0.0, word(147, 1)), counted=0, is_claimed=False)
        one.judge(reply(1.0, word(149, 60)), counted=3, is_claimed=False)

        assert one.is_true is None

    def test_after_a_refutation_nothing_more_is_heard(self) -> None:
        one = claimed()
        one.distrust()
        one.learn(reply(40.0, word(0, 50)), resting=0, taken=1)

        assert one.boundary is None
        assert one.others == 0


class TestOrder:
    """A request that another answer shows to be counted was counted by then."""

    LATE = reply(0.1, word(100, 30), round_trip_s=3.0)

    def test_it_is_told_before_the_first_window_is_over(self) -> None:
        one = ServerWindow(LIMIT)
        one.answered_for_at(reply(0.0, word(99, 30), round_trip_s=0.2))

        assert one.answered_for_at(self.LATE) == 0.2

    @pytest.mark.parametrize(("reset_s", "round_trip_s"), [(58, 3.0), (41, 20.0)])
    def test_another_window_tells_nothing(
        self, reset_s: int, round_trip_s: float
    ) -> None:
        one = ServerWindow(LIMIT)
        one.answered_for_at(reply(0.0, word(99, 1), round_trip_s=0.2))
        late = reply(0.1, word(149, reset_s), round_trip_s=round_trip_s)

        assert one.answered_for_at(late) == late.received_at

    def test_slow_answers_of_one_window_are_not_taken_to_be_of_two(self) -> None:
        # It ends at 48.15: the one was slow on its way out, the other on its way back.
        one = ServerWindow(LIMIT)
        one.answered_for_at(reply(0.1, word(99, 20), round_trip_s=27.9))
        late = reply(0.15, word(149, 48), round_trip_s=27.95)

        assert one.answered_for_at(late) == 28.0

    @pytest.mark.parametrize("other", [None, word(9, 30, limit=10), word(99, 999)])
    def test_what_is_no_word_on_this_window_tells_nothing(
        self, other: RateLimitHeaders | None
    ) -> None:
        one = ServerWindow(LIMIT)
        one.answered_for_at(reply(0.0, other, round_trip_s=0.2))

        assert one.answered_for_at(self.LATE) == self.LATE.received_at

    @pytest.mark.parametrize("other", [None, word(9, 30, limit=10), word(99, 999)])
    def test_what_is_no_word_on_this_window_is_told_nothing(
        self, other: RateLimitHeaders | None
    ) -> None:
        one = ServerWindow(LIMIT)
        one.answered_for_at(reply(0.0, word(99, 30), round_trip_s=0.2))
        late = reply(0.1, other, round_trip_s=3.0)

        assert one.answered_for_at(late) == late.received_at

    def test_it_is_not_told_while_the_claim_is_doubtful(self) -> None:
        one = claimed()
        one.answered_for_at(reply(33.0, word(99, 57), round_trip_s=0.2))
        late = reply(33.1, word(100, 57), round_trip_s=3.0)

        assert one.answered_for_at(late) == late.received_at

    def test_it_is_told_where_the_claim_is_true(self) -> None:
        one = claimed()
        one.judge(reply(33.0, word(149, 57)), counted=100, is_claimed=True)
        one.answered_for_at(reply(33.0, word(99, 57), round_trip_s=0.2))
        late = reply(33.1, word(100, 57), round_trip_s=3.0)

        assert one.answered_for_at(late) == 33.2

    def test_it_is_not_told_after_a_refutation(self) -> None:
        one = ServerWindow(LIMIT)
        one.distrust()
        one.answered_for_at(reply(0.0, word(99, 30), round_trip_s=0.2))

        assert one.answered_for_at(self.LATE) == self.LATE.received_at


class TestKind:
    """Whether windows follow one another, or a log is kept."""

    @pytest.mark.parametrize(
        ("reset_s", "is_fixed"),
        [(60, False), (59, False), (58, True), (30, True), (0, True)],
    )
    def test_a_window_that_its_only_request_did_not_begin_is_fixed(
        self, reset_s: int, is_fixed: bool
    ) -> None:
        assert told(reply(0.0, word(149, reset_s))).is_fixed is is_fixed

    @pytest.mark.parametrize("requests", [1, 3500])
    def test_so_it_is_whatever_its_size(self, requests: int) -> None:
        said = word(requests - 1, 30, limit=requests)

        assert told(reply(0.0, said), limit=Limit(requests, 60.0)).is_fixed

    @pytest.mark.parametrize("remaining", [150, 148, 0])
    def test_more_requests_or_none_tell_nothing_of_its_beginning(
        self, remaining: int
    ) -> None:
        assert not told(reply(0.0, word(remaining, 30))).is_fixed

    def test_it_stays_known(self) -> None:
        one = told(reply(0.0, word(149, 30)), reply(1.0, word(148, 29)))
        one.roll(32.0)
        one.learn(reply(32.0, word(149, 59)), resting=0, taken=1)

        assert one.is_fixed

    def test_windows_that_were_seen_to_begin_anew_are_fixed(self) -> None:
        one = claimed()
        assert not one.is_fixed
        one.judge(reply(33.0, word(149, 57)), counted=100, is_claimed=True)

        assert one.is_fixed

    def test_a_refutation_is_the_last_word(self) -> None:
        one = told(reply(0.0, word(149, 30)))
        one.distrust()

        assert not one.is_fixed

    def test_without_a_word_nothing_is_known(self) -> None:
        assert not told(reply(0.0, None)).is_fixed
