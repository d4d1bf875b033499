"""The bar on a terminal."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from bulkpause.progress.bar import Bar, render, rows_added
from bulkpause.progress.event import IdFinished, Notice, Progressed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.progress.text import failure_line
from tests.support.progress import MIDWAY, REJECTED, START


def rendered(snapshot: Snapshot, *, width: int = 80, **options: Any) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, **options)
    console.print(render(snapshot))
    return file.getvalue().splitlines()


def bar_in(file: io.StringIO, *, width: int = 80) -> Bar:
    return Bar(Console(file=file, force_terminal=True, width=width))


@pytest.mark.parametrize("width", [20, 80, 200])
def test_bar_fits_terminal_width(width: int) -> None:
    waiting = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.0)
    snapshot = replace(waiting, failures=(failure_line(REJECTED),) * 3)
    lines = rendered(snapshot, width=width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "100/150" in text
    assert "waiting for the limit of 150/60s: 23 s" in text
    assert "latest ids not paused:" in text
    assert text.count("trace_id t-1") == 3


def test_api_text_is_neither_markup_nor_control() -> None:
    snapshot = replace(MIDWAY, failures=(failure_line(REJECTED),))
    text = "\n".join(rendered(snapshot, force_terminal=True, width=200))
    assert "[red]gone[/red]\N{REPLACEMENT CHARACTER}[2J" in text
    assert "\x1b[2J" not in text


def test_no_color_removes_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    snapshot = replace(MIDWAY, failures=(failure_line(REJECTED),), stopping="SIGINT")
    options: dict[str, Any] = {"force_terminal": True, "color_system": "truecolor"}
    plain = "".join(rendered(snapshot, **options))
    monkeypatch.delenv("NO_COLOR")
    coloured = "".join(rendered(snapshot, **options))
    assert "\x1b[3" not in plain
    assert "\x1b[3" in coloured


def test_colours_suit_light_and_dark_backgrounds() -> None:
    snapshot = replace(MIDWAY, failures=(failure_line(REJECTED),), stopping="SIGINT")
    lines = rendered(snapshot, force_terminal=True, color_system="truecolor")
    styles = re.findall(r"\x1b\[([0-9;]+)m", "".join(lines))
    bold, dim, red, magenta = "1", "2", "31", "35"
    assert set(styles) == {"0", bold, dim, red, magenta}


def test_id_to_read_back_fills_half() -> None:
    def filled(snapshot: Snapshot) -> int:
        lines = rendered(snapshot, force_terminal=True, color_system="standard")
        return re.split(r"\x1b\[2m", lines[0])[0].count("━")

    verifying = replace(START, to_read_back=100)
    half_paused = replace(START, by_status={"paused": 50})
    assert filled(verifying) == filled(half_paused) > 20


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
def test_wide_line_adds_rows(widths: list[int], columns: int, rows: int) -> None:
    assert rows_added(widths, columns) == rows


@pytest.mark.parametrize(("columns", "rows"), [(30, 7), (40, 4), (80, 3), (90, 3)])
def test_bar_erases_rows_wrapped_by_narrower_terminal(columns: int, rows: int) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    bar = Bar(console)
    bar.handle(Progressed(MIDWAY))
    start = len(file.getvalue())
    console.width = columns
    bar.handle(Progressed(MIDWAY))
    # At 80 columns the bar and two lines of text take three rows.
    assert file.getvalue()[start:].count("\x1b[1A\x1b[2K") == rows - 1


def test_bar_draws_latest_snapshot_once_ready() -> None:
    is_ready = False
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    bar = Bar(console, is_ready=lambda: is_ready)
    bar.handle(Progressed(START))
    assert file.getvalue() == ""
    is_ready = True
    bar.handle(Progressed(MIDWAY))
    assert "100/150" in file.getvalue()
    assert "0/150" not in file.getvalue().replace("100/150", "")


def test_notice_text_appears_above_bar() -> None:
    file = io.StringIO()
    bar = bar_in(file)
    bar.handle(Progressed(MIDWAY))
    bar.handle(Notice("run.interrupted", text="SIGINT: [red]waiting[/red]"))
    _, _, end = file.getvalue().rpartition("SIGINT: [red]waiting[/red]\n")
    assert "100/150" in end


def test_bar_shows_neither_records_nor_bare_notices() -> None:
    file = io.StringIO()
    bar = bar_in(file)
    bar.handle(IdFinished(REJECTED))
    bar.handle(Notice("run.started", {"ids": 2}))
    assert file.getvalue() == ""


def test_bar_is_erased_on_close() -> None:
    file = io.StringIO()
    bar = bar_in(file, width=40)
    bar.handle(Progressed(MIDWAY))
    assert "100/150" in file.getvalue()
    bar.close()
    assert file.getvalue().endswith("\x1b[2K")


def test_bar_without_snapshot_closes_silently() -> None:
    file = io.StringIO()
    bar_in(file).close()
    assert file.getvalue() == ""
