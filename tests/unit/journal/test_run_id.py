"""A log belongs to one endpoint, and is resumed only while it is recent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulkpause._text import timestamp
from bulkpause.errors import SettingsError
from bulkpause.journal.codec import Header
from bulkpause.journal.fold import recover
from bulkpause.journal.run_id import (
    check_recent,
    check_same_account,
    check_same_endpoint,
    new_run_id,
)
from bulkpause.model import Record
from bulkpause.vocabulary import Status


NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
LOG = Path("log.jsonl")
URL = "https://a.example"
RECORD = Record(id="1", status=Status.PAUSED, run_id="by hand", endpoint=URL)
OLD_RECORD = replace(RECORD, endpoint=None, v=1, run_id=new_run_id(NOW, URL))
HEADER = Header(run="by hand", base_url=URL, digest="d", planned=1, boot_id="b")


def test_endpoint_is_checked_by_records_alone() -> None:
    recovery = recover([RECORD], [])
    check_same_endpoint(recovery, URL, LOG)
    with pytest.raises(SettingsError, match=f"endpoint {URL}, not to https://b"):
        check_same_endpoint(recovery, "https://b", LOG)


def test_one_record_of_other_endpoint_is_enough() -> None:
    other = replace(RECORD, id="2", endpoint="https://b")
    with pytest.raises(SettingsError, match="endpoint https://b, not to"):
        check_same_endpoint(recover([RECORD, other], []), URL, LOG)


def test_endpoint_is_checked_by_invalid_row() -> None:
    invalid = replace(RECORD, id=None, status=Status.INVALID)
    with pytest.raises(SettingsError, match="name another log"):
        check_same_endpoint(recover([invalid], []), "https://b", LOG)


def test_endpoint_is_checked_by_header() -> None:
    check_same_endpoint(recover([], [HEADER]), URL, LOG)
    with pytest.raises(SettingsError, match=f"endpoint {URL}, not to https://b"):
        check_same_endpoint(recover([], [HEADER]), "https://b", LOG)


def test_endpoint_of_version_1_is_checked_by_run_id() -> None:
    check_same_endpoint(recover([OLD_RECORD], []), URL, LOG)
    with pytest.raises(SettingsError, match="endpoint another one, not to https://b"):
        check_same_endpoint(recover([OLD_RECORD], []), "https://b", LOG)


@pytest.mark.parametrize(
    ("age_s", "within_s", "is_refused"),
    [
        (86_400, 86_400.0, False),
        (86_401, 86_400.0, True),
        (86_401, None, False),
        (61, 60.0, True),
        (-10, 0.0, False),
    ],
)
def test_old_log_is_refused(
    age_s: float, within_s: float | None, is_refused: bool
) -> None:
    finished_at = timestamp(NOW - timedelta(seconds=age_s))
    recovery = recover([replace(RECORD, finished_at=finished_at)], [])
    if not is_refused:
        check_recent(recovery, LOG, NOW, within_s)
        return
    with pytest.raises(SettingsError, match=r"log for each day, .* --resume-within"):
        check_recent(recovery, LOG, NOW, within_s)


def test_age_of_young_log_is_in_seconds() -> None:
    finished_at = timestamp(NOW - timedelta(seconds=42))
    recovery = recover([replace(RECORD, finished_at=finished_at)], [])
    with pytest.raises(SettingsError, match="is 42 s old, and campaigns"):
        check_recent(recovery, LOG, NOW, 1.0)


def test_log_without_times_has_no_age() -> None:
    check_recent(recover([RECORD], []), LOG, NOW, 0.0)


@pytest.mark.parametrize(
    ("of_log", "of_run", "remedy"),
    [
        ("simulator", URL, "; add --simulate, or name another log"),
        (URL, "https://b", f"; use --base-url {URL}, or name another log"),
        (URL, "simulator", f"; leave out --simulate, and use --base-url {URL}, or"),
    ],
)
def test_refusal_names_option_of_endpoint(
    of_log: str, of_run: str, remedy: str
) -> None:
    recovery = recover([replace(RECORD, endpoint=of_log)], [])
    with pytest.raises(SettingsError) as refused:
        check_same_endpoint(recovery, of_run, LOG)
    assert remedy in str(refused.value)


def test_account_is_checked_by_header_alone() -> None:
    recovery = recover([], [replace(HEADER, account="acme")])
    check_same_account(recovery, "acme", LOG)
    for other in (None, "globex"):
        with pytest.raises(SettingsError, match="of the account acme; "):
            check_same_account(recovery, other, LOG)


def test_account_of_older_header_is_not_guessed() -> None:
    recovery = recover([], [replace(HEADER, version=3)])
    check_same_account(recovery, "acme", LOG)  # as the name of its log says
    with pytest.raises(
        SettingsError, match="whose campaigns they are is not on record"
    ):
        check_same_account(recovery, None, LOG)


@pytest.mark.parametrize("header", [HEADER, replace(HEADER, version=1)])
def test_log_of_only_account_is_no_other(header: Header) -> None:
    check_same_account(recover([], [header]), None, LOG)
    with pytest.raises(SettingsError, match="of a run without --accounts"):
        check_same_account(recover([], [header]), "acme", LOG)
