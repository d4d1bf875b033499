"""The table: one line for each row, one column for each gate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, islice
from multiprocessing import Pool

from benchmarks.cell import Cell
from benchmarks.clients import BOUNDS
from benchmarks.job import Outcome, Row, jobs_of, run
from benchmarks.markdown import row as row_of
from benchmarks.servers import ALONE_AT_FIXED


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
