"""Read what logs record as paused by us, and which of their ids may be paused as well."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from pathlib import Path

from bulkpause._text import later
from bulkpause._value import value
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.options import Options
from bulkpause.errors import LogHeldError
from bulkpause.journal.needs import Needs
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_same_account, check_same_endpoint
from bulkpause.model import Earlier, Item, Record
from bulkpause.operation import PAUSE, QUIET
from bulkpause.vocabulary import Action, Status


#: At most this many ids are named; the others are counted.
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


@value(kw_only=False)
class LoggedPauses:
    """What one log says of our pauses.

    Attributes:
        paused: The items that it records as paused by us, by id.
        unknown: The items that may be paused by us, by id: it does not say how their
            last attempt ended.
        before: The items that it records as paused by us, or in doubt, though they were
            neither running nor scheduled before, by id.
        already: The ids that it records as already paused.
        others: The ids that it says something else of.
        missing: How many planned ids it says nothing of; None if that is not known.
        last_at: When its last record was made or its last request sent.
        can_be_retried: Whether a retry of it would settle what is unknown.
    """

    paused: Mapping[str, Item] = field(default_factory=dict)
    unknown: Mapping[str, Item] = field(default_factory=dict)
    before: Mapping[str, Item] = field(default_factory=dict)
    already: AbstractSet[str] = frozenset()
    others: AbstractSet[str] = frozenset()
    missing: int | None = 0
    last_at: str | None = None
    can_be_retried: bool = True

    def says_of(self, id_: str) -> bool:
        """Tell whether it says anything of an id."""
        known = (self.paused, self.unknown, self.before, self.already, self.others)
        return any(id_ in ids for ids in known)

    def may_call_paused(self, ids: AbstractSet[str]) -> bool:
        """Tell whether it says of any of these ids that it is paused, or may be."""
        paused = (self.paused, self.unknown, self.before, self.already)
        return not all(map(ids.isdisjoint, paused))

    def of_ids(self, ids: AbstractSet[str]) -> "LoggedPauses":
        """Keep the items of these campaigns."""
        return replace(
            self,
            paused={id_: one for id_, one in self.paused.items() if id_ in ids},
            unknown={id_: one for id_, one in self.unknown.items() if id_ in ids},
            before={id_: one for id_, one in self.before.items() if id_ in ids},
        )

    def with_unknown(self) -> "LoggedPauses":
        """Take the items that may be paused by us for paused ones."""
        return replace(self, paused={**self.paused, **self.unknown}, unknown={})


@value(kw_only=False)
class Pauses:
    """What the logs of one account say of our pauses.

    Attributes:
        of_log: What each log says.
        undos: The logs that are those of undos, and are left out.
    """

    of_log: Mapping[Path, LoggedPauses]
    undos: tuple[Path, ...] = ()

    @property
    def items(self) -> list[Item]:
        """The latest pause of each campaign."""
        found: dict[str, Item] = {}
        for logged in self.of_log.values():
            for item in logged.paused.values():
                if not _is_later(found.get(item.id), item):
                    found[item.id] = item
        return list(found.values())

    @property
    def left_alone(self) -> dict[str, Item]:
        """The campaigns that were neither running nor scheduled before, by id.

        One that a log calls paused before was so by the pause of another log, if there
        is one; any other word holds from its pause on.
        """
        latest: dict[str, Item] = {}
        for logged in self.of_log.values():
            for item in (*logged.paused.values(), *logged.unknown.values()):
                if not _is_later(latest.get(item.id), item):
                    latest[item.id] = item
        return {
            id_: item
            for logged in self.of_log.values()
            for id_, item in logged.before.items()
            if id_ not in latest
            or not (_was_paused(item) or _is_later(latest[id_], item))
        }

    @property
    def rows(self) -> int:
        """How many pauses are on record."""
        return sum(len(logged.paused) for logged in self.of_log.values())

    def says_of(self, id_: str) -> bool:
        """Tell whether one of the logs says anything of an id."""
        return any(one.says_of(id_) for one in self.of_log.values())

    def of_ids(self, ids: AbstractSet[str]) -> "Pauses":
        """Keep the pauses of these campaigns."""
        return Pauses({log: one.of_ids(ids) for log, one in self.of_log.items()})

    def without(self, left_alone: AbstractSet[str]) -> "Pauses":
        """Leave out the pauses of these campaigns."""
        of_log = self.of_log.values()
        ids = {id_ for one in of_log for id_ in (*one.paused, *one.unknown)}
        return self.of_ids(ids - left_alone)

    def with_unknown(self) -> "Pauses":
        """Take the items that may be paused by us for paused ones."""
        return Pauses({log: one.with_unknown() for log, one in self.of_log.items()})

    def with_missing(self, items: Mapping[str, Item]) -> "Pauses":
        """Take items for unknown that a log should hold, as far as one lacks any."""
        of_log = dict(self.of_log)
        for log, logged in of_log.items():
            if logged.missing != 0:
                missing = {i: _missing(one, logged) for i, one in items.items()}
                unknown = {**logged.unknown, **missing}
                of_log[log] = replace(logged, unknown=unknown, can_be_retried=False)
                break
        return Pauses(of_log)


def pauses_of(part: Undone) -> Pauses:
    """Read what the logs of an account say of our pauses. Undos are left out.

    Raises:
        InputError: A log does not exist.
        SettingsError: A log belongs to another endpoint or account.
        LogError: A log cannot be read or is damaged.
        LogHeldError: A run holds a log.
    """
    of_log: dict[Path, LoggedPauses] = {}
    undos: list[Path] = []
    for log in part.logs:
        recovery = _read(log, part)
        if recovery.action is Action.PAUSE:
            of_log[log] = _logged_pauses(recovery)
        else:
            undos.append(log)
    return Pauses(of_log, tuple(undos))


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


def _logged_pauses(recovery: Recovery) -> LoggedPauses:
    items: dict[Status, dict[str, Item]] = {Status.PAUSED: {}, Status.UNKNOWN: {}}
    before: dict[str, Item] = {}
    already = recovery.brief.ids_with(Status.ALREADY_PAUSED)
    others = {*recovery.planned, *recovery.brief.ids}
    for id_, record in recovery.latest.items():
        if (of_status := items.get(record.status)) is not None:
            item = _item(record, recovery)
            (of_status if _may_be_resumed(item) else before)[id_] = item
        elif record.status is Status.ALREADY_PAUSED:
            already.add(id_)
        else:
            others.add(id_)
    return LoggedPauses(
        paused=items[Status.PAUSED],
        unknown=items[Status.UNKNOWN],
        before=before,
        already=already,
        others=others,
        missing=recovery.not_on_record if recovery.is_plan_known else None,
        last_at=recovery.last_at,
        can_be_retried=recovery.undone_by is None,
    )


def word_before(item: Item) -> str:
    """Tell what a campaign was before its pause; empty if that is not known."""
    return "" if item.earlier is None else (item.earlier.status or "").strip().lower()


def _may_be_resumed(item: Item) -> bool:
    """Tell whether a campaign was to send before its pause, or may have been.

    A word that is not known, as one of another language, leaves that open.
    """
    return word_before(item) not in QUIET


def _was_paused(item: Item) -> bool:
    return word_before(item) in PAUSE.wanted


def ids_on_record(recovery: Recovery) -> AbstractSet[str]:
    """List the ids that a log says something of."""
    return recovery.planned.keys() | recovery.latest.keys() | recovery.brief.ids.keys()


def _missing(item: Item, logged: LoggedPauses) -> Item:
    """Make the item of an id that a log should hold, and says nothing of."""
    earlier = replace(item.earlier or Earlier(), paused_at=logged.last_at)
    return replace(item, earlier=earlier, account=None)


def _item(record: Record, recovery: Recovery) -> Item:
    earlier = recovery.earlier_of(record.id or "") or Earlier()
    return Item(
        id=record.id or "",
        row=record.row or 0,
        name=record.name,
        earlier=replace(earlier, paused_at=_paused_at(record)),
    )


def _paused_at(record: Record) -> str | None:
    """Tell when our pause was made or may have been, or was known to be.

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
    return known is not None and time_of_pause(known) > time_of_pause(item)


def time_of_pause(item: Item) -> str:
    """Tell when a campaign was paused; empty if that is not known."""
    return "" if item.earlier is None else item.earlier.paused_at or ""


def first_of(ids: Sequence[str]) -> str:
    """Name the first ids, and count the others."""
    shown, more = ", ".join(ids[:_IDS_SHOWN]), len(ids) - _IDS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
