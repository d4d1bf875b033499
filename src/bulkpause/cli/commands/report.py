"""The command `report`: what logs hold, as one file to look at and to hand on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

from bulkpause._text import sanitize
from bulkpause.cli.account_folders import doubtful_folders
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.log_arguments import is_folder, logs_of
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.next_steps import NextSteps, merge_steps, steps_of_group
from bulkpause.cli.output import OutputError, show, show_data, show_json
from bulkpause.cli.replaced_file import check_replaceable, replace_file
from bulkpause.journal.reader import collection_paused
from bulkpause.log_groups import group_logs
from bulkpause.model import Limit
from bulkpause.opened_log import OpenedLog, open_log
from bulkpause.report import markdown
from bulkpause.report.group import LogGroup
from bulkpause.report.headline import counted, headline
from bulkpause.report.log_status import as_words
from bulkpause.report.origin import Origin
from bulkpause.report.page import html


_KINDS = {"html": (html.MARKER, "a report"), "markdown": (markdown.MARKER, "a summary")}


def write_report(
    logs: Sequence[Path],
    file: Path | None,
    format_: str,
    limits: Sequence[Limit],
    *,
    is_json: bool = False,
) -> ExitCode:
    """Write what logs hold to a file, or to standard output without one.

    Args:
        logs: The logs, and folders of logs.
        file: The file; a report that is there is replaced.
        format_: `html` or `markdown`.
        limits: The rate limits of an account.
        is_json: Whether standard output takes a JSON object about the file.

    Returns:
        Not 0 if the logs do not say of how many campaigns they are: a page that says
        so is no all-clear.

    Raises:
        SettingsError: The file exists and is something else, an extra is missing, or
            a log is something else.
        InputError: A log does not exist.
        LogError: A log cannot be read or is damaged.
        OutputError: The file cannot be written.
    """
    marker, kind = _KINDS[format_]
    if format_ == "html":
        html.require_extra()
    if file is not None:
        check_replaceable(file, marker=marker.encode(), kind=kind)
    # Until all that was read is let go: else it would be searched for garbage at last.
    with collection_paused():
        text, facts = _made(logs, format_, limits)
    if file is None:
        show_data([text])
        return facts["exit_code"]
    _save(file, text)
    if is_json:
        show_json({"report": str(file), "format": format_, **facts})
    else:
        show(facts["headline"])
        show(sanitize(f"report: {file}"))
    return facts["exit_code"]


class _Facts(TypedDict):
    """What is said of a report beside its file."""

    headline: str
    logs: list[str]
    exit_code: ExitCode


def _made(
    logs: Sequence[Path], format_: str, limits: Sequence[Limit]
) -> tuple[str, _Facts]:
    """Read logs, and make the report and what is said of it."""
    now = datetime.now(UTC)
    paths = logs_of(logs)
    opened = [_open(log) for log in paths]
    groups = group_logs(opened, now, needs_records=True)
    given_folders = [*filter(is_folder, logs)]
    folders = doubtful_folders(given_folders, paths, opened)
    steps = [*merge_steps(_steps(groups, opened, now), whole=given_folders)]
    origin = Origin(
        made_at=as_words(now.isoformat()),
        version=version("bulkpause"),
        limits=limits,
        commands=list(_commands(steps)),
        advice=list(dict.fromkeys(_advice(steps))),
        doubts=[line for folder in folders for line in folder.lines()],
    )
    write = html.page_of if format_ == "html" else markdown.markdown_of
    text = write(groups, origin)
    line = sanitize(headline(groups, lacks_logs=bool(folders)))
    is_whole = not folders and all(
        group.status.totals.is_plan_known for group in counted(groups)
    )
    code = ExitCode.ALL_PAUSED if is_whole else ExitCode.INCOMPLETE
    return text, {"headline": line, "logs": [*map(str, paths)], "exit_code": code}


def _open(log: Path) -> OpenedLog:
    check_readable_log(log)
    return open_log(log, needs_records=True)


def _steps(
    groups: Sequence[LogGroup], logs: Sequence[OpenedLog], now: datetime
) -> Iterator[NextSteps]:
    for group in groups:
        yield from steps_of_group(group, logs, now)


def _commands(steps: Sequence[NextSteps]) -> Iterator[str]:
    for one in steps:
        yield from filter(None, (one.retry, one.resume))


def _advice(steps: Sequence[NextSteps]) -> Iterator[str]:
    """Give what `status` says beside the commands."""
    for one in steps:
        if one.note is not None and one.needs_note:
            yield one.note
        yield from (way.line() for way in one.others)
        if one.reason is not None:
            yield one.reason


def _save(file: Path, text: str) -> None:
    try:
        replace_file(file, text.encode(errors="replace"))
    except OSError as error:
        raise OutputError(
            f"{file} could not be written: {error.strerror}; name another file with -o"
        ) from error
