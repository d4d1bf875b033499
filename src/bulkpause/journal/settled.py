"""The settled ids of a log in brief: a million of them take a tenth of their records."""

from collections import Counter
from dataclasses import field
from typing import NamedTuple

from bulkpause._value import state
from bulkpause.vocabulary import Action, Status


class Origin(NamedTuple):
    """What the records of many settled ids have in common."""

    status: Status
    run_id: str
    planned: int
    endpoint: str
    action: Action = Action.PAUSE
    account: str | None = None
    input_digest: str | None = None


@state
class SettledIds:
    """Ids that need nothing more, each with the origin of its record.

    Attributes:
        ids: The ids, each with the number of its origin.
        origins: The origins.
        reasons: The `--reason` of the first record of each origin; None for none.
        discarded: How many ids were taken out again.
    """

    ids: dict[str, int] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    discarded: int = 0
    _numbers: dict[Origin, int] = field(default_factory=dict)

    def number_of(self, origin: Origin, reason: str | None) -> int:
        """Give the number of an origin, which is new if need be.

        Args:
            origin: The origin of a record.
            reason: The `--reason` of that record.
        """
        number = self._numbers.setdefault(origin, len(self.origins))
        if number == len(self.origins):
            self.origins.append(origin)
            self.reasons.append(reason)
        return number

    def discard(self, id_: str) -> None:
        """Take an id out, if it is there."""
        if self.ids.pop(id_, None) is not None:
            self.discarded += 1

    def run_of(self, id_: str) -> str | None:
        """Give the run that recorded an id; None if it is not among them."""
        number = self.ids.get(id_)
        return None if number is None else self.origins[number].run_id

    def ids_with(self, status: Status) -> set[str]:
        """Give the ids that have a status."""
        numbers = {
            number
            for number, origin in enumerate(self.origins)
            if origin.status is status
        }
        return {id_ for id_, number in self.ids.items() if number in numbers}

    def count_by_status(self) -> Counter[Status]:
        """Count the ids with each status."""
        counts: Counter[Status] = Counter()
        for origin, count in self._by_origin():
            counts[origin.status] += count
        return counts

    def count_of_run(self, run_id: str) -> int:
        """Count the ids that a run recorded."""
        return sum(
            count for origin, count in self._by_origin() if origin.run_id == run_id
        )

    @property
    def live_origins(self) -> list[Origin]:
        """The origins of the ids, without those that no id has any more."""
        return [origin for origin, _ in self._by_origin()]

    def _by_origin(self) -> list[tuple[Origin, int]]:
        counts = Counter(self.ids.values())
        return [(self.origins[number], count) for number, count in counts.items()]
