"""The table holds every id, what is not paused first, in columns that pack well."""

from typing import Any

from bulkpause.model import Item, Record
from bulkpause.report.group import LogGroup
from bulkpause.report.log_status import LogStatus
from bulkpause.report.page.table import FIRST_ROWS, Table, table_of
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status
from tests.support.packed_columns import unpacked as unpacked_columns
from tests.support.result_logs import ENDPOINT, RUN, record, records


def group_of(sample: list[Record], **fields: Any) -> LogGroup:
    status = LogStatus(
        log="a.jsonl",
        totals=Totals(rows=len(sample)),
        endpoint=ENDPOINT,
        is_simulated=False,
        is_held=False,
        first_at=None,
        last_at=None,
        age_s=None,
        run_id=RUN,
    )
    known = {"logs": ["a.jsonl"], "log_of_run": {RUN: "a.jsonl"}}
    return LogGroup(status=status, records=sample, **(known | fields))


def unpacked(table: Table) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for column in unpacked_columns(table.packed()):
        values = column["values"]
        if column["kind"] == "choice":
            texts = column["choices"]
            values = [None if value is None else texts[value] for value in values]
        found[column["label"]] = values
    return found


def test_what_may_be_running_comes_first() -> None:
    sample = [
        record(1),
        record(2, Status.NOT_PAUSABLE),
        record(3, Status.REJECTED),
        record(4, Status.UNKNOWN),
        record(5),
    ]
    left = [(Item(id="1009", row=9, name="Left"), "a.jsonl")]
    found = unpacked(table_of([group_of(sample, not_attempted=left)]))
    assert found["status"] == [
        *("unknown", "rejected", "not_attempted", "not_pausable", "paused", "paused")
    ]
    assert found["id"] == ["1004", "1003", "1009", "1002", "1001", "1005"]
    assert found["row"] == [4, 3, 9, 2, 1, 5]
    assert found["request_id"] == [4, 3, None, 2, 1, 5]


def test_packed_and_first_rows_agree() -> None:
    sample = records(3, name="Sale", campaign_status="paused")
    table = table_of([group_of(sample)])
    labels = [column.label for column in table.columns]
    (first, *_) = table.first_rows()
    assert dict(zip(labels, first, strict=True)) == {
        "id": "1001",
        "name": "Sale",
        "status": "paused",
        "campaign": "paused",
        "attempts": "1",
        "latency, ms": "80.5",
        "finished, UTC": "2026-11-27 08:00:01",
        "row": "1",
        "request_id": f"{RUN}-1",
    }
    found = unpacked(table)
    assert found["request_id"] == [1, 2, 3]
    assert found["name"] == ["Sale"] * 3


def test_several_runs_have_a_column_and_name_their_requests() -> None:
    other = "20261128T080000Z-bbbbbb-e0e0e0"
    second = record(2, run_id=other, request_id=f"{other}-7")
    table = table_of([group_of([record(1), second])])
    found = unpacked(table)
    assert (found["run"], found["request_id"]) == ([RUN, other], [1, 7])
    at = [column.label for column in table.columns].index("request_id")
    assert [row[at] for row in table.first_rows()] == [f"{RUN}-1", f"{other}-7"]


def test_foreign_request_id_stays_whole() -> None:
    sample = [record(1, request_id="other-1"), record(2, request_id=None), record(3)]
    table = table_of([group_of(sample)])
    assert unpacked(table)["request_id"] == ["other-1", None, f"{RUN}-3"]
    at = [column.label for column in table.columns].index("request_id")
    assert [row[at] for row in table.first_rows()] == ["other-1", "", f"{RUN}-3"]


def test_columns_without_a_value_are_left_out() -> None:
    labels = {column.label for column in table_of([group_of(records(2))]).columns}
    assert not labels & {"name", "cause", "trace_id", "account", "log"}


def test_several_groups_have_a_column_for_accounts() -> None:
    groups = [
        group_of([record(1)], account="germany"),
        group_of([record(1)], account="france"),
    ]
    found = unpacked(table_of(groups))
    assert found["account"] == ["germany", "france"]
    assert found["log"] == ["a.jsonl"] * 2


def test_hostile_words_have_no_control_characters() -> None:
    found = unpacked(table_of([group_of([record(1, name="a\x1b[2J\u202eb\nc")])]))
    assert found["name"][0].isprintable()


def test_only_first_rows_are_written_without_script() -> None:
    table = table_of([group_of(records(FIRST_ROWS + 5))])
    assert len(list(table.first_rows())) == FIRST_ROWS
    assert table.size == FIRST_ROWS + 5


def test_text_of_cause_is_that_of_status() -> None:
    sample = [record(1, Status.REJECTED, title="Not found.", campaign_status="running")]
    found = unpacked(table_of([group_of(sample)]))
    assert found["cause"] == ["HTTP 404, Not found, campaign is running"]


def test_empty_groups_make_an_empty_table() -> None:
    assert table_of([group_of([])]).size == 0
