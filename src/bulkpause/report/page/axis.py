"""Choose the marks of an axis: round numbers, and times of day far enough apart."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil, floor, log10

from bulkpause.report.page.timeline import Timeline


#: Steps between the marks of a time axis, in seconds.
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400),
)
_DAY_S = 86_400


def round_marks(most: float, *, about: int = 4) -> list[float]:
    """Give round numbers from 0 to at least `most`, about so many steps apart."""
    rough = max(most, 1) / about
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    step = max(1.0, step)
    return [number * step for number in range(ceil(max(most, 1) / step) + 1)]


def log_marks(least: float, most: float) -> list[float]:
    """Give the marks 1, 2 and 5 of each decade, from below `least` to above `most`."""
    marks = [
        10.0**power * factor
        for power in range(floor(log10(least)) - 1, ceil(log10(most)) + 2)
        for factor in (1, 2, 5)
    ]
    first = max(mark for mark in marks if mark <= least)
    last = min(mark for mark in marks if mark >= most and mark > first)
    return [mark for mark in marks if first <= mark <= last]


def time_marks(timeline: Timeline, *, bins_apart: float) -> Iterator[tuple[int, str]]:
    """Mark bins with their times in UTC, at least so many bins apart.

    Each spell begins with a mark that has the day, unless it is too near to another.
    """
    days = _marks_of_days(timeline, bins_apart)
    free_from = 0.0
    for number in range(timeline.bins):
        if number in days:
            # A mark with a day is wider.
            yield number, _time_text(timeline, number, has_day=True)
            free_from = number + 2 * bins_apart
        elif number >= free_from and _is_round(timeline, number, bins_apart):
            is_free = all(not 0 < day - number < 2 * bins_apart for day in days)
            if is_free:
                yield number, _time_text(timeline, number, has_day=False)
                free_from = number + bins_apart


def _marks_of_days(timeline: Timeline, bins_apart: float) -> list[int]:
    days: list[int] = []
    for first in timeline.firsts:
        if not days or first - days[-1] >= 2 * bins_apart:
            days.append(first)
    return days


def _is_round(timeline: Timeline, number: int, bins_apart: float) -> bool:
    least_s = bins_apart * timeline.bin_s
    step_s = next(
        (step for step in _STEPS_S if step >= least_s), ceil(least_s / _DAY_S) * _DAY_S
    )
    return timeline.start_s(number) % step_s < timeline.bin_s


def _time_text(timeline: Timeline, number: int, *, has_day: bool) -> str:
    moment_s, bin_s = timeline.start_s(number), timeline.bin_s
    day = f"{datetime.fromtimestamp(moment_s, UTC):%Y-%m-%d}"
    if bin_s >= _DAY_S:
        return day
    text = clock(moment_s, has_seconds=bin_s < 60)
    return f"{day} {text}" if has_day else text


def clock(moment_s: float, *, has_seconds: bool) -> str:
    """Write the time of day in UTC of a moment: seconds since 1970."""
    at = datetime.fromtimestamp(moment_s, UTC)
    return f"{at:%H:%M:%S}" if has_seconds else f"{at:%H:%M}"
