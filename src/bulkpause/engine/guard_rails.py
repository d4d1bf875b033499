"""Guard rails: stop a run early after a failed canary or too many failures.

These rules are computed from records alone. `engine.run` applies them, and keeps the
deadline, which needs a clock. Requests in flight when a run is stopped are awaited
and recorded; the other ids are not attempted.
"""

import re
from collections.abc import Callable, Collection

from bulkpause._text import format_decimal, quote
from bulkpause._value import value
from bulkpause.errors import SettingsError
from bulkpause.model import Record, StopReason
from bulkpause.operation import Operation
from bulkpause.vocabulary import Status, StopCause


#: A maximum in percent applies once this many ids are finished.
MIN_IDS_FOR_PERCENT = 20


@value(frozen=True)
class Tolerance:
    """The maximum of failures: a number of ids, or a percentage of the finished ids.

    Raises:
        SettingsError: It is neither, or both.
    """

    count: int | None = None
    percent: float | None = None

    def __post_init__(self) -> None:
        if (self.count is None) == (self.percent is None):
            raise SettingsError("give a Tolerance either a count or a percent")

    def is_exceeded(self, failures: int, finished: int) -> bool:
        """Tell whether there are more failures than the maximum."""
        if self.count is not None and failures > self.count:
            return True
        if self.percent is None or finished < MIN_IDS_FOR_PERCENT:
            return False
        return failures * 100 > self.percent * finished

    def __str__(self) -> str:
        if self.percent is None:
            return str(self.count)
        return f"{format_decimal(self.percent)}%"


def parse_tolerance(text: str) -> Tolerance:
    """Parse a number of ids such as `5`, or a percentage such as `2.5%`.

    Raises:
        SettingsError: The text is neither.
    """
    if re.fullmatch("[0-9]{1,9}", text):
        return Tolerance(count=int(text))
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", text) and float(text[:-1]) <= 100:
        return Tolerance(percent=float(text[:-1]))
    raise SettingsError(
        f"{quote(text)} is not a valid number of failures; write 5 or 2.5%"
    )


@value(frozen=True)
class GuardRails:
    """Rules that stop a run early.

    Args:
        canary: How many ids to send first; the run continues only if all of them
            are paused, or resumed by an `undo`. 0 means no canary.
        max_failures: The maximum of failures; None means no maximum.
        deadline_s: Seconds from the start after which nothing new is sent; requests
            in flight then have one more second. None means no deadline.

    Raises:
        SettingsError: A number is too low.
        TypeError: The maximum of failures is a number without its kind.
    """

    canary: int = 0
    max_failures: Tolerance | None = None
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_failures, Tolerance | None):
            raise TypeError("max_failures is not a Tolerance: write Tolerance(count=5)")
        if self.canary < 0:
            raise SettingsError("the canary is less than 0")
        if self.deadline_s is not None and self.deadline_s <= 0:
            raise SettingsError("the deadline is not more than 0 s")


class FailureCount:
    """Counts the failures of a run, or of several runs together.

    Args:
        tolerance: The maximum of failures; None means no maximum.

    Attributes:
        exceeded: The reason to stop, once there were too many failures; None before.
    """

    def __init__(self, tolerance: Tolerance | None) -> None:
        self.exceeded: StopReason | None = None
        self._stops: list[Callable[[StopReason], None]] = []
        self._tolerance = tolerance
        self._failures = 0
        self._finished = 0

    def watch(self, stop: Callable[[StopReason], None]) -> None:
        """Call `stop` with the reason once there are too many failures, or now."""
        self._stops.append(stop)
        if self.exceeded is not None:
            stop(self.exceeded)

    def count(self, record: Record) -> None:
        """Count a record, and stop all runs that are counted if that is one too many."""
        reason = self.add(record)
        if reason is not None and self.exceeded is None:
            self.exceeded = reason
            for stop in self._stops:
                stop(reason)

    def add(self, record: Record) -> StopReason | None:
        """Count a record, unless its row is invalid; return a reason to stop, if any."""
        if record.status is Status.INVALID:
            return None
        self._finished += 1
        self._failures += record.status.is_failure
        if self._tolerance is None or not self._tolerance.is_exceeded(
            self._failures, self._finished
        ):
            return None
        detail = (
            f"--max-failures {self._tolerance}: {self._failures} of {self._finished} "
            f"ids failed, last id {_name_of(record)}"
        )
        return StopReason(StopCause.GUARD_RAIL, detail)

    def would_exceed(self, more: int) -> bool:
        """Tell whether there are too many failures if this many more ids fail."""
        return self._tolerance is not None and self._tolerance.is_exceeded(
            self._failures + more, self._finished + more
        )


def stop_at_deadline(deadline_s: float, at: str = "") -> StopReason:
    """Give the reason to stop once the deadline has passed, and where the run was."""
    detail = f"--deadline {format_decimal(deadline_s)}s has passed{at}"
    return StopReason(StopCause.GUARD_RAIL, detail)


def _name_of(record: Record) -> str:
    account = "" if record.account is None else f" of {record.account}"
    return f"{record.id}{account}"


def is_left_alone(record: Record) -> bool:
    """Tell whether an undo has read a campaign and sent nothing for it."""
    is_read_only = bool(record.reads) and not record.attempts
    return is_read_only and (record.status.is_done or record.status.is_inapplicable)


def judge_canary(
    wanted: int, records: Collection[Record], operation: Operation
) -> StopReason | None:
    """Return a reason to stop, unless every id of the canary is as wanted.

    Args:
        wanted: How many ids the canary has.
        records: The records of those that are finished.
        operation: What the run does.
    """
    not_done = [record for record in records if not record.status.is_done]
    missing = wanted - len(records) + len(not_done)
    if not missing:
        return None
    first = f" ({not_done[0].id}: {not_done[0].status})" if not_done else ""
    which = "the first id" if wanted == 1 else f"{missing} of the first {wanted} ids"
    detail = f"--canary {wanted}: {which} not {operation.participle}{first}"
    return StopReason(StopCause.GUARD_RAIL, detail)
