"""What a folder of logs leaves open beside a run: of accounts that the run is not of.

Their campaigns may still be running, so that a run that says nothing of them would give
a false all-clear.
"""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bulkpause.cli.exit_codes import ExitCode, exit_of_error, exit_of_totals, gravest
from bulkpause.cli.log_arguments import logs_of
from bulkpause.cli.next_steps import steps_of_run
from bulkpause.cli.options import Options
from bulkpause.cli.result import RunResult
from bulkpause.errors import BulkpauseError, SettingsError
from bulkpause.journal.account_names import read_names
from bulkpause.log_totals import totals_of_plan
from bulkpause.opened_log import OpenedLog, open_log
from bulkpause.operation import PAUSE, RESUME, Operation
from bulkpause.plan import Plan
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import SIMULATOR, Action


_LOST = "its log is missing: bring it back, or pause its list again"
_NOTHING = Plan(rows=0, items=(), invalid_rows=(), duplicate=0, already_done=0)


def results_beside(
    folder: Path | None,
    ran: Collection[str | None],
    names: AbstractSet[str] | None,
    options: Options,
) -> dict[str | None, RunResult]:
    """Count what is open of other accounts, by the name of the account.

    Logs of a shard that is not this one are left out, and so are those that were undone.

    Args:
        folder: The folder of the logs.
        ran: The accounts of the run.
        names: The accounts that have a token; None for a run without several.
        options: The options of the run.
    """
    if names is None or folder is None or options.action is Action.RESUME:
        return {}
    logs: list[Path] = []
    with suppress(SettingsError):  # an empty folder
        logs = logs_of([folder])
    shard, known = options.shard, {log.stem for log in logs}
    found: dict[str | None, RunResult] = {}
    for log in logs:
        if log.stem in ran or not (shard is None or shard.takes(log.stem)):
            continue
        if (result := _result_of(log, names, options)) is not None:
            found[log.stem] = result
    for name in sorted(read_names(folder).names - known - set(ran)):
        if shard is None or shard.takes(name):
            found[name] = _doubt(_LOST, ExitCode.INCOMPLETE)
    return found


def with_unseen(
    results: Mapping[str | None, RunResult], unseen: Mapping[str | None, str]
) -> dict[str | None, RunResult]:
    """Say in the results of an undo what it has left out unseen, by account.

    Args:
        results: The results, by the name of the account.
        unseen: What may be paused by us and was left out.
    """
    return {
        name: result
        if (doubt := unseen.get(name)) is None
        else replace(
            result, doubt=doubt, code=gravest([result.code, ExitCode.INCOMPLETE])
        )
        for name, result in results.items()
    }


def results_unseen(
    unseen: Mapping[str | None, str], names: Collection[str | None]
) -> dict[str | None, RunResult]:
    """Make results of what an undo has left out unseen of other accounts.

    Args:
        unseen: What may be paused by us and was left out, by account or folder.
        names: The accounts of the undo.
    """
    return {
        name: _doubt(text, ExitCode.INCOMPLETE, RESUME)
        for name, text in unseen.items()
        if name not in names
    }


def _result_of(
    log: Path, names: AbstractSet[str], options: Options
) -> RunResult | None:
    """Say what a log leaves open; None if it is nothing, or of other campaigns."""
    try:
        opened = open_log(log)
    except BulkpauseError as error:
        return _doubt(str(error), exit_of_error(error))
    if _is_other(opened, options):
        return None
    recovery = opened.recovery
    totals = totals_of_plan(_NOTHING, recovery, is_retry=False)
    totals.is_plan_known = recovery.is_plan_known
    if (code := exit_of_totals(totals)) is ExitCode.ALL_PAUSED:
        return None
    steps = steps_of_run(log, totals, replace(options, inputs=(), account=log.stem))
    notes = _notes(log.stem, names, options)
    return RunResult(
        totals=totals,
        code=code,
        log=log,
        run_id=recovery.last_run_id or "",
        limits=(),
        steps=replace(steps, note="; ".join([*notes, *filter(None, [steps.note])])),
    )


def _is_other(log: OpenedLog, options: Options) -> bool:
    """Tell whether a log is of other campaigns, or of ones that were resumed on purpose."""
    recovery = log.recovery
    is_simulated = recovery.endpoint == SIMULATOR
    return (
        recovery.action is not Action.PAUSE
        or recovery.undone_by is not None
        or recovery.accounts == {None}
        or (recovery.endpoint is not None and is_simulated != options.is_simulated)
    )


def _notes(name: str, names: AbstractSet[str], options: Options) -> Iterator[str]:
    if name not in names:
        yield f"{name} is not in {options.accounts}: add it there first"


def _doubt(doubt: str, code: ExitCode, operation: Operation = PAUSE) -> RunResult:
    return RunResult(
        totals=Totals(operation=operation, is_plan_known=False),
        code=code,
        log=None,
        run_id="",
        limits=(),
        doubt=doubt,
    )
