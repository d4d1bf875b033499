"""The page of `report` works in a browser: it is whole, quick, inert and accessible."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any, Literal
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page

from bulkpause.cli.commands.report import write_report
from bulkpause.model import Record
from bulkpause.operation import PAUSE, statuses_of
from bulkpause.settings import BURST, STEADY
from bulkpause.vocabulary import Status
from tests.support.result_logs import record, write_log


pytestmark = [pytest.mark.unmeasured, pytest.mark.posix_only]

COUNTRIES = ("DE", "FR", "ES, PT", "SE/NO/FI", "AT", "BR", "US")
HOSTILE = "<img src=http://127.0.0.1:9/ onerror=document.title='gone'></script>"
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
#: Rules that axe calls less than serious are matters of taste here.
GRAVE = {"serious", "critical"}


def written(folder: Path, sample: Iterable[Record]) -> str:
    log = write_log(folder / "log.jsonl", sample)
    file = folder / "report.html"
    assert write_report([log], file, "html", (BURST, STEADY)) == 0
    return file.as_uri()


def mixed(count: int) -> list[Record]:
    """Make records of paused ids, with some of every other status among them."""
    each = statuses_of(PAUSE)
    statuses = dict(enumerate((*each, *each), 5))
    return [
        record(
            number,
            statuses.get(number, Status.PAUSED),
            name=f"Summer Sale {number}",
            planned=count,
            **(
                {"title": "Not found.", "trace_id": f"t-{number}"}
                if number < 20
                else {}
            ),
        )
        for number in range(1, count + 1)
        if statuses.get(number) is not Status.INVALID
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("report"), mixed(250))


@pytest.fixture(scope="module")
def long_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a page of more rows than it has without its script."""
    return written(tmp_path_factory.mktemp("report"), mixed(1100))


@pytest.fixture
def opened(page: Page, report: str) -> Page:
    return ready(page, report)


def ready(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def cells(page: Page, label: str) -> list[str]:
    """Give the texts of a column, as far as it is shown."""
    heading = page.locator("#ids th").all_inner_texts().index(label)
    return page.locator(f"#ids tbody td:nth-child({heading + 1})").all_inner_texts()


def test_page_asks_for_nothing_and_has_no_error(page: Page, report: str) -> None:
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    ready(page, report)
    page.fill("#find", "1017")
    page.wait_for_timeout(50)
    assert (asked, errors) == ([report], [])


def test_table_shows_all_ids_page_by_page(opened: Page) -> None:
    assert opened.inner_text("#hits") == "248 of 248 rows"
    assert cells(opened, "status")[:2] == ["unknown", "unknown"]
    assert len(cells(opened, "id")) == 100
    opened.click("#last")
    assert opened.inner_text("#range") == "rows 201 to 248"
    assert cells(opened, "id")[-1] == "1250"
    assert opened.is_disabled("#next")
    opened.click("#previous")
    assert opened.inner_text("#range") == "rows 101 to 200"


def test_search_finds_ids_names_and_trace_ids(opened: Page) -> None:
    for words, ids in (
        ("1221", ["1221"]),
        ("sale t-7", ["1007"]),
        ("SUMMER 1124", ["1124"]),
        ("nowhere", []),
    ):
        opened.fill("#find", words)
        assert cells(opened, "id") == ids, words
    assert opened.inner_text("#range") == "no rows"


def test_filter_shows_one_status(opened: Page) -> None:
    opened.select_option("#filter-status", label="rejected")
    assert set(cells(opened, "status")) == {"rejected"}
    assert opened.inner_text("#hits") == "2 of 248 rows"


def test_headings_sort_by_keyboard(opened: Page) -> None:
    heading = opened.get_by_role("button", name="row", exact=True)
    heading.focus()
    opened.keyboard.press("Enter")
    assert cells(opened, "row")[:3] == ["1", "2", "3"]
    opened.keyboard.press("Enter")
    assert cells(opened, "row")[:2] == ["250", "249"]
    sorted_by = opened.locator("th[aria-sort]")
    assert sorted_by.get_attribute("aria-sort") == "descending"


def test_every_control_is_reached_by_tab(opened: Page) -> None:
    reached: set[str] = set()
    for _ in range(60):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.id"))
    assert {"find", "filter-status", "next", "last"} <= reached


def test_foreign_script_does_not_run(opened: Page) -> None:
    opened.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{textContent: 'document.title = \"gone\"'}))"
    )
    assert "may still be running" in opened.title()


