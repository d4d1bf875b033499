import pytest

from bulkpause.simulator.limits import (
    Limits,
    Standing,
    Window,
    reported,
    whole_seconds,
)


SECOND = Window(limit=10, period_s=1.0)
MINUTE = Window(limit=150, period_s=60.0)


def standing(window: Window, remaining: int) -> Standing:
    return Standing(window=window, remaining=remaining, seconds_left=0.5)


def counted(limits: Limits, requests: int, now: float) -> None:
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
def test_windows_begin_at_the_phase_and_each_period_after(
    phase_s: float, now: float, index: int, seconds_left: float
) -> None:
    window = Window(limit=150, period_s=60.0, phase_s=phase_s)

    assert (window.index(now), window.seconds_left(now)) == (index, seconds_left)


@pytest.mark.parametrize("tenths", range(0, 1_000_000, 4_999))
def test_no_window_has_more_than_a_period_left(tenths: int) -> None:
    window = Window(limit=1, period_s=0.1, phase_s=0.03)

    assert 0 <= window.seconds_left(0.03 + tenths * 0.1) <= 0.1


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
def test_a_window_without_room_or_length_is_refused(
    limit: int, period_s: float, phase_s: float
) -> None:
    with pytest.raises(ValueError, match="a window needs"):
        Window(limit=limit, period_s=period_s, phase_s=phase_s)


def test_the_last_request_that_fits_is_let_through() -> None:
    limits = Limits([SECOND])
    counted(limits, 9, now=5.0)

    assert limits.refusal_s(5.25) is None


def test_one_request_more_must_wait_for_the_next_window() -> None:
    limits = Limits([SECOND])
    counted(limits, 10, now=5.0)

    assert limits.refusal_s(5.25) == 0.75


def test_a_new_window_begins_empty() -> None:
    limits = Limits([SECOND])
    counted(limits, 10, now=5.99)

    assert limits.refusal_s(6.0) is None


def test_two_bursts_fit_around_a_boundary() -> None:
    limits = Limits([SECOND])
    counted(limits, 10, now=5.99)
    counted(limits, 9, now=6.0)

    assert limits.refusal_s(6.0) is None


def test_a_window_is_forgotten_after_it_was_skipped() -> None:
    limits = Limits([SECOND])
    counted(limits, 10, now=5.0)
    counted(limits, 1, now=9.0)

    assert limits.standings(9.0)[0].remaining == 9


def test_the_fullest_of_two_windows_refuses() -> None:
    limits = Limits([SECOND, MINUTE])
    for second in range(15):
        counted(limits, 10, now=float(second))

    assert limits.refusal_s(20.0) == 40.0


def test_the_longest_wait_counts_when_both_windows_are_full() -> None:
    limits = Limits([SECOND, Window(limit=10, period_s=60.0)])
    counted(limits, 10, now=0.0)

    assert limits.refusal_s(0.5) == 59.5


def test_without_windows_nothing_is_refused() -> None:
    limits = Limits([])
    counted(limits, 1_000, now=0.0)

    assert limits.refusal_s(0.0) is None


def test_more_than_fits_leaves_nothing_and_not_less() -> None:
    limits = Limits([SECOND])
    counted(limits, 12, now=0.0)

    assert limits.standings(0.0)[0].remaining == 0


@pytest.mark.parametrize(
    ("report", "second_left", "minute_left", "window"),
    [
        ("longest", 3, 100, MINUTE),
        ("shortest", 3, 100, SECOND),
        ("tightest", 3, 100, SECOND),
        ("tightest", 9, 2, MINUTE),
        ("tightest", 2, 2, MINUTE),
    ],
)
def test_headers_speak_of_the_window_asked_for(
    report: str, second_left: int, minute_left: int, window: Window
) -> None:
    standings = [standing(SECOND, second_left), standing(MINUTE, minute_left)]

    chosen = reported(standings, report)

    assert chosen is not None
    assert chosen.window == window


def test_headers_speak_of_no_window_when_told_so() -> None:
    assert reported([standing(SECOND, 3)], "none") is None


def test_headers_speak_of_no_window_when_there_is_none() -> None:
    assert reported([], "longest") is None


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
def test_seconds_are_rounded_as_asked(
    seconds: float, rounding: str, whole: int
) -> None:
    assert whole_seconds(seconds, rounding) == whole
