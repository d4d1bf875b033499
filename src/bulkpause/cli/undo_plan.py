"""Plan an undo: the campaigns that logs record as paused by us, and what they were."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.cli.input_plan import InputPlan, Source
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import (
    EARLIER_STATUSES,
    Options,
    resume_command,
    settle_command,
)
from bulkpause.cli.output import say
from bulkpause.cli.typed_input import terminal_for_answers
from bulkpause.cli.undo_pauses import (
    LoggedPauses,
    Pauses,
    Undone,
    first_of,
    ids_on_record,
    pauses_of,
    time_of_pause,
    word_before,
)
from bulkpause.engine.resume import (
    CHANGE_TOLERANCE,
    CHANGE_TOLERANCE_WITHOUT_CLOCK,
    RUNNING,
    SCHEDULED,
    TIME_MARGIN,
    ResumeBody,
    parse_time,
)
from bulkpause.errors import InputError, SettingsError
from bulkpause.journal.needs import WHOLE
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Earlier, Item, Record
from bulkpause.operation import PAUSE
from bulkpause.plan import Plan
from bulkpause.vocabulary import Status


#: What to do where one word is not right for all campaigns.
_MIXED = "if some were one and some the other, undo each kind by itself with --only"


@value
class UndoPlan:
    """The plan of an undo.

    Attributes:
        whole: The ids to resume of each account, those that are done included.
        marked: The logs that record any of them as paused, by us or already, or leave
            that open, by the name of the account.
        unseen: What may be paused by us and is left out, by the name of the account.
        left_out: Which of the chosen ids no log records as paused; None if all are.
    """

    whole: InputPlan
    marked: Mapping[str | None, tuple[Path, ...]]
    unseen: Mapping[str | None, str]
    left_out: str | None


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
            account, or leaves open what we have paused, or it is not known what
            campaigns were, and nobody can be asked.
        LogError: A log cannot be read or is damaged.
        LogHeldError: A run holds a log.
    """
    found = {part.name: pauses_of(part) for part in parts}
    _leave_out_undos(found.values(), notices)
    unseen = _unseen(parts, found, options) if only is None else {}
    left_out: str | None = None
    if only is not None:
        found = {name: _kept(pauses, only.get(name)) for name, pauses in found.items()}
        left_out = _left_out(found, only)
    if left_out is not None:
        notices.warn(left_out)
    found = _without_left_alone(parts, found, notices)
    found = {part.name: _with_unknown(part, found[part.name]) for part in parts}
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
        log: len(logged.paused)
        for pauses in found.values()
        for log, logged in pauses.of_log.items()
    }
    return UndoPlan(
        whole=InputPlan(plans=plans, sources=_sources(counts, all_items), problems=()),
        marked={name: _marked(found[name], plan) for name, plan in plans.items()},
        unseen=unseen,
        left_out=left_out,
    )


def _marked(pauses: Pauses, plan: Plan) -> tuple[Path, ...]:
    """List the logs whose word of a campaign that is resumed is no longer true."""
    ids = {item.id for item in plan.items}
    return tuple(log for log, one in pauses.of_log.items() if one.may_call_paused(ids))


