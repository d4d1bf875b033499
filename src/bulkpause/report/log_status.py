"""Describe a log for `status`: whose it is, how old, and what may still be running."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.vocabulary import Status


if TYPE_CHECKING:
    from bulkpause.model import Sharing
from bulkpause.report.text import (
    cause_lines,
    companions_text,
    invalid_line,
    open_lines,
    simulated_line,
)
from bulkpause.report.totals import Totals


#: Seconds after which campaigns may well have been started again.
OLD_S = 86_400.0
#: The units of an age, each up to twice the next.
_UNITS = ((1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "days"))


@value
class LogStatus:
    """The state of one log at one moment.

    Attributes:
        log: The log's path.
        totals: The totals of its ids.
        endpoint: The endpoint of its last run; None if it is not on record.
        is_simulated: Whether that is the simulator.
        is_held: Whether a run holds the log now; None if that cannot be known.
        first_at: When the first request on record was sent: RFC 3339 in UTC.
        last_at: When the last line on record was written: RFC 3339 in UTC.
        age_s: Seconds since then.
        run_id: The name of the last run.
        oldest_end_at: When the first of several logs ended; None for a single one.
        oldest_age_s: Seconds since then.
        sharing: How that run shares its account now; None if that is not known.
        is_account_known: Whether it is on record whose campaigns they are.
    """

    log: str
    totals: Totals
    endpoint: str | None
    is_simulated: bool
    is_held: bool | None
    first_at: str | None
    last_at: str | None
    age_s: float | None
    run_id: str | None
    oldest_end_at: str | None = None
    oldest_age_s: float | None = None
    sharing: "Sharing | None" = None
    is_account_known: bool = True

    @property
    def is_old(self) -> bool:
        """Whether campaigns may well have been started again since."""
        age_s = self.age_s if self.oldest_age_s is None else self.oldest_age_s
        return age_s is not None and age_s > OLD_S

    def lines(self) -> Iterator[str]:
        """Say whose log it is, what is paused, and what may still be running."""
        yield from self._identity_lines()
        if not self.totals.is_empty:
            yield from _done_lines(self.totals)
            if unread := self.totals.unread_beside_others:
                what = self.totals.operation.participle
                yield f"{unread} of the {what} ids accepted, but not read back"
        if replaced := self.totals.replaced:
            of = "logs of an undo" if self.totals.operation.stops else "logs of pauses"
            yield f"{format_count(replaced, 'id')} not counted here: in {of} since"
        yield from open_lines(self.totals, self._as_of())
        if invalid := self.totals.by_status[Status.INVALID]:
            yield invalid_line(invalid, self.totals.operation)
        yield from cause_lines(self.totals)

    def _identity_lines(self) -> Iterator[str]:
        endpoint = self.endpoint or "its endpoint is not on record"
        run = "" if self.run_id is None else f", run {self.run_id}"
        yield sanitize(f"{self.log}: {endpoint}{run}")
        if not self.is_account_known:
            yield "whose campaigns they are is not on record: an older bulkpause began it"
        if self.last_at is not None and self.age_s is not None:
            first, last = (
                as_words(self.first_at or self.last_at),
                as_words(self.last_at),
            )
            yield f"from {first} to {last}, {age_in_words(self.age_s)} ago"
        if self.is_old:
            yield "this log is old: campaigns may have been started again since"
        if self.is_simulated:
            yield simulated_line(self.totals.operation)
        if self.is_held:
            which = "this log" if self.oldest_end_at is None else "one of these logs"
            yield f"a run holds {which} now: these numbers still change"
        if self.sharing is not None and self.sharing.companions:
            others = companions_text(self.sharing.companions)
            yield sanitize(f"it shares its account with {others}")

    def _as_of(self) -> str:
        where = " on the simulator" if self.is_simulated else ""
        if not self.is_old:
            return where
        return where + dated(self.oldest_end_at or self.last_at, self.last_at)

    def as_dict(self) -> dict[str, object]:
        """Convert to a JSON object. Its keys are frozen."""
        return self.totals.as_dict() | {
            "log": self.log,
            "endpoint": self.endpoint,
            "is_simulated": self.is_simulated,
            "is_held": self.is_held,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "age_s": self.age_s,
            "run_id": self.run_id,
            "sharing_now": None if self.sharing is None else asdict(self.sharing),
        }


def _done_lines(totals: Totals) -> Iterator[str]:
    counts, operation = totals.by_status, totals.operation
    already = counts[operation.already]
    others = sum(n for status, n in counts.items() if status.is_done) - already
    if others or not already:
        yield f"{others} {operation.participle}"
    if already:
        yield f"{already} {_words(operation.already)}"
    if inapplicable := counts[operation.inapplicable]:
        yield f"{inapplicable} {_words(operation.inapplicable)} (see their status below)"


def _words(status: Status) -> str:
    return status.replace("_", " ")


def dated(first_end: str | None, last_end: str | None) -> str:
    """Write as of when numbers hold, after a comma; nothing if that is not known.

    Args:
        first_end: When the first of several logs ended.
        last_end: When the last one ended.
    """
    if first_end is None or last_end is None:
        return ""
    first, last = as_words(first_end), as_words(last_end)
    return f", as of {last}" if first == last else f", by logs of {first} to {last}"


def as_words(moment: str) -> str:
    """Write a moment of a log for people: to the second, in UTC."""
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def age_in_words(age_s: float) -> str:
    """Write an age in its largest unit of which there are two or more."""
    size, unit = next(
        ((size, unit) for size, unit in reversed(_UNITS) if age_s >= 2 * size),
        _UNITS[0],
    )
    return f"{max(0.0, age_s) / size:.0f} {unit}"
