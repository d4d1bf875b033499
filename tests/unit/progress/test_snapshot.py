"""How a run is shown while it is on its way."""

import asyncio
import io
import re
from dataclasses import replace
from typing import Any, cast

import pytest
import structlog
from rich.console import Console

from bulkpause._text import format_duration
from bulkpause.model import Limit, Record, Status
from bulkpause.progress.bar import Bar, picture, rows_added
from bulkpause.progress.display import Display, NullDisplay, PlainDisplay, SafeDisplay
from bulkpause.progress.jsonl import LINE_EVERY_S, JsonLinesDisplay
from bulkpause.progress.monitor import watching
from bulkpause.progress.snapshot import (
    Snapshot,
    Tally,
    allowed_per_s,
    counts,
    failure,
    pace,
    state,
)


pytestmark = pytest.mark.anyio

START = Snapshot(
    total=150,
    by_status={},
    requests=0,
    in_flight=0,
    accepted=0,
    to_retry=0,
    to_read_back=0,
    rate_per_s=0.0,
    allowed_per_s=10.0,
    left_s=15.4,
)
MIDWAY = replace(
    START,
    by_status={"paused": 97, "failed": 3},
    requests=108,
    in_flight=8,
    rate_per_s=9.44,
    left_s=63.0,
)
REFUSED = Record(
    id="1001",
    status=Status.REJECTED,
    http_status=404,
    title="Not found.",
    message="[red]gone[/red]\x1b[2J\nfor good",
    trace_id="t-1",
)


def drawn(snapshot: Snapshot, *, width: int = 80, **options: Any) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, **options)
    console.print(picture(snapshot))
    return file.getvalue().splitlines()


