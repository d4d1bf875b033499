"""Lay out the charts as values: bars, lines, marks and the words below them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from math import log10
from operator import add

from bulkpause._text import format_count
from bulkpause._value import value
from bulkpause.model import Limit
from bulkpause.report.page.axis import clock, log_marks, round_marks, time_marks
from bulkpause.report.page.requests import Outcome, Requests
from bulkpause.report.page.timeline import Timeline


#: In units of the drawing, which is scaled to the width of the page.
WIDTH, HEIGHT = 920.0, 210.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 12.0, 20.0, 26.0
#: The width of the gap between two spells, of all.
_GAP = 0.03
_MARK_WIDTH = 80.0
_CHARACTER_WIDTH = 6.5
#: A pointer cannot choose a bar that is narrower.
_LEAST_POINTED_AT = 3.0
#: No latency is drawn as less: its scale is logarithmic.
_LEAST_MS = 0.1
#: The percentiles of fewer latencies would say little.
_LATENCIES_PER_BUCKET = 50
_MOST_BUCKETS = 90
PERCENTS = (50, 95, 99)


@value(kw_only=False)
class Mark:
    """A mark on an axis, and its text, which starts or ends there."""

    at: float
    text: str
    anchor: str = "end"

    @property
    def left(self) -> float:
        """Where its text begins, on a horizontal axis."""
        width = _CHARACTER_WIDTH * len(self.text)
        return self.at - width if self.anchor == "end" else self.at

    @property
    def right(self) -> float:
        """Where its text ends, on a horizontal axis."""
        return self.left + _CHARACTER_WIDTH * len(self.text)


@value(kw_only=False)
class Hint:
    """What a bar says to who points at it."""

    x: float
    text: str


@value(kw_only=False)
class Line:
    """A line through a chart, as the path of an SVG."""

    kind: str
    path: str


@value(kw_only=False)
class Reference:
    """A level across a chart, and its text."""

    kind: str
    y: float
    text: str


@value
class Chart:
    """A chart, ready to be drawn.

    Attributes:
        key: Its name in the page.
        title: What it shows.
        summary: What it says, in words.
        x_marks: Times.
        y_marks: Values.
        gaps: Where times without a request are left out.
        legend: The kinds and their names.
        bars: The parts of all bars that are of one kind, for each kind.
        bar_width: The width of each bar.
        hints: What bars say; nothing where they are too narrow to point at.
        lines: Lines, if any.
        reference: A level to compare with: a rate limit, or what was planned.
    """

    key: str
    title: str
    summary: str
    x_marks: Sequence[Mark]
    y_marks: Sequence[Mark]
    gaps: Sequence[float]
    legend: Sequence[tuple[str, str]]
    bars: Sequence[Line] = ()
    bar_width: float = 0.0
    hints: Sequence[Hint] = ()
    lines: Sequence[Line] = ()
    reference: Reference | None = None


@value(kw_only=False)
class Frame:
    """Where the bins of a timeline stand in a chart."""

    timeline: Timeline

    @property
    def _gap(self) -> float:
        return _GAP * (WIDTH - _LEFT - _RIGHT)

    @property
    def bin_width(self) -> float:
        """The width of a bin."""
        gaps = (len(self.timeline.sizes) - 1) * self._gap
        return (WIDTH - _LEFT - _RIGHT - gaps) / self.timeline.bins

    def x(self, number: int) -> float:
        """Give the left end of a bin."""
        gaps = self.timeline.spell_of(number) * self._gap
        return _LEFT + number * self.bin_width + gaps

    def gaps(self) -> list[float]:
        """Give the middle of each gap between two spells."""
        return [self.x(first) - self._gap / 2 for first in self.timeline.firsts[1:]]

    def x_marks(self) -> list[Mark]:
        """Mark the times."""
        apart = _MARK_WIDTH / self.bin_width
        marks = time_marks(self.timeline, bins_apart=apart)
        return _apart([_x_mark(self.x(number), text) for number, text in marks])


def _apart(marks: Sequence[Mark]) -> list[Mark]:
    """Leave out marks whose texts would overlap: the shorter one of two, without a day."""
    kept: list[Mark] = []
    for mark in marks:
        while kept and _overlap(kept[-1], mark) and _width(kept[-1]) < _width(mark):
            kept.pop()
        if not (kept and _overlap(kept[-1], mark)):
            kept.append(mark)
    return kept


def _overlap(mark: Mark, following: Mark) -> bool:
    return mark.right + _CHARACTER_WIDTH > following.left


def _width(mark: Mark) -> float:
    return mark.right - mark.left


def _x_mark(x: float, text: str) -> Mark:
    """Let a text that would leave the chart end at its mark."""
    leaves = x + _CHARACTER_WIDTH * len(text) > WIDTH
    return Mark(round(x, 1), text, "end" if leaves else "start")


def y_of(share: float) -> float:
    """Give the height in a chart: 0 is the bottom, 1 the top."""
    return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


def charts_of(
    requests: Requests, *, ids: int, limits: Sequence[Limit], done_word: str
) -> tuple[Chart, ...]:
    """Lay out the charts of requests; none if nothing was sent.

    Args:
        requests: The requests.
        ids: The number of ids that were planned.
        limits: The rate limits that the requests had to keep; none if there were
            several accounts, each with its own.
        done_word: What was to be done, such as "paused".
    """
    moments_s = sorted(chain(requests.done_s, *requests.sent_s.values()))
    if not moments_s:
        return ()
    frame = Frame(Timeline.of(moments_s))
    charts = [_done_chart(frame, requests, ids, done_word)]
    if requests.timed:
        charts.insert(0, _rate_chart(frame, requests, limits))
    if requests.latencies_ms:
        charts.append(_latency_chart(frame, requests))
    return tuple(charts)


def _rate_chart(frame: Frame, requests: Requests, limits: Sequence[Limit]) -> Chart:
    timeline = frame.timeline
    counts = {
        outcome: timeline.count(sent_s)
        for outcome, sent_s in requests.sent_s.items()
        if sent_s
    }
    sums = [sum(numbers) for numbers in zip(*counts.values(), strict=True)]
    most = max(sums)
    allowed = limit_of_bin(timeline.bin_s, limits)
    marks = round_marks(max(most, allowed or 0) * 1.05)
    return Chart(
        key="rate",
        title=f"Requests per {timeline.unit}",
        summary=_rate_text(requests, most, timeline.unit),
        x_marks=frame.x_marks(),
        y_marks=_y_marks(marks),
        gaps=frame.gaps(),
        legend=[(kind.value, kind.label) for kind in counts],
        bars=[*_bars(frame, counts, marks[-1])],
        bar_width=round(_bar_width(frame.bin_width), 2),
        hints=[*_hints(frame, counts)] if frame.bin_width > _LEAST_POINTED_AT else [],
        reference=None
        if allowed is None
        else Reference("limit", y_of(allowed / marks[-1]), f"limit: {allowed:,}"),
    )


def limit_of_bin(bin_s: float, limits: Sequence[Limit]) -> int | None:
    """Give the most requests that the limits allow in a bin, or None.

    Only limits count whose periods fill the bin: what others allow depends on when
    their windows begin.
    """
    allowed = [
        limit.requests * round(bin_s / limit.period_s)
        for limit in limits
        if bin_s >= limit.period_s and bin_s % limit.period_s == 0
    ]
    return min(allowed, default=None)


def _rate_text(requests: Requests, most: int, unit: str) -> str:
    """Say how many requests there were, and only of those that are shown how dense."""
    of_all = f"{requests.count:,} request{'' if requests.count == 1 else 's'}"
    at_most = f"at most {format_count(most, 'request')} in {_article(unit)}"
    if requests.timed == requests.count:
        return f"{of_all}, {at_most}."
    others = ", ".join(
        f"{requests.untimed[outcome]:,} {outcome.label}"
        for outcome in Outcome
        if requests.untimed.get(outcome)
    )
    return (
        f"{of_all}, of which {requests.timed:,} are shown: {at_most}. It is not on "
        f"record when the others were sent: {others}."
    )


def _article(unit: str) -> str:
    if unit[0].isdigit():
        return unit
    return f"{'an' if unit == 'hour' else 'a'} {unit}"


def _bar_width(bin_width: float) -> float:
    """Leave a gap between wide bars. Narrow ones overlap, so that none is to be seen."""
    return bin_width - 0.8 if bin_width > 4 else bin_width + 0.5


def _bars(
    frame: Frame, counts: Mapping[Outcome, Sequence[int]], top: float
) -> Iterator[Line]:
    """Draw a bar in each bin, as lines of a bar's width: one kind above another."""
    middle = frame.bin_width / 2
    below = [0] * frame.timeline.bins
    for kind, count in counts.items():
        above = list(map(add, below, count))
        lines = (
            f"M{frame.x(number) + middle:.1f} {y_of(start / top)}V{y_of(end / top)}"
            for number, (start, end) in enumerate(zip(below, above, strict=True))
            if end > start
        )
        yield Line(kind.value, "".join(lines))
        below = above