def test_hostile_words_are_shown_as_text(page: Page, tmp_path: Path) -> None:
    words: dict[str, Any] = dict.fromkeys(("name", "title", "trace_id"), HOSTILE)
    address = written(tmp_path, [record(1, Status.REJECTED, planned=1, **words)])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ready(page, address)
    assert cells(page, "name") == [HOSTILE]
    assert asked == [address]
    assert page.locator("img").count() == 0


def test_page_without_script_has_first_rows(browser: Browser, long_report: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(long_report)
        assert page.locator("#ids tbody tr").count() == 1000
        assert "The first 1,000 of 1,098 rows" in page.inner_text("#without-script")
        assert not page.is_visible("#find")
        assert not page.is_visible("#pages")
        assert page.locator("svg.chart").count() == 3


def test_print_holds_first_rows_that_were_found(page: Page, long_report: str) -> None:
    opened = ready(page, long_report)
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(cells(opened, "id")) == 1000
    opened.emulate_media(media="print", color_scheme="dark")
    color = "getComputedStyle(document.body).backgroundColor"
    assert opened.evaluate(color) == "rgb(255, 255, 255)"
    assert not opened.is_visible("#tools")
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(cells(opened, "id")) == 100


def test_page_fits_a_phone(opened: Page) -> None:
    opened.set_viewport_size({"width": 390, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture
def unguarded(browser: Browser) -> Iterator[Page]:
    """Open pages without their policy, which forbids the script of axe."""
    with browser.new_context(bypass_csp=True) as context:
        yield context.new_page()


def test_axe_finds_nothing_grave(unguarded: Page, tmp_path: Path) -> None:
    # Every status twice: more rows of the same kinds would take axe longer alone.
    ready(unguarded, written(tmp_path, mixed(30))).add_script_tag(content=AXE)
    views: list[tuple[int, Literal["light", "dark"]]] = [(1120, "light"), (390, "dark")]
    for width, scheme in views:
        unguarded.set_viewport_size({"width": width, "height": 900})
        unguarded.emulate_media(color_scheme=scheme)
        found = unguarded.evaluate("axe.run()")["violations"]
        assert [each["id"] for each in found if each["impact"] in GRAVE] == [], scheme


def many_records(count: int) -> Iterator[Record]:
    """Make records of ids, each with a trace id, a tenth of them refused."""
    drawn = Random(5)
    for number, id_ in enumerate(drawn.sample(range(10**8), count), 1):
        refused = record(
            number,
            Status.REJECTED,
            title="Not found.",
            message="There is no such resource.",
            campaign_status="running",
        )
        one = refused if number % 10 == 0 else record(number)
        yield replace(
            one,
            id=str(id_),
            trace_id=str(UUID(int=drawn.getrandbits(128))),
            name=f"Summer Sale | {COUNTRIES[number % 7]} | v{number % 89}",
            latency_ms=round(drawn.lognormvariate(4.4, 0.3), 1),
            planned=count,
        )


@pytest.mark.slow
def test_page_of_100000_ids_is_small(page: Page, tmp_path: Path) -> None:
    address = written(tmp_path, many_records(100_000))
    assert (tmp_path / "report.html").stat().st_size <= 3_000_000
    ready(page, address)
    page.fill("#find", "rejected v88 fr")
    shown = cells(page, "name")
    assert len(shown) == 16
    assert set(shown) == {"Summer Sale | FR | v88"}
