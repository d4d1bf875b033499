"""The measured and the allowed request rate."""

import pytest

from bulkpause.model import Limit
from bulkpause.progress.rate import RateMeter, allowed_per_s


def test_rate_covers_last_ten_seconds() -> None:
    rate = RateMeter(now=1000.0)
    for second in range(1, 31):
        rate.update(10 * min(second, 20), 1000.0 + second)
    assert rate.per_s == 0.0
    rate.update(230, 1031.0)
    assert rate.per_s == pytest.approx(3.0)


def test_initial_burst_is_spread_over_one_second() -> None:
    rate = RateMeter(now=1000.0)
    for tenth in range(95):
        # Ten requests at the start of each second.
        rate.update(10 * (1 + tenth // 10), 1000.0 + tenth / 10)
        assert rate.per_s <= 10.0
    assert rate.per_s == pytest.approx(10.0, rel=0.05)


def test_idle_time_starts_at_last_request() -> None:
    rate = RateMeter(now=0.0)
    rate.update(10, 1.0)
    assert rate.idle_s == 0.0
    rate.update(10, 4.0)
    assert rate.idle_s == 3.0
    rate.update(11, 5.0)
    assert rate.idle_s == 0.0


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ([Limit(10, 1.0), Limit(150, 60.0)], 10.0),
        ([Limit(50, 1.0), Limit(150, 60.0)], 15.0),
        ([Limit(150, 5.0)], 30.0),
        ([], None),
    ],
    ids=str,
)
def test_allowed_rate_covers_ten_seconds(
    limits: list[Limit], allowed: float | None
) -> None:
    assert allowed_per_s(limits) == allowed