def _hints(frame: Frame, counts: Mapping[Outcome, Sequence[int]]) -> Iterator[Hint]:
    has_seconds = frame.timeline.bin_s < 60
    for number in range(frame.timeline.bins):
        words = [
            f"{count[number]} {kind.label}"
            for kind, count in counts.items()
            if count[number]
        ]
        if words:
            start = clock(frame.timeline.start_s(number), has_seconds=has_seconds)
            yield Hint(round(frame.x(number), 1), f"{start}: {', '.join(words)}")


def _y_marks(values: Sequence[float]) -> list[Mark]:
    return [Mark(y_of(value / values[-1]), f"{value:,.0f}") for value in values]


def _done_chart(frame: Frame, requests: Requests, ids: int, done_word: str) -> Chart:
    done, changed = len(requests.done_s), len(requests.changed_s)
    marks = round_marks(max(ids, done))
    lines = [
        Line("done", _sums(frame, requests.done_s, marks[-1])),
        Line("paused", _sums(frame, requests.changed_s, marks[-1])),
    ]
    return Chart(
        key="done",
        title="Done so far",
        summary=f"{done:,} of {ids:,} ids have a result, {changed:,} of them "
        f"are {done_word}.",
        x_marks=frame.x_marks(),
        y_marks=_y_marks(marks),
        gaps=frame.gaps(),
        legend=[("done", "with a result"), ("paused", done_word)],
        lines=lines,
        reference=Reference("planned", y_of(ids / marks[-1]), f"planned: {ids:,}"),
    )


