"""The verbs that read a log: `status` and `export`. They send nothing, lock nothing."""

from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from bulkpause._text import quote
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.exit_codes import ExitCode, exit_of_totals
from bulkpause.cli.options import retry_command
from bulkpause.errors import InputError, SettingsError
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Item, Status
from bulkpause.report import text as report
from bulkpause.report.export import NOT_ATTEMPTED, as_csv, as_jsonl, rows
from bulkpause.report.totals import Totals, total
from bulkpause.settings import Settings


def show_status(log: Path, *, is_json: bool) -> ExitCode:
    """Answer on one screen what is paused, what may still run, and why.

    Raises:
        InputError: There is no such log.
        LogError: It cannot be read or is damaged.
    """
    found = _read(log)
    unattempted = _unattempted(found)
    last_words = [*found.latest.values(), *found.invalid.values()]
    totals = total(last_words, Totals(rows=len(last_words) + len(unattempted)))
    if is_json:
        click.echo(orjson.dumps(totals.as_dict() | {"log": str(log)}))
    else:
        for line in report.status_lines(totals):
            click.echo(line)
        if totals.is_unfinished:
            click.echo(f"resume with: {_retry_command(log, found)}")
    return exit_of_totals(totals)


def export_log(log: Path, statuses: Sequence[str], *, as_csv_file: bool) -> ExitCode:
    """Write the ids with these statuses to stdout.

    Raises:
        SettingsError: A status does not exist.
        InputError: There is no such log.
        LogError: It cannot be read or is damaged.
    """
    known = {*Status, NOT_ATTEMPTED}
    if wrong := [status for status in statuses if status not in known]:
        raise SettingsError(
            f"{quote(wrong[0])} is no status; there are {', '.join(sorted(known))}"
        )
    found = _read(log)
    wanted = rows(found.latest.values(), _unattempted(found), frozenset(statuses))
    for line in as_csv(wanted) if as_csv_file else as_jsonl(wanted):
        click.echo(line, nl=False)
    return ExitCode.ALL_PAUSED


def _retry_command(log: Path, found: Recovery) -> str:
    """Give the command for the endpoint of the log, as far as it still says it."""
    name = found.headers[-1].base_url if found.headers else DEFAULT_BASE_URL
    is_simulated = name == "simulator"
    settings = Settings() if is_simulated else Settings(base_url=name)
    return retry_command(log, settings, is_simulated=is_simulated)


def _read(log: Path) -> Recovery:
    if not log.exists():
        raise InputError(f"{log} does not exist")
    return read_recovery(log)


def _unattempted(found: Recovery) -> list[Item]:
    """Give the ids that were planned and of which nothing more is known."""
    latest = found.latest
    return [item for item in found.unfinished.values() if item.id not in latest]
