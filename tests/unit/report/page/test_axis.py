"""Axes have round marks that stand apart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.report.page.axis import log_marks, round_marks, time_marks
from bulkpause.report.page.timeline import Timeline


START = 1_795_766_410.0  # 2026-11-27 08:00:10 UTC


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (10.5, [0, 5, 10, 15]),
        (100_000, [0, 50_000, 100_000]),
    ],
)
def test_marks_of_counts_are_round(most: float, marks: list[float]) -> None:
    assert round_marks(most) == marks


@given(st.floats(0.1, 1e6), st.floats(1, 1e4))
def test_logarithmic_marks_hold_all_values(least: float, factor: float) -> None:
    marks = log_marks(least, least * factor)
    assert marks[0] <= least
    assert marks[-1] >= least * factor
    assert marks == sorted(set(marks))


def test_first_mark_of_each_spell_has_its_day() -> None:
    day = 86_400.0
    moments = [START + n for n in range(60)]
    timeline = Timeline.of([*moments, *(at + day for at in moments)])
    marks = list(time_marks(timeline, bins_apart=20))
    assert marks[0] == (0, "2026-11-27 08:00:10")
    assert (60, "2026-11-28 08:00:10") in marks
    assert all(" " not in text for number, text in marks if number not in {0, 60})


def test_marks_of_time_stand_apart() -> None:
    timeline = Timeline.of([START + n for n in range(700)])
    numbers = [number for number, _ in time_marks(timeline, bins_apart=60)]
    assert all(after - before >= 60 for before, after in pairwise(numbers))
    assert len(numbers) > 5


def test_days_have_no_time_of_day() -> None:
    timeline = Timeline.of([START + n * 86_400 for n in range(800)])
    texts = [text for _, text in time_marks(timeline, bins_apart=60)]
    assert all(len(text) == len("2026-11-27") for text in texts)
