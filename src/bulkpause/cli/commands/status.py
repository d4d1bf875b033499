"""The command `status`: what logs hold, and what may still be running."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause._text import sanitize
from bulkpause._value import value
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, exit_of_totals, gravest
from bulkpause.cli.log_arguments import is_folder, logs_of
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.output import say, show, show_json
from bulkpause.errors import BulkpauseError
from bulkpause.journal.platform import SYSTEM
from bulkpause.log_groups import group_logs
from bulkpause.opened_log import OpenedLog, open_log
from bulkpause.report.group import LogGroup


if TYPE_CHECKING:
    from bulkpause.cli.account_folders import AccountFolder
    from bulkpause.cli.next_steps import NextSteps
    from bulkpause.model import Sharing


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
    paths = logs_of(arguments, may_lack_all=True)
    is_single = len(paths) == 1 and not is_folder(arguments[0])
    opened = [_open(paths[0])] if is_single else list(map(_try_to_open, paths))
    logs = [one for one in opened if isinstance(one, OpenedLog)]
    errors = [one for one in opened if not isinstance(one, OpenedLog)]
    shown = _shown(logs, now)
    given_folders = [*filter(is_folder, arguments)]
    whole = _Whole(
        shown=shown,
        unreadable=len(errors),
        folders=_doubtful_folders(given_folders, paths, logs),
        given_folders=given_folders,
    )
    codes = [whole.code, *(one.code for one in errors)]
    if is_json and is_single:
        show_json(shown[0].as_dict())
    elif is_json:
        found = _objects(opened, shown, now) | whole.as_dict()
        show_json(found | {"exit_code": gravest(codes)})
    else:
        for line in whole.lines():
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
    steps: "Sequence[NextSteps]"

    @property
    def code(self) -> ExitCode:
        return exit_of_totals(self.group.status.totals)

    def lines(self) -> Iterator[str]:
        yield from self.group.status.lines()
        yield from self.group.run_lines()
        for steps in self.steps:
            # What is for a folder comes once, after all accounts.
            if steps.folder is None:
                yield from steps.lines()

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


@value
class _Whole:
    """All groups of logs, and what is missing beside them.

    Attributes:
        shown: The groups.
        unreadable: How many logs could not be read.
        folders: The folders that may lack logs of accounts.
        given_folders: The folders of logs that were given as such.
    """

    shown: Sequence[_Shown]
    unreadable: int
    folders: "Sequence[AccountFolder]"
    given_folders: Sequence[Path]

    @property
    def code(self) -> ExitCode:
        codes = [ExitCode.ALL_PAUSED, *(one.code for one in self.shown)]
        return gravest([*codes, ExitCode.INCOMPLETE] if self.folders else codes)

    def lines(self) -> Iterator[str]:
        blocks: list[Iterable[str]] = [one.lines() for one in self.shown]
        if len(self.shown) > 1 or self.folders:
            blocks.append(self._lines_of_all())
        yield from _separated(blocks)
        yield from self._step_lines()

    def _lines_of_all(self) -> Iterator[str]:
        if len(self.shown) > 1:
            # Imported on use: most commands are given one log.
            from bulkpause.report.headline import headline  # noqa: PLC0415

            groups = [one.group for one in self.shown]
            line = headline(groups, lacks_logs=self._lacks_logs)
            yield sanitize(f"in all: {line}")
        for folder in self.folders:
            yield from folder.lines()

    def _step_lines(self) -> Iterator[str]:
        steps = [each for one in self.shown for each in one.steps if each.folder]
        if steps:
            from bulkpause.cli.next_steps import merge_steps  # noqa: PLC0415

            for merged in merge_steps(steps, whole=self.given_folders):
                yield from merged.lines()

    def as_dict(self) -> dict[str, object]:
        """Give the numbers of all logs in values that JSON can carry."""
        from bulkpause.report.headline import counted, ids_held  # noqa: PLC0415

        every = counted([one.group for one in self.shown]) if self.shown else ()
        totals = [group.status.totals for group in every]
        open_ids = sum(one.open_ids for one in totals)
        tells = totals and all(one.tells_what_runs for one in totals)
        is_whole = not self._lacks_logs and all(one.is_plan_known for one in totals)
        return {
            "ids": sum(map(ids_held, totals)),
            "open": open_ids,
            "may_run": open_ids if tells and is_whole else None,
            "unreadable": self.unreadable,
            "account_folders": [folder.as_dict() for folder in self.folders],
        }

    @property
    def _lacks_logs(self) -> bool:
        return bool(self.unreadable or self.folders)


def _doubtful_folders(
    folders: Sequence[Path], paths: Sequence[Path], logs: Sequence[OpenedLog]
) -> "Sequence[AccountFolder]":
    if not folders:
        return ()
    # Imported on use: most commands are given logs, and no folder.
    from bulkpause.cli.account_folders import doubtful_folders  # noqa: PLC0415

    return doubtful_folders(folders, paths, logs)


def _shown(logs: Sequence[OpenedLog], now: datetime) -> list[_Shown]:
    return [
        _Shown(_with_sharing(group, logs, now), _steps_of(group, logs, now))
        for group in group_logs(logs, now, needs_records=False)
    ]


def _steps_of(
    group: LogGroup, logs: Sequence[OpenedLog], now: datetime
) -> "Sequence[NextSteps]":
    if all(
        log.totals.is_all_done and not log.totals.unread_beside_others for log in logs
    ):
        return ()
    # Imported on use: it knows the options of all commands.
    from bulkpause.cli.next_steps import steps_of_group  # noqa: PLC0415

    return steps_of_group(group, logs, now)


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
    if sharing is None:
        return group
    return replace(group, status=replace(group.status, sharing=sharing))


def _sharing_of(run_id: str, now: datetime) -> "Sharing | None":
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
