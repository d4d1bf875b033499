"""Say in one line what is on record of the campaigns of a report, and no more."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from bulkpause._text import sanitize
from bulkpause.operation import Operation
from bulkpause.report.group import LogGroup
from bulkpause.report.log_status import age_in_words, dated
from bulkpause.report.text import (
    invalid_line,
    nothing_line,
    open_lines,
    simulated_line,
    undone_line,
)
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status


#: What an undo says of campaigns that may be running since.
_UNDONE = (Status.RESUMED, Status.ALREADY_RUNNING, Status.UNKNOWN)


def headline(groups: Sequence[LogGroup], *, lacks_logs: bool = False) -> str:
    """Say how many campaigns may still be running, and as of when.

    The count is that of `status`. Since a report is read later than it was made, the
    line is always dated. Of logs of resumes alone, it says how many are open.

    Args:
        groups: The groups of logs.
        lacks_logs: Whether other logs could not be read, or may be missing.
    """
    given, groups = groups, counted(groups)
    all_totals = [group.status.totals for group in groups]
    totals = [one for one in all_totals if not one.is_empty]
    operation = all_totals[0].operation
    if not totals:
        return nothing_line(operation)
    ids, open_ids = sum(map(ids_held, totals)), sum(one.open_ids for one in totals)
    is_known = all(one.is_plan_known for one in all_totals)
    undone = [group for group in groups if group.status.totals.undone_by is not None]
    on_record = "" if is_known and not undone else " on record"
    campaigns = f"{ids:,} campaign{'' if ids == 1 else 's'}{on_record}"
    lines = [f"{open_ids:,} of {campaigns} {operation.open_words}{_as_of(groups)}"]
    if not (operation.stops or open_ids):
        lines = [f"{_done_text(totals, operation)} of {campaigns}{_as_of(groups)}"]
    if undone:
        lines = [
            *_taken_back_lines(groups, given),
            _undone_line(undone, groups),
            *(lines if open_ids else ()),
        ]
    if not is_known:
        others = f"others {operation.others_words}"
        lines.append(f"how many were planned is not on record, and {others}")
    elif lacks_logs:
        lines.append(f"others {operation.others_words}")
    if invalid := sum(one.by_status[Status.INVALID] for one in totals):
        lines.append(invalid_line(invalid, operation))
    return "; ".join(lines)


def _undone_line(undone: Sequence[LogGroup], groups: Sequence[LogGroup]) -> str:
    names = [group.status.totals.undone_logs or [group.status.log] for group in undone]
    return undone_line(
        undone_logs=list(chain.from_iterable(names)),
        logs=sum(group.status.totals.logs for group in groups),
    )


def _taken_back_lines(
    groups: Sequence[LogGroup], given: Sequence[LogGroup]
) -> Iterator[str]:
    """Count the campaigns of pauses and of their undos, each by its last word.

    Args:
        groups: The groups of pauses.
        given: These, and those of undos, if their logs were given.
    """
    if not any(group.status.totals.replaced for group in groups):
        return
    undos = _undos_of(groups, given)
    words = Counter[str]()
    for group in undos:
        words.update({one.value: group.status.totals.by_status[one] for one in _UNDONE})
    for group in groups:
        words.update(group.status.totals.counts())
    del words[Status.INVALID.value]
    held = sum(ids_held(group.status.totals) for group in groups)
    words["other"] = max(0, held - words.total())
    parts = ", ".join(
        f"{count:,} {word.replace('_', ' ')}" for word, count in words.items() if count
    )
    campaigns = f"{words.total():,} campaign{'' if words.total() == 1 else 's'}"
    yield f"{parts} of {campaigns} on record{_as_of([*groups, *undos])}"


def _undos_of(
    groups: Sequence[LogGroup], given: Sequence[LogGroup]
) -> Sequence[LogGroup]:
    """Choose the groups of undos on real endpoints, or on the simulator, as others."""
    simulated = {group.status.is_simulated for group in groups}
    return [
        group
        for group in given
        if not group.status.totals.operation.stops
        and group.status.is_simulated in simulated
    ]


def _done_text(totals: Sequence[Totals], operation: Operation) -> str:
    """Say how many campaigns are as a resume wants them, by what it did to them."""
    done = sum(one.by_status[operation.done] for one in totals)
    already = sum(one.by_status[operation.already] for one in totals)
    text = f"{done:,} {operation.participle}"
    if already:
        text = f"{text} and {already:,} {operation.already.replace('_', ' ')}"
    return text


def counted(groups: Sequence[LogGroup]) -> Sequence[LogGroup]:
    """Leave out simulated campaigns beside real ones, and resumes beside pauses."""
    real = [group for group in groups if not group.status.is_simulated] or groups
    stops = [group for group in real if group.status.totals.operation.stops]
    return stops or real


def ids_of(totals: Totals) -> int:
    """Count the campaigns of totals: all rows but the invalid ones."""
    return totals.rows - totals.by_status[Status.INVALID]


def ids_held(totals: Totals) -> int:
    """Count the campaigns of totals, and those whose last word is in other logs."""
    return ids_of(totals) + totals.replaced


def _as_of(groups: Sequence[LogGroup]) -> str:
    is_simulated = all(group.status.is_simulated for group in groups)
    ends = [
        moment
        for group in groups
        for moment in (group.status.oldest_end_at, group.status.last_at)
        if moment is not None
    ]
    where = " on the simulator" if is_simulated else ""
    return where + dated(min(ends, default=None), max(ends, default=None))


def note_lines(groups: Sequence[LogGroup]) -> Iterator[str]:
    """Say what to know about the headline, with the words of `status`."""
    of_pauses = counted(groups)
    are_counted = set(map(id, of_pauses))
    if any(group.status.totals.replaced for group in of_pauses):
        # The headline counts what was taken back.
        are_counted.update(map(id, _undos_of(of_pauses, groups)))
    for group in groups:
        name = f"{group.label}: " if len(groups) > 1 else ""
        if id(group) not in are_counted:
            yield sanitize(f"{name}{headline([group])}: not counted above.")
        for line in _notes_of(group):
            sentence = line if name else f"{line[:1].upper()}{line[1:]}"
            yield sanitize(f"{name}{sentence}.")
    yield "Campaigns may have been started again since the times given here."


def _notes_of(group: LogGroup) -> Iterator[str]:
    status = group.status
    totals = status.totals
    if totals.open_ids or not totals.is_plan_known:
        yield from open_lines(totals)
    elif totals.undone_by is not None:
        yield undone_line(totals.undone_by)
    if invalid := totals.by_status[Status.INVALID]:
        yield invalid_line(invalid, totals.operation)
    if unread := totals.unread:
        changed = totals.operation.participle
        were = "was" if unread == 1 else "were"
        yield f"{unread:,} of the {changed} ids {were} accepted (204) and not read back"
    if status.is_simulated:
        yield simulated_line(totals.operation)
    if status.is_held:
        yield (
            "a run held this log when the report was made: its numbers were still "
            "changing"
        )
    if status.is_old:
        age = age_in_words(status.age_s or 0.0)
        yield f"the last record was {age} old when the report was made"
