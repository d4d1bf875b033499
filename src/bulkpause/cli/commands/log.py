"""The commands that read a log, `status` and `export`. They send and lock nothing."""

from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from bulkpause._text import quote
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.exit_codes import ExitCode, exit_of_totals
from bulkpause.cli.options import SIMULATOR, retry_command
from bulkpause.errors import InputError, SettingsError
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Item, Status
from bulkpause.report import text as report
from bulkpause.report.export import NOT_ATTEMPTED, as_csv, as_jsonl, rows
from bulkpause.report.totals import Totals, add_all
from bulkpause.settings import Settings


def show_status(log: Path, *, is_json: bool) -> ExitCode:
    """Show on one screen what is paused, what may still be running, and why.

    Raises:
        InputError: The log does not exist.
        LogError: The log cannot be read or is damaged.
    """
    recovery = _read(log)
    not_attempted = _not_attempted(recovery)
    records = [*recovery.latest.values(), *recovery.invalid.values()]
    totals = add_all(records, Totals(rows=len(records) + len(not_attempted)))
    if is_json:
        click.echo(orjson.dumps(totals.as_dict() | {"log": str(log)}))
    else:
        for line in report.status_lines(totals):
            click.echo(line)
        if totals.is_unfinished:
            click.echo(f"retry with: {_retry_command(log, recovery)}")
    return exit_of_totals(totals)


def export_log(log: Path, statuses: Sequence[str], *, as_csv_file: bool) -> ExitCode:
    """Write the ids with these statuses to stdout.

    Raises:
        SettingsError: A status does not exist.
        InputError: The log does not exist.
        LogError: The log cannot be read or is damaged.
    """
    known = {*Status, NOT_ATTEMPTED}
    if unknown := [status for status in statuses if status not in known]:
        raise SettingsError(
            f"{quote(unknown[0])} is not a status; choose from "
            f"{', '.join(sorted(known))}"
        )
    recovery = _read(log)
    exported = rows(
        recovery.latest.values(), _not_attempted(recovery), frozenset(statuses)
    )
    for line in as_csv(exported) if as_csv_file else as_jsonl(exported):
        click.echo(line, nl=False)
    return ExitCode.ALL_PAUSED


def _retry_command(log: Path, recovery: Recovery) -> str:
    """Write the retry command for the log's endpoint, if the log still names it."""
    headers = recovery.headers
    endpoint_name = headers[-1].base_url if headers else DEFAULT_BASE_URL
    is_simulated = endpoint_name == SIMULATOR
    settings = Settings() if is_simulated else Settings(base_url=endpoint_name)
    return retry_command(log, settings, is_simulated=is_simulated)


def _read(log: Path) -> Recovery:
    if not log.exists():
        raise InputError(f"{log} does not exist")
    return read_recovery(log)


def _not_attempted(recovery: Recovery) -> list[Item]:
    """List the ids that were planned and have neither a record nor an attempt."""
    latest = recovery.latest
    return [item for item in recovery.unfinished.values() if item.id not in latest]
