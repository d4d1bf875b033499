import pytest

from bulkpause.simulator.limits import (
    RateLimits,
    Window,
    WindowState,
    reported_state,
    whole_seconds,
)


SECOND = Window(limit=10, period_s=1.0)
MINUTE = Window(limit=150, period_s=60.0)


def state(window: Window, remaining: int) -> WindowState:
    return WindowState(window=window, remaining=remaining, reset_s=0.5)


def counted(limits: RateLimits, requests: int, now: float) -> None:
    for _ in range(requests):
        limits.count(now)


@pytest.mark.parametrize(
    ("phase_s", "now", "index", "seconds_left"),
    [
        (0.0, 0.0, 0, 60.0),
        (0.0, 59.0, 0, 1.0),
        (0.0, 60.0, 1, 60.0),
        (15.0, 14.0, -1, 1.0),
        (15.0, 15.0, 0, 60.0),
        (15.0, 80.0, 1, 55.0),
        (615.0, 14.0, -11, 1.0),
    ],
)
def test_windows_reset_at_phase_and_every_period(
    phase_s: float, now: float, index: int, seconds_left: float
) -> None:
    window = Window(limit=150, period_s=60.0, phase_s=phase_s)

    assert (window.index(now), window.seconds_until_reset(now)) == (index, seconds_left)


@pytest.mark.parametrize("index", [1, 3, 7, 1_000, 33_333])
def test_computed_boundary_belongs_to_next_window(index: int) -> None:
    window = Window(limit=1, period_s=0.1, phase_s=0.7)
    boundary = 0.7 + index * 0.1

    assert window.index(boundary) == index
    assert window.end(boundary) > boundary


@pytest.mark.parametrize("tenths", range(0, 1_000_000, 4_999))
def test_reset_is_at_most_one_period_away(tenths: int) -> None:
    window = Window(limit=1, period_s=0.1, phase_s=0.03)

    assert 0 < window.seconds_until_reset(0.03 + tenths * 0.1) <= 0.1


@pytest.mark.parametrize(
    ("limit", "period_s", "phase_s"),
    [
        (0, 1.0, 0.0),
        (1, 0.0, 0.0),
        (1, -1.0, 0.0),
        (1, float("nan"), 0.0),
        (1, float("inf"), 0.0),
        (1, 1.0, float("nan")),
    ],
)
def test_window_without_limit_or_period_is_rejected(
    limit: int, period_s: float, phase_s: float
) -> None:
    with pytest.raises(ValueError, match="a window needs"):
        Window(limit=limit, period_s=period_s, phase_s=phase_s)


def test_last_request_that_fits_is_allowed() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 9, now=5.0)

    assert limits.wait_s(5.25) is None


def test_request_over_limit_waits_for_window_reset() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 10, now=5.0)

    assert limits.wait_s(5.25) == 0.75


def test_new_window_is_empty() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 10, now=5.99)

    assert limits.wait_s(6.0) is None


def test_two_bursts_fit_around_window_reset() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 10, now=5.99)
    counted(limits, 9, now=6.0)

    assert limits.wait_s(6.0) is None


def test_skipped_window_leaves_no_count() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 10, now=5.0)
    counted(limits, 1, now=9.0)

    assert limits.states(9.0)[0].remaining == 9


def test_full_longer_window_sets_wait() -> None:
    limits = RateLimits([SECOND, MINUTE])
    for second in range(15):
        counted(limits, 10, now=float(second))

    assert limits.wait_s(20.0) == 40.0


def test_two_full_windows_give_longest_wait() -> None:
    limits = RateLimits([SECOND, Window(limit=10, period_s=60.0)])
    counted(limits, 10, now=0.0)

    assert limits.wait_s(0.5) == 59.5


def test_every_request_fits_without_windows() -> None:
    limits = RateLimits([])
    counted(limits, 1_000, now=0.0)

    assert limits.wait_s(0.0) is None


def test_remaining_is_never_negative() -> None:
    limits = RateLimits([SECOND])
    counted(limits, 12, now=0.0)

    assert limits.states(0.0)[0].remaining == 0


@pytest.mark.parametrize(
    ("header_window", "second_left", "minute_left", "window"),
    [
        ("longest", 3, 100, MINUTE),
        ("shortest", 3, 100, SECOND),
        ("tightest", 3, 100, SECOND),
        ("tightest", 9, 2, MINUTE),
        ("tightest", 2, 2, MINUTE),
    ],
)
def test_headers_describe_configured_window(
    header_window: str, second_left: int, minute_left: int, window: Window
) -> None:
    states = [state(SECOND, second_left), state(MINUTE, minute_left)]

    chosen = reported_state(states, header_window)

    assert chosen is not None
    assert chosen.window == window


def test_headers_can_be_turned_off() -> None:
    assert reported_state([state(SECOND, 3)], "none") is None


def test_headers_need_a_window() -> None:
    assert reported_state([], "longest") is None


@pytest.mark.parametrize(
    ("seconds", "rounding", "whole"),
    [
        (1.2, "up", 2),
        (2.0, "up", 2),
        (0.0, "up", 1),
        (1.9, "down", 1),
        (0.9, "down", 0),
        (1.4, "nearest", 1),
        (1.5, "nearest", 2),
        (2.5, "nearest", 3),
        (0.2, "nearest", 0),
    ],
)
def test_seconds_are_rounded_as_configured(
    seconds: float, rounding: str, whole: int
) -> None:
    assert whole_seconds(seconds, rounding) == whole
