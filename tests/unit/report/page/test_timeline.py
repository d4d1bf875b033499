"""The time of a log is cut into bins, and idle spells between runs are left out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.report.page.timeline import Timeline


START = 1_795_766_400.0  # 2026-11-27 08:00:00 UTC
HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("length_s", "bin_s", "unit"),
    [
        (0.0, 1.0, "second"),
        (240.0, 1.0, "second"),
        (12 * HOUR, 60.0, "minute"),
        (4 * DAY, 600.0, "10 minutes"),
        (900 * DAY, DAY, "day"),
    ],
)
def test_bins_grow_with_time(length_s: float, bin_s: float, unit: str) -> None:
    step = max(length_s / 1000, 1.0)
    moments = [START + n * step for n in range(int(length_s / step) + 1)]
    timeline = Timeline.of(moments)
    assert (timeline.bin_s, timeline.unit) == (bin_s, unit)


def test_retry_next_day_has_bins_of_its_own() -> None:
    timeline = Timeline.of([START, START + 5, START + DAY, START + DAY + 1])
    assert (timeline.sizes, timeline.bin_s) == ((6, 2), 1.0)
    assert timeline.start_s(6) == START + DAY
    assert timeline.count([START + 0.5, START + 5, START + DAY]) == [
        *(1, 0, 0, 0, 0, 1),
        *(1, 0),
    ]


def test_outage_within_a_run_is_kept() -> None:
    assert Timeline.of([START, START + 299]).sizes == (300,)


def test_only_longest_idle_spells_are_left_out() -> None:
    moments = [START + n * HOUR for n in range(30)]
    assert len(Timeline.of([*moments, START + 10 * DAY]).sizes) <= 8


def test_no_moment_makes_one_bin() -> None:
    assert Timeline.of([]).count([]) == [0]


@given(
    st.lists(st.floats(0, 400 * DAY), min_size=1, max_size=50).map(sorted),
)
def test_each_moment_is_in_one_bin(moments: list[float]) -> None:
    timeline = Timeline.of(moments)
    assert sum(timeline.count(moments)) == len(moments)
    starts = [timeline.start_s(number) for number in range(timeline.bins)]
    assert all(before < after for before, after in pairwise(starts))
    places = timeline.places(moments)
    for number, (first, last) in enumerate(pairwise(places)):
        inside = moments[first:last]
        assert all(0 <= at - starts[number] < timeline.bin_s for at in inside)
