"""How careful the gate is after refusals, and for how long one closes it."""

from collections.abc import Callable

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.pacing import (
    CALM_REQUESTS,
    LONGEST_CALM_REQUESTS,
    LONGEST_COOLDOWN_S,
    Pacing,
    cooldown_s,
)


LIMITS = (Limit(10, 1), Limit(150, 60))
EVEN_GAP_S = 60 / 150


def repeat(times: int, step: Callable[[], None]) -> None:
    for _ in range(times):
        step()


def careful(refusals: int) -> Pacing:
    care = Pacing(LIMITS)
    repeat(refusals, care.refused)
    return care


def calm_until_eased(care: Pacing) -> int:
    """Count the calm requests that it takes until the gaps are shorter."""
    gap_s, calm = care.gap_s, 0
    while care.gap_s == gap_s and calm < 2 * LONGEST_CALM_REQUESTS:
        care.allowed()
        calm += 1
    return calm


class TestClosure:
    @pytest.mark.parametrize("asked_s", [0.0, 1.0, 59.0, 299.5])
    def test_the_first_refusal_closes_for_as_long_as_was_asked(
        self, asked_s: float
    ) -> None:
        assert cooldown_s(asked_s, 1, jitter=0.5) == asked_s

    def test_an_absurd_wait_is_capped(self) -> None:
        assert cooldown_s(1e9, 1, jitter=0.5) == LONGEST_COOLDOWN_S == 300

    def test_a_wait_in_the_past_is_none(self) -> None:
        assert cooldown_s(-5.0, 1, jitter=0.5) == 0

    def test_without_a_word_the_wait_doubles_with_each_refusal(self) -> None:
        waits_s = [cooldown_s(None, count, jitter=1.0) for count in range(1, 6)]

        assert waits_s == [1, 2, 4, 8, 16]

    def test_jitter_takes_away_up_to_half(self) -> None:
        assert cooldown_s(None, 3, jitter=0.0) == 2
        assert cooldown_s(None, 3, jitter=0.3) == 2.6
        assert cooldown_s(None, 3, jitter=1.0) == 4

    def test_the_doubling_is_capped(self) -> None:
        assert cooldown_s(None, 10_000, jitter=1.0) == LONGEST_COOLDOWN_S

    def test_a_zero_that_does_not_help_is_lengthened(self) -> None:
        waits_s = [cooldown_s(0.0, count, jitter=0.5) for count in range(1, 6)]

        assert waits_s == [0, 0.5, 1, 2, 4]

    def test_a_wait_that_is_long_enough_is_not_lengthened(self) -> None:
        assert cooldown_s(7.0, 4, jitter=0.5) == 7


class TestCare:
    def test_there_are_no_gaps_before_a_refusal(self) -> None:
        assert careful(0).gap_s == 0

    def test_each_refusal_lengthens_the_gaps(self) -> None:
        gaps_s = [careful(refusals).gap_s for refusals in range(4)]

        assert gaps_s == sorted(set(gaps_s))

    def test_the_longest_gap_is_a_little_over_even_spacing(self) -> None:
        assert EVEN_GAP_S < careful(100).gap_s < 1.05 * EVEN_GAP_S

    def test_the_gap_is_that_of_the_slowest_window(self) -> None:
        faster = Pacing([Limit(10, 1), Limit(600, 60)])
        repeat(9, faster.refused)

        assert faster.gap_s == pytest.approx(careful(9).gap_s / 4)

    def test_without_windows_there_are_no_gaps(self) -> None:
        care = Pacing([])
        repeat(9, care.refused)

        assert care.gap_s == 0

    def test_calm_shortens_the_gaps_one_step_at_a_time(self) -> None:
        care = careful(3)
        gaps_s = [careful(2).gap_s, careful(1).gap_s, careful(0).gap_s]

        for gap_s in gaps_s:
            repeat(CALM_REQUESTS - 1, care.allowed)
            assert care.gap_s > gap_s
            care.allowed()
            assert care.gap_s == gap_s

    def test_a_refusal_begins_the_calm_anew(self) -> None:
        care = careful(2)
        repeat(CALM_REQUESTS - 1, care.allowed)
        care.refused()
        repeat(CALM_REQUESTS - 1, care.allowed)

        assert care.gap_s == careful(3).gap_s

    def test_the_calm_that_is_asked_for_doubles_when_it_proved_too_short(self) -> None:
        care = careful(3)
        calms = []
        for _ in range(4):
            calms.append(calm_until_eased(care))
            care.refused()

        assert calms == [CALM_REQUESTS * 2**power for power in range(4)]

    def test_the_calm_that_is_asked_for_is_capped(self) -> None:
        care = careful(3)
        for _ in range(20):
            calm_until_eased(care)
            care.refused()

        assert calm_until_eased(care) == LONGEST_CALM_REQUESTS

    def test_refusals_in_a_row_do_not_double_it(self) -> None:
        assert calm_until_eased(careful(50)) == CALM_REQUESTS
