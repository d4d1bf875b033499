"""A run is planned from its whole input, a retry from the statuses of its log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bulkpause._text import timestamp
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import RETRIABLE, RETRIED_BY_DEFAULT, Options
from bulkpause.cli.preflight import Prepared, prepare
from bulkpause.errors import GuardRailError, SettingsError
from bulkpause.journal.codec import Header, encode, encode_plan
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Item, Record
from bulkpause.plan import digest
from bulkpause.settings import Settings
from bulkpause.vocabulary import Status


SETTINGS = Settings(base_url="https://api.example")
IDS = ["1001", "1002", "1003", "1004"]
STATUSES = {"1001": Status.PAUSED, "1002": Status.FAILED, "1003": Status.REJECTED}


def write_log(log: Path, *, age: timedelta = timedelta(0)) -> None:
    """Write the log of a killed run that has not attempted its last id."""
    at = datetime.now(UTC) - age
    run, name = new_run_id(at, SETTINGS.endpoint_name), SETTINGS.endpoint_name
    records = [
        Record(
            id=id_,
            status=status,
            started_at=timestamp(at),
            finished_at=timestamp(at),
            run_id=run,
            planned=len(IDS),
            endpoint=name,
        )
        for id_, status in STATUSES.items()
    ]
    header = Header(
        run=run, base_url=name, digest=digest(IDS), planned=len(IDS), boot_id=""
    )
    items = [Item(id=id_, row=row) for row, id_ in enumerate(IDS, 1)]
    log.write_bytes(b"".join(map(encode, records)))
    wal = encode(header) + b"".join(encode_plan(items))
    log.with_name("log.jsonl.wal").write_bytes(wal)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "ids.txt").write_text("\n".join(IDS))
    write_log(log := tmp_path / "log.jsonl")
    return log


def resumed(log: Path, **options: Any) -> Prepared:
    source = str(log.with_name("ids.txt"))
    return prepare(
        Options(inputs=(source,), settings=SETTINGS, log=log, resume=True, **options),
        Notices(are_held=False),
    )


def retried(log: Path, **options: Any) -> Prepared:
    return prepare(
        Options(inputs=(), settings=SETTINGS, log=log, resume=True, **options),
        Notices(are_held=False),
    )


def ids_of(prepared: Prepared) -> list[str]:
    return [item.id for item in prepared.plan.items]


def test_resumed_run_sends_unsettled_ids_of_input(log: Path) -> None:
    found = resumed(log)
    assert ids_of(found) == ["1002", "1004"]
    assert (found.plan.rows, found.plan.already_done) == (4, 2)


def test_guards_are_held_against_whole_input(log: Path) -> None:
    found = resumed(log, expect=4, digest=digest(IDS))
    assert (ids_of(found), found.digest) == (["1002", "1004"], digest(IDS))


@pytest.mark.parametrize(
    "guards", [{"expect": 2}, {"digest": digest(["1002", "1004"])}], ids=str
)
def test_guards_of_what_is_left_are_refused(log: Path, guards: dict[str, Any]) -> None:
    with pytest.raises(GuardRailError, match="nothing was sent"):
        resumed(log, **guards)


@pytest.mark.parametrize(
    ("statuses", "ids"),
    [
        (RETRIED_BY_DEFAULT, ["1002", "1004"]),
        (("rejected",), ["1003"]),
        (("not_attempted",), ["1004"]),
        (("failed", "rejected"), ["1002", "1003"]),
        (RETRIABLE, ["1002", "1003", "1004"]),
        (("already_paused",), []),
    ],
    ids=str,
)
def test_retry_takes_ids_with_named_statuses(
    log: Path, statuses: tuple[str, ...], ids: list[str]
) -> None:
    found = retried(log, retried=statuses, expect=len(ids))
    assert sorted(ids_of(found)) == ids


def test_retry_expects_ids_that_it_sends(log: Path) -> None:
    with pytest.raises(GuardRailError, match="there are 2 ids to pause"):
        retried(log, expect=4)


def test_old_log_is_refused_with_remedy(log: Path) -> None:
    write_log(log, age=timedelta(hours=25))
    with pytest.raises(SettingsError, match="--resume-within"):
        resumed(log, resume_within_s=86_400.0)
    assert ids_of(resumed(log, resume_within_s=26 * 3600.0)) == ["1002", "1004"]


def test_retry_of_old_log_warns(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_log(log, age=timedelta(days=3))
    assert sorted(ids_of(retried(log))) == ["1002", "1004"]
    assert "log.jsonl is 3 days old" in capsys.readouterr().err
