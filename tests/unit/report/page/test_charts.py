"""Charts show requests against the limits, what is done, and the latency."""

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Limit, Record
from bulkpause.report.page.charts import (
    WIDTH,
    Chart,
    Frame,
    charts_of,
    limit_of_bin,
    percentile,
)
from bulkpause.report.page.requests import requests_of
from bulkpause.report.page.timeline import Timeline
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status
from tests.support.result_logs import record, records


LIMITS = (Limit(10, 1.0), Limit(150, 60.0))


def charts(sample: list[Record], ids: int | None = None) -> dict[str, Chart]:
    planned = len(sample) if ids is None else ids
    found = charts_of(
        requests_of(sample), ids=planned, limits=LIMITS, done_word="paused"
    )
    return {chart.key: chart for chart in found}


@pytest.mark.parametrize(
    ("bin_s", "allowed"), [(1.0, 10), (60.0, 150), (600.0, 1500), (0.5, None)]
)
def test_limit_is_that_of_a_bin(bin_s: float, allowed: int | None) -> None:
    assert limit_of_bin(bin_s, LIMITS) == allowed


def test_limit_of_other_periods_is_not_drawn() -> None:
    assert limit_of_bin(60.0, (Limit(100, 7.0),)) is None


def test_bars_are_as_high_as_their_counts() -> None:
    sample = [record(1), record(1), record(1, Status.REJECTED), record(3)]
    chart = charts(sample)["rate"]
    assert [hint.text for hint in chart.hints] == [
        "08:00:01: 2 accepted, 1 refused (3xx, 4xx)",
        "08:00:03: 1 accepted",
    ]
    accepted, refused = (
        re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", bars.path) for bars in chart.bars
    )
    (x, bottom, top), (_, _, top_of_one) = accepted
    assert refused[0][:2] == (x, top)
    two, one = float(bottom) - float(top), float(bottom) - float(top_of_one)
    assert two == pytest.approx(2 * one, abs=0.2)
    assert float(top) - float(refused[0][2]) == pytest.approx(one, abs=0.2)


def test_bars_too_narrow_to_point_at_say_nothing() -> None:
    assert len(charts(records(280))["rate"].hints) == 280
    assert charts(records(300))["rate"].hints == []


def test_summary_names_most_requests_in_a_bin() -> None:
    chart = charts([record(1), record(1), record(3)])["rate"]
    assert chart.summary == "3 requests, at most 2 requests in a second."
    assert chart.reference is not None
    assert chart.reference.text == "limit: 10"


def test_reads_that_end_together_are_no_burst() -> None:
    end = "2026-11-27T08:00:30.000Z"
    read: dict[str, Any] = {"campaign_status": "paused", "reads": 1, "finished_at": end}
    chart = charts([record(number, **read) for number in range(1, 13)])["rate"]
    assert chart.summary == (
        "24 requests, of which 12 are shown: at most 1 request in a second. It is not "
        "on record when the others were sent: 12 read."
    )
    assert [kind for kind, _ in chart.legend] == ["accepted"]


def test_requests_without_moments_have_no_chart() -> None:
    history = ({"http_status": 503},)
    assert list(charts([record(3, history=history)])) == ["done", "latency"]


@given(
    lengths_s=st.lists(st.integers(1, 9000), min_size=1, max_size=8),
    idle_s=st.integers(601, 200_000),
)
def test_texts_of_times_never_overlap(lengths_s: list[int], idle_s: int) -> None:
    start, moments = 1_795_766_410.0, list[float]()
    for length_s in lengths_s:
        moments += [start + at for at in range(0, length_s, 30)]
        start = moments[-1] + idle_s
    marks = Frame(Timeline.of(moments)).x_marks()
    assert all(one.right < other.left for one, other in pairwise(marks))
    assert len(marks[0].text) >= len("2026-11-27")
    assert marks[-1].right <= WIDTH + 1


def test_several_accounts_have_no_common_limit() -> None:
    found = charts_of(requests_of(records(3)), ids=3, limits=(), done_word="paused")
    assert found[0].reference is None


def test_interrupted_run_ends_below_what_was_planned() -> None:
    chart = charts([*records(3), record(4, Status.FAILED)], ids=10)["done"]
    assert chart.summary == "4 of 10 ids have a result, 3 of them are paused."
    assert chart.reference is not None
    done, paused = (line.path.split()[-1] for line in chart.lines)
    assert float(chart.reference.y) < float(done) < float(paused)


def test_replaced_results_are_not_counted() -> None:
    failed, paused = record(1, Status.FAILED), record(1)
    requests = requests_of([failed, paused], results=[paused])
    found = charts_of(requests, ids=1, limits=LIMITS, done_word="paused")
    chart = {one.key: one for one in found}["done"]
    assert requests.count == 2
    assert chart.summary == "1 of 1 ids have a result, 1 of them are paused."


def test_latency_has_percentiles_of_totals() -> None:
    sample = [record(n, latency_ms=float(n)) for n in range(1, 201)]
    totals = add_all(sample, Totals(rows=200))
    expected = [totals.latency_ms(p) for p in (50, 95, 99)]
    assert [percentile(range(1, 201), p) for p in (50, 95, 99)] == expected
    assert charts(sample)["latency"].summary == "p50 101 ms, p95 191 ms, p99 199 ms."


def test_few_latencies_are_drawn_to_the_end() -> None:
    chart = charts(records(20))["latency"]
    for line in chart.lines:
        assert line.path.startswith("M56.0 ")
        assert line.path.endswith("H908.0")


def test_gap_between_runs_is_marked() -> None:
    late = record(
        2,
        started_at="2026-11-28T09:00:00.000Z",
        finished_at="2026-11-28T09:00:00.100Z",
    )
    for chart in charts([record(1), late]).values():
        assert len(chart.gaps) == 1
        marks = [mark.at for mark in chart.x_marks]
        assert all(after - before >= 80 for before, after in pairwise(marks))


def test_nothing_sent_draws_nothing() -> None:
    assert charts([], ids=5) == {}


def test_paths_are_valid() -> None:
    sample = [*records(300), record(301, latency_ms=29_000.0)]
    for chart in charts(sample).values():
        for line in (*chart.lines, *chart.bars):
            assert set(line.path) <= set("MLVH0123456789. ")
            ET.fromstring(f'<path d="{line.path}"/>')  # noqa: S314
