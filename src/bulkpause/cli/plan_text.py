"""Describe a plan for people who must see whether it is the right list, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bulkpause._text import (
    format_count,
    format_duration,
    on_one_line,
    sanitize,
    shorten,
)
from bulkpause.cli.input_plan import Source
from bulkpause.cli.options import Options
from bulkpause.inputs.ordering import Order
from bulkpause.inputs.table import HiddenCount
from bulkpause.model import Item
from bulkpause.operation import Operation
from bulkpause.plan import Plan
from bulkpause.ratelimit.estimate import time_needed_s
from bulkpause.shard import Shard


if TYPE_CHECKING:
    from bulkpause.inputs.amounts import Total


#: This many ids are shown from each end of a plan.
IDS_SHOWN = 3
#: At most this many inputs and statuses are shown; the others are counted.
_SOURCES_SHOWN = 5
_STATUSES_SHOWN = 6
_ACCOUNTS_SHOWN = 10
#: The columns of the labels, and of a line on a usual terminal.
_LABEL_WIDTH = 12
_LINE_WIDTH = 80

#: A label, and the text after it. An empty label continues the one above.
_Line = tuple[str, str]
#: The name of an account, its plan and the options of its part of the run.
PlanPart = tuple[str | None, Plan, Options]


def plan_lines(
    plan: Plan,
    sources: Sequence[Source],
    digest: str,
    options: Options,
    total: "Total | None" = None,
    parts: Sequence[PlanPart] = (),
) -> Iterator[str]:
    """Describe a plan: counts, where it comes from, first and last ids, and digest.

    Args:
        plan: The plan.
        sources: The inputs that it comes from; a retry has none.
        digest: The digest of the whole input, ids that are done included.
        options: The options of the command.
        total: The sum of the column to sort by, if there is one.
        parts: The plans of several accounts; empty or one without a name if it is one.
    """
    yield _counts_text(plan, options.operation.verb)
    for label, text in (
        *_source_lines(sources),
        *_status_lines(_statuses(plan, sources, options), options.operation),
        *(("hidden", text) for text in hidden_texts(sources)),
        *(("comments", text) for text in comment_texts(sources)),
        *(("formulas", text) for text in empty_result_texts(sources)),
        *(("two names", text) for text in other_name_texts(sources)),
        *_item_lines(plan.items),
        *_order_lines(options.order, total),
        *_account_lines(parts),
        *(() if _are_accounts(parts) else (("on", _duration_text(plan, options)),)),
        *(() if options.shard is None else (("shard", _shard_text(options.shard)),)),
        ("digest", digest),
    ):
        yield f"{label:<{_LABEL_WIDTH}}{text}"


def plan_as_dict(
    plan: Plan,
    sources: Sequence[Source],
    digest: str,
    options: Options,
    total: "Total | None" = None,
    parts: Sequence[PlanPart] = (),
) -> dict[str, object]:
    """Give a plan, without its problems, in values that JSON can carry."""
    first, last = plan.items[:IDS_SHOWN], plan.items[-IDS_SHOWN:]
    return {
        "rows": plan.rows,
        "ids": len(plan.items),
        "duplicate": plan.duplicate,
        "already_done": plan.already_done,
        "first": [item.id for item in first],
        "last": [item.id for item in last],
        "first_names": [item.name for item in first],
        "last_names": [item.name for item in last],
        "inputs": [source.as_dict() for source in sources],
        "statuses": dict(_statuses(plan, sources, options)),
        "host": options.host,
        "simulated": options.is_simulated,
        "order_by": None if options.order is None else str(options.order),
        "sum": None if total is None else total.sum,
        "unit": None if total is None else total.unit,
        "blanks": None if total is None else total.blanks,
        "limits": [str(limit) for limit in options.settings.limits],
        "needed_s": round(needed_s_of_all(parts or ((None, plan, options),)), 1),
        "digest": digest,
        "shard": None if options.shard is None else str(options.shard),
        "accounts": [_account_as_dict(part) for part in parts if part[0] is not None],
    }


def _account_as_dict(part: PlanPart) -> dict[str, object]:
    name, plan, options = part
    return {
        "account": name,
        "rows": plan.rows,
        "ids": len(plan.items),
        "duplicate": plan.duplicate,
        "already_done": plan.already_done,
        "host": options.host,
        "limits": [str(limit) for limit in options.settings.limits],
        "needed_s": round(needed_s(plan, options), 1),
    }


def needed_s_of_all(parts: Iterable[PlanPart]) -> float:
    """Estimate the seconds that plans of several accounts take side by side."""
    return max((needed_s(plan, options) for _, plan, options in parts), default=0.0)


def needed_s(plan: Plan, options: Options) -> float:
    """Estimate the seconds that a plan takes at the limits, without any retry."""
    requests = len(plan.items) * options.requests_per_id
    return time_needed_s(requests, options.settings.limits)


def _counts_text(plan: Plan, verb: str) -> str:
    if not plan.rows:
        return f"0 rows: no ids to {verb}"
    return (
        f"{format_count(plan.rows, 'row')}: {len(plan.items)} to {verb}, "
        f"{plan.duplicate} duplicate, {plan.already_done} already done, "
        f"{len(plan.invalid_rows)} invalid"
    )


def _source_lines(sources: Sequence[Source]) -> Iterator[_Line]:
    """Say which columns of which inputs the ids and the names come from."""
    shown = sources[:_SOURCES_SHOWN]
    for number, source in enumerate(shown):
        count = f": {format_count(source.rows, 'row')}" if len(sources) > 1 else ""
        yield "" if number else "ids from", f"{_place(source)}{count}"
    if more := len(sources) - len(shown):
        yield "", f"and {format_count(more, 'more input')}"
    names = {source.name_column for source in shown if source.name_column is not None}
    if names:
        yield "names from", _columns(sorted(names))
    if unused := sorted(filter(None, (one.unused_account_column for one in shown))):
        account = "all ids are of the one account, unless --accounts names more"
        yield "not used", f"{_columns(unused)}: {account}"


def _place(source: Source) -> str:
    where = source.name
    if source.sheet is not None:
        where = f"sheet {_word(source.sheet)} of {where}"
    if source.id_column is None:
        return where
    return f"{_columns([source.id_column])} of {where}"


def _columns(names: Sequence[str]) -> str:
    noun = "column" if len(names) == 1 else "columns"
    return f"{noun} {', '.join(map(_word, names))}"


def _status_lines(statuses: Counter[str], operation: Operation) -> Iterator[_Line]:
    counts = statuses.most_common()
    if not counts:
        return
    parts = [f"{count} {_status(word)}" for word, count in counts[:_STATUSES_SHOWN]]
    if others := sum(count for _, count in counts[_STATUSES_SHOWN:]):
        parts.append(f"{others} others")
    text = ", ".join(parts)
    yield ("by status", text) if operation.stops else ("were", f"{text} before")


def _status(word: str) -> str:
    return shorten(on_one_line(word), 20) or "without one"


def _statuses(plan: Plan, sources: Iterable[Source], options: Options) -> Counter[str]:
    """Count the ids to send by the word in the status column of their rows."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(source.statuses)
    is_part = plan.duplicate or plan.already_done or options.shard is not None
    return _statuses_of_items(plan.items, counts) if counts and is_part else counts


