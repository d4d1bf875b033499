"""Check, show and confirm a run before anything is sent."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bulkpause._text import format_count, format_duration
from bulkpause.api.credentials import Token, find_token
from bulkpause.cli import hints
from bulkpause.cli.options import Options
from bulkpause.engine.policy import Verify
from bulkpause.errors import GuardRailError, InputError
from bulkpause.inputs.amounts import read_amounts
from bulkpause.inputs.ordering import Order, ordered
from bulkpause.inputs.reader import read_input
from bulkpause.inputs.table import rows_of
from bulkpause.journal.reader import LoadedLog, exists, read_log, refuse_existing
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_recent, check_same_endpoint
from bulkpause.model import InvalidRow, Record
from bulkpause.plan import Plan, make_plan
from bulkpause.ratelimit.estimate import time_needed_s
from bulkpause.report.log_status import OLD_S, age_in_words
from bulkpause.report.totals import NOT_ATTEMPTED


#: At most this many invalid rows are shown; the others are counted.
MAX_INVALID_SHOWN = 20
#: This many ids are shown from each end of a plan.
IDS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that was checked and that may begin.

    Attributes:
        plan: The ids to send, and counts of the rows that are not sent.
        loaded: What earlier runs left in the log.
        digest: The digest of the whole input, ids that are done included.
    """

    plan: Plan
    loaded: LoadedLog
    digest: str


def load_log(options: Options) -> LoadedLog:
    """Read what earlier runs left in the log.

    Raises:
        SettingsError: The log exists and is not resumed, belongs to another endpoint,
            or is too old to be resumed.
        InputError: The log to retry does not exist.
        LogError: The log cannot be read or is damaged.
    """
    log = options.log
    if log is None:
        return LoadedLog(Recovery(), (None, None))
    if not options.resume:
        refuse_existing(
            log, remedy="resume it with --resume, or name another with --log"
        )
    if options.input is None and not exists(log):
        raise InputError(f"{log} does not exist; nothing was sent")
    loaded = read_log(log)
    recovery, now = loaded.recovery, datetime.now(UTC)
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    check_recent(recovery, log, now, options.resume_within_s)
    recovery.reopen(options.reopened)
    if options.input is None:
        _warn_of_age(recovery.age_s(now), log)
    return loaded


def _warn_of_age(age_s: float | None, log: Path) -> None:
    if age_s is not None and age_s > OLD_S:
        click.echo(
            f"warning: the last record of {log} is {age_in_words(age_s)} old: campaigns "
            "may have been started again since, and a retry sends open ids only",
            err=True,
        )


def prepare(options: Options) -> Prepared:
    """Plan a run of the input, or a retry of the log without one.

    Raises:
        InputError: The input is invalid, or the log to retry does not exist.
        GuardRailError: The input is not the expected one.
        SettingsError: The log cannot be used for this run.
        LogError: The log cannot be read or is damaged.
    """
    loaded = load_log(options)
    recovery = loaded.recovery
    if options.input is None:
        whole = plan = plan_of_log(options, recovery)
    else:
        whole = plan_of_input(options)
        refuse_invalid_rows(whole, options)
        # The order of the items stays as it is in the whole input.
        plan = whole.without(recovery.settled)
    refuse_unexpected(whole, options)
    if options.input is not None:
        _warn_of_other_input(whole, recovery)
    return Prepared(plan=plan, loaded=loaded, digest=whole.digest)


def plan_of_log(options: Options, recovery: Recovery) -> Plan:
    """Plan the ids of a log whose last status is to be retried."""
    latest = recovery.latest
    items = tuple(
        item
        for id_, item in recovery.unfinished.items()
        if _status_name(latest.get(id_)) in options.retried
    )
    return Plan(
        rows=len(items), items=items, invalid_rows=(), duplicate=0, already_done=0
    )


def _status_name(record: Record | None) -> str:
    return NOT_ATTEMPTED if record is None else record.status.value


def plan_of_input(options: Options) -> Plan:
    """Plan all ids of the input.

    Raises:
        InputError: The input cannot be read or has no rows.
    """
    name = options.input_name
    layout = options.layout
    if options.order is not None:
        layout = replace(layout, sort_column=options.order.column)
    source = read_input(str(options.input), layout)
    if source.table.error is not None:
        raise InputError(f"{name}: {source.table.error}")
    plan = make_plan(rows_of([source]))
    if plan.rows == 0:
        raise InputError(f"{name}: the input has no rows; add the ids to pause")
    return plan if options.order is None else _in_order(plan, options.order, options)


def _in_order(plan: Plan, order: Order, options: Options) -> Plan:
    mark = options.decimal_mark
    amounts = read_amounts(plan.items, None if mark is None else mark.character)
    if amounts.faults:
        raise InputError(f"{options.input_name}: {amounts.faults[0]}")
    return replace(plan, items=tuple(ordered(plan.items, amounts, order)))


