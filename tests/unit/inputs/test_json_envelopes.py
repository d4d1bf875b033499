"""An answer whose lists, pages or own id leave the campaigns open is refused."""

import io

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import read
from bulkpause.inputs.table import Table
from bulkpause.model import InvalidRow, Item


CAMPAIGNS = '[{"id":"1000248"},{"id":"1000249"}]'


def table_of(text: str, layout: Layout | None = None) -> Table:
    table = Table()
    lines = io.StringIO(text, newline=None)
    table.fill(read(lines, name="a.json", layout=layout or Layout(), table=table))
    return table


@pytest.mark.parametrize(
    "text",
    [
        f'{{"id":"act_55","campaigns":{CAMPAIGNS}}}',
        f'{{"id":"act_55","rows":{CAMPAIGNS}}}',
        '{"id":"act_55","campaign_ids":[1000248]}',
    ],
)
def test_object_with_id_around_campaigns_is_refused(text: str) -> None:
    (row,) = table_of(text).rows
    assert isinstance(row, InvalidRow)
    assert "has an id, and a list in it" in row.detail
    table = table_of(text.replace(",", ",\n"))
    assert (table.rows, "has an id, and a list in it" in str(table.error)) == ([], True)


def test_named_column_means_the_object_itself() -> None:
    text = f'{{"id":"act_55","rows":{CAMPAIGNS}}}'
    for one in (text, text.replace(",", ",\n")):
        (item,) = table_of(one, Layout(column="id")).rows
        assert isinstance(item, Item)
        assert item.id == "act_55"


def test_each_such_object_in_lines_is_refused() -> None:
    row = f'{{"id":"act_%d","data":{{"campaigns":{CAMPAIGNS}}}}}\n'
    table = table_of(row % 5 + row % 6)
    assert [type(one) for one in table.rows] == [InvalidRow] * 2


def test_campaign_with_labels_is_read() -> None:
    text = '{"id":"1000248","labels":["a1","b2"],"ads":[]}\n'
    for lines in (text, text * 2):
        rows = table_of(lines).rows
        assert [type(one) for one in rows] == [Item] * len(lines.splitlines())


@pytest.mark.parametrize(
    "more",
    [
        '"total":3',
        '"total":"500"',
        '"total_count":3',
        '"has_more":true',
        '"paging":{"next":"https://x"}',
        '"next":"https://x"',
    ],
)
def test_one_page_of_several_is_refused(more: str) -> None:
    table = table_of(f'{{"items":{CAMPAIGNS},{more}}}')
    assert table.error is not None
    assert "read the other pages too" in str(table.error)


@pytest.mark.parametrize(
    "more",
    ['"total":2', '"total":"2"', '"has_more":false', '"next":null', '"errors":[]'],
)
def test_whole_answer_is_read(more: str) -> None:
    table = table_of(f'{{"items":{CAMPAIGNS},{more}}}')
    assert (table.error, len(table.rows)) == (None, 2)


def test_object_cut_short_in_its_line_is_refused() -> None:
    table = table_of('{"data":[{"id":"1000248"},{"id":"100')
    assert table.error is not None
    assert "cut short" in str(table.error)
