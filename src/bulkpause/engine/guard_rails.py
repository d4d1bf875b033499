"""Rules that end a run early: a canary, a count of failures, a deadline.

Plain bookkeeping over records. What is in flight when a rule strikes is still
answered and recorded; the rest is not attempted.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from bulkpause._text import quote
from bulkpause.errors import SettingsError
from bulkpause.model import Record, Status, StopCause, StopReason


#: A percentage of failures is judged from so many finished ids on.
JUDGED_FROM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The most failures that are tolerated: a number of ids, or a share of them."""

    count: int | None = None
    percent: float | None = None

    def is_exceeded(self, failures: int, finished: int) -> bool:
        """Tell whether there are more failures than are tolerated."""
        if self.count is not None and failures > self.count:
            return True
        if self.percent is None or finished < JUDGED_FROM:
            return False
        return failures * 100 > self.percent * finished

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.count is None else str(self.count)


def parse_tolerance(text: str) -> Tolerance:
    """Read `5` or `2.5%`.

    Raises:
        SettingsError: It is neither.
    """
    if re.fullmatch("[0-9]{1,9}", text):
        return Tolerance(count=int(text))
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", text) and float(text[:-1]) <= 100:
        return Tolerance(percent=float(text[:-1]))
    raise SettingsError(f"{quote(text)} is no number of failures; write 5 or 2.5%")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRails:
    """What ends a run early.

    Args:
        canary: So many ids, the first ones, must all be paused before the rest.
        max_failures: The most failures that are tolerated.
        deadline_s: Seconds from the start after which nothing new is sent; what is
            in flight then has another second.
    """

    canary: int = 0
    max_failures: Tolerance | None = None
    deadline_s: float | None = None


class FailureCount:
    """Counts failures as records come, and says when they are too many."""

    def __init__(self, tolerance: Tolerance | None) -> None:
        self._tolerance = tolerance
        self._failures = 0
        self._finished = 0

    def learn(self, record: Record) -> StopReason | None:
        """Take a record into account. Rows that were never sent do not count."""
        if record.status is Status.INVALID:
            return None
        self._finished += 1
        self._failures += record.status.is_failure
        if self._tolerance is None or not self._tolerance.is_exceeded(
            self._failures, self._finished
        ):
            return None
        what = f"{self._failures} of {self._finished} ids failed"
        rule = f"--max-failures {self._tolerance}"
        return StopReason(StopCause.GUARD_RAIL, f"{rule}: {what}, the last {record.id}")


def judge_canary(wanted: int, records: Collection[Record]) -> StopReason | None:
    """Say whether the rest must not be sent, since the first ids did not all pause.

    Args:
        wanted: How many ids the canary has.
        records: Those of them that came to an end.
    """
    bad = [record for record in records if not record.status.is_paused]
    missing = wanted - len(records) + len(bad)
    if not missing:
        return None
    first = f", {bad[0].id} is {bad[0].status}" if bad else ""
    reason = f"--canary {wanted}: {missing} of the first {wanted} not paused{first}"
    return StopReason(StopCause.GUARD_RAIL, reason)