def _warn_of_other_input(whole: Plan, recovery: Recovery) -> None:
    ids = {item.id for item in whole.items}
    if missing := set(recovery.planned) - recovery.settled - ids:
        click.echo(
            "warning: the input differs from the log's plan: "
            f"{format_count(len(missing), 'id')} missing; `bulkpause retry LOG` pauses "
            "them",
            err=True,
        )
    new = len(ids - recovery.planned.keys() - recovery.latest.keys())
    if (lost := recovery.not_on_record - new) > 0:
        click.echo(
            f"warning: the log lacks {format_count(lost, 'planned id')} that the input "
            "does not hold either; they may still be running",
            err=True,
        )


def refuse_invalid_rows(plan: Plan, options: Options) -> None:
    """Show invalid rows, and refuse the input unless they are to be skipped.

    Raises:
        InputError: There are invalid rows.
    """
    show_invalid_rows(plan, options)
    if plan.invalid_rows and not options.skips_invalid:
        rows = format_count(len(plan.invalid_rows), "row")
        has = "has" if len(plan.invalid_rows) == 1 else "have"
        raise InputError(
            f"{options.input_name}: {rows} {has} no valid id; nothing was sent. Fix the "
            "file or pass --skip-invalid."
        )


def show_invalid_rows(plan: Plan, options: Options) -> None:
    """Write the first invalid rows to standard error."""
    rows: tuple[InvalidRow, ...] = plan.invalid_rows
    for row in rows[:MAX_INVALID_SHOWN]:
        click.echo(f"{options.input_name}: {row}", err=True)
    if (hidden := len(rows) - MAX_INVALID_SHOWN) > 0:
        click.echo(f"{options.input_name}: and {hidden} more", err=True)


def refuse_unexpected(plan: Plan, options: Options) -> None:
    """Refuse a plan that is not the one of `--expect` or `--plan`.

    Raises:
        GuardRailError: Its number of ids or its digest differs.
    """
    count = len(plan.items)
    if options.expect is not None and options.expect != count:
        raise GuardRailError(
            f"--expect {options.expect}: there are {format_count(count, 'id')} to pause; "
            "nothing was sent"
        )
    if options.digest is not None and options.digest != plan.digest:
        raise GuardRailError(
            f"--plan {options.digest}: the digest of this input is {plan.digest}; nothing "
            "was sent. Run `bulkpause plan` with the same options."
        )


def token_of(options: Options) -> Token:
    """Find the token of a run. The simulator needs none.

    Raises:
        TokenError: There is no token, or it is not valid.
    """
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    return token


def confirm(prepared: Prepared, options: Options) -> bool:
    """Show the plan and ask, unless `--yes` was given or there is nothing to send.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    plan = prepared.plan
    if options.is_confirmed or not plan.items:
        return True
    campaigns = format_count(len(plan.items), "campaign")
    # A process may be started without a standard input.
    if sys.stdin is None or not sys.stdin.isatty() or options.input == "-":
        raise click.UsageError(
            f"{campaigns} would be paused on {options.host}, but there is no terminal "
            f"to ask on; add --yes: {hints.with_yes(sys.argv[1:])}"
        )
    for line in plan_lines(plan, prepared.digest, options):
        click.echo(line, err=True)
    needed = format_duration(needed_s(plan, options))
    question = f"Pause {campaigns} on {options.host}, in about {needed}?"
    return click.confirm(question, err=True)


def plan_lines(plan: Plan, digest: str, options: Options) -> Iterator[str]:
    """Describe a plan: its counts, first and last ids, order, duration and digest."""
    items = plan.items
    yield (
        f"{format_count(plan.rows, 'row')}: {len(items)} to pause, "
        f"{plan.duplicate} duplicate, {plan.already_done} already done, "
        f"{len(plan.invalid_rows)} invalid"
    )
    if items:
        first = ", ".join(item.id for item in items[:IDS_SHOWN])
        last = ", ".join(item.id for item in items[-IDS_SHOWN:])
        yield f"first {first}" + (f"; last {last}" if len(items) > IDS_SHOWN else "")
    order = options.order
    if order is not None:
        end = "highest" if order.is_descending else "lowest"
        yield f"order: by {order.column}, {end} first"
    by_length = sorted(options.settings.limits, key=lambda limit: limit.period_s)
    limits = " and ".join(str(limit) for limit in by_length) or "no limits"
    duration = format_duration(needed_s(plan, options))
    yield f"on {options.host}, about {duration} at {limits}"
    yield f"digest {digest}"
    if plan.invalid_rows and not options.skips_invalid:
        yield "`run` refuses this input: fix the file or pass --skip-invalid"


def needed_s(plan: Plan, options: Options) -> float:
    """Estimate the seconds that a plan takes at the limits, without any retry."""
    settings = options.settings
    requests_per_id = 2 if settings.retry_policy.verify is Verify.ALL else 1
    return time_needed_s(len(plan.items) * requests_per_id, settings.limits)
