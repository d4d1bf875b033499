"""Compare all campaigns of accounts with the ids of result logs."""

from collections.abc import Iterator, Mapping, Sequence

from bulkpause._text import format_count, label, sanitize
from bulkpause._value import value
from bulkpause.journal.recovery import Recovery
from bulkpause.lister import Listed
from bulkpause.listing.campaign import Campaign
from bulkpause.operation import KNOWN_STATUSES, SENDING, status_word
from bulkpause.report.totals import NOT_ATTEMPTED


#: At most this many campaigns are named; the others are counted.
CAMPAIGNS_SHOWN = 20
#: What `SENDING` is in words; `active` is another word for running.
_SENDING = "running or scheduled"


@value
class LogIds:
    """The ids of a log, and what it does not say.

    Attributes:
        log: The name of the log.
        statuses: The status on record by id, `not_attempted` without a record.
        gap: Which ids cannot be compared, and why; None if all can.
        invalid: The rows without a valid id.
        undone_by: The logs of the undos of the log, in words; None if there was none.
    """

    log: str
    statuses: Mapping[str, str]
    gap: str | None
    invalid: int = 0
    undone_by: str | None = None


def ids_of_log(log: str, recovery: Recovery) -> LogIds:
    """Take the ids of a log, those that were planned and not attempted included.

    Raises:
        ValueError: The log was read in brief, so that ids would be missing here.
    """
    if recovery.brief.ids:
        raise ValueError("ids in brief cannot be compared")
    recorded = {id_: one.status.value for id_, one in recovery.latest.items()}
    planned = dict.fromkeys(recovery.planned, NOT_ATTEMPTED)
    return LogIds(
        log=sanitize(log),
        statuses=planned | recorded,
        gap=_gap(recovery),
        invalid=len(recovery.invalid),
        undone_by=recovery.undone_by,
    )


def _gap(recovery: Recovery) -> str | None:
    if not (recovery.latest or recovery.planned):
        return "has no ids on record"
    if not recovery.is_plan_known:
        return "does not say how many ids were planned"
    if missing := recovery.not_on_record:
        return f"lacks {format_count(missing, 'planned id')}"
    return None


@value
class Comparison:
    """What all campaigns of an account say of the ids of logs.

    Attributes:
        logs: The logs.
        listed: All campaigns of the account, without a filter: one that hides a
            campaign would hide that it runs.
        host: The name of the API.
    """

    logs: Sequence[LogIds]
    listed: Listed
    host: str

    @property
    def running(self) -> list[Campaign]:
        """The campaigns of the logs that run or may run: those that surely do first."""
        return [*self._sending, *self._unclear]

    @property
    def doubts(self) -> list[str]:
        """Why campaigns of the logs may run that are not shown as such."""
        gaps = [f"{one.log} {one.gap}" for one in self.logs if one.gap is not None]
        doubt = self.listed.doubt
        of_list = [] if doubt is None else [f"the list may be incomplete: {doubt}"]
        return [*of_list, *self._doubts_of_unseen(), *gaps]

    def lines(self) -> Iterator[str]:
        """Say which ids of the logs run or may run, and what is not known."""
        sending, unclear, running = self._sending, self._unclear, self.running
        yield _headline(
            len(sending),
            self.count_ids,
            self.count_unknown,
            of=self._names,
            lacks_ids=self.lacks_ids,
        )
        if unclear:
            have = "has" if len(unclear) == 1 else "have"
            ids = format_count(len(unclear), "id")
            yield f"{ids} {have} a status of which it is not known what it means"
        for campaign in running[:CAMPAIGNS_SHOWN]:
            yield f"  {self._line_of(campaign)}"
        if hidden := len(running[CAMPAIGNS_SHOWN:]):
            yield f"  and {hidden} more"
        yield from self._undo_lines()
        if others := self._others:
            campaigns = format_count(others, "other campaign")
            yield f"{campaigns} on {self.host} {_are(others)} {_SENDING}"
        if invalid := sum(one.invalid for one in self.logs):
            rows = format_count(invalid, "row")
            yield f"{rows} without a valid id cannot be compared"
        for doubt in self.doubts:
            yield f"not certain: {doubt}"

    def _undo_lines(self) -> Iterator[str]:
        for one in self.logs:
            if one.undone_by is not None:
                undo = sanitize(one.undone_by)
                yield f"an undo of {one.log} was begun, which may have resumed some: {undo}"

    def as_dict(self) -> dict[str, object]:
        """Give the comparison in values that JSON can carry."""
        return {
            "logs": [one.log for one in self.logs],
            "statuses": sorted(SENDING),
            "ids": self.count_ids,
            "known": self.count_ids - self.count_unknown,
            "listed": len(self.listed.campaigns),
            "complete": self.listed.is_whole,
            "running": self.running_as_dicts(),
            "not_listed": self._unseen,
            "others": self._others,
            "invalid": sum(one.invalid for one in self.logs),
            "undone_by": [one.undone_by for one in self.logs],
            "doubts": self.doubts,
        }

    def running_as_dicts(self) -> list[dict[str, object]]:
        """Give the campaigns that run or may run, with their status on record."""
        statuses = self._statuses
        return [
            one.as_dict() | {"status_on_record": statuses[one.id]}
            for one in self.running
        ]

    @property
    def count_sending(self) -> int:
        """How many ids of the logs surely run."""
        return len(self._sending)

    @property
    def count_ids(self) -> int:
        """How many ids the logs hold."""
        return len(self._statuses)

    @property
    def count_unknown(self) -> int:
        """Of how many of these it is not known whether they run."""
        return len(self._unseen) + len(self._unclear)

    @property
    def lacks_ids(self) -> bool:
        """Whether the logs do not hold all ids that were to be paused."""
        return any(one.gap is not None for one in self.logs)

    @property
    def _names(self) -> str:
        return ", ".join(one.log for one in self.logs)

    @property
    def _statuses(self) -> dict[str, str]:
        """The status on record by id, by the last log that holds it."""
        statuses: dict[str, str] = {}
        for one in self.logs:
            statuses |= one.statuses
        return statuses

    @property
    def _held(self) -> list[Campaign]:
        statuses = self._statuses
        return [one for one in self.listed.campaigns if one.id in statuses]

    @property
    def _sending(self) -> list[Campaign]:
        return [one for one in self._held if _sends(one)]

    @property
    def _unclear(self) -> list[Campaign]:
        """The campaigns of the logs whose status leaves open whether they send."""
        return [
            one for one in self._held if status_word(one.status) not in KNOWN_STATUSES
        ]

    @property
    def _others(self) -> int:
        return sum(map(_sends, self.listed.campaigns)) - len(self._sending)

    @property
    def _unseen(self) -> list[str]:
        """The ids of the logs that are not in the list, in the order of the logs."""
        seen = {one.id for one in self.listed.campaigns}
        return [id_ for id_ in self._statuses if id_ not in seen]

    def _doubts_of_unseen(self) -> Iterator[str]:
        unseen, ids = self._unseen, len(self._statuses)
        if not unseen:
            return
        campaigns = format_count(len(self.listed.campaigns), "campaign")
        if len(unseen) == ids:
            yield (
                f"none of {format_count(ids, 'id')} of {self._names} is among the "
                f"{campaigns} of this account: use the token of the account that was "
                "paused"
            )
            return
        shown = ", ".join(unseen[:CAMPAIGNS_SHOWN])
        hidden = len(unseen) - CAMPAIGNS_SHOWN
        rest = f" and {hidden} more" if hidden > 0 else ""
        yield (
            f"{format_count(len(unseen), 'id')} {_are(len(unseen))} not among the "
            f"{campaigns} of this account, deleted or of another one: {shown}{rest}"
        )

    def _line_of(self, campaign: Campaign) -> str:
        status = sanitize(campaign.status or "no status")
        name = label(campaign.id, campaign.name)
        return f"{name}: {status} now, {self._statuses[campaign.id]} on record"


