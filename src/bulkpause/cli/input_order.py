"""Read the column by which the inputs of a command are ordered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bulkpause.cli.options import Options
from bulkpause.cli.problems import Problems
from bulkpause.inputs.amounts import Amounts, join_amounts, read_amounts
from bulkpause.inputs.ordering import Order
from bulkpause.inputs.table import Input, ReadError
from bulkpause.model import InvalidRow, Item
from bulkpause.plan import Plan


_SEVERAL_UNITS = ReadError(
    "the inputs have values in different units",
    "pause them one after the other, or leave out --order-by",
)


def amounts_of(plan: Plan, inputs: Sequence[Input], options: Options) -> Amounts:
    """Read the values to sort by of the items of a plan.

    Their faults are those of the values, or else the rows that repeat an id with
    another value.
    """
    amounts = _read_amounts(plan, inputs, options)
    if plan.duplicate and not amounts.faults:
        faults = tuple(_rows_of_other_value(inputs, options))
        return replace(amounts, faults=faults)
    return amounts


def _read_amounts(plan: Plan, inputs: Sequence[Input], options: Options) -> Amounts:
    mark = _decimal_mark(options)
    if len(inputs) == 1:
        return read_amounts(plan.items, mark)
    owners = {
        id(row): number
        for number, one in enumerate(inputs)
        for row in one.table.rows.items
    }
    columns: list[list[Item]] = [[] for _ in inputs]
    for item in plan.items:
        columns[owners[id(item)]].append(item)
    parts = [
        read_amounts(column, mark, source=one.name)
        for column, one in zip(columns, inputs, strict=True)
    ]
    return join_amounts(plan.items, columns, parts)


def _rows_of_other_value(
    inputs: Sequence[Input], options: Options
) -> Iterator[InvalidRow]:
    """Find rows that repeat an id with another value to sort by, however it is written.

    A report may have a row for each day: which of its values counts is not known.
    """
    seen: dict[tuple[str | None, str], object] = {}
    for one in inputs:
        items = one.table.rows.items
        for item, sort_by in zip(items, _values_of(items, options), strict=True):
            if seen.setdefault((item.account, item.id), sort_by) != sort_by:
                yield InvalidRow(
                    row=item.row,
                    detail="repeats an id with another value to sort by",
                    remedy="give each id one row with its sum, or leave out --order-by",
                    value=item.id,
                    source=one.name if len(inputs) > 1 else None,
                )


def _values_of(items: Sequence[Item], options: Options) -> Sequence[object]:
    """Give what is the same for equal values; their texts where one is no number."""
    amounts = read_amounts(items, _decimal_mark(options))
    if amounts.faults:
        return [(item.sort_text or "").strip() for item in items]
    unit = (amounts.unit or "").casefold()
    return [None if value is None else (value, unit) for value in amounts.values]


def _decimal_mark(options: Options) -> str | None:
    return None if options.decimal_mark is None else options.decimal_mark.character


def problems_of_order(amounts: Amounts, plan: Plan, order: Order) -> Problems:
    """Say what keeps the items from being ordered."""
    return Problems(
        source=f"--order-by {order}",
        rows=tuple(amounts.faults),
        total=plan.rows,
        error=_SEVERAL_UNITS if amounts.has_several_units else None,
        can_be_skipped=False,
    )
