"""The state of earlier runs, as `fold` derives it from the lines of both logs.

Without I/O or a clock. An id is unfinished if its last record does not settle it, if it
has no record, or if the write-ahead log holds an attempt from a later run than the
one of its last record.

The log alone tells how many ids it is meant to hold: each record says how many were
`planned` so far, and each header how many before its run. Ids that are missing from that
number may still be running, though nobody knows which they are.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from datetime import datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, TypeGuard, cast

from bulkpause._text import timestamp
from bulkpause._value import state
from bulkpause.doubt import Doubt, doubt_of_prior
from bulkpause.journal.settled import Origin, SettledIds
from bulkpause.vocabulary import Action, Status


# What is made of open ids is imported on use: most logs have none.
if TYPE_CHECKING:
    from bulkpause.journal.codec import Answered, Header, Sent
    from bulkpause.model import Earlier, Item, PriorAttempt, Record
    from bulkpause.plan import Plan


_TIME_LENGTH = len("2026-07-01T08:00:00.000Z")


@state
class Recovery:
    """The state that earlier runs left.

    Attributes:
        brief: The ids that are settled and in no doubt, as far as no more is needed of
            their records.
        records: The last record of each other id.
        recent: Recent records of ids in brief.
        lines: The number of lines of the result log.
        superseded: How many records each id has besides its last one, if any.
        replaced: Records that are not the last ones of their ids, if records are needed
            at once.
        invalid: The records of invalid rows, by row and error: a resumed run may
            record the same rows again.
        undos: The logs of the undos that were begun of the result log, by its marks.
        accounts: The accounts that the lines name; None is that of a run with one only.
        last: The last record of the result log, or its origin if it is in brief.
        first_at: When the first attempt was sent: RFC 3339 in UTC.
        last_at: When the last record was made or the last request sent: RFC 3339 in
            UTC.
        most_planned: The highest number of planned ids that a line names.
        headers: The headers of the runs in the write-ahead log, in order.
        plan_sizes: The number of ids in the plan of each of these runs, as far as it
            is in the write-ahead log.
        planned: The ids that these runs planned.
        sent: The requests in the write-ahead log, as far as no record shows that they
            are long over.
        answered: The replies whose requests are missing in the write-ahead log.
        remembered: What was read of campaigns before their pause.
        prior_attempts: The earlier attempts of each unfinished id that has any.
    """

    brief: SettledIds = field(default_factory=SettledIds)
    records: "dict[str, Record]" = field(default_factory=dict)
    recent: "dict[str, Record]" = field(default_factory=dict)
    lines: int = 0
    superseded: Counter[str] = field(default_factory=Counter)
    replaced: "list[Record]" = field(default_factory=list)
    invalid: "dict[tuple[int | None, str | None], Record]" = field(default_factory=dict)
    undos: list[str] = field(default_factory=list)
    accounts: set[str | None] = field(default_factory=set)
    last: "Record | Origin | None" = None
    first_at: str | None = None
    last_at: str | None = None
    most_planned: int | None = None
    headers: "list[Header]" = field(default_factory=list)
    plan_sizes: list[int] = field(default_factory=list)
    planned: "dict[str, Item]" = field(default_factory=dict)
    sent: "list[Sent]" = field(default_factory=list)
    answered: "list[Answered]" = field(default_factory=list)
    remembered: "dict[str, Earlier]" = field(default_factory=dict)
    prior_attempts: "dict[str, list[PriorAttempt]]" = field(default_factory=dict)

    @property
    def settled(self) -> AbstractSet[str]:
        """The ids that need nothing more."""
        others = {
            id_
            for id_, record in self.records.items()
            if record.status.is_settled and id_ not in self.prior_attempts
        }
        return self.brief.ids.keys() | others if others else self.brief.ids.keys()

    @property
    def latest(self) -> "dict[str, Record]":
        """The latest record of each id that is not in brief.

        It is from the log, or made of its requests.
        """
        return {
            **self.records,
            **{record.id or "": record for record in self.unrecorded},
        }

    @property
    def unrecorded(self) -> "list[Record]":
        """Records for ids that were sent without being recorded since.

        The status is `unknown` if an attempt may have been applied. Else it is
        `failed`, unless an earlier run recorded the id.
        """
        return [
            self._made_record(id_, attempts)
            for id_, attempts in self.prior_attempts.items()
            if not self._is_recorded(id_, attempts)
        ]

    def _is_recorded(self, id_: str, attempts: "list[PriorAttempt]") -> bool:
        record = self.records.get(id_)
        if record is None:
            return False
        if not attempts or record.request_id == attempts[-1].request_id:
            return True
        return not any(map(_leaves_doubt, attempts))

    def _made_record(self, id_: str, attempts: "list[PriorAttempt]") -> "Record":
        from bulkpause.journal.codec import run_of  # noqa: PLC0415
        from bulkpause.model import Earlier, Record  # noqa: PLC0415

        last = attempts[-1]
        item = self.planned.get(id_)
        is_open = any(map(_leaves_doubt, attempts))
        earlier = self.earlier_of(id_) or Earlier()
        return Record(
            id=id_,
            name=None if item is None else item.name,
            account=self.account,
            action=self.action,
            status=Status.UNKNOWN if is_open else Status.FAILED,
            http_status=last.http_status,
            trace_id=last.trace_id,
            error=last.error,
            attempts=len(attempts),
            row=None if item is None else item.row,
            earlier_status=earlier.status,
            earlier_scheduled_time=earlier.scheduled_time,
            paused_at=earlier.paused_at,
            request_id=last.request_id,
            started_at=attempts[0].at,
            finished_at=last.at,
            run_id=run_of(last.request_id or ""),
        )

    @property
    def unfinished(self) -> "dict[str, Item]":
        """The unfinished ids, which a retry sends: failed, in doubt, or not attempted."""
        from bulkpause.model import Item  # noqa: PLC0415

        settled = self.settled
        planned = {
            id_: item for id_, item in self.planned.items() if id_ not in settled
        }
        recorded = {
            id_: Item(
                id=id_,
                row=record.row or 0,
                name=self._name_of(record),
                earlier=self.earlier_of(id_),
            )
            for id_, record in self.records.items()
            if id_ not in settled
        }
        sent = {
            id_: Item(id=id_, row=0)
            for id_ in self.prior_attempts
            if id_ not in planned and id_ not in recorded
        }
        return planned | recorded | sent

    def _name_of(self, record: "Record") -> str | None:
        """Give the name of a recorded id. An older record may have none."""
        planned = self.planned.get(record.id or "")
        return record.name if planned is None else record.name or planned.name

    def earlier_of(self, id_: str) -> "Earlier | None":
        """Tell what a campaign was before its pause; None if nothing is on record."""
        if (remembered := self.remembered.get(id_)) is not None:
            return remembered
        if (record := self.records.get(id_)) is not None:
            on_record = earlier_of_record(record)
            if on_record is not None:
                return on_record
        planned = self.planned.get(id_)
        return None if planned is None else planned.earlier

    def with_earlier(self, item: "Item") -> "Item":
        """Add to an item what its campaign was before its pause, if it is on record.

        What the item itself says is newer, unless it may show our own pause.
        """
        known = self.earlier_of(item.id)
        if known is None:
            return item
        in_doubt = any(map(_leaves_doubt, self.prior_attempts.get(item.id, ())))
        earlier = known if in_doubt else item.earlier or known
        return item if earlier == item.earlier else replace(item, earlier=earlier)

    @property
    def not_attempted(self) -> "list[Item]":
        """The planned ids that have neither a record nor a pause request."""
        return [
            item
            for id_, item in self.planned.items()
            if not (self.is_recorded(id_) or id_ in self.prior_attempts)
        ]

    def is_recorded(self, id_: str) -> bool:
        """Tell whether an id has a record."""
        return id_ in self.brief.ids or id_ in self.records

    def reopen(self, statuses: Collection[Status]) -> None:
        """Treat ids whose last status is one of these as unfinished.

        Their records must have been kept whole.
        """
        if not statuses:
            return
        from bulkpause.journal.attempts import attempts_of_record  # noqa: PLC0415

        for id_, record in self.records.items():
            if record.status in statuses and id_ not in self.prior_attempts:
                self.prior_attempts[id_] = attempts_of_record(record)

    @property
    def undone_by(self) -> str | None:
        """The logs of the undos of this log, in words; None if there was none."""
        # Of several undos, each may have resumed other campaigns.
        return " and ".join(dict.fromkeys(self.undos)) or None

    @property
    def unmarked(self) -> list[str]:
        """The logs that this undo takes back and may not have marked as undone yet.

        It marks them before it resumes anything, so that nothing is resumed by then.
        """
        if self.may_have_resumed:
            return []
        return list(dict.fromkeys(chain(*(header.undone for header in self.headers))))

    @property
    def may_have_resumed(self) -> bool:
        """Of the log of an undo, whether a resume request may have been sent."""
        statuses = {
            *(origin.status for origin in self.brief.live_origins),
            *(record.status for record in self.records.values()),
        }
        is_on_record = not statuses.isdisjoint({Status.RESUMED, Status.UNKNOWN})
        return is_on_record or any(self.prior_attempts.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on record: no line of a run."""
        return not (self.lines or self.headers)

    @property
    def is_plan_known(self) -> bool:
        """Whether the logs say how many ids were planned.

        Each run counts the ids that the log held before, or says that this is not known:
        so the last one tells. If there are more ids than any line says, lines of several
        logs were put together, and some may be missing.
        """
        if not self.headers:
            counted = None if self.last is None else self.last.planned
            return counted is not None and self.known <= (self.most_planned or 0)
        last = self.headers[-1]
        if last.planned_in_log is None:
            return not last.is_count_doubted
        return self.known <= (self.most_planned or 0)

    @property
    def not_on_record(self) -> int:
        """The number of planned ids of which not even the id is on record.

        They may still be running. A plan that is missing from the write-ahead log
        counts in full, unless it is known to be one of the ids that are on record.
        """
        return self.planned_so_far - self.known

    @property
    def planned_so_far(self) -> int:
        """The number of ids that the log is meant to hold, on record or not."""
        known = self.known
        return known + self._count_missing(known) + self._count_lost()

    @property
    def known(self) -> int:
        """The number of ids that are on record: planned, sent or with a record."""
        planned = sum(not self.is_recorded(id_) for id_ in self.planned)
        recorded = len(self.brief.ids) + len(self.records)
        return recorded + planned + len(self._ids_without_plan)

    @property
    def _ids_without_plan(self) -> set[str]:
        """The ids that were sent and whose plan and record are missing.

        One that was only read, as far as is known, is not on record: nothing counts it.
        """
        return {
            id_
            for id_, _ in self._requests()
            if id_ in self.prior_attempts
            and not (id_ in self.planned or self.is_recorded(id_))
        }

    def _requests(self) -> Iterator[tuple[str, str]]:
        """Give the id and the run of each request in the write-ahead log."""
        yield from ((one.sent, one.run_id) for one in self.sent)
        yield from ((one.answered, one.run_id) for one in self.answered)

    def count_planned(self, plan: "Plan") -> int:
        """Count the ids that the log is meant to hold once a plan is begun, each once.

        Planned ids that are not on record count in addition, but for those of a plan
        that was counted before: all of its ids were counted when it was begun.

        Args:
            plan: The plan, without the ids that the log settles.
        """
        known = self.known
        new = self._count_new(plan)
        missing = self._count_missing(known)
        if missing and self._has_counted(plan):
            missing = max(0, missing - new)
        return known + new + missing + self._count_lost({plan.digest})

    def count_not_on_record(self, plan: "Plan") -> int:
        """Count the ids that are still not on record once a plan is begun.

        Args:
            plan: The plan, without the ids that the log settles.
        """
        return self.count_planned(plan) - self.known - self._count_new(plan)

    def _count_new(self, plan: "Plan") -> int:
        """Count the ids of a plan that are not on record."""
        sent = self._ids_without_plan
        return sum(
            not (
                self.is_recorded(item.id) or item.id in self.planned or item.id in sent
            )
            for item in plan.items
        )

    def _has_counted(self, plan: "Plan") -> bool:
        """Tell whether a line that counts its ids is of a run with the same ids."""
        whole = chain(self.records.values(), self.invalid.values())
        found = {record.input_digest for record in whole}
        found.update(origin.input_digest for origin in self.brief.live_origins)
        for header in self.headers:
            if header.planned_in_log is not None:
                found.update((header.input_digest, header.digest))
        return not found.isdisjoint((plan.input_digest, plan.digest))

    def begin(self, items: "Iterable[Item]", planned: int) -> None:
        """Take in the plan of a run that has begun since, and what it counted."""
        self.planned.update((item.id, item) for item in items)
        self.most_planned = planned
        # Plans that are not whole are part of its count.
        self.plan_sizes = [header.planned for header in self.headers]

    def _count_missing(self, known: int) -> int:
        """Count the ids that lines say were planned, and that are not on record."""
        return max(0, (self.most_planned or 0) - known)

    def _count_lost(self, found: AbstractSet[str] = frozenset()) -> int:
        """Count the ids of lost plans, except of plans with these digests."""
        torn = self._torn_plans()
        if not torn:
            return 0
        from bulkpause.plan import digest  # noqa: PLC0415

        found = {*found, *self._digests_of_plans(), digest(self.unfinished)}
        return sum(count for plan_digest, count in torn if plan_digest not in found)

    def _torn_plans(self) -> list[tuple[str, int]]:
        """List the digests of plans that are not whole, and how many ids each lacks.

        A run whose header or record counts has counted the plans before it, and its own.
        """
        if all(
            size >= header.planned
            for header, size in zip(self.headers, self.plan_sizes, strict=True)
        ):
            return []
        counted = {
            record.run_id
            for record in chain(self.records.values(), self.invalid.values())
            if record.planned is not None
        }
        counted.update(origin.run_id for origin in self.brief.live_origins)
        torn: list[tuple[str, int]] = []
        for header, size in zip(self.headers, self.plan_sizes, strict=True):
            if header.planned_in_log is not None or header.run in counted:
                torn.clear()
            elif (lost := header.planned - size - self._known_of(header.run)) > 0:
                torn.append((header.digest, lost))
        return torn

    def _known_of(self, run: str) -> int:
        """Count the ids on record of a run that are not in a plan.

        None of them is in brief: the runs of these have counted their plans.
        """
        recorded = {id_ for id_, record in self.records.items() if record.run_id == run}
        sent = {id_ for id_, run_id in self._requests() if run_id == run}
        return len((recorded | sent) - self.planned.keys())

    def _digests_of_plans(self) -> set[str]:
        return {
            header.digest
            for header, size in zip(self.headers, self.plan_sizes, strict=True)
            if size == header.planned
        }

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the last run that names one."""
        if self.headers:
            return self.headers[-1].base_url
        return None if self.last is None else self.last.endpoint

    @property
    def account(self) -> str | None:
        """The account of its campaigns; None if it is not named."""
        return max(self.accounts, key=str, default=None)

    @property
    def is_account_known(self) -> bool:
        """Whether the lines say whose campaigns they are, or there are none yet."""
        return bool(self.accounts) or not self.headers

    @property
    def action(self) -> Action:
        """What the last run did; to pause, if there was none."""
        if self.headers:
            return self.headers[-1].action
        return Action.PAUSE if self.last is None else self.last.action

    @property
    def last_run_id(self) -> str | None:
        """The name of the last run."""
        if self.headers:
            return self.headers[-1].run
        return None if self.last is None else self.last.run_id

    def supersede(self, id_: str) -> None:
        """Count a record that is not the last one of its id, and forget it."""
        self.superseded[id_] += 1
        self.brief.discard(id_)
        self.records.pop(id_, None)
        self.recent.pop(id_, None)

    def add_times(self, first: str | None, last: str | None) -> None:
        """Take in when something began and when it ended."""
        if first is not None:
            if len(first) != _TIME_LENGTH or first[-1] != "Z":
                first = in_utc(first)
            if self.first_at is None or first < self.first_at:
                self.first_at = first
        if last is not None:
            if len(last) != _TIME_LENGTH or last[-1] != "Z":
                last = in_utc(last)
            if self.last_at is None or last > self.last_at:
                self.last_at = last

    def add_all_times(
        self, firsts: Sequence[str | None], lasts: Sequence[str | None]
    ) -> None:
        """Take in when some things began and when they ended."""
        if _are_canonical(firsts) and _are_canonical(lasts):
            self.add_times(min(firsts, default=None), max(lasts, default=None))
            return
        for first, last in zip(firsts, lasts, strict=True):
            self.add_times(first, last)

    def age_s(self, now: datetime) -> float | None:
        """Give the seconds since `last_at`; None if there is no such time."""
        if (last_at := self.last_at) is None:
            return None
        return max(0.0, (now - datetime.fromisoformat(last_at)).total_seconds())


def _leaves_doubt(attempt: "PriorAttempt") -> bool:
    """Tell whether an attempt may have paused its campaign, however unlikely.

    A run reads the campaign back then before the last word.
    """
    return doubt_of_prior(attempt) is not Doubt.EXCLUDED


def earlier_of_record(record: "Record") -> "Earlier | None":
    """Tell what the campaign of a record was before its pause, if that is known."""
    # A pause says of itself when it was made.
    paused_at = record.paused_at if record.action is Action.RESUME else None
    known = (record.earlier_status, record.earlier_scheduled_time, paused_at)
    if known == (None, None, None):
        return None
    from bulkpause.model import Earlier  # noqa: PLC0415

    status, scheduled_time, paused_at = known
    return Earlier(status=status, scheduled_time=scheduled_time, paused_at=paused_at)


def in_utc(at: str) -> str:
    """Give a time in the format in which times compare as text."""
    is_canonical = len(at) == _TIME_LENGTH and at[-1] == "Z"
    return at if is_canonical else timestamp(datetime.fromisoformat(at))


def _are_canonical(times: Sequence[str | None]) -> TypeGuard[Sequence[str]]:
    """Tell whether all times are known, and in the format in which they compare."""
    if None in times:
        return False
    known = cast("Sequence[str]", times)
    is_in_utc = all(map(str.endswith, known, repeat("Z")))
    return is_in_utc and set(map(len, known)) == {_TIME_LENGTH}


def add_planned_count(recovery: Recovery, planned: int | None) -> None:
    """Take in how many ids a line says were planned."""
    if planned is not None:
        recovery.most_planned = max(recovery.most_planned or 0, planned)
