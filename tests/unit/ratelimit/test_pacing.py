"""Length of cooldowns, and pacing after 429s."""

from collections.abc import Callable

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.pacing import (
    MAX_BACKOFF_S,
    MAX_RECOVERY_REQUESTS,
    RECOVERY_REQUESTS,
    Pacing,
    cooldown_s,
)


LIMITS = (Limit(10, 1), Limit(150, 60))
EVEN_GAP_S = 60 / 150


def repeat(times: int, step: Callable[[], None]) -> None:
    for _ in range(times):
        step()


def pacing_after(rate_limited: int) -> Pacing:
    pacing = Pacing(LIMITS)
    repeat(rate_limited, pacing.record_rate_limited)
    return pacing


def requests_until_lowered(pacing: Pacing) -> int:
    """Count the requests without a 429 until the gap becomes shorter."""
    gap_s, requests = pacing.gap_s, 0
    while pacing.gap_s == gap_s and requests < 2 * MAX_RECOVERY_REQUESTS:
        pacing.record_not_rate_limited()
        requests += 1
    return requests


class TestCooldown:
    @pytest.mark.parametrize("retry_after_s", [0.0, 1.0, 59.0, 299.5])
    def test_first_cooldown_lasts_exactly_retry_after(
        self, retry_after_s: float
    ) -> None:
        assert cooldown_s(retry_after_s, 1, jitter=0.5) == retry_after_s

    def test_long_retry_after_is_kept(self) -> None:
        assert cooldown_s(86_400.0, 1, jitter=0.5) == 86_400

    def test_negative_retry_after_means_no_cooldown(self) -> None:
        assert cooldown_s(-5.0, 1, jitter=0.5) == 0

    def test_cooldown_doubles_without_retry_after(self) -> None:
        waits_s = [cooldown_s(None, count, jitter=1.0) for count in range(1, 6)]

        assert waits_s == [1, 2, 4, 4, 4]

    def test_jitter_shortens_cooldown_by_up_to_half(self) -> None:
        assert cooldown_s(None, 3, jitter=0.0) == 2
        assert cooldown_s(None, 3, jitter=0.3) == 2.6
        assert cooldown_s(None, 3, jitter=1.0) == 4

    def test_backoff_is_capped(self) -> None:
        assert cooldown_s(None, 10_000, jitter=1.0) == MAX_BACKOFF_S == 4

    def test_repeated_zero_retry_after_is_lengthened(self) -> None:
        waits_s = [cooldown_s(0.0, count, jitter=0.5) for count in range(1, 6)]

        assert waits_s == [0, 0.5, 1, 1, 1]

    def test_sufficient_retry_after_is_not_lengthened(self) -> None:
        assert cooldown_s(7.0, 4, jitter=0.5) == 7


class TestPacing:
    def test_pacing_has_no_gap_before_first_429(self) -> None:
        assert pacing_after(0).gap_s == 0

    def test_each_429_lengthens_gap(self) -> None:
        gaps_s = [pacing_after(rate_limited).gap_s for rate_limited in range(4)]

        assert gaps_s == sorted(set(gaps_s))

    def test_longest_gap_slightly_exceeds_even_gap(self) -> None:
        assert EVEN_GAP_S < pacing_after(100).gap_s < 1.05 * EVEN_GAP_S

    def test_gap_follows_slowest_limit(self) -> None:
        faster = Pacing([Limit(10, 1), Limit(600, 60)])
        repeat(9, faster.record_rate_limited)

        assert faster.gap_s == pytest.approx(pacing_after(9).gap_s / 4)

    def test_pacing_without_limits_has_no_gap(self) -> None:
        pacing = Pacing([])
        repeat(9, pacing.record_rate_limited)

        assert pacing.gap_s == 0

    def test_accepted_requests_lower_pacing_level_by_level(self) -> None:
        pacing = pacing_after(3)
        gaps_s = [pacing_after(2).gap_s, pacing_after(1).gap_s, pacing_after(0).gap_s]

        for gap_s in gaps_s:
            repeat(RECOVERY_REQUESTS - 1, pacing.record_not_rate_limited)
            assert pacing.gap_s > gap_s
            pacing.record_not_rate_limited()
            assert pacing.gap_s == gap_s

    def test_429_restarts_recovery(self) -> None:
        pacing = pacing_after(2)
        repeat(RECOVERY_REQUESTS - 1, pacing.record_not_rate_limited)
        pacing.record_rate_limited()
        repeat(RECOVERY_REQUESTS - 1, pacing.record_not_rate_limited)

        assert pacing.gap_s == pacing_after(3).gap_s

    def test_recovery_length_doubles_after_early_recovery(self) -> None:
        pacing = pacing_after(3)
        lengths = []
        for _ in range(4):
            lengths.append(requests_until_lowered(pacing))
            pacing.record_rate_limited()

        assert lengths == [RECOVERY_REQUESTS * 2**power for power in range(4)]

    def test_recovery_length_is_capped(self) -> None:
        pacing = pacing_after(3)
        for _ in range(20):
            requests_until_lowered(pacing)
            pacing.record_rate_limited()

        assert requests_until_lowered(pacing) == MAX_RECOVERY_REQUESTS

    def test_consecutive_429s_keep_recovery_length(self) -> None:
        assert requests_until_lowered(pacing_after(50)) == RECOVERY_REQUESTS
