from pathlib import Path

import pytest

from bulkpause.journal.codec import encode
from bulkpause.journal.needs import BRIEF, WHOLE, Needs
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.lister import Listed
from bulkpause.listing.campaign import Campaign
from bulkpause.log_comparison import CAMPAIGNS_SHOWN, Comparison, LogIds, ids_of_log
from bulkpause.model import Record, Status


def log(*ids: str, name: str = "a.jsonl", gap: str | None = None) -> LogIds:
    return LogIds(log=name, statuses=dict.fromkeys(ids, "paused"), gap=gap)


def comparison(
    *logs: LogIds, running: tuple[str, ...] = (), doubt: str | None = None
) -> Comparison:
    campaigns = tuple(Campaign(id=id_, status="running") for id_ in running)
    listed = Listed(
        campaigns=campaigns, total=len(running), doubt=doubt, requests=2, sweeps=2
    )
    return Comparison(
        logs=logs, statuses=("running", "scheduled"), listed=listed, host="api"
    )


def recorded(path: Path, needs: Needs) -> Recovery:
    """Read a log with one paused id as a run writes it."""
    record = Record(
        id="1",
        status=Status.PAUSED,
        http_status=204,
        attempts=1,
        row=1,
        request_id="r-1",
        latency_ms=60.0,
        started_at="2026-01-01T00:00:00.000Z",
        finished_at="2026-01-01T00:00:01.000Z",
        run_id="r",
        planned=1,
        endpoint="simulator",
    )
    path.write_bytes(encode(record))
    return read_recovery(path, needs)


def test_settled_ids_are_compared(tmp_path: Path) -> None:
    recovery = recorded(tmp_path / "log.jsonl", WHOLE)

    held = ids_of_log("log.jsonl", recovery)

    assert (held.statuses, held.gap) == ({"1": "paused"}, None)


def test_ids_in_brief_are_never_left_out(tmp_path: Path) -> None:
    recovery = recorded(tmp_path / "log.jsonl", BRIEF)

    with pytest.raises(ValueError, match="in brief"):
        ids_of_log("log.jsonl", recovery)


def test_log_without_ids_is_no_all_clear() -> None:
    assert ids_of_log("log.jsonl", Recovery()).gap == "has no ids on record"


def test_nothing_of_log_runs() -> None:
    result = comparison(log("1", "2"), running=("7",))

    assert list(result.lines()) == [
        "0 of 2 ids of a.jsonl are running or scheduled",
        "1 other campaign on api is running or scheduled",
    ]
    assert (result.running, result.doubts) == ([], [])


def test_running_id_is_named_with_its_record() -> None:
    result = comparison(log("1"), running=("1",))

    assert list(result.lines()) == [
        "1 of 1 id of a.jsonl is running or scheduled",
        "  1: running now, paused on record",
    ]


def test_last_log_of_an_id_counts() -> None:
    later = LogIds(log="b.jsonl", statuses={"1": "failed"}, gap=None)

    lines = list(comparison(log("1", "2"), later, running=("1",)).lines())

    assert lines[0] == "1 of 2 ids of a.jsonl, b.jsonl is running or scheduled"
    assert lines[1] == "  1: running now, failed on record"


def test_many_running_ids_are_counted() -> None:
    ids = tuple(map(str, range(CAMPAIGNS_SHOWN + 2)))

    lines = list(comparison(log(*ids), running=ids).lines())

    assert len(lines) == CAMPAIGNS_SHOWN + 2
    assert lines[-1] == "  and 2 more"


@pytest.mark.parametrize(
    ("gap", "doubt", "expected"),
    [
        (
            "lacks 3 planned ids",
            None,
            ["not certain: a.jsonl lacks 3 planned ids"],
        ),
        (None, "why", ["not certain: the list may be incomplete: why"]),
    ],
)
def test_doubts_are_said(
    gap: str | None, doubt: str | None, expected: list[str]
) -> None:
    lines = list(comparison(log("1", gap=gap), doubt=doubt).lines())

    assert lines[1:] == expected


def test_invalid_rows_cannot_be_compared() -> None:
    held = LogIds(log="a.jsonl", statuses={"1": "paused"}, gap=None, invalid=2)

    lines = list(comparison(held).lines())

    assert lines[-1] == "2 rows without a valid id cannot be compared"


def test_comparison_is_also_data() -> None:
    result = comparison(log("1"), running=("1", "7")).as_dict()

    assert (result["ids"], result["listed"], result["others"]) == (1, 2, 1)
    assert result["complete"] is True
    assert result["running"] == [
        {
            **Campaign(id="1", status="running").as_dict(),
            "status_on_record": "paused",
        }
    ]
