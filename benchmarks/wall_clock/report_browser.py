"""Measure the page of `report` in a browser: until it is ready, and a search.

Run `python -m benchmarks.wall_clock.report_browser --help` from the root of the
repository. It needs Playwright and a Chromium. CPU times are those of the process that
shows the page, by the browser's own counters: a loaded machine leaves them as they are.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.harness import (
    installed_program,
    machine,
    started,
    table_head,
    table_row,
    usage_at_end,
)
from benchmarks.wall_clock.report_page import write_log


COLUMNS = ("measure", "CPU s", "s", "target, s")
READY_S, SEARCH_S = 3.0, 0.2
#: Searches for few rows, for many, for none, for a number, and for all again.
WORDS = ("rejected v88 fr", "sale", "nowhere at all", "12345", "")
SEARCH = """words => {
    const before = performance.now();
    const input = document.getElementById("find");
    input.value = words;
    input.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    return (performance.now() - before) / 1000;
}"""


@contextmanager
def opened_browser() -> Iterator[tuple[Page, CDPSession]]:
    """Open a page of the Chromium that the system has, and its counters."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(
            executable_path=path, args=arguments, chromium_sandbox=False
        )
        page = browser.new_page(viewport={"width": 1120, "height": 900})
        counters = page.context.new_cdp_session(page)
        counters.send("Performance.enable")
        yield page, counters
        browser.close()


def cpu_s(counters: CDPSession) -> float:
    """Give the CPU time that the process of the page has used."""
    metrics = counters.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "ProcessTime")


def ready_times(address: str) -> tuple[float, float]:
    """Open the page anew, and give the CPU time and the time until it is ready."""
    with opened_browser() as (page, counters):
        before_s = cpu_s(counters)
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        wall_ms = page.evaluate("performance.now()")
        return cpu_s(counters) - before_s, float(wall_ms) / 1000


def search_times(address: str) -> Iterator[tuple[str, float, float]]:
    """Search for each of the words, and give the CPU time and the time that it took."""
    with opened_browser() as (page, counters):
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        for words in WORDS:
            before_s = cpu_s(counters)
            wall_s = float(page.evaluate(SEARCH, words))
            yield words, cpu_s(counters) - before_s, wall_s


def row_of(name: str, times: Sequence[tuple[float, float]], target_s: float) -> str:
    """Write the medians of some rounds as a row of the table."""
    cpu, wall = (median(values) for values in zip(*times, strict=True))
    return table_row([name, f"{cpu:.2f}", f"{wall:.2f}", f"{target_s:g}"])


@click.command()
@click.option("--ids", type=click.IntRange(10), default=100_000)
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(*, ids: int, rounds: int) -> None:
    """Print the times of a page of many ids, each with a trace id of its own."""
    click.echo(f"A page of {ids:,} ids, {rounds} rounds, medians; {machine()}.\n")
    with TemporaryDirectory() as temporary:
        log, file = Path(temporary, "log.jsonl"), Path(temporary, "page.html")
        write_log(log, ids, is_each_traced=True)
        with started([installed_program(), "report", str(log), "-o", str(file)]) as one:
            usage_at_end(one)
        address = file.as_uri()
        ready = [ready_times(address) for _ in range(rounds)]
        searches = [list(search_times(address)) for _ in range(rounds)]
    click.echo(table_head(COLUMNS))
    click.echo(row_of("ready", ready, READY_S))
    for found in zip(*searches, strict=True):
        name = f"search for `{found[0][0]}`" if found[0][0] else "search for all"
        click.echo(row_of(name, [(cpu, wall) for _, cpu, wall in found], SEARCH_S))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.report_browser")