class _Logger:
    """Keeps the events that it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **fields: self.events.append((level, event, fields))


@pytest.fixture
def logger() -> _Logger:
    return _Logger()


def lines_to(logger: _Logger) -> JsonLinesDisplay:
    return JsonLinesDisplay(cast("structlog.typing.FilteringBoundLogger", logger))


class _Recorded:
    """A face that notes what it was asked to show."""

    def __init__(self, error: Exception | None = None) -> None:
        self.shown: list[Snapshot] = []
        self.is_closed = False
        self._error = error

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)
        if self._error is not None:
            raise self._error

    def tell(self, record: Record) -> None:
        pass

    def note(self, event: str, **fields: object) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def test_the_counts_name_every_status() -> None:
    assert counts(MIDWAY) == "97 paused · 3 failed · 8 in flight"


def test_what_is_to_be_sent_again_is_counted() -> None:
    busy = replace(MIDWAY, to_retry=2, to_read_back=55)
    assert counts(busy).endswith(" · 8 in flight · 2 to try again · 55 to read back")


def test_what_was_accepted_and_not_proved_yet_is_counted() -> None:
    proving = replace(START, in_flight=2, accepted=112, to_read_back=124)
    assert counts(proving) == "112 accepted · 2 in flight · 124 to read back"


def test_the_pace_is_set_against_the_limit() -> None:
    assert pace(MIDWAY) == "9.4 of 10.0 requests/s · about 1:03 left"


def test_without_limits_the_pace_stands_alone() -> None:
    assert pace(replace(START, allowed_per_s=None)) == (
        "0.0 requests/s · about 15 s left"
    )


def test_nobody_knows_how_long_a_server_stays_out() -> None:
    assert pace(replace(START, left_s=None)) == "0.0 of 10.0 requests/s"


def test_nothing_is_left_when_all_is_finished() -> None:
    assert pace(replace(MIDWAY, total=100)) == "9.4 of 10.0 requests/s"


def test_a_wait_is_named_with_its_end() -> None:
    waits = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.2)
    assert state(waits) == "waiting for the limit of 150/60s: 23 s"


def test_a_wait_without_a_known_end_is_named() -> None:
    assert state(replace(MIDWAY, waits_for="answers")) == "waiting for answers"


def test_a_run_that_stops_says_why() -> None:
    stops = replace(MIDWAY, stopping="SIGINT", waits_for="answers")
    assert state(stops) == "stopping: SIGINT"


def test_a_run_that_waits_for_nothing_has_no_state() -> None:
    assert state(MIDWAY) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (7.4, "7 s"), (59.6, "1:00"), (187, "3:07"), (3787, "1:03:07")],
)
def test_a_span_of_time_is_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


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
def test_the_rate_is_set_against_what_ten_seconds_allow(
    limits: list[Limit], allowed: float | None
) -> None:
    assert allowed_per_s(limits) == allowed


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    tally = Tally(500, now=1000.0)
    for second in range(1, 31):
        tally.see(10 * min(second, 20), 1000.0 + second)
    assert tally.rate_per_s == 0.0
    tally.see(230, 1031.0)
    assert tally.rate_per_s == pytest.approx(3.0)


def test_what_a_run_begins_with_is_spread_over_a_second() -> None:
    tally = Tally(500, now=1000.0)
    for tenth in range(95):
        # Ten at each beginning of a second.
        tally.see(10 * (1 + tenth // 10), 1000.0 + tenth / 10)
        assert tally.rate_per_s <= 10.0
    assert tally.rate_per_s == pytest.approx(10.0, rel=0.05)


def test_short_waits_between_requests_are_not_worth_a_word() -> None:
    tally = Tally(500, now=0.0)
    tally.see(10, 1.0)
    assert not tally.is_long_wait(0.9)
    assert not tally.is_long_wait(None)
    assert tally.is_long_wait(23.0)


def test_a_wait_that_went_on_for_long_is_worth_a_word() -> None:
    tally = Tally(500, now=0.0)
    tally.see(10, 1.0)
    tally.see(10, 4.0)
    assert tally.is_long_wait(None)


def test_only_the_last_failures_are_kept() -> None:
    tally = Tally(9, now=0.0)
    for number in range(5):
        tally.add(Record(id=str(number), status=Status.FAILED))
        tally.add(Record(id=f"p{number}", status=Status.ALREADY_PAUSED))
    assert [line.partition(" ")[0] for line in tally.failures] == ["2", "3", "4"]
    assert list(tally.by_status.items()) == [("already_paused", 5), ("failed", 5)]
    assert tally.finished == 10


def test_a_failure_is_told_with_its_reason_and_trace_id() -> None:
    found = failure(replace(REFUSED, message="It is gone."))
    assert found == "1001 rejected: HTTP 404, Not found, It is gone, trace_id t-1"


def test_a_long_reason_does_not_hide_the_trace_id() -> None:
    found = failure(replace(REFUSED, message="x" * 1000))
    assert len(found) < 200
    assert found.endswith("x…, trace_id t-1")


@pytest.mark.parametrize("width", [20, 80, 200])
def test_the_picture_fits_the_terminal(width: int) -> None:
    shown = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.0)
    shown = replace(shown, failures=(failure(REFUSED),) * 3)
    lines = drawn(shown, width=width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "100/150" in text
    assert "waiting for the limit of 150/60s: 23 s" in text
    assert text.count("trace_id t-1") == 3


def test_words_of_the_api_are_neither_markup_nor_control() -> None:
    shown = replace(MIDWAY, failures=(failure(REFUSED),))
    text = "\n".join(drawn(shown, force_terminal=True, width=200))
    assert "[red]gone[/red]\N{REPLACEMENT CHARACTER}[2J" in text
    assert "\x1b[2J" not in text


def test_without_colour_nothing_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = replace(MIDWAY, failures=(failure(REFUSED),), stopping="SIGINT")
    plain = "".join(drawn(shown, force_terminal=True, color_system="truecolor"))
    monkeypatch.delenv("NO_COLOR")
    coloured = "".join(drawn(shown, force_terminal=True, color_system="truecolor"))
    assert "\x1b[3" not in plain
    assert "\x1b[3" in coloured


def test_the_colours_are_readable_on_light_and_on_dark() -> None:
    shown = replace(MIDWAY, failures=(failure(REFUSED),), stopping="SIGINT")
    lines = drawn(shown, force_terminal=True, color_system="truecolor")
    styles = re.findall(r"\x1b\[([0-9;]+)m", "".join(lines))
    bold, dim, red, magenta = "1", "2", "31", "35"
    assert set(styles) == {"0", bold, dim, red, magenta}


def test_what_is_to_be_read_back_is_half_done() -> None:
    def done(snapshot: Snapshot) -> int:
        lines = drawn(snapshot, force_terminal=True, color_system="standard")
        return re.split(r"\x1b\[2m", lines[0])[0].count("━")

    proving = replace(START, to_read_back=100)
    assert done(proving) == done(replace(START, by_status={"paused": 50})) > 20


@pytest.mark.parametrize(
    ("widths", "columns", "rows"),
    [
        ([], 80, 0),
        ([80, 0, 30], 80, 0),
        ([81], 80, 1),
        ([100, 60, 30], 50, 2),
        ([100], 30, 3),
    ],
    ids=str,
)
def test_a_line_that_is_too_wide_takes_more_rows(
    widths: list[int], columns: int, rows: int
) -> None:
    assert rows_added(widths, columns) == rows


@pytest.mark.parametrize(("columns", "rows"), [(30, 7), (40, 4), (80, 3), (90, 3)])
def test_what_a_narrower_terminal_has_wrapped_is_erased(
    columns: int, rows: int
) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    bar = Bar(console)
    bar.show(MIDWAY)
    rest = len(file.getvalue())
    console.width = columns
    bar.show(MIDWAY)
    # The bar of 80 columns, and the two lines under it.
    assert file.getvalue()[rest:].count("\x1b[1A\x1b[2K") == rows - 1


def test_what_is_said_stands_above_the_bar() -> None:
    file = io.StringIO()
    bar = Bar(Console(file=file, force_terminal=True, width=80))
    bar.show(MIDWAY)
    bar.say("SIGINT: [red]waiting[/red]")
    _, _, end = file.getvalue().rpartition("SIGINT: [red]waiting[/red]\n")
    assert "100/150" in end


def test_the_bar_is_gone_when_it_is_closed() -> None:
    file = io.StringIO()
    bar = Bar(Console(file=file, force_terminal=True, width=40))
    bar.show(MIDWAY)
    assert "100/150" in file.getvalue()
    bar.close()
    assert file.getvalue().endswith("\x1b[2K")


def test_a_bar_that_was_never_shown_closes_in_silence() -> None:
    file = io.StringIO()
    Bar(Console(file=file, force_terminal=True)).close()
    assert file.getvalue() == ""


async def test_a_line_comes_every_ten_seconds(logger: _Logger) -> None:
    lines = lines_to(logger)
    for _ in range(25):
        lines.show(MIDWAY)
        await asyncio.sleep(1)
    assert [event for _, event, _ in logger.events] == ["run.progressed"] * 3
    assert LINE_EVERY_S == 10


async def test_a_line_comes_at_every_change_of_state(logger: _Logger) -> None:
    lines = lines_to(logger)
    waiting = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.0)
    for snapshot in (START, MIDWAY, waiting, replace(waiting, waits_s=22.0), MIDWAY):
        lines.show(snapshot)
    lines.show(replace(MIDWAY, stopping="SIGTERM"))
    told = [(f["waits_for"], f["stopping"]) for _, _, f in logger.events]
    assert told == [
        (None, None),
        ("the limit of 150/60s", None),
        (None, None),
        (None, "SIGTERM"),
    ]


async def test_a_line_says_how_the_run_stands(logger: _Logger) -> None:
    lines_to(logger).show(MIDWAY)
    ((level, _, fields),) = logger.events
    assert level == "info"
    assert fields == {
        "finished": 100,
        "total": 150,
        "by_status": {"paused": 97, "failed": 3},
        "requests": 108,
        "in_flight": 8,
        "accepted": 0,
        "to_retry": 0,
        "to_read_back": 0,
        "rate_per_s": 9.44,
        "allowed_per_s": 10.0,
        "left_s": 63.0,
        "waits_for": None,
        "waits_s": None,
        "stopping": None,
    }


def test_an_id_that_is_not_paused_is_a_warning(logger: _Logger) -> None:
    lines_to(logger).tell(REFUSED)
    ((level, event, fields),) = logger.events
    assert (level, event) == ("warning", "id.finished")
    assert (fields["id"], fields["trace_id"]) == ("1001", "t-1")
    assert fields["message"] == REFUSED.message


def test_an_id_that_is_paused_is_for_those_who_debug(logger: _Logger) -> None:
    lines_to(logger).tell(Record(id="1", status=Status.PAUSED))
    assert logger.events == [
        ("debug", "id.finished", {"id": "1", "status": Status.PAUSED})
    ]


@pytest.mark.parametrize(("error", "times"), [(None, 2), (BrokenPipeError(), 1)])
def test_what_cannot_be_shown_is_shown_no_more(
    error: Exception | None, times: int
) -> None:
    display = _Recorded(error)
    view: Display = SafeDisplay(display)
    view.show(START)
    view.show(MIDWAY)
    assert len(display.shown) == times


def test_a_defect_of_a_face_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        SafeDisplay(_Recorded(ZeroDivisionError())).show(START)


async def test_the_last_picture_is_of_the_end() -> None:
    display = _Recorded()
    now = iter([START, MIDWAY, replace(MIDWAY, total=100)])
    async with watching(lambda: next(now), display):
        await asyncio.sleep(0.3)
    assert display.shown[-1].total == 100
    assert display.is_closed


def test_nothing_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = NullDisplay()
    nothing.show(MIDWAY)
    nothing.tell(REFUSED)
    nothing.note("run.started")
    nothing.say("for people")
    nothing.close()
    assert capsys.readouterr() == ("", "")


def test_who_is_quiet_says_what_must_be_heard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet = PlainDisplay()
    quiet.show(MIDWAY)
    quiet.note("run.started")
    quiet.say("a second one leaves at once")
    assert capsys.readouterr() == ("", "a second one leaves at once\n")
