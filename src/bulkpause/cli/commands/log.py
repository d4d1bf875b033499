"""The commands that read logs, `status` and `export`. They send nothing."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from bulkpause._text import format_count, quote, sanitize
from bulkpause._value import value
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, exit_of_totals, gravest
from bulkpause.cli.log_arguments import is_folder, logs_of
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.next_steps import NextSteps, steps_of_group
from bulkpause.cli.output import say, show, show_data, show_json
from bulkpause.errors import BulkpauseError, SettingsError
from bulkpause.journal.platform import SYSTEM
from bulkpause.log_groups import OpenedLog, group_logs, open_log
from bulkpause.model import SIMULATOR, Sharing, Status
from bulkpause.operation import operation_of
from bulkpause.report.export import Row, as_csv, as_jsonl, rows
from bulkpause.report.group import LogGroup
from bulkpause.report.text import nothing_line, simulated_line
from bulkpause.report.totals import NOT_ATTEMPTED


def show_status(arguments: Sequence[Path], *, is_json: bool) -> ExitCode:
    """Show what is paused, what may still be running, and why.

    Logs of the same campaigns are taken together. One of several that cannot be read
    is shown as an error.

    Raises:
        InputError: The only log does not exist.
        SettingsError: The only log is something else, or a folder holds none.
        LogError: The only log cannot be read or is damaged.
    """
    now = datetime.now(UTC)
    paths = logs_of(arguments)
    is_single = len(paths) == 1 and not is_folder(arguments[0])
    opened = [_open(paths[0])] if is_single else list(map(_try_to_open, paths))
    logs = [one for one in opened if isinstance(one, OpenedLog)]
    errors = [one for one in opened if not isinstance(one, OpenedLog)]
    shown = _shown(logs, now)
    codes = [*(one.code for one in shown), *(one.code for one in errors)]
    if is_json and is_single:
        show_json(shown[0].as_dict())
    elif is_json:
        show_json(_objects(opened, shown, now) | {"exit_code": gravest(codes)})
    else:
        for line in _separated(one.lines() for one in shown):
            show(line)
    return gravest(codes)


@value(kw_only=False)
class _Unreadable:
    """A log that cannot be read, and the exit code that says so."""

    path: Path
    error: BulkpauseError

    @property
    def code(self) -> ExitCode:
        return exit_of_error(self.error)

    def as_dict(self) -> dict[str, object]:
        return {
            "log": str(self.path),
            "error": str(self.error),
            "exit_code": self.code,
        }


@value(kw_only=False)
class _Shown:
    """A group of logs, and the commands that carry on with them."""

    group: LogGroup
    steps: Sequence[NextSteps]

    @property
    def code(self) -> ExitCode:
        return exit_of_totals(self.group.status.totals)

    def lines(self) -> Iterator[str]:
        yield from self.group.status.lines()
        yield from self.group.run_lines()
        yield from chain.from_iterable(steps.lines() for steps in self.steps)

    def as_dict(self) -> dict[str, object]:
        """Convert a group of one log to a JSON object. Its keys are frozen."""
        return self._fields() | {
            "next": self.steps[0].command if self.steps else None,
            "exit_code": self.code,
        }

    def as_dict_of_several(self) -> dict[str, object]:
        """Convert logs that are taken together to a JSON object."""
        return self._fields() | {
            "logs": list(self.group.logs),
            "next": [steps.command for steps in self.steps if steps.command],
            "exit_code": self.code,
        }

    def _fields(self) -> dict[str, object]:
        return self.group.status.as_dict() | {
            "account": self.group.account,
            "action": self.group.action,
            "runs": [asdict(run) for run in self.group.runs],
        }


def _shown(logs: Sequence[OpenedLog], now: datetime) -> list[_Shown]:
    return [
        _Shown(_with_sharing(group, logs, now), steps_of_group(group, logs, now))
        for group in group_logs(logs, now, needs_records=False)
    ]


def _with_sharing(
    group: LogGroup, logs: Iterable[OpenedLog], now: datetime
) -> LogGroup:
    """Add who else uses the account of a run that is alive."""
    runs = (
        log.recovery.last_run_id
        for log in logs
        if log.is_held and str(log.path) in group.logs
    )
    found = (_sharing_of(run_id, now) for run_id in runs if run_id is not None)
    sharing = next(filter(None, found), None)
    return replace(group, status=replace(group.status, sharing=sharing))


def _sharing_of(run_id: str, now: datetime) -> Sharing | None:
    # Imported on use: few logs are those of a run that is alive.
    from bulkpause.ratelimit.budget.lookup import sharing_of_run  # noqa: PLC0415

    clock_s = time.monotonic()
    boot_id = SYSTEM.boot_id(now=now, uptime_s=clock_s)
    return sharing_of_run(run_id, boot_id=boot_id, clock_s=clock_s)


def _objects(
    opened: Iterable[OpenedLog | _Unreadable], shown: Iterable[_Shown], now: datetime
) -> dict[str, object]:
    """Give an object for each log by itself, and for those that belong together."""
    each = (
        _shown([one], now)[0] if isinstance(one, OpenedLog) else one for one in opened
    )
    return {
        "logs": [one.as_dict() for one in each],
        "together": [one.as_dict_of_several() for one in shown],
    }


def _open(log: Path) -> OpenedLog:
    check_readable_log(log)
    return open_log(log)


def _try_to_open(log: Path) -> OpenedLog | _Unreadable:
    try:
        return _open(log)
    except BulkpauseError as error:
        say(f"bulkpause: {error}")
        return _Unreadable(log, error)


def _separated(blocks: Iterable[Iterable[str]]) -> Iterator[str]:
    """Put an empty line between blocks of lines."""
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield from block


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
    logs = list(map(_open, logs_of(arguments)))
    exported = _exported(logs, frozenset(statuses))
    show_data(as_csv(exported) if as_csv_file else as_jsonl(exported))
    for log in logs:
        if log.recovery.endpoint == SIMULATOR:
            simulated = simulated_line(operation_of(log.recovery.action))
            say(f"note: {sanitize(str(log.path))}: {simulated}")
        for line in _missing_lines(log):
            say(f"warning: {line}")
    return ExitCode.ALL_PAUSED


def _exported(logs: Sequence[OpenedLog], wanted: frozenset[str]) -> Iterator[Row]:
    now = datetime.now(UTC)
    is_single = len(logs) == 1
    groups = group_logs(logs, now, needs_records=not is_single)
    _refuse_other_campaigns(groups)
    if is_single:  # one record at a time: there may be millions
        records = [logs[0].records(wanted)]
    else:
        records = [iter(group.records) for group in groups]
    return chain.from_iterable(
        rows(
            of_group,
            group.not_attempted,
            wanted,
            log_of_run=group.log_of_run,
            account=group.account,
        )
        for of_group, group in zip(records, groups, strict=True)
    )


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