def _sums(frame: Frame, moments_s: Sequence[float], top: float) -> str:
    """Draw how many of the moments were over at the end of each bin."""
    points = [
        f"{frame.x(number) + frame.bin_width:.1f} {y_of(count / top)}"
        for number, count in enumerate(frame.timeline.places(moments_s)[1:])
    ]
    return f"M{frame.x(0):.1f} {y_of(0)}L{' '.join(points)}"


def _latency_chart(frame: Frame, requests: Requests) -> Chart:
    buckets = _buckets(frame.timeline, requests)
    found = {
        percent: {
            number: percentile(values, percent) for number, values in buckets.items()
        }
        for percent in PERCENTS
    }
    marks = log_marks(min(found[50].values()), max(found[99].values()))
    overall = sorted(requests.latencies_ms)
    words = ", ".join(f"p{p} {percentile(overall, p):,.0f} ms" for p in PERCENTS)
    return Chart(
        key="latency",
        title="Latency",
        summary=f"{words}.",
        x_marks=frame.x_marks(),
        y_marks=[Mark(_log_y(mark, marks), _ms_text(mark)) for mark in marks],
        gaps=frame.gaps(),
        legend=[(f"p{p}", f"p{p}") for p in PERCENTS],
        lines=[
            Line(f"p{p}", _polyline(frame, values, marks))
            for p, values in found.items()
        ],
    )


def _buckets(timeline: Timeline, requests: Requests) -> dict[range, list[float]]:
    """Collect the latencies of several bins together, by these bins."""
    wanted = len(requests.latencies_ms) // _LATENCIES_PER_BUCKET
    together = timeline.bins // min(max(wanted, 1), _MOST_BUCKETS) + 1
    places = timeline.places(requests.answered_s)
    buckets: dict[range, list[float]] = {}
    for first, size in zip(timeline.firsts, timeline.sizes, strict=True):
        spell = range(first, first + size)
        for place in range(0, size, together):
            bins = spell[place : place + together]
            found = requests.latencies_ms[places[bins.start] : places[bins.stop]]
            if found:
                buckets[bins] = sorted(max(ms, _LEAST_MS) for ms in found)
    return buckets


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Get a percentile of values in order, as `Totals.latency_ms` does."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _polyline(
    frame: Frame, values: Mapping[range, float], marks: Sequence[float]
) -> str:
    """Draw a line from bucket to bucket, up to the end of the last one of a spell."""
    parts: list[str] = []
    for _, spell in groupby(values, lambda bins: frame.timeline.spell_of(bins.start)):
        buckets = list(spell)
        points = [
            f"{frame.x(bins.start):.1f} {_log_y(values[bins], marks)}"
            for bins in buckets
        ]
        end = frame.x(buckets[-1][-1]) + frame.bin_width
        parts.append(f"M{'L'.join(points)}H{end:.1f}")
    return "".join(parts)


def _log_y(value: float, marks: Sequence[float]) -> float:
    return y_of(log10(value / marks[0]) / log10(marks[-1] / marks[0]))


def _ms_text(value_ms: float) -> str:
    return f"{value_ms:g} ms" if value_ms < 1000 else f"{value_ms / 1000:g} s"