def _statuses_of_items(items: Sequence[Item], of_rows: Counter[str]) -> Counter[str]:
    """Count the statuses of ids that are not all rows with one.

    An item does not keep a word that is a result of ours, as in an export.
    """
    words = (item.earlier.status for item in items if item.earlier is not None)
    counts = Counter(filter(None, words))
    others = len(items) - counts.total()
    if others and not of_rows.keys() <= counts.keys():
        counts["other"] = others
    return counts


def hidden_texts(sources: Sequence[Source]) -> Iterator[str]:
    """Say of each input how many rows it hides, and what becomes of them."""
    for source in sources:
        if source.hidden is not None:
            where = f" in {source.name}" if len(sources) > 1 else ""
            yield f"{_hidden_text(source.hidden)}{where}"


def comment_texts(sources: Sequence[Source]) -> Iterator[str]:
    """Say of each input how many ids stand in its comments."""
    for source in sources:
        if source.commented_ids:
            where = f" in {source.name}" if len(sources) > 1 else ""
            yield f"{format_count(source.commented_ids, 'id')} in comments{where}, left out"


def empty_result_texts(sources: Sequence[Source]) -> Iterator[str]:
    """Say of each input how many rows are blank but for formulas without a text."""
    for source in sources:
        if source.empty_results:
            where = f" in {source.name}" if len(sources) > 1 else ""
            rows = format_count(source.empty_results, "row")
            yield f"{rows} of formulas with an empty result{where}, left out"


