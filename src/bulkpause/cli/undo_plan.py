"""Plan an undo: the campaigns that logs record as paused by us, and what they were."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bulkpause._text import format_count, sanitize
from bulkpause.cli.input_plan import InputPlan, Source
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import EARLIER_STATUSES, Options
from bulkpause.cli.output import say
from bulkpause.cli.typed_input import terminal_for_answers
from bulkpause.engine.resume import (
    RUNNING,
    SCHEDULED,
    TIME_MARGIN,
    ResumeBody,
    parse_time,
)
from bulkpause.errors import LogHeldError, SettingsError
from bulkpause.journal.needs import Needs
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_same_endpoint
from bulkpause.model import Action, Earlier, Item, Record, Status
from bulkpause.plan import Plan


def plan_of_undo(options: Options, own: Recovery, notices: Notices) -> InputPlan:
    """Plan all ids that the logs record as paused by us.

    Args:
        options: The options of the command.
        own: What the log of the undo says, if it is resumed.
        notices: Says what is worth knowing.

    Raises:
        InputError: A log does not exist.
        SettingsError: A log is not one of pauses, or belongs to another endpoint, or it
            is not known what campaigns were, and nobody can be asked.
        LogError: A log cannot be read or is damaged.
        LogHeldError: A run holds a log.
    """
    found: dict[str, Item] = {}
    rows = []
    for log in options.undone:
        items = list(_items_of_log(log, options, notices))
        rows.append(len(items))
        for item in items:
            if not _is_later(found.get(item.id), item):
                found[item.id] = item
    items = [_with_own(item, own) for item in found.values()]
    open_items = [item for item in items if item.id not in own.settled]
    status = _earlier_status(open_items, options)
    items = [_with_status(item, status) for item in items]
    _note_overdue(items, options, notices)
    _note_said_running(items, options, notices)
    plan = Plan(
        rows=sum(rows),
        items=tuple(items),
        invalid_rows=(),
        duplicate=sum(rows) - len(items),
        already_done=0,
    )
    return InputPlan(
        plans={None: plan}, sources=_sources(options, rows, items), problems=()
    )


def _items_of_log(log: Path, options: Options, notices: Notices) -> Iterator[Item]:
    """Give what a log records as paused by us."""
    check_readable_log(log)
    if SYSTEM.is_locked(log):
        raise LogHeldError(
            f"a run holds {log}: wait until it has ended, or stop it; nothing was sent"
        )
    recovery = read_recovery(log, Needs(whole=frozenset({Status.PAUSED})))
    if recovery.action is not Action.PAUSE:
        raise SettingsError(
            f"{log} is the log of an undo, which cannot be undone: pause its campaigns "
            "with `bulkpause run`; nothing was sent"
        )
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    records = recovery.latest.values()
    if unknown := sum(record.status is Status.UNKNOWN for record in records):
        notices.note(
            f"{sanitize(str(log))}: {format_count(unknown, 'id')} unknown, which may "
            "have been paused by us: left out. `bulkpause retry` settles them"
        )
    for record in records:
        if record.status is Status.PAUSED:
            yield _item(record, recovery)


def _item(record: Record, recovery: Recovery) -> Item:
    earlier = recovery.earlier_of(record.id or "") or Earlier()
    return Item(
        id=record.id or "",
        row=record.row or 0,
        name=record.name,
        earlier=replace(earlier, paused_at=record.finished_at),
    )


def _is_later(known: Item | None, item: Item) -> bool:
    """Tell whether another log has paused a campaign after this one."""
    if known is None or known.earlier is None or item.earlier is None:
        return False
    return (known.earlier.paused_at or "") > (item.earlier.paused_at or "")


def _with_own(item: Item, own: Recovery) -> Item:
    """Add what was said of a campaign when the undo began."""
    said = own.earlier_of(item.id)
    if is_known(item) or said is None or item.earlier is None:
        return item
    return replace(item, earlier=replace(item.earlier, status=said.status))


def is_known(item: Item) -> bool:
    """Tell whether it is known what a campaign was, in the API's words."""
    status = "" if item.earlier is None else item.earlier.status or ""
    return status.strip().lower() in {*RUNNING, SCHEDULED}


def _with_status(item: Item, status: str | None) -> Item:
    if status is None or is_known(item):
        return item
    return replace(item, earlier=replace(item.earlier or Earlier(), status=status))


def _earlier_status(items: Sequence[Item], options: Options) -> str | None:
    """Find what the campaigns were of which no log says it; None if there is none.

    Raises:
        SettingsError: It was not given, and nobody can be asked.
    """
    unknown = [item for item in items if not is_known(item)]
    if not unknown or options.earlier_status is not None:
        return options.earlier_status
    of_all = f"{len(unknown)} of {format_count(len(items), 'campaign')}"
    if not options.is_confirmed:
        with terminal_for_answers(()) as is_there:
            if is_there:
                return _ask(of_all)
    raise SettingsError(
        f"it is not on record whether {of_all} were running or scheduled before they "
        "were paused: add --as running or --as scheduled; nothing was sent"
    )


def _ask(of_all: str) -> str:
    say(f"It is not on record what {of_all} were before they were paused.")
    answer: str = click.prompt(
        "What were they?", type=click.Choice(EARLIER_STATUSES), err=True
    )
    return answer


def _note_overdue(items: Iterable[Item], options: Options, notices: Notices) -> None:
    """Say how many campaigns would send at once, since their time has passed."""
    soon = datetime.now(UTC) + TIME_MARGIN
    overdue = sum(_is_overdue(item, soon) for item in items)
    if not overdue:
        return
    campaigns = format_count(overdue, "scheduled campaign")
    what = (
        "send at once (--start-overdue)"
        if options.resume_rules.starts_overdue
        else "are left alone, unless --start-overdue is given"
    )
    notices.note(f"{campaigns} whose time has passed: they {what}")


def _note_said_running(
    items: Iterable[Item], options: Options, notices: Notices
) -> None:
    """Say what happens to campaigns that may have been scheduled, and not running."""
    said = sum(map(_is_said_running, items))
    if not said or options.resume_rules.body is ResumeBody.TIME:
        return
    overdue = (
        "is started at once (--start-overdue)"
        if options.resume_rules.starts_overdue
        else "is left alone too, unless --start-overdue is given"
    )
    notices.note(
        f"{format_count(said, 'campaign')} said to have been running, without a "
        "scheduled_time on record: one that shows a time ahead is left alone, unless "
        f"--resume-body time is given, and one whose time has passed {overdue}"
    )


def _is_said_running(item: Item) -> bool:
    earlier = item.earlier
    if earlier is None or earlier.scheduled_time:
        return False
    return (earlier.status or "").strip().lower() in RUNNING


def _is_overdue(item: Item, soon: datetime) -> bool:
    earlier = item.earlier
    if earlier is None or (earlier.status or "").strip().lower() != SCHEDULED:
        return False
    time = parse_time(earlier.scheduled_time)
    return time is not None and time <= soon


def _sources(
    options: Options, rows: Sequence[int], items: Iterable[Item]
) -> tuple[Source, ...]:
    """Describe the logs as inputs, with what all campaigns were."""
    statuses = Counter(
        (item.earlier.status or "").strip().lower() for item in items if item.earlier
    )
    logs = zip(options.undone, rows, strict=True)
    return tuple(
        Source(
            name=sanitize(str(log)),
            rows=count,
            statuses=Counter() if number else statuses,
        )
        for number, (log, count) in enumerate(logs)
    )
