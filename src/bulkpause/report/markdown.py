"""Write a summary of logs as Markdown, for tickets and chat."""

import re
from collections.abc import Iterable, Iterator, Sequence

from bulkpause._text import format_count, on_one_line
from bulkpause.report.breakdown import count_by_cause, count_by_status
from bulkpause.report.group import LogGroup
from bulkpause.report.headline import headline, note_lines
from bulkpause.report.origin import Origin
from bulkpause.report.text import MAX_CAUSES_SHOWN


#: The first characters of a summary, by which it is known again.
MARKER = "## bulkpause: "
#: An underscore between letters is none, as in most names of files.
_MARKUP = re.compile(r"[\\`*{}\[\]<>#|~]|(?<![^\W_])_|_(?![^\W_])")


def markdown_of(groups: Sequence[LogGroup], origin: Origin) -> str:
    """Write the headline, the counts, the causes, the runs and what to do next."""
    line = headline(groups, lacks_logs=bool(origin.doubts))
    return "\n".join(
        (
            f"{MARKER}{_plain(line)}",
            "",
            *_list(map(_plain, (*origin.doubts, *note_lines(groups)))),
            *_section("By status", _statuses(groups)),
            *_section(
                "Results other than paused or resumed, by cause", _causes(groups)
            ),
            *_section("Logs and runs", _runs(groups)),
            *_section("To carry on", map(_code, (*origin.commands, *origin.advice))),
            f"Made at {origin.made_at} by bulkpause {origin.version}.",
            "",
        )
    )


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    if listed := list(_list(lines)):
        yield f"**{title}**"
        yield ""
        yield from listed


def _list(lines: Iterable[str]) -> Iterator[str]:
    is_empty = True
    for line in lines:
        yield f"- {line}"
        is_empty = False
    if not is_empty:
        yield ""


def _statuses(groups: Sequence[LogGroup]) -> Iterator[str]:
    for one in count_by_status(groups):
        yield f"{one.count:,} {one.label}"


def _causes(groups: Sequence[LogGroup]) -> Iterator[str]:
    causes = count_by_cause(groups)
    for cause in causes[:MAX_CAUSES_SHOWN]:
        where = f" in {_code(cause.group)}" if cause.group else ""
        examples = ", ".join(map(_code, cause.examples))
        such_as = f", such as {examples}" if examples else ""
        traces = ", ".join(map(_code, cause.trace_ids))
        yield (
            f"{cause.count:,} {cause.label}{where}: {_code(cause.text)}{such_as}"
            + (f"; trace_id {traces}" if traces else "")
        )
    if (hidden := len(causes) - MAX_CAUSES_SHOWN) > 0:
        yield f"and {format_count(hidden, 'more cause')}"


def _runs(groups: Sequence[LogGroup]) -> Iterator[str]:
    for group in groups:
        endpoint = _code(group.status.endpoint or "an endpoint not on record")
        account = "" if group.account is None else f", account {_code(group.account)}"
        for run in group.runs:
            origin = "not sent" if run.run_id is None else f"run {_code(run.run_id)}"
            ids = format_count(run.ids, "id")
            yield f"{ids} from {_code(run.log)}, {origin}, on {endpoint}{account}"


def _plain(text: str) -> str:
    """Keep a text from being read as markup."""
    return _MARKUP.sub(r"\\\g<0>", on_one_line(text))


def _code(text: str) -> str:
    """Quote a foreign text: in it, nothing is a link, a mention or markup."""
    quoted = on_one_line(text).replace("`", "'")
    return f"`{quoted}`"