def other_name_texts(sources: Sequence[Source]) -> Iterator[str]:
    """Say of each input how many ids have another name there than in the plan."""
    for source in sources:
        if (others := source.other_names) is not None:
            where = f" in {source.name}" if len(sources) > 1 else ""
            place = f" of {others.source}" if len(sources) > 1 else ""
            have = "has" if others.ids == 1 else "have"
            yield sanitize(
                f"{format_count(others.ids, 'id')} {have} another name{where}: "
                f"{others.id} is {_word(others.other_name)} in row {others.other_row}, "
                f"and planned as {_word(others.name)} by row {others.row}{place}"
            )


def _hidden_text(hidden: HiddenCount) -> str:
    by = "" if hidden.filter_range is None else f" by the filter {hidden.filter_range}"
    are = "left out" if hidden.are_skipped else "included"
    return f"{format_count(hidden.rows, 'row')} hidden{by}, {are}"


def _item_lines(items: Sequence[Item]) -> Iterator[_Line]:
    """Show the first and the last items, each once."""
    first = items[:IDS_SHOWN]
    last = items[max(IDS_SHOWN, len(items) - IDS_SHOWN) :]
    has_names = any(item.name for item in (*first, *last))
    width = max((len(item.id) for item in (*first, *last)), default=0)
    for label, shown in (("first", first), ("last", last)):
        if has_names:
            for number, item in enumerate(shown):
                yield "" if number else label, _named(item, width)
        elif shown:
            yield label, ", ".join(item.id for item in shown)


def _named(item: Item, width: int) -> str:
    room = max(_LINE_WIDTH - _LABEL_WIDTH - width - 2, 10)
    name = shorten(on_one_line(item.name or ""), room)
    return f"{item.id:<{width}}  {name}".rstrip()


def _order_lines(order: Order | None, total: "Total | None") -> Iterator[_Line]:
    if order is None:
        return
    end = "highest" if order.is_descending else "lowest"
    yield "order", f"by {_word(order.column)}, {end} first"
    if total is not None:
        blanks = f", {total.blanks} without a value" if total.blanks else ""
        yield "", f"{total} in all{blanks}"


def _are_accounts(parts: Sequence[PlanPart]) -> bool:
    return any(name is not None for name, _, _ in parts)


def _account_lines(parts: Sequence[PlanPart]) -> Iterator[_Line]:
    """Say of each account how many ids are sent, and how long that takes."""
    parts = [part for part in parts if part[1].items]
    if not _are_accounts(parts):
        return
    needed = format_duration(needed_s_of_all(parts))
    yield "accounts", f"{len(parts)}, side by side, about {needed}"
    for name, plan, options in parts[:_ACCOUNTS_SHOWN]:
        count = format_count(len(plan.items), "id")
        yield "", sanitize(f"{name}: {count} on {_duration_text(plan, options)}")
    if more := parts[_ACCOUNTS_SHOWN:]:
        ids = sum(len(plan.items) for _, plan, _ in more)
        accounts = format_count(len(more), "more account")
        yield "", f"and {accounts}: {format_count(ids, 'id')}"


def _shard_text(shard: Shard) -> str:
    return f"{shard}: the counts and the digest are of this shard alone"


def _duration_text(plan: Plan, options: Options) -> str:
    by_length = sorted(options.settings.limits, key=lambda limit: limit.period_s)
    limits = " and ".join(str(limit) for limit in by_length) or "no limits"
    duration = format_duration(needed_s(plan, options))
    return f"{options.host}, about {duration} at {limits}"


def _word(text: str) -> str:
    """Quote the name of a column or a sheet."""
    return f"'{shorten(on_one_line(text), 40)}'"
