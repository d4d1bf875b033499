"""The page loads nothing, and what it shows is inert."""

import base64
import hashlib
import re
import sys
from html.parser import HTMLParser
from importlib import resources

import pytest

from bulkpause.errors import SettingsError
from bulkpause.model import Record
from bulkpause.report.group import LogGroup, RunWords
from bulkpause.report.log_status import LogStatus
from bulkpause.report.origin import Origin
from bulkpause.report.page.html import MARKER, page_of
from bulkpause.report.totals import Totals, add_all
from bulkpause.settings import BURST, STEADY
from bulkpause.vocabulary import Status
from tests.support.result_logs import RUN, record, records


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&"


def page(*sample: Record) -> str:
    totals = add_all(sample, Totals(rows=len(sample)))
    status = LogStatus(
        log=HOSTILE,
        totals=totals,
        endpoint=HOSTILE,
        is_simulated=False,
        is_held=False,
        first_at=None,
        last_at="2026-11-27T08:00:00.000Z",
        age_s=60.0,
        run_id=RUN,
    )
    group = LogGroup(
        status=status,
        logs=[HOSTILE],
        records=sample,
        requests_of=sample,
        runs=[RunWords(run_id=RUN, log=HOSTILE, ids=len(sample))],
    )
    origin = Origin(
        made_at="now",
        version="1",
        limits=(BURST, STEADY),
        commands=[HOSTILE],
        advice=[HOSTILE],
    )
    return page_of([group], origin)


class Elements(HTMLParser):
    """Collects the start tags of a page, and the texts of its styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"style", "script"}:
            self.texts.append((self.tags[-1][0], data))


def hash_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_page_begins_with_its_marker() -> None:
    assert page(record(1)).startswith(MARKER)


def test_policy_allows_own_style_and_script_only() -> None:
    found = Elements(page(*records(3)))
    policy = next(
        attributes["content"]
        for tag, attributes in found.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    hashes = set(re.findall(r"'sha256-([^']+)'", policy))
    style = next(text for tag, text in found.texts if tag == "style")
    script = next(text for tag, text in reversed(found.texts) if "strict" in text)
    assert hashes == {hash_of(style), hash_of(script)}


def test_page_names_nothing_to_load() -> None:
    for tag, attributes in Elements(page(*records(3))).tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "a"}
        assert not {"src", "href", "style", "srcset"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)


def test_hostile_words_add_no_element() -> None:
    refused = record(
        *(2, Status.REJECTED),
        name=HOSTILE,
        title=HOSTILE,
        message=HOSTILE,
        trace_id=HOSTILE,
        campaign_status=HOSTILE,
    )
    plain = record(
        *(2, Status.REJECTED),
        name="a",
        title="a",
        message="a",
        trace_id="a",
        campaign_status="a",
    )
    hostile_tags, plain_tags = (
        [tag for tag, _ in Elements(page(record(1), one)).tags]
        for one in (refused, plain)
    )
    assert hostile_tags == plain_tags


def test_every_status_has_a_color() -> None:
    style = resources.files("bulkpause.report.page").joinpath("page.css").read_text()
    for status in (*Status, "not_attempted", "not_on_record"):
        assert f".{status}" in style


def test_missing_extra_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(SettingsError, match=r"pip install 'bulkpause\[report\]'"):
        page(record(1))


def test_moment_of_headline_is_not_cut() -> None:
    assert 'as of <span class="whole">2026-11-27 08:00:00 UTC</span></h1>' in page(
        record(1)
    )


def test_log_without_ids_makes_a_page() -> None:
    assert "All ids" in page()
