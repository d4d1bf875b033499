"""Write the page: one file that loads nothing and runs no script but its own."""

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib import import_module, resources
from typing import Any

from bulkpause._shell import install_command
from bulkpause._text import sanitize
from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.report.breakdown import count_by_cause, count_by_status
from bulkpause.report.group import LogGroup
from bulkpause.report.headline import headline, ids_of, note_lines
from bulkpause.report.origin import Origin
from bulkpause.report.page.charts import Chart, charts_of
from bulkpause.report.page.requests import requests_of
from bulkpause.report.page.table import table_of


#: The first bytes of a page, by which it is known again.
MARKER = "<!doctype html><!-- a report of bulkpause -->"
#: A moment in a headline, which is not to be cut at the end of a line.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)")


def require_extra() -> None:
    """Check that the package that writes HTML is there.

    Raises:
        SettingsError: It is not; the message says how to install it.
    """
    try:
        import_module("jinja2")
    except ImportError as error:
        raise SettingsError(
            "the extra that writes HTML is not installed: choose --format markdown, or "
            f"run {install_command('report')}"
        ) from error


def page_of(groups: Sequence[LogGroup], origin: Origin) -> str:
    """Write the page of some groups of logs.

    Raises:
        SettingsError: The extra that writes HTML is not installed.
    """
    require_extra()
    style, script = _resource("page.css"), _resource("page.js")
    line = sanitize(headline(groups, lacks_logs=bool(origin.doubts)))
    return _render(
        marker=MARKER,
        policy=_policy(style, script),
        style=style,
        script=script,
        headline=_as_sentence(line),
        headline_parts=_MOMENT.split(_as_sentence(line)),
        notes=[*origin.doubts, *note_lines(groups)],
        # Not the groups: a template holds what it is given until garbage is collected.
        has_groups=len(groups) > 1,
        runs=[(r, g.account, g.status.endpoint) for g in groups for r in g.runs],
        counts=count_by_status(groups),
        charts=_charts(groups, origin.limits),
        causes=count_by_cause(groups),
        table=table_of(groups),
        origin=origin,
    )


def _as_sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}"


def _charts(groups: Sequence[LogGroup], limits: Sequence[Limit]) -> Sequence[Chart]:
    ids = sum(ids_of(group.status.totals) for group in groups)
    records = [record for group in groups for record in group.requests_of]
    # A log alone has one word on each id: each of its records is a result, unless an
    # undo has the last word.
    is_each_alone = all(
        len(group.logs) < 2 and not group.status.totals.replaced for group in groups
    )
    results = None if is_each_alone else [one for g in groups for one in g.results]
    unrecorded = (record for group in groups for record in group.unrecorded)
    replaced = (record for group in groups for record in group.replaced)
    accounts = {(group.status.endpoint, group.account) for group in groups}
    operations = {group.status.totals.operation for group in groups}
    return charts_of(
        requests_of(records, results=results, unrecorded=unrecorded, replaced=replaced),
        ids=ids,
        limits=limits if len(accounts) == 1 else (),
        done_word=" or ".join(sorted(one.participle for one in operations)),
    )


def _resource(name: str) -> str:
    return resources.files("bulkpause.report.page").joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Forbid the page everything but its own style and script."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src "
        f"'{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _render(**values: Any) -> str:
    from jinja2 import BaseLoader, Environment, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.from_string(_resource("page.html.j2")).render(values)
