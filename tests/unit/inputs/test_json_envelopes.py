"""An answer whose lists, pages or own id leave the campaigns open is refused."""

import io

import pytest

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.reader import read
from bulkpause.inputs.table import Table
from bulkpause.model import Earlier, InvalidRow, Item


CAMPAIGNS = '[{"id":"1000248"},{"id":"1000249"}]'


def table_of(text: str, layout: Layout | None = None) -> Table:
    table = Table()
    lines = io.StringIO(text, newline=None)
    table.fill(
        [row]
        for row in read(lines, name="a.json", layout=layout or Layout(), table=table)
    )
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
    assert "--column id if" in row.remedy
    table = table_of(text.replace(",", ",\n"))
    assert (list(table.rows), "has an id, and a list in it" in str(table.error)) == (
        [],
        True,
    )


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"items":[],"rivals":[{"id":7,"name":"a"}]}', "'items' is empty"),
        ('{"items":[],"other":[100,200]}', "'items' is empty"),
        ('{"campaigns":[],"data":[{"id":7}]}', "'campaigns' is empty"),
        ('{"deleted":[5,6],"count":2}', "only array with rows is 'deleted'"),
        ('{"labels":[{"id":7}],"total":0}', "only array with rows is 'labels'"),
        ('{"errors":[{"id":"1"}],"campaigns":[]}', "request failed"),
        ('{"data":{"labels":{"data":[{"id":7}]}}}', "may not be campaigns"),
    ],
)
def test_other_array_is_never_sent(text: str, reason: str) -> None:
    error = table_of(text).error
    assert error is not None
    assert reason in str(error)


@pytest.mark.parametrize("key", ["labels", "messages", "errors"])
def test_arrays_of_other_things_are_left_out(key: str) -> None:
    table = table_of(f'{{"items":{CAMPAIGNS},"{key}":[{{"id":5}}]}}')
    assert [row.id for row in table.rows if isinstance(row, Item)] == [
        "1000248",
        "1000249",
    ]
    assert table_of(f'{{"items":[],"{key}":[]}}').error is None
    (row,) = table_of(f'{{"id":"1000248","{key}":[{{"id":5}}]}}').rows
    assert isinstance(row, Item)


def test_labels_are_read_when_named_to_be_ids() -> None:
    text = '{"labels":[{"id":7}]}'
    assert len(table_of(text, Layout(takes_any_id=True)).rows) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"status":401,"message":"Unauthorized","items":[]}',
        '{"success":false,"data":[]}',
        '{"error":{"code":403,"message":"no"},"data":[]}',
        '{"status":401,"message":"Unauthorized","errors":[]}',
    ],
)
def test_error_answer_is_no_empty_list(text: str) -> None:
    table = table_of(text)
    assert (list(table.rows), table.error is None) == ([], False)


@pytest.mark.parametrize(
    "text", ['{"status":200,"error":null,"success":true,"items":[]}', '{"items":[]}']
)
def test_empty_list_is_read(text: str) -> None:
    assert (table_of(text).error, list(table_of(text).rows)) == (None, [])


@pytest.mark.parametrize(
    "text",
    [
        '{"data":{"total":50,"items":%s}}',
        '{"items":%s,"nextPageToken":"abc"}',
        '{"items":%s,"next_cursor":"abc"}',
        '{"Items":%s,"LastEvaluatedKey":{"id":{"S":"1"}}}',
        '{"items":%s,"page":1,"total_pages":3}',
        '{"items":%s,"meta":{"total":50}}',
        '{"items":%s,"pagination":{"total":50}}',
        '{"items":%s,"_links":{"next":{"href":"/2"}}}',
        '{"data":{"campaigns":{"nodes":%s,"pageInfo":{"hasNextPage":true}}}}',
        '{"data":{"campaigns":{"nodes":%s,"totalCount":10}}}',
        '{"items":%s,"has_more":"true"}',
        '{"value":%s,"@odata.nextLink":"https://x"}',
    ],
)
def test_page_is_seen_however_it_is_named(text: str) -> None:
    assert "read the other pages too" in str(table_of(text % CAMPAIGNS).error)


@pytest.mark.parametrize(
    "text",
    [
        '{"items":%s,"meta":{"total":2,"total_pages":1},"nextPageToken":""}',
        '{"items":%s,"spend":{"total":5000}}',
        '{"items":%s,"links":{"next":null},"has_more":"false"}',
    ],
)
def test_last_page_is_read(text: str) -> None:
    assert table_of(text % CAMPAIGNS).error is None


def test_name_and_status_stand_beside_the_id() -> None:
    text = (
        '[{"id":"9","name":"Ad 1","status":"PAUSED","campaign":'
        '{"id":"1000248","name":"Brand","status":"ENABLED"}}]'
    )
    table = table_of(text, Layout(column="campaign.id"))
    earlier = Earlier(status="ENABLED")
    assert table.rows == [Item(id="1000248", row=1, name="Brand", earlier=earlier)]
    assert table.statuses == {"ENABLED": 1}


def test_name_around_the_id_is_taken_without_another() -> None:
    rows = table_of('[{"name":"Brand","ref":{"id":"1"}}]', Layout(column="ref.id")).rows
    assert rows == [Item(id="1", row=1, name="Brand")]
    text = '[{"id":"9","name":"Ad 1","campaign":{"id":"1"}}]'
    rows = table_of(text, Layout(column="campaign.id")).rows
    assert rows == [Item(id="1", row=1)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ('{"id":"%d","spend":{"amount":%d,"currency":"%s"}}', "spend.amount"),
        ('{"id":"%d","spend":"%d","currency_code":"%s"}', "spend"),
    ],
)
def test_currency_beside_an_amount_is_its_unit(row: str, column: str) -> None:
    text = "\n".join([row % (1, 900, "JPY"), row % (2, 5, "USD")])
    rows = table_of(text, Layout(sort_column=column)).rows
    texts = [item.sort_text for item in rows if isinstance(item, Item)]
    assert texts == ["900 JPY", "5 USD"]
