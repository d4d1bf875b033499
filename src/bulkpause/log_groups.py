"""Group logs of the same endpoint, account and action, to be taken together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from bulkpause.opened_log import OpenedLog, requests_of_logs, runs_of, status_of
from bulkpause.report.group import LogGroup
from bulkpause.vocabulary import Action


class GroupKey(NamedTuple):
    """What logs must share for an id to be the same campaign in all of them."""

    endpoint: str
    account: str | None
    action: Action
    #: The log itself, if it does not say whose campaigns they are.
    log: str | None = None


def group_logs(
    logs: Iterable[OpenedLog], now: datetime, *, needs_records: bool
) -> list[LogGroup]:
    """Take logs of the same endpoint, account and action together.

    An id that was paused and then resumed counts where its last word is.

    Args:
        logs: The logs.
        now: The wall clock.
        needs_records: Whether the records are needed also of a log that is alone in
            its group, and not only their totals.

    Raises:
        LogError: A log was replaced or shortened since it was opened.
    """
    groups: dict[GroupKey, list[OpenedLog]] = {}
    for log in logs:
        groups.setdefault(_key_of(log), []).append(log)
    replaced: dict[GroupKey, frozenset[str]] = {}
    for key, members in groups.items():
        undo_key = key._replace(action=Action.RESUME)
        undos = groups.get(undo_key, [])
        if key.action is Action.PAUSE and undos:
            replaced |= zip((key, undo_key), _note_undos(members, undos), strict=True)
    together = [
        _together(key, members, replaced.get(key, frozenset()), now)
        if len(members) > 1 or replaced.get(key)
        else _alone(key, members[0], now, needs_records=needs_records)
        for key, members in groups.items()
    ]
    if not (needs_records and replaced):
        return together
    return [
        _with_left_to_pauses(group, key, groups, replaced)
        for key, group in zip(groups, together, strict=True)
    ]


def _with_left_to_pauses(
    group: LogGroup,
    key: GroupKey,
    logs: Mapping[GroupKey, Sequence[OpenedLog]],
    replaced: Mapping[GroupKey, frozenset[str]],
) -> LogGroup:
    """Tell of a group of undos how many of its ids count in that of their pauses."""
    pause_key = key._replace(action=Action.PAUSE)
    if key.action is Action.PAUSE or pause_key not in logs:
        return group
    from bulkpause.joined_logs import left_to_pauses  # noqa: PLC0415 (see below)

    counted_once = replaced[key] | replaced[pause_key]
    left = left_to_pauses(logs[pause_key], logs[key], counted_once)
    return replace(group, left_to_pauses=left)


def _note_undos(
    logs: Sequence[OpenedLog], undos: Sequence[OpenedLog]
) -> tuple[frozenset[str], frozenset[str]]:
    # Imported on use: most commands are given one log.
    from bulkpause.joined_logs import note_undos, replaced_ids  # noqa: PLC0415

    note_undos(logs, undos)
    return replaced_ids(logs, undos)


def _together(
    key: GroupKey, logs: Sequence[OpenedLog], replaced: frozenset[str], now: datetime
) -> LogGroup:
    from bulkpause.joined_logs import join_logs  # noqa: PLC0415 (see above)

    return join_logs(key.action, key.account, logs, now, replaced)


def _key_of(log: OpenedLog) -> GroupKey:
    """Tell which logs a log may be taken together with."""
    recovery = log.recovery
    # Records of version 1 tell the endpoint by the end of their run's id alone.
    tag = (recovery.last_run_id or "").rpartition("-")[2]
    return GroupKey(
        endpoint=recovery.endpoint or tag,
        account=recovery.account,
        action=recovery.action,
        log=None if recovery.is_account_known else str(log.path),
    )


def _alone(
    key: GroupKey, log: OpenedLog, now: datetime, *, needs_records: bool
) -> LogGroup:
    """Make a group of one log from its totals."""
    path, recovery = str(log.path), log.recovery
    counts = Counter(record.run_id or "" for record in recovery.latest.values())
    for run_id in {origin.run_id for origin in recovery.brief.live_origins}:
        counts[run_id] += recovery.brief.count_of_run(run_id)
    counts[""] += len(recovery.not_attempted)
    runs = {(0, run_id): ids for run_id, ids in counts.items() if ids}
    sent = list(log.records()) if needs_records else []
    return LogGroup(
        **requests_of_logs([log], [sent]),
        status=status_of([log], log.totals, now),
        account=key.account,
        action=key.action,
        logs=[path],
        records=[*sent, *recovery.invalid.values()] if needs_records else [],
        not_attempted=[(item, path) for item in recovery.not_attempted],
        runs=list(runs_of(runs, [path])),
        log_of_run={run_id or None: path for _, run_id in runs},
        open_logs=frozenset({path}),
    )
