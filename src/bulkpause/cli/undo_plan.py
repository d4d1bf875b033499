"""Plan an undo: the campaigns that logs record as paused by us, and what they were."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bulkpause._text import format_count, later, sanitize
from bulkpause._value import value
from bulkpause.cli.input_plan import InputPlan, Source
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import EARLIER_STATUSES, Options
from bulkpause.cli.output import say
from bulkpause.cli.typed_input import terminal_for_answers
from bulkpause.engine.resume import (
    CHANGE_TOLERANCE,
    CHANGE_TOLERANCE_WITHOUT_CLOCK,
    RUNNING,
    SCHEDULED,
    TIME_MARGIN,
    ResumeBody,
    parse_time,
)
from bulkpause.errors import InputError, LogHeldError, SettingsError
from bulkpause.journal.needs import WHOLE, Needs
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_same_account, check_same_endpoint
from bulkpause.model import Earlier, Item, Record
from bulkpause.plan import Plan
from bulkpause.vocabulary import Action, Status


#: What to do where one word is not right for all campaigns.
_MIXED = "if some were one and some the other, undo each kind by itself with --only"
#: At most this many ids that are left out are named; the others are counted.
_IDS_SHOWN = 5


@value
class Undone:
    """What an undo takes back in one account.

    Attributes:
        name: The name of the account; None if the undo has one only.
        options: The options of the command, with the settings of the account.
        logs: The logs of the pauses.
        own: What the log of the undo says, if it is resumed.
    """

    name: str | None = None
    options: Options
    logs: tuple[Path, ...]
    own: Recovery


@value
class UndoPlan:
    """The plan of an undo.

    Attributes:
        whole: The ids to resume of each account, those that are done included.
        marked: The logs that record them as paused, by the name of the account.
    """

    whole: InputPlan
    marked: Mapping[str | None, tuple[Path, ...]]


@value(kw_only=False)
class _Pauses:
    """What the logs of one account record as paused by us.

    Attributes:
        of_log: The items of each log, by id.
        undos: The logs that are those of undos, and are left out.
    """

    of_log: Mapping[Path, dict[str, Item]]
    undos: tuple[Path, ...] = ()

    @property
    def items(self) -> list[Item]:
        """The latest pause of each campaign."""
        found: dict[str, Item] = {}
        for items in self.of_log.values():
            for item in items.values():
                if not _is_later(found.get(item.id), item):
                    found[item.id] = item
        return list(found.values())

    @property
    def rows(self) -> int:
        """How many pauses are on record."""
        return sum(map(len, self.of_log.values()))

    def of_ids(self, ids: AbstractSet[str]) -> "_Pauses":
        """Keep the pauses of these campaigns."""
        return _Pauses(
            {
                log: {id_: item for id_, item in items.items() if id_ in ids}
                for log, items in self.of_log.items()
            }
        )


def plan_of_undo(
    parts: Sequence[Undone],
    options: Options,
    notices: Notices,
    only: Mapping[str | None, Plan] | None = None,
) -> UndoPlan:
    """Plan all ids that the logs record as paused by us, or those that were chosen.

    Args:
        parts: The logs of each account.
        options: The options of the command.
        notices: Says what is worth knowing.
        only: The ids that were chosen, by account; None for all.

    Raises:
        InputError: A log does not exist, or none of the chosen ids is one that we
            paused.
        SettingsError: A log is not one of pauses, or belongs to another endpoint or
            account, or it is not known what campaigns were, and nobody can be asked.
        LogError: A log cannot be read or is damaged.
        LogHeldError: A run holds a log.
    """
    found = {part.name: _pauses_of(part, notices) for part in parts}
    _leave_out_undos(found.values(), notices)
    if only is not None:
        found = _chosen(found, only, notices)
    items = _items_of_accounts(parts, found)
    for part in parts:
        _refuse_paused_again(part, items[part.name])
    status = _earlier_status(_open_items(parts, items), options)
    told = {item.id for each in items.values() for item in each if not is_known(item)}
    plans = _plans(found, items, status)
    all_items = [item for plan in plans.values() for item in plan.items]
    _note_overdue(all_items, options, notices)
    _note_running(all_items, told, options, notices)
    _note_tolerance(all_items, options, notices)
    counts = {
        log: len(of_log)
        for pauses in found.values()
        for log, of_log in pauses.of_log.items()
    }
    return UndoPlan(
        whole=InputPlan(plans=plans, sources=_sources(counts, all_items), problems=()),
        marked={
            name: tuple(log for log, of_log in pauses.of_log.items() if of_log)
            for name, pauses in found.items()
        },
    )


def _items_of_accounts(
    parts: Iterable[Undone], found: Mapping[str | None, _Pauses]
) -> dict[str | None, list[Item]]:
    """Give the items of each account, with what was said of them in earlier runs."""
    return {
        part.name: [_with_own(item, part.own) for item in found[part.name].items]
        for part in parts
    }


def _refuse_paused_again(part: Undone, items: Iterable[Item]) -> None:
    """Refuse to take a campaign for done that was paused after it was resumed.

    Raises:
        SettingsError: There are such campaigns.
        LogError: The log of the undo cannot be read.
    """
    begun_at, settled = part.own.first_at or part.own.last_at or "", part.own.settled
    since = {item.id: at for item in items if (at := _time_of_pause(item)) > begun_at}
    paused_at = {id_: at for id_, at in since.items() if id_ in settled}
    if not paused_at or part.options.log is None:
        return
    # What is settled is kept without its time, which is seldom asked for.
    said = read_recovery(part.options.log, WHOLE).latest
    again = [id_ for id_, at in paused_at.items() if (said[id_].finished_at or "") < at]
    if again:
        raise SettingsError(
            f"{format_count(len(again), 'campaign')} paused again after "
            f"{part.options.log} settled them ({_first_of(again)}): undo these logs "
            "with another --log, without --resume; nothing was sent"
        )


def _time_of_pause(item: Item) -> str:
    return "" if item.earlier is None else item.earlier.paused_at or ""


def _first_of(ids: Sequence[str]) -> str:
    """Name the first ids, and count the others."""
    shown, more = ", ".join(ids[:_IDS_SHOWN]), len(ids) - _IDS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _open_items(
    parts: Iterable[Undone], items: Mapping[str | None, Iterable[Item]]
) -> list[Item]:
    """Leave out the items that the log of the undo settles."""
    settled = {part.name: part.own.settled for part in parts}
    return [
        item
        for name, of_account in items.items()
        for item in of_account
        if item.id not in settled[name]
    ]


def _plans(
    found: Mapping[str | None, _Pauses],
    items: Mapping[str | None, Sequence[Item]],
    status: str | None,
) -> dict[str | None, Plan]:
    """Plan the items of each account, with what all campaigns were."""
    return {
        name: Plan(
            rows=found[name].rows,
            items=tuple(_with_status(item, status) for item in of_account),
            invalid_rows=(),
            duplicate=found[name].rows - len(of_account),
            already_done=0,
        )
        for name, of_account in items.items()
    }


def _pauses_of(part: Undone, notices: Notices) -> _Pauses:
    """Read what the logs of an account record as paused by us. Undos are left out."""
    of_log: dict[Path, dict[str, Item]] = {}
    undos: list[Path] = []
    for log in part.logs:
        recovery = _read(log, part)
        if recovery.action is Action.PAUSE:
            items = _items_of_log(log, recovery, notices)
            of_log[log] = {item.id: item for item in items}
        else:
            undos.append(log)
    return _Pauses(of_log, tuple(undos))


def _read(log: Path, part: Undone) -> Recovery:
    check_readable_log(log)
    if SYSTEM.is_locked(log):
        raise LogHeldError(
            f"a run holds {log}: wait until it has ended, or stop it; nothing was sent"
        )
    recovery = read_recovery(log, Needs(whole=frozenset({Status.PAUSED})))
    check_same_endpoint(recovery, part.options.named_settings.endpoint_name, log)
    check_same_account(recovery, part.name, log)
    return recovery


def _leave_out_undos(found: Collection[_Pauses], notices: Notices) -> None:
    """Say which logs are left out.

    Raises:
        SettingsError: All of them are.
    """
    undos = [log for pauses in found for log in pauses.undos]
    if undos and not any(pauses.of_log for pauses in found):
        raise SettingsError(
            f"{undos[0]} is the log of an undo, which cannot be undone: pause its "
            "campaigns with `bulkpause run`; nothing was sent"
        )
    for log in undos:
        notices.note(f"{sanitize(str(log))} is the log of an undo: left out")


def _chosen(
    found: Mapping[str | None, _Pauses],
    only: Mapping[str | None, Plan],
    notices: Notices,
) -> dict[str | None, _Pauses]:
    """Keep the pauses of the chosen campaigns, and say which are none of ours."""
    ids = {
        name: {item.id for item in plan.items} if plan is not None else set[str]()
        for name, plan in ((name, only.get(name)) for name in found)
    }
    chosen = {name: pauses.of_ids(ids[name]) for name, pauses in found.items()}
    others = [
        item.id if name is None else f"{name}/{item.id}"
        for name, plan in only.items()
        for item in plan.items
        if name not in chosen
        or not any(item.id in of_log for of_log in chosen[name].of_log.values())
    ]
    count = sum(len(plan.items) for plan in only.values())
    if others and len(others) == count:
        raise InputError(
            f"none of the {format_count(count, 'id')} of --only is recorded as paused by "
            "bulkpause in these logs; nothing was sent"
        )
    if others:
        notices.warn(
            f"{format_count(len(others), 'id')} of --only not recorded as paused by "
            f"bulkpause: left out: {_first_of(others)}"
        )
    return chosen


def _items_of_log(log: Path, recovery: Recovery, notices: Notices) -> Iterator[Item]:
    """Give what a log records as paused by us."""
    records = recovery.latest.values()
    if unknown := sum(record.status is Status.UNKNOWN for record in records):
        notices.note(
            f"{sanitize(str(log))}: {format_count(unknown, 'id')} unknown, which may "
            "have been paused by us: left out. `bulkpause retry` settles them, but only "
            "before the undo"
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
        earlier=replace(earlier, paused_at=_paused_at(record)),
    )


def _paused_at(record: Record) -> str | None:
    """Tell when our pause was made, or was known to be.

    A record is written once its id was read back, which may be minutes later. What was
    changed between is no change of ours.
    """
    if record.paused_at is not None:
        return record.paused_at
    started_at, latency_ms = record.started_at, record.latency_ms
    reads_before = record.reads - (record.campaign_status is not None)
    is_first_request = not record.history and reads_before <= 0
    is_accepted = record.http_status == 204
    if (
        not (is_accepted and is_first_request)
        or started_at is None
        or latency_ms is None
    ):
        return record.finished_at
    return min(later(started_at, latency_ms), record.finished_at or "~")


def _is_later(known: Item | None, item: Item) -> bool:
    """Tell whether another log has paused a campaign after this one."""
    return known is not None and _time_of_pause(known) > _time_of_pause(item)


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
    mixed = f"; {_MIXED}" if len(unknown) > 1 else ""
    if not options.is_confirmed:
        with terminal_for_answers(options.only) as is_there:
            if is_there:
                return _ask(of_all, mixed)
    raise SettingsError(
        f"it is not on record whether {of_all} were running or scheduled before they "
        f"were paused: add --as running or --as scheduled{mixed}; nothing was sent"
    )


def _ask(of_all: str, mixed: str) -> str:
    say(f"It is not on record what {of_all} were before they were paused{mixed}.")
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


def _note_running(
    items: Iterable[Item],
    told: AbstractSet[str],
    options: Options,
    notices: Notices,
) -> None:
    """Say what happens to campaigns that may have been scheduled, and not running.

    Args:
        items: The campaigns.
        told: The ids of those of which no log says what they were.
        options: The options of the command.
        notices: Says it.
    """
    running = [
        item for item in items if item.id in told and _is_running_without_time(item)
    ]
    if not running or options.resume_rules.body is ResumeBody.TIME:
        return
    word = "your answer" if options.earlier_status is None else "--as running"
    starts = options.resume_rules.starts_overdue
    which = (
        "ahead are left alone, one that is past starts" if starts else "are left alone"
    )
    notices.note(
        f"{format_count(len(running), 'campaign')} running before by {word}: those that "
        f"show a scheduled_time {which}"
    )


def _note_tolerance(items: Sequence[Item], options: Options, notices: Notices) -> None:
    """Say which changes are not seen, so that a campaign is resumed all the same."""
    if items and not options.resume_rules.resumes_changed:
        seconds = f"{CHANGE_TOLERANCE.total_seconds():g}"
        most = f"{CHANGE_TOLERANCE_WITHOUT_CLOCK.total_seconds():g}"
        notices.note(
            f"what others changed within {seconds} s after a pause ({most} s without the "
            "API's clock) cannot be told from it, and is resumed"
        )


def _is_running_without_time(item: Item) -> bool:
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


def _sources(counts: Mapping[Path, int], items: Iterable[Item]) -> tuple[Source, ...]:
    """Describe the logs as inputs, with what all campaigns were."""
    statuses = Counter(
        (item.earlier.status or "").strip().lower() for item in items if item.earlier
    )
    return tuple(
        Source(
            name=sanitize(str(log)),
            rows=count,
            statuses=Counter() if number else statuses,
        )
        for number, (log, count) in enumerate(counts.items())
    )
