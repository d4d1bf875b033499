"""The commands that read a log, `status` and `export`. They send nothing."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bulkpause._text import format_count, quote, sanitize
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, exit_of_totals, gravest
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.next_steps import NextSteps, steps_of_log
from bulkpause.cli.output import say, show, show_data, show_json
from bulkpause.errors import BulkpauseError, SettingsError
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import latest_records, read_log
from bulkpause.journal.recovery import Recovery
from bulkpause.log_totals import totals_of_log
from bulkpause.model import SIMULATOR, Sharing, Status
from bulkpause.report.export import as_csv, as_jsonl, rows
from bulkpause.report.log_status import LogStatus
from bulkpause.report.text import NOTHING_ON_RECORD, SIMULATED
from bulkpause.report.totals import NOT_ATTEMPTED


#: The result of `status` for one log.
_Shown = tuple[LogStatus, NextSteps]


def show_status(logs: Sequence[Path], *, is_json: bool) -> ExitCode:
    """Show what is paused, what may still be running, and why, for each log.

    Raises:
        InputError: The only log does not exist.
        SettingsError: The only log is something else.
        LogError: The only log cannot be read or is damaged.
    """
    if len(logs) == 1:
        status, steps = _status_of(logs[0])
        code = exit_of_totals(status.totals)
        _print_status(_as_dict(status, steps, code) if is_json else (status, steps))
        return code
    return _show_several(logs, is_json=is_json)


def _show_several(logs: Sequence[Path], *, is_json: bool) -> ExitCode:
    """Show each log, and those that cannot be read as errors; give the worst code."""
    codes: list[ExitCode] = []
    objects: list[dict[str, object]] = []
    for number, log in enumerate(logs):
        try:
            status, steps = _status_of(log)
        except BulkpauseError as error:
            codes.append(exit_of_error(error))
            say(f"bulkpause: {error}")
            objects.append(
                {"log": str(log), "error": str(error), "exit_code": codes[-1]}
            )
            continue
        codes.append(exit_of_totals(status.totals))
        objects.append(_as_dict(status, steps, codes[-1]))
        if not is_json:
            if number:
                show()
            _print_status((status, steps))
    if is_json:
        _print_status({"logs": objects})
    return gravest(codes)


def _print_status(shown: _Shown | dict[str, object]) -> None:
    if isinstance(shown, dict):
        show_json(shown)
        return
    status, steps = shown
    for line in (*status.lines(), *steps.lines()):
        show(line)


def _as_dict(status: LogStatus, steps: NextSteps, code: ExitCode) -> dict[str, object]:
    return status.as_dict() | {"next": steps.command, "exit_code": code}


def _status_of(log: Path) -> _Shown:
    check_readable_log(log)
    # Before the log is read: a run that ends meanwhile may have changed it.
    is_held = SYSTEM.is_locked(log)
    recovery, totals = totals_of_log(log)
    now = datetime.now(UTC)
    status = LogStatus(
        log=str(log),
        totals=totals,
        endpoint=recovery.endpoint,
        is_simulated=recovery.endpoint == SIMULATOR,
        is_held=is_held,
        first_at=recovery.first_at,
        last_at=recovery.last_at,
        age_s=recovery.age_s(now),
        run_id=recovery.last_run_id,
        sharing=_sharing_of(recovery.last_run_id) if is_held else None,
    )
    if is_held:
        return status, NextSteps()
    return status, steps_of_log(log, recovery, totals, now)


def _sharing_of(run_id: str | None) -> Sharing | None:
    """Find who else uses the account of a run that is alive."""
    if run_id is None:
        return None
    # Imported on use: few logs are those of a run that is alive.
    from bulkpause.ratelimit.budget.lookup import sharing_of_run  # noqa: PLC0415

    clock_s = time.monotonic()
    boot_id = SYSTEM.boot_id(now=datetime.now(UTC), uptime_s=clock_s)
    return sharing_of_run(run_id, boot_id=boot_id, clock_s=clock_s)


def export_log(log: Path, statuses: Sequence[str], *, as_csv_file: bool) -> ExitCode:
    """Write the ids with these statuses to stdout.

    Raises:
        SettingsError: A status does not exist, or the log is something else.
        InputError: The log does not exist.
        LogError: The log cannot be read or is damaged.
    """
    known = {*Status, NOT_ATTEMPTED}
    if unknown := [status for status in statuses if status not in known]:
        raise SettingsError(
            f"{quote(unknown[0])} is not a status; choose from "
            f"{', '.join(sorted(known))}"
        )
    check_readable_log(log)
    loaded = read_log(log)
    recovery = loaded.recovery
    wanted = frozenset(statuses)
    records = latest_records(log, loaded, wanted)
    exported = rows(records, recovery.not_attempted, wanted)
    show_data(as_csv(exported) if as_csv_file else as_jsonl(exported))
    if recovery.endpoint == SIMULATOR:
        say(f"note: {sanitize(str(log))}: {SIMULATED}")
    for line in _missing_lines(log, recovery):
        say(f"warning: {line}")
    return ExitCode.ALL_PAUSED


def _missing_lines(log: Path, recovery: Recovery) -> Iterator[str]:
    """Say which ids an export cannot list."""
    name = sanitize(str(log))
    if recovery.is_empty:
        yield f"{name}: {NOTHING_ON_RECORD}"
    elif not recovery.is_plan_known:
        yield f"{name}: how many ids were planned is not on record; some may be missing"
    elif missing := recovery.not_on_record:
        ids = format_count(missing, "planned id")
        yield f"{name}: {ids} not on record, and so not listed"
