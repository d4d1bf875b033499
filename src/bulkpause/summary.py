"""Records → totals. A fold, the same live and over a finished log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bulkpause.model import Record, Status


#: Statuses in which a campaign is paused.
GOOD = frozenset({Status.PAUSED, Status.ALREADY_PAUSED})
#: Statuses that a retry may change.
OPEN = frozenset({Status.FAILED, Status.UNKNOWN})


@dataclass(slots=True)
class Totals:
    """What became of every row.

    The rows that no record speaks of are counted when the input is read: repeats of
    an id, and ids that an earlier run has done.
    """

    rows: int = 0
    duplicate: int = 0
    already_done: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        self.by_status[record.status] += 1

    @property
    def not_attempted(self) -> int:
        recorded = self.by_status.total()
        return self.rows - self.duplicate - self.already_done - recorded

    def accounts(self) -> dict[str, int]:
        """Give every account by name. They add up to the rows."""
        return {
            **{status.value: self.by_status[status] for status in Status},
            "duplicate": self.duplicate,
            "already_done": self.already_done,
            "not_attempted": self.not_attempted,
        }

    def identity(self) -> str:
        """Write the sum out, without the accounts that are empty."""
        parts = [f"{count} {name}" for name, count in self.accounts().items() if count]
        return f"{self.rows} rows = {' + '.join(parts) or '0'}"

    @property
    def is_unfinished(self) -> bool:
        """Whether a retry could still pause more."""
        return self.not_attempted > 0 or any(self.by_status[s] for s in OPEN)

    @property
    def is_all_paused(self) -> bool:
        recorded = self.by_status.total()
        return not self.is_unfinished and recorded == sum(
            self.by_status[status] for status in GOOD
        )


def total(records: Iterable[Record], totals: Totals) -> Totals:
    """Add all records to the totals."""
    for record in records:
        totals.add(record)
    return totals
