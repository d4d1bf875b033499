"""Totals count every row once and add up."""

from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Record, Status
from bulkpause.report.totals import Totals, add_all


RECORDS = st.lists(st.sampled_from(Status).map(lambda s: Record(id="1", status=s)))
FEW = st.integers(min_value=0, max_value=20)


@given(records=RECORDS, left=FEW, duplicate=FEW, done=FEW)
def test_counts_add_up_to_rows(
    records: list[Record], left: int, duplicate: int, done: int
) -> None:
    rows = len(records) + left + duplicate + done
    totals = Totals(rows=rows, duplicate=duplicate, already_done=done)
    add_all(records, totals)
    assert sum(totals.counts().values()) == rows
    assert totals.not_attempted == left


@given(records=RECORDS)
def test_records_are_counted_by_their_status(records: list[Record]) -> None:
    totals = add_all(records, Totals(rows=len(records)))
    for status in Status:
        found = [record for record in records if record.status is status]
        assert totals.counts()[status.value] == len(found)


@given(before=RECORDS, after=RECORDS)
def test_totals_can_be_added_in_steps(
    before: list[Record], after: list[Record]
) -> None:
    rows = len(before) + len(after)
    in_steps = add_all(after, add_all(before, Totals(rows=rows)))
    assert in_steps == add_all(before + after, Totals(rows=rows))


def test_counts_have_these_names() -> None:
    assert list(Totals().counts()) == [
        "paused",
        "already_paused",
        "not_pausable",
        "rejected",
        "failed",
        "unknown",
        "invalid",
        "duplicate",
        "already_done",
        "not_attempted",
    ]


def test_identity_leaves_out_zero_counts() -> None:
    totals = Totals(rows=4, duplicate=1)
    totals.by_status.update([Status.PAUSED, Status.INVALID])
    assert totals.counts_as_sum() == (
        "4 rows = 1 paused + 1 invalid + 1 duplicate + 1 not_attempted"
    )


def test_identity_of_no_rows_is_zero() -> None:
    assert Totals().counts_as_sum() == "0 rows = 0"


def test_totals_with_unattempted_id_are_unfinished() -> None:
    totals = Totals(rows=2)
    totals.add(Record(id="1", status=Status.PAUSED))
    assert totals.is_unfinished
    assert not totals.is_all_paused
