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
        for power in range(floor(log10(least)), ceil(log10(most)) + 1)
        for factor in (1, 2, 5)
    ]
    first = max((mark for mark in marks if mark <= least), default=marks[0])
    last = min(mark for mark in marks if mark >= most and mark > first)
    return [mark for mark in marks if first <= mark <= last]


def time_marks(timeline: Timeline, *, bins_apart: float) -> Iterator[tuple[int, str]]:
    """Mark bins with their times in UTC, at least so many bins apart.

    Each spell begins with a mark that has the day.
    """
    step_s = next(
        (step for step in _STEPS_S if step >= bins_apart * timeline.bin_s),
        ceil(bins_apart * timeline.bin_s / _DAY_S) * _DAY_S,
    )
    previous = -1.5 * bins_apart
    for number in range(timeline.bins):
        is_first = number in timeline.firsts
        start_s = timeline.start_s(number)
        is_round = start_s % step_s < timeline.bin_s
        apart = number - previous
        # A mark with a day is wider.
        if apart >= 1.5 * bins_apart if is_first else is_round and apart >= bins_apart:
            yield number, _time_text(start_s, timeline.bin_s, has_day=is_first)
            previous = number + bins_apart / 2 if is_first else number


def _time_text(moment_s: float, bin_s: float, *, has_day: bool) -> str:
    day = f"{datetime.fromtimestamp(moment_s, UTC):%Y-%m-%d}"
    if bin_s >= _DAY_S:
        return day
    text = clock(moment_s, has_seconds=bin_s < 60)
    return f"{day} {text}" if has_day else text


def clock(moment_s: float, *, has_seconds: bool) -> str:
    """Write the time of day in UTC of a moment: seconds since 1970."""
    at = datetime.fromtimestamp(moment_s, UTC)
    return f"{at:%H:%M:%S}" if has_seconds else f"{at:%H:%M}"