def _items_of_accounts(
    parts: Iterable[Undone], found: Mapping[str | None, Pauses]
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
    since = {item.id: at for item in items if (at := time_of_pause(item)) > begun_at}
    paused_at = {id_: at for id_, at in since.items() if id_ in settled}
    if not paused_at or part.options.log is None:
        return
    # What is settled is kept without its time, which is seldom asked for.
    said = read_recovery(part.options.log, WHOLE).latest
    again = [id_ for id_, at in paused_at.items() if (said[id_].finished_at or "") < at]
    if again:
        raise SettingsError(
            f"{format_count(len(again), 'campaign')} paused again after "
            f"{part.options.log} settled them ({first_of(again)}): undo these logs "
            "with another --log, without --resume; nothing was sent"
        )


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
    found: Mapping[str | None, Pauses],
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


def _leave_out_undos(found: Collection[Pauses], notices: Notices) -> None:
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


def _without_left_alone(
    parts: Iterable[Undone], found: Mapping[str | None, Pauses], notices: Notices
) -> dict[str | None, Pauses]:
    """Leave out the campaigns that were not to send before their pause, and say so."""
    others: list[str] = []
    kept = dict(found)
    for part in parts:
        pauses, settled = found[part.name], part.own.settled
        if not (left := pauses.left_alone):
            continue
        kept[part.name] = pauses.without(left.keys())
        account = "" if part.name is None else f"{part.name}/"
        others += [
            f"{account}{id_} ({word_before(item)})"
            for id_, item in left.items()
            if id_ not in settled
        ]
    if others:
        notices.warn(
            f"{format_count(len(others), 'campaign')} on record as neither running nor "
            f"scheduled before the pause: left alone: {sanitize(first_of(others))}"
        )
    return kept


def _unseen(
    parts: Iterable[Undone], found: Mapping[str | None, Pauses], options: Options
) -> dict[str | None, str]:
    """Say of each account what may be paused by us, though no log says which ids."""
    unseen: dict[str | None, str] = {}
    for part in parts:
        pauses = found[part.name]
        lacking = [log for log, one in pauses.of_log.items() if one.missing != 0]
        if not lacking:
            continue
        counts = [pauses.of_log[log].missing for log in lacking]
        known = sum(count or 0 for count in counts)
        # An earlier run of the undo was given ids that the logs do not hold.
        named = sum(not pauses.says_of(id_) for id_ in _ids_seen_paused(part))
        if None in counts or known > named:
            unseen[part.name] = _unseen_text(lacking, known, options)
    return unseen


def _ids_seen_paused(part: Undone) -> AbstractSet[str]:
    """List the ids on record of an undo that were paused, or may have been.

    One that was found running, or not at all, is none of those that a log has lost.
    """
    ids = ids_on_record(part.own)
    if not ids or part.options.log is None:
        return ids
    # What is settled is kept without the status that was seen, as it is seldom asked for.
    said = read_recovery(part.options.log, WHOLE).latest
    return {id_ for id_ in ids if id_ not in said or _may_have_been_paused(said[id_])}


def _may_have_been_paused(record: Record) -> bool:
    """Tell whether an undo found a campaign paused, or does not know."""
    if record.status is Status.NOT_RESUMABLE:
        return (record.campaign_status or "").strip().lower() in PAUSE.wanted
    return record.status is not Status.ALREADY_RUNNING


def _unseen_text(logs: Sequence[Path], count: int, options: Options) -> str:
    names = ", ".join(map(str, logs))
    which = f"{format_count(count, 'planned id')} not on record" if count else "more"
    given = replace(options, only=("INPUT",), takes_unknown=True, expect=None)
    command = "" if options.log is None else resume_command(options.log, given)
    return (
        f"{names}: {which}, which may be paused by us: left out; resume those of a list "
        f"that are paused with: {command}"
    )


def _with_unknown(part: Undone, pauses: Pauses) -> Pauses:
    """Take what may be paused by us, if somebody said so.

    Raises:
        SettingsError: Nobody did.
    """
    if not any(logged.unknown for logged in pauses.of_log.values()):
        return pauses
    on_record = {item.id for item in pauses.items} | ids_on_record(part.own)
    for log, logged in pauses.of_log.items():
        ids = [id_ for id_ in logged.unknown if id_ not in on_record]
        if ids and not part.options.takes_unknown:
            raise SettingsError(_unknown_text(log, logged, ids, part.options))
    return pauses.with_unknown()


def _unknown_text(
    log: Path, logged: LoggedPauses, ids: Sequence[str], options: Options
) -> str:
    """Say what to do about ids that may be paused by us."""
    settle = ""
    if logged.can_be_retried:
        settle = (
            "settle them first, which pauses those that run, with: "
            f"{settle_command(log, options)}; or "
        )
    return (
        f"{log}: {format_count(len(ids), 'id')} may be paused by us, though that is not "
        f"on record ({first_of(ids)}): {settle}add --resume-unknown, which reads them "
        "and resumes those that are paused; nothing was sent"
    )


def _left_out(
    chosen: Mapping[str | None, Pauses], only: Mapping[str | None, Plan]
) -> str | None:
    """Say which of the chosen campaigns are none of ours; None if all are.

    Raises:
        InputError: None is.
    """
    taken = {
        (name, id_)
        for name, pauses in chosen.items()
        for logged in pauses.of_log.values()
        for id_ in (*logged.paused, *logged.unknown, *logged.before)
    }
    others = [
        item.id if name is None else f"{name}/{item.id}"
        for name, plan in only.items()
        for item in plan.items
        if (name, item.id) not in taken
    ]
    count = sum(len(plan.items) for plan in only.values())
    if others and len(others) == count:
        raise InputError(
            f"none of the {format_count(count, 'id')} of --only is recorded as paused by "
            "bulkpause in these logs; nothing was sent"
        )
    if not others:
        return None
    return (
        f"{format_count(len(others), 'id')} of --only not recorded as paused by "
        f"bulkpause: left out: {first_of(others)}"
    )


def _kept(pauses: Pauses, plan: Plan | None) -> Pauses:
    """Keep the pauses of chosen campaigns, and take those that a log should hold."""
    items = {} if plan is None else {item.id: item for item in plan.items}
    missing = {id_: item for id_, item in items.items() if not pauses.says_of(id_)}
    kept = pauses.of_ids(items.keys())
    return kept.with_missing(missing) if missing else kept


def _with_own(item: Item, own: Recovery) -> Item:
    """Add what was said of a campaign when the undo began."""
    said = own.earlier_of(item.id)
    if is_known(item) or said is None or item.earlier is None:
        return item
    return replace(item, earlier=replace(item.earlier, status=said.status))


def is_known(item: Item) -> bool:
    """Tell whether it is known what a campaign was, in the API's words."""
    return word_before(item) in {*RUNNING, SCHEDULED}


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
    return word_before(item) in RUNNING


def _is_overdue(item: Item, soon: datetime) -> bool:
    earlier = item.earlier
    if earlier is None or word_before(item) != SCHEDULED:
        return False
    time = parse_time(earlier.scheduled_time)
    return time is not None and time <= soon


def _sources(counts: Mapping[Path, int], items: Iterable[Item]) -> tuple[Source, ...]:
    """Describe the logs as inputs, with what all campaigns were."""
    statuses = Counter(word_before(item) for item in items if item.earlier)
    return tuple(
        Source(
            name=sanitize(str(log)),
            rows=count,
            statuses=Counter() if number else statuses,
        )
        for number, (log, count) in enumerate(counts.items())
    )
