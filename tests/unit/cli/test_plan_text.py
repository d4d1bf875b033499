"""A plan shows whether it is the right list, within 80 columns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from bulkpause.cli.input_plan import Source
from bulkpause.cli.options import Options
from bulkpause.cli.plan_text import plan_as_dict, plan_lines
from bulkpause.inputs.ordering import Order
from bulkpause.inputs.other_names import OtherNames
from bulkpause.inputs.table import HiddenCount, Input, Table
from bulkpause.model import Earlier, Item
from bulkpause.plan import make_plan
from bulkpause.rows import Rows
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action


NAMES = ["Summer sale", None, "Winter\x1b[2J  sale", "a", "b", "c", "x" * 300, "Éte"]
ITEMS = [Item(id=str(1001 + n), row=n + 2, name=name) for n, name in enumerate(NAMES)]
FILTERED = HiddenCount(rows=12, filter_range="A3:D19", are_skipped=True)


def options_with(**given: Any) -> Options:
    return Options(inputs=("export.csv",), settings=Settings(), **given)


def source(name: str = "export.csv", **facts: Any) -> Source:
    return Source.of(Input(name=name, table=Table(rows=Rows(ITEMS), **facts)))


def lines_of(
    *sources: Source, items: Sequence[Item] = ITEMS, **options: Any
) -> list[str]:
    plan = make_plan(items)
    return list(plan_lines(plan, sources, "d1", options_with(**options)))


def test_plan_shows_both_ends_with_names() -> None:
    assert lines_of(source()) == [
        "8 rows: 8 to pause, 0 duplicate, 0 already done, 0 invalid",
        "ids from    export.csv",
        "first       1001  Summer sale",
        "            1002",
        "            1003  Winter\ufffd[2J sale",
        "last        1006  c",
        f"            1007  {'x' * 61}…",
        "            1008  Éte",
        "on          api.ocamba.com, about 1 s at 10/1s and 150/60s",
        "digest      d1",
    ]


@pytest.mark.parametrize(
    ("count", "first", "last"), [(2, 2, 0), (3, 3, 0), (4, 3, 1), (6, 3, 3)]
)
def test_each_id_of_short_list_is_shown_once(count: int, first: int, last: int) -> None:
    items = [Item(id=str(n), row=n) for n in range(count)]
    lines = lines_of(source(), items=items)
    ids = [str(n) for n in range(count)]
    assert f"first       {', '.join(ids[:first])}" in lines
    assert (f"last        {', '.join(ids[first:])}" in lines) is (last > 0)


def test_plan_names_columns_sheet_and_statuses() -> None:
    facts = source(
        id_column="Campaign ID",
        name_column="Campaign",
        status_column="Status",
        statuses=Counter({"running": 40, "paused": 12, "": 3}),
        sheet="May",
    )
    assert lines_of(facts)[1:4] == [
        "ids from    column 'Campaign ID' of sheet 'May' of export.csv",
        "names from  column 'Campaign'",
        "by status   40 running, 12 paused, 3 without one",
    ]


def with_status(id_: str, status: str | None) -> Item:
    earlier = None if status is None else Earlier(status=status)
    return Item(id=id_, row=1, earlier=earlier)


def test_statuses_are_those_of_the_ids_to_send() -> None:
    rows = [*(with_status(id_, "running") for id_ in "1223"), with_status("4", "sent")]
    one = source(statuses=Counter({"running": 4, "sent": 1}))
    assert "by status   3 running, 1 sent" in lines_of(one, items=rows)
    plan = make_plan(rows, done=frozenset({"3"}))
    found = plan_as_dict(plan, [one], "d1", options_with())
    assert found["statuses"] == {"running": 2, "sent": 1}


def test_results_of_ours_stay_counted_without_duplicates() -> None:
    rows = [with_status(id_, "running") for id_ in "122"] + [with_status("3", None)]
    one = source(statuses=Counter({"running": 3, "failed": 1}))
    assert "by status   2 running, 1 other" in lines_of(one, items=rows)


def test_undo_says_what_campaigns_were() -> None:
    one = source(statuses=Counter({"running": 4, "scheduled": 1}))
    lines = lines_of(one, action=Action.RESUME)
    assert "were        4 running, 1 scheduled before" in lines


def test_account_column_of_one_account_is_said() -> None:
    assert lines_of(source(unused_account_column="Account"))[2] == (
        "not used    column 'Account': all ids are of the one account, unless "
        "--accounts names more"
    )


def test_rare_statuses_are_counted_together() -> None:
    statuses = Counter({f"status {n}": 10 - n for n in range(9)})
    (line,) = [
        line for line in lines_of(source(statuses=statuses)) if "by status" in line
    ]
    assert line.endswith("5 status 5, 9 others")


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        (FILTERED, "12 rows hidden by the filter A3:D19, left out"),
        (
            HiddenCount(rows=1, filter_range=None, are_skipped=False),
            "1 row hidden, included",
        ),
    ],
)
def test_plan_says_what_becomes_of_hidden_rows(hidden: HiddenCount, text: str) -> None:
    assert f"hidden      {text}" in lines_of(source(hidden=hidden))


def test_plan_of_several_inputs_names_each() -> None:
    lines = lines_of(*(source(f"{n}.csv", id_column="id") for n in range(7)))
    assert lines[1:7] == [
        "ids from    column 'id' of 0.csv: 8 rows",
        "            column 'id' of 1.csv: 8 rows",
        "            column 'id' of 2.csv: 8 rows",
        "            column 'id' of 3.csv: 8 rows",
        "            column 'id' of 4.csv: 8 rows",
        "            and 2 more inputs",
    ]


def test_plan_names_order() -> None:
    order = Order("Spend (EUR)", is_descending=True)
    assert "order       by 'Spend (EUR)', highest first" in lines_of(
        source(), order=order
    )


def test_plan_of_no_rows_says_so() -> None:
    assert lines_of(source(), items=[])[0] == "0 rows: no ids to pause"


def test_plan_is_inert_and_fits_80_columns() -> None:
    word = "\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}" * 20
    facts = source(
        name_column=word, sheet=word, statuses=Counter({word: 1}), hidden=FILTERED
    )
    lines = lines_of(facts)
    assert all(line.isprintable() and len(line) <= 80 for line in lines)


def test_plan_says_how_many_ids_are_commented() -> None:
    assert "comments    2 ids in comments, left out" in lines_of(
        source(commented_ids=2)
    )


def test_plan_says_how_many_results_are_empty() -> None:
    assert "formulas    2 rows of formulas with an empty result, left out" in lines_of(
        source(empty_results=2)
    )


def test_plan_says_which_id_has_two_names() -> None:
    others = OtherNames(
        ids=2,
        id="1002",
        name="Sale",
        source="a.csv",
        row=2,
        other_name="Autumn\x1b",
        other_row=7,
    )
    told = replace(source("b.csv"), other_names=others)
    assert (
        "two names   2 ids have another name: 1002 is 'Autumn\ufffd' in row 7, and "
        "planned as 'Sale' by row 2"
    ) in lines_of(told)
    assert (
        "two names   2 ids have another name in b.csv: 1002 is 'Autumn\ufffd' in row 7, "
        "and planned as 'Sale' by row 2 of a.csv"
    ) in lines_of(source("a.csv"), told)


def test_plan_as_dict_is_json_of_any_bytes() -> None:
    facts = source(
        id_column="\udcff",
        name_column="Campaign",
        status_column="Status",
        statuses=Counter({"\udcff": 8}),
        sheet="May",
        hidden=FILTERED,
        commented_ids=2,
    )
    found = orjson.loads(
        orjson.dumps(plan_as_dict(make_plan(ITEMS), [facts], "d1", options_with()))
    )
    assert found["first"] == ["1001", "1002", "1003"]
    assert found["first_names"] == NAMES[:3]
    assert found["last_names"] == NAMES[-3:]
    assert found["statuses"] == {"ÿ": 8}
    assert found["inputs"] == [
        {
            "name": "export.csv",
            "rows": 8,
            "id_column": "ÿ",
            "name_column": "Campaign",
            "status_column": "Status",
            "unused_account_column": None,
            "statuses": {"ÿ": 8},
            "sheet": "May",
            "hidden": {"rows": 12, "filter_range": "A3:D19", "are_skipped": True},
            "commented_ids": 2,
            "empty_results": 0,
            "other_names": None,
        }
    ]