@value
class AccountComparisons:
    """What the campaigns of accounts say of the ids of their logs; most are one account.

    Attributes:
        of_account: The comparison of each account by its name, None for the only one.
        doubts: Why it is not certain what runs in other accounts, or in those of a
            folder.
    """

    of_account: Mapping[str | None, Comparison]
    doubts: Mapping[str, str]

    @property
    def running(self) -> list[Campaign]:
        """The campaigns of the logs that run or may run."""
        return [each for one in self.of_account.values() for each in one.running]

    def lines(self) -> Iterator[str]:
        """Say which ids of the logs run: of all, and of accounts that need a look."""
        if self._is_single:
            yield from self.of_account[None].lines()
            return
        every = self.of_account.values()
        yield _headline(
            sum(one.count_sending for one in every),
            sum(one.count_ids for one in every),
            sum(one.count_unknown for one in every),
            of=format_count(len(self.of_account), "account"),
            lacks_ids=bool(self.doubts) or any(one.lacks_ids for one in every),
        )
        for account, one in self.of_account.items():
            if one.running or one.doubts:
                yield from (sanitize(f"{account}: {line}") for line in one.lines())
        for account, doubt in self.doubts.items():
            yield sanitize(f"{account}: not certain: {doubt}")

    def as_dict(self) -> dict[str, object]:
        """Give the comparisons in values that JSON can carry."""
        if self._is_single:
            return self.of_account[None].as_dict()
        every = self.of_account.values()
        return {
            "ids": sum(one.count_ids for one in every),
            "known": sum(one.count_ids - one.count_unknown for one in every),
            "running": [running for one in every for running in one.running_as_dicts()],
            "accounts": {
                str(account): one.as_dict() for account, one in self.of_account.items()
            }
            | {account: {"error": doubt} for account, doubt in self.doubts.items()},
        }

    @property
    def _is_single(self) -> bool:
        return set(self.of_account) == {None}


def _sends(campaign: Campaign) -> bool:
    return status_word(campaign.status) in SENDING


def _headline(sending: int, ids: int, unknown: int, *, of: str, lacks_ids: bool) -> str:
    """Say how many ids surely run, of those of which it is known.

    Args:
        sending: The ids that run.
        ids: All ids.
        unknown: Those of which it is not known whether they run.
        of: Whose they are.
        lacks_ids: Whether there are more ids, or may be.
    """
    others = "; others may be" if lacks_ids else ""
    every = f"{format_count(ids, 'id')} of {of}"
    if not unknown:
        return f"{sending} of {every} {_are(sending)} {_SENDING}{others}"
    if unknown == ids:
        return f"it is not known whether any of {every} is {_SENDING}{others}"
    known = f"the {format_count(ids - unknown, 'id')} of {of} whose status is known"
    return f"{sending} of {known} {_are(sending)} {_SENDING}, {unknown} more may be{others}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
