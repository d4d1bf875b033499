"""What came of all phases of a row, for one gate."""

from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.job import Outcome, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What came of all phases of a row, for one gate."""

    row: Row
    gate: str
    outcomes: tuple[Outcome, ...]

    @property
    def time_s(self) -> float:
        return fmean(outcome.time_s for outcome in self.outcomes)

    @property
    def best_s(self) -> float:
        return fmean(outcome.best_s for outcome in self.outcomes)

    @property
    def ratio(self) -> float | None:
        """Mean time over mean best; None if the best takes no time."""
        return self.time_s / self.best_s if self.best_s else None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each phase, the least first."""
        return sorted(one.time_s / one.best_s for one in self.outcomes if one.best_s)

    @property
    def refused(self) -> int:
        return sum(outcome.refused for outcome in self.outcomes)

    @property
    def refused_share(self) -> float:
        return self.refused / sum(outcome.requests for outcome in self.outcomes)

    @property
    def unfinished(self) -> int:
        return sum(outcome.unfinished for outcome in self.outcomes)

    def __str__(self) -> str:
        text = f"{self.time_s:.1f} s"
        if self.ratio is not None:
            least, most = self.ratios[0], self.ratios[-1]
            spread = f"{median(self.ratios):.3f}, {least:.2f}-{most:.2f}"
            text += f" · {self.ratio:.3f} ({spread})"
        text += f" · {self.refused}"
        return f"{text} · {self.unfinished} UNFINISHED" if self.unfinished else text
