from pathlib import Path

import pytest

from bulkpause.journal.codec import encode
from bulkpause.journal.needs import BRIEF, WHOLE, Needs
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.recovery import Recovery
from bulkpause.lister import Listed
from bulkpause.listing.campaign import Campaign
from bulkpause.log_comparison import (
    CAMPAIGNS_SHOWN,
    AccountComparisons,
    Comparison,
    LogIds,
    ids_of_log,
)
from bulkpause.model import Record
from bulkpause.operation import QUIET
from bulkpause.vocabulary import Status


def log(*ids: str, name: str = "a.jsonl", gap: str | None = None) -> LogIds:
    return LogIds(log=name, statuses=dict.fromkeys(ids, "paused"), gap=gap)


def comparison(
    *logs: LogIds, doubt: str | None = None, **statuses: str | None
) -> Comparison:
    """Compare logs with campaigns, whose ids have a letter before them here."""
    campaigns = tuple(
        Campaign(id=name[1:], status=status) for name, status in statuses.items()
    )
    listed = Listed(
        campaigns=campaigns, total=len(campaigns), doubt=doubt, requests=2, sweeps=2
    )
    return Comparison(logs=logs, listed=listed, host="api")


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
    result = comparison(log("1", "2"), c1="paused", c2="Sent", c7="running")

    assert list(result.lines()) == [
        "0 of 2 ids of a.jsonl are running or scheduled",
        "1 other campaign on api is running or scheduled",
    ]
    assert (result.running, result.doubts) == ([], [])


@pytest.mark.parametrize("status", ["running", "SCHEDULED", " active "])
def test_running_id_is_named_with_its_record(status: str) -> None:
    result = comparison(log("1"), c1=status)

    assert list(result.lines()) == [
        "1 of 1 id of a.jsonl is running or scheduled",
        f"  1: {status} now, paused on record",
    ]


@pytest.mark.parametrize("status", ["sending", "", None])
def test_unknown_status_may_be_running(status: str | None) -> None:
    result = comparison(log("1", "2"), c1=status, c2="paused")

    assert list(result.lines()) == [
        (
            "0 of the 1 id of a.jsonl whose status is known are running or scheduled, "
            "1 more may be"
        ),
        "1 id has a status of which it is not known what it means",
        f"  1: {status or 'no status'} now, paused on record",
    ]
    assert [one.id for one in result.running] == ["1"]


@pytest.mark.parametrize("status", sorted(QUIET))
def test_quiet_status_is_no_doubt(status: str) -> None:
    result = comparison(log("1"), c1=status.upper())

    assert (result.running, result.doubts) == ([], [])


def test_ids_that_are_not_listed_are_doubt() -> None:
    result = comparison(log("1", "2", "3"), c2="paused")

    assert next(result.lines()) == (
        "0 of the 1 id of a.jsonl whose status is known are running or scheduled, 2 "
        "more may be"
    )
    assert result.doubts == [
        (
            "2 ids are not among the 1 campaign of this account, deleted or of another "
            "one: 1, 3"
        )
    ]
    assert result.as_dict()["not_listed"] == ["1", "3"]


def test_log_of_another_account_is_doubt() -> None:
    result = comparison(log("1", "2"), c7="paused")

    assert next(result.lines()) == (
        "it is not known whether any of 2 ids of a.jsonl is running or scheduled"
    )
    assert result.doubts == [
        (
            "none of 2 ids of a.jsonl is among the 1 campaign of this account: use the "
            "token of the account that was paused"
        )
    ]


def test_last_log_of_an_id_counts() -> None:
    later = LogIds(log="b.jsonl", statuses={"1": "failed"}, gap=None)

    lines = list(comparison(log("1", "2"), later, c1="running", c2="paused").lines())

    assert lines[0] == "1 of 2 ids of a.jsonl, b.jsonl is running or scheduled"
    assert lines[1] == "  1: running now, failed on record"


def test_many_running_ids_are_counted() -> None:
    ids = tuple(map(str, range(CAMPAIGNS_SHOWN + 2)))

    all_running = dict.fromkeys((f"c{id_}" for id_ in ids), "running")
    lines = list(comparison(log(*ids), **all_running).lines())

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
    lines = list(comparison(log("1", gap=gap), doubt=doubt, c1="paused").lines())

    assert lines[1:] == expected
    assert lines[0].endswith("; others may be") is (gap is not None)


def test_invalid_rows_cannot_be_compared() -> None:
    held = LogIds(log="a.jsonl", statuses={"1": "paused"}, gap=None, invalid=2)

    lines = list(comparison(held, c1="paused").lines())

    assert lines[-1] == "2 rows without a valid id cannot be compared"


def test_comparison_is_also_data() -> None:
    result = comparison(log("1"), c1="running", c7="running").as_dict()

    assert (result["ids"], result["known"], result["listed"]) == (1, 1, 2)
    assert result["others"] == 1
    assert result["complete"] is True
    assert result["running"] == [
        {
            **Campaign(id="1", status="running").as_dict(),
            "status_on_record": "paused",
        }
    ]


def test_one_account_is_compared_as_it_is() -> None:
    one = comparison(log("1"), c1="running")
    every = AccountComparisons(of_account={None: one}, doubts={})

    assert list(every.lines()) == list(one.lines())
    assert every.as_dict() == one.as_dict()


def test_accounts_that_need_a_look_are_shown() -> None:
    every = AccountComparisons(
        of_account={
            "acme": comparison(log("1", "2"), c1="running", c2="paused"),
            "globex": comparison(log("1"), c1="paused"),
            "zoo": comparison(log("1", gap="lacks 1 planned id"), c1="paused"),
        },
        doubts={"dead": "the API rejected the token"},
    )

    assert list(every.lines()) == [
        "1 of 4 ids of 3 accounts is running or scheduled; others may be",
        "acme: 1 of 2 ids of a.jsonl is running or scheduled",
        "acme:   1: running now, paused on record",
        "zoo: 0 of 1 id of a.jsonl are running or scheduled; others may be",
        "zoo: not certain: a.jsonl lacks 1 planned id",
        "dead: not certain: the API rejected the token",
    ]
    result = every.as_dict()
    assert (result["ids"], result["known"]) == (4, 4)
    assert list(result["accounts"]) == ["acme", "globex", "zoo", "dead"]  # type: ignore[call-overload]


def test_undo_of_a_log_is_named() -> None:
    held = LogIds(
        log="a.jsonl", statuses={"1": "paused"}, gap=None, undone_by="u.jsonl"
    )
    result = comparison(held, c1="running")

    assert list(result.lines())[-1] == (
        "an undo of a.jsonl was begun, which may have resumed some: u.jsonl"
    )
    assert result.as_dict()["undone_by"] == ["u.jsonl"]
