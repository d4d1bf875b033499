"""The table: one line for each row, one column for each gate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, islice
from multiprocessing import Pool
from statistics import fmean, median

from benchmarks.gate.clients import BOUNDS
from benchmarks.gate.jobs import Outcome, Row, jobs_of, run
from benchmarks.harness import row as row_of
from tests.testkit.servers import ALONE_AT_FIXED


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


#: The cells of a row by their gate.
Line = Mapping[str, Cell]


def has_meaning(row: Row, gate: str) -> bool:
    """Say whether a gate is made for the server of a row."""
    return gate not in BOUNDS or row.server in ALONE_AT_FIXED


def measured(
    rows: Iterable[Row], gates: Sequence[str], *, phases: int, seed: int, processes: int
) -> Iterator[Line]:
    """Do all runs, and give one line after the other."""
    pairs = [
        (row, gate)
        for row in dict.fromkeys(rows)
        for gate in gates
        if has_meaning(row, gate)
    ]
    jobs = [job for row, gate in pairs for job in jobs_of(row, gate, phases, seed)]
    with ExitStack() as stack:
        outcomes: Iterator[Outcome] = map(run, jobs)
        if processes > 1:
            outcomes = stack.enter_context(Pool(processes)).imap(run, jobs)
        cells = (
            Cell(row=row, gate=gate, outcomes=tuple(islice(outcomes, phases)))
            for row, gate in pairs
        )
        for _, of_row in groupby(cells, key=lambda cell: cell.row):
            yield {cell.gate: cell for cell in of_row}


def head_of(gates: Sequence[str], phases: int, seed: int) -> str:
    """Write what stands above the table."""
    return (
        f"{phases} phases, seed {seed}. In each cell: mean time · mean time ÷ mean best"
        " (over the phases: median, least-most) · refusals in all phases.\n\n"
        f"| limits | server | network | ids | best | {' | '.join(gates)} |\n"
        f"|---|---|---|--:|--:|{'---|' * len(gates)}"
    )


def line_of(cells: Line, gates: Sequence[str]) -> str:
    """Write one line of the table."""
    some = next(iter(cells.values()))
    row = some.row
    in_flight = f", {row.max_in_flight} in flight" if row.max_in_flight else ""
    texts = [
        ", ".join(map(str, row.limits)) + in_flight,
        row.server,
        row.network,
        f"{row.ids:,}",
        f"{some.best_s:.1f} s",
        *(str(cells.get(gate, "-")) for gate in gates),
    ]
    return row_of(texts)
