"""Put the currency of each row behind its value to sort by."""

from collections.abc import Iterator, Sequence

from bulkpause.ids import WHITESPACE
from bulkpause.inputs.cells import BadCell
from bulkpause.inputs.number_shape import with_currency
from bulkpause.inputs.row_batch import RowBatch


def with_currencies(
    batches: Iterator[RowBatch], sort_index: int, currency_index: int
) -> Iterator[RowBatch]:
    """Put the currency of each row behind its value to sort by."""

    def cells_with_currency(cells: Sequence[str]) -> Sequence[str]:
        is_short = len(cells) <= max(sort_index, currency_index)
        if is_short or isinstance(cells[sort_index], BadCell):
            return cells
        texts = list(cells)
        currency = cells[currency_index].strip(WHITESPACE)
        texts[sort_index] = with_currency(cells[sort_index], currency)
        return texts

    for batch in batches:
        yield RowBatch(batch.numbers.start, list(map(cells_with_currency, batch.rows)))
