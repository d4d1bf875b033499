"""What earlier runs left open stays in the totals of a run."""

from typing import Any

import pytest

from bulkpause.cli.commands.run import totals_of_plan
from bulkpause.cli.options import Options
from bulkpause.journal.codec import Header
from bulkpause.journal.fold import recover
from bulkpause.journal.needs import Needs
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Item, Record, Status
from bulkpause.plan import Plan
from bulkpause.settings import Settings


RUN = Options(inputs=("ids.txt",), settings=Settings())
RETRY = Options(inputs=(), settings=Settings())


def plan_of(*ids: str, already_done: int = 0) -> Plan:
    items = tuple(Item(id=id_, row=row) for row, id_ in enumerate(ids, 1))
    return Plan(
        rows=len(ids) + already_done,
        items=items,
        invalid_rows=(),
        duplicate=0,
        already_done=already_done,
    )


def log_of(
    *statuses: Status,
    planned: int | None = None,
    whole: frozenset[Status] = frozenset(),
    **fields: Any,
) -> Recovery:
    """Make the state of a log whose ids are 1, 2, 3 and so on."""
    count = len(statuses) if planned is None else planned
    records = [
        Record(
            id=str(number),
            status=status,
            run_id="run",
            **{"planned": count, "endpoint": "simulator", **fields},
        )
        for number, status in enumerate(statuses, 1)
    ]
    return recover(records, [], Needs(whole=whole))


def test_retry_counts_ids_that_it_leaves_open() -> None:
    log = log_of(Status.PAUSED, Status.FAILED, Status.UNKNOWN, Status.REJECTED)
    totals = totals_of_plan(plan_of("2"), log, RETRY)
    assert totals.open_before == {"unknown": 1, "rejected": 1}
    assert totals.not_paused_before == 1


def test_retried_rejected_id_is_not_counted_before() -> None:
    log = log_of(Status.PAUSED, Status.REJECTED, whole=frozenset({Status.REJECTED}))
    totals = totals_of_plan(plan_of("2"), log, RETRY)
    assert (totals.open_before.total(), totals.not_paused_before) == (0, 0)
    totals.add(Record(id="2", status=Status.PAUSED))
    assert totals.is_all_paused


def test_retry_counts_ids_not_on_record() -> None:
    log = log_of(Status.PAUSED, Status.FAILED, planned=7)
    totals = totals_of_plan(plan_of("2"), log, RETRY)
    assert (totals.rows, totals.not_on_record, totals.not_attempted) == (6, 5, 6)


def test_retry_counts_ids_not_attempted_that_it_leaves() -> None:
    header = Header(run="r", base_url="simulator", digest="", planned=2, boot_id="")
    log = recover([], [header, (Item(id="1", row=1), Item(id="2", row=2))])
    totals = totals_of_plan(plan_of("1"), log, RETRY)
    assert totals.open_before == {"not_attempted": 1}


@pytest.mark.parametrize(("options", "is_known"), [(RUN, True), (RETRY, False)])
def test_plan_of_retry_is_that_of_its_log(options: Options, is_known: bool) -> None:
    log = log_of(Status.PAUSED, v=1, planned=None, endpoint=None)
    log_without_plan = recover(
        [Record(id="1", status=Status.PAUSED, run_id="run", v=1)], []
    )
    assert totals_of_plan(plan_of(), log, options).is_plan_known
    found = totals_of_plan(plan_of(), log_without_plan, options)
    assert found.is_plan_known is is_known


def test_run_counts_ids_rejected_before() -> None:
    log = log_of(Status.PAUSED, Status.REJECTED, Status.FAILED)
    totals = totals_of_plan(plan_of("3", already_done=2), log, RUN)
    assert totals.open_before == {"rejected": 1}
    assert (totals.rows, totals.not_on_record) == (3, 0)
