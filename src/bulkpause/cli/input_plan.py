"""Read all inputs of a command, and plan their ids in the order that was asked for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from bulkpause._text import replace_surrogates
from bulkpause._value import state, value
from bulkpause.api.credentials import Token
from bulkpause.cli.input_tokens import without_tokens
from bulkpause.cli.options import Options
from bulkpause.cli.problems import Problems, problems_of
from bulkpause.cli.typed_input import take_typed_input
from bulkpause.inputs.arguments import read_inputs
from bulkpause.inputs.ordering import ordered_places
from bulkpause.inputs.other_names import OtherNames, find_other_names
from bulkpause.inputs.table import Input, TableFacts, rows_of
from bulkpause.items import Items
from bulkpause.journal.reader import collection_paused
from bulkpause.model import Item
from bulkpause.plan import Plan, digest_of, join_plans, make_plan, make_plans
from bulkpause.rows import Row
from bulkpause.shard import Shard


if TYPE_CHECKING:
    from bulkpause.inputs.amounts import Total


@state(kw_only=True)
class Source(TableFacts):
    """What a plan says about an input that it comes from. It holds no rows.

    Attributes:
        name: The name of the input.
        rows: The number of its rows.
        other_names: The ids that it names otherwise than the plan does; None if it has
            none.
    """

    name: str
    rows: int
    other_names: OtherNames | None = None

    @classmethod
    def of(cls, one: Input, other_names: OtherNames | None = None) -> "Source":
        """Take the facts of an input, without its rows."""
        table = one.table
        statuses: Counter[str] = Counter()
        for word, count in table.statuses.items():
            statuses[replace_surrogates(word)] += count
        return cls(
            name=one.name,
            rows=len(table.rows),
            id_column=_encodable(table.id_column),
            name_column=_encodable(table.name_column),
            status_column=_encodable(table.status_column),
            unused_account_column=_encodable(table.unused_account_column),
            statuses=statuses,
            sheet=_encodable(table.sheet),
            hidden=table.hidden,
            commented_ids=table.commented_ids,
            empty_results=table.empty_results,
            other_names=other_names,
        )

    def as_dict(self) -> dict[str, object]:
        """Give the facts in values that JSON can carry."""
        # `asdict` would make a counter of pairs of the counter.
        facts = asdict(self) | {"statuses": dict(self.statuses)}
        return {"name": facts.pop("name"), "rows": facts.pop("rows"), **facts}


def _encodable(text: str | None) -> str | None:
    """Replace bytes that are not UTF-8, which JSON cannot carry."""
    return None if text is None else replace_surrogates(text)


@value
class InputPlan:
    """The plan of all inputs of a command.

    Attributes:
        plans: The ids to send of each account, and counts of the rows that are not
            sent. A run of one account has one plan, whose account is None.
        sources: Where the ids come from.
        problems: What is wrong with the inputs and with the order.
        total: The sum of the column to sort by; None if there is none.
    """

    plans: Mapping[str | None, Plan]
    sources: tuple[Source, ...]
    problems: tuple[Problems, ...]
    total: "Total | None" = None

    @property
    def plan(self) -> Plan:
        """The plans of all accounts as one."""
        return join_plans(tuple(self.plans.values()))

    @property
    def digest(self) -> str:
        """The digest of all ids in sending order, with their accounts."""
        return digest_of(self.plans)


def plan_of_inputs(options: Options, tokens: Sequence[Token] = ()) -> InputPlan:
    """Plan all ids of the inputs. What is wrong with them is part of the result.

    Args:
        options: The options of the command.
        tokens: Texts that no input may hold.
    """
    take_typed_input(options.inputs)
    # A list of ids is as long-lived as a log of them.
    with collection_paused():
        return _plan_of_inputs(options, tokens)


def _plan_of_inputs(options: Options, tokens: Sequence[Token]) -> InputPlan:
    layout = options.layout
    if options.order is not None:
        layout = replace(layout, sort_column=options.order.column)
    inputs = without_tokens(read_inputs(options.inputs, layout), tokens)
    all_rows = rows_of(inputs)
    rows: Iterable[Row] = all_rows
    if options.shard is not None:
        rows = _of_shard(rows, options.shard)
    # A million rows are not grouped by accounts that they do not have.
    has_accounts = layout.accounts is not None
    plans: Mapping[str | None, Plan] = (
        make_plans(rows) if has_accounts else {None: make_plan(rows)}
    )
    plan = join_plans(tuple(plans.values()))
    problems = list(problems_of(inputs))
    total = None
    if options.order is not None:
        # Imported on use: most inputs keep their order.
        from bulkpause.cli.input_order import (  # noqa: PLC0415
            amounts_of,
            problems_of_order,
        )

        amounts = amounts_of(plan, inputs, options)
        if amounts.faults or amounts.has_several_units:
            problems.append(problems_of_order(amounts, plan, options.order))
        else:
            places = ordered_places(amounts, options.order)
            plans = _with_items(plans, Items.of(plan.items).at(places))
            total = amounts.add_up()
    other_names = find_other_names(inputs, all_rows.items) if plan.duplicate else {}
    return InputPlan(
        plans=plans,
        sources=tuple(
            Source.of(one, other_names.get(number)) for number, one in enumerate(inputs)
        ),
        problems=tuple(problems),
        total=total,
    )


def _of_shard(rows: Iterable[Row], shard: Shard) -> Iterator[Row]:
    """Keep the rows of a shard: by their account, without accounts by their id."""
    for row in rows:
        if shard.takes(_name_for_shard(row)):
            yield row


def _name_for_shard(row: Row) -> str:
    if row.account is not None:
        return row.account
    return row.id if isinstance(row, Item) else f"row {row.row} of {row.source}"


def _with_items(
    plans: Mapping[str | None, Plan], items: Items
) -> dict[str | None, Plan]:
    """Give each plan its items in the order of all items."""
    if set(plans) == {None}:
        return {None: replace(plans[None], items=items)}
    of_account: dict[str | None, list[Item]] = {account: [] for account in plans}
    for item in items:
        of_account[item.account].append(item)
    return {
        account: replace(plan, items=tuple(of_account[account]))
        for account, plan in plans.items()
    }
