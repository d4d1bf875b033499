"""The command `export`: the ids of logs as a file that `run` accepts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from bulkpause._text import format_count, quote, sanitize
from bulkpause.cli.account_folders import doubtful_folders
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.log_arguments import is_folder, logs_of
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.output import say, show_data
from bulkpause.errors import SettingsError
from bulkpause.log_groups import group_logs
from bulkpause.model import Columns, columns_of
from bulkpause.opened_log import OpenedLog, open_log
from bulkpause.operation import operation_of
from bulkpause.report.export import FIELDS, as_csv, as_jsonl, blocks
from bulkpause.report.group import LogGroup
from bulkpause.report.text import nothing_line, simulated_line
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.vocabulary import SIMULATOR, Status


def export_logs(
    arguments: Sequence[Path], statuses: Sequence[str], *, as_csv_file: bool
) -> ExitCode:
    """Write the ids with these statuses to stdout, by their last words in all logs.

    Raises:
        SettingsError: A status does not exist, a log is something else, a folder holds
            none, or the logs are not of one endpoint and action.
        InputError: A log does not exist.
        LogError: A log cannot be read or is damaged.
    """
    known = {*Status, NOT_ATTEMPTED}
    if unknown := [status for status in statuses if status not in known]:
        raise SettingsError(
            f"{quote(unknown[0])} is not a status; choose from "
            f"{', '.join(sorted(known))}"
        )
    paths = logs_of(arguments)
    logs = list(map(_open, paths))
    exported = _exported(logs, frozenset(statuses))
    first = next(exported, None)
    whole = () if first is None else chain([first], exported)
    show_data(as_csv(whole) if as_csv_file else as_jsonl(whole))
    if first is None:
        say(f"note: {_nothing_text(logs, statuses)}")
    for line in _lines_beside(logs, statuses):
        say(line)
    for folder in doubtful_folders(filter(is_folder, arguments), paths, logs):
        for line in folder.lines():
            say(f"warning: {line}")
    return ExitCode.ALL_PAUSED


def _exported(logs: Sequence[OpenedLog], wanted: frozenset[str]) -> Iterator[Columns]:
    now = datetime.now(UTC)
    is_single = len(logs) == 1
    groups = group_logs(logs, now, needs_records=not is_single)
    _refuse_other_campaigns(groups)
    if is_single:  # some records at a time: there may be millions
        found = [logs[0].columns(wanted, FIELDS)]
    else:
        found = [columns_of(group.records, FIELDS) for group in groups]
    return chain.from_iterable(
        blocks(
            of_group,
            group.not_attempted,
            wanted,
            log_of_run=group.log_of_run,
            account=group.account,
        )
        for of_group, group in zip(found, groups, strict=True)
    )


def _nothing_text(logs: Sequence[OpenedLog], statuses: Sequence[str]) -> str:
    """Say which ids there are, if none has a wanted status."""
    counts: Counter[str] = Counter()
    for log in logs:
        counts.update(log.totals.counts())
        # These are said by themselves.
        counts[NOT_ATTEMPTED] -= log.totals.not_on_record
    # Rows without an id are not among the ids.
    del counts[Status.INVALID.value]
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    there = f"there are {found}, which --status names" if found else "there are no ids"
    return f"no id is {' or '.join(statuses)}: {there}"


def _lines_beside(logs: Sequence[OpenedLog], statuses: Sequence[str]) -> Iterator[str]:
    """Say what is not in the file, and what it is worth."""
    invalid = sum(log.totals.by_status[Status.INVALID] for log in logs)
    if invalid and Status.INVALID in statuses:
        not_exported = f"{format_count(invalid, 'invalid row')} not exported"
        yield f"note: {not_exported}: no id, but a row number in the log"
    for log in logs:
        if log.recovery.endpoint == SIMULATOR:
            simulated = simulated_line(operation_of(log.recovery.action))
            yield f"note: {sanitize(str(log.path))}: {simulated}"
        for line in _missing_lines(log):
            yield f"warning: {line}"


def _refuse_other_campaigns(groups: Sequence[LogGroup]) -> None:
    """Refuse to put ids into one list that must not be paused by one run.

    Raises:
        SettingsError: The logs are not all of one endpoint and action.
    """
    kinds = {(group.status.endpoint, group.action): group for group in groups}
    if len(kinds) > 1:
        of_each = "; ".join(
            f"{group.logs[0]}: {group.action} on {group.status.endpoint or 'unknown'}"
            for group in kinds.values()
        )
        raise SettingsError(
            f"these logs are not of one endpoint and action ({of_each}); export them "
            "one at a time"
        )


def _missing_lines(log: OpenedLog) -> Iterator[str]:
    """Say which ids an export cannot list."""
    name, recovery = sanitize(str(log.path)), log.recovery
    if recovery.is_empty:
        yield f"{name}: {nothing_line(operation_of(recovery.action))}"
    elif not recovery.is_plan_known:
        yield f"{name}: how many ids were planned is not on record; some may be missing"
    elif missing := recovery.not_on_record:
        ids = format_count(missing, "planned id")
        yield f"{name}: {ids} not on record, and so not listed"


def _open(log: Path) -> OpenedLog:
    check_readable_log(log)
    return open_log(log)
