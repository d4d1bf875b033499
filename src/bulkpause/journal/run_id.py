"""Create run ids, and check by them that a log belongs to an endpoint."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from math import ceil
from pathlib import Path

from bulkpause._text import format_duration
from bulkpause.errors import SettingsError
from bulkpause.journal.recovery import Recovery
from bulkpause.operation import operation_of
from bulkpause.vocabulary import SIMULATOR, Action


def new_run_id(now: datetime, endpoint_name: str) -> str:
    """Create a unique run id that sorts by time and ends with the endpoint's tag."""
    tag = _endpoint_tag(endpoint_name)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-{tag}"


def started_at(run_id: str) -> datetime | None:
    """Tell when a run began, to the second; None if its id does not say it."""
    try:
        return datetime.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None


def check_same_endpoint(recovery: Recovery, endpoint_name: str, log: Path) -> None:
    """Refuse to resume a log that belongs to another endpoint.

    Raises:
        SettingsError: A run in the log had another endpoint.
    """
    records = [*recovery.records.values(), *recovery.invalid.values()]
    others = {record.endpoint for record in records if record.endpoint is not None}
    others.update(origin.endpoint for origin in recovery.brief.live_origins)
    others.update(header.base_url for header in recovery.headers)
    others.discard(endpoint_name)
    # Records of version 1 name the endpoint only by the tag in their run's id.
    runs = {record.run_id or "" for record in records if record.endpoint is None}
    tag = _endpoint_tag(endpoint_name)
    if others or any(run.rpartition("-")[2] != tag for run in runs):
        where = ", ".join(sorted(others)) or "another one"
        raise SettingsError(
            f"{log} belongs to the endpoint {where}, not to {endpoint_name}; "
            f"{_remedy(others, endpoint_name)}, or name another log"
        )


def check_same_account(recovery: Recovery, account: str | None, log: Path) -> None:
    """Refuse to resume a log that belongs to another account.

    Raises:
        SettingsError: The log is of another account, or does not say of which it is and
            no name tells it.
    """
    if not recovery.is_account_known and account is None:
        raise SettingsError(
            f"{log} was begun by an older bulkpause and has no record yet: whose "
            "campaigns they are is not on record, and the token may be that of another "
            "account; pause the list again in another log, or name its accounts with "
            "--accounts"
        )
    if not recovery.accounts or account in recovery.accounts:
        return
    other = recovery.account
    if account is None:
        remedy = f"pass --accounts with a file that has {other}"
    else:
        remedy = f"it is not a log of {account}; move it away"
    whose = (
        "of a run without --accounts" if other is None else f"of the account {other}"
    )
    raise SettingsError(f"{log} is {whose}; {remedy}, or name another log")


def check_same_action(recovery: Recovery, action: Action, log: Path) -> None:
    """Refuse to carry on with a log of another action.

    Raises:
        SettingsError: The log holds what another action has done.
    """
    if recovery.is_empty or recovery.action is action:
        return
    raise SettingsError(
        f"{log} is the log of {operation_of(recovery.action).noun}, not of "
        f"{operation_of(action).noun}; carry on with `bulkpause retry`, or name another "
        "log; nothing was sent"
    )


def _remedy(others: Collection[str], endpoint_name: str) -> str:
    if len(others) != 1:
        return "use its --base-url or --simulate"
    (other,) = others
    if other == SIMULATOR:
        return "add --simulate"
    instead = "leave out --simulate, and " if endpoint_name == SIMULATOR else ""
    return f"{instead}use --base-url {other}"


def check_recent(
    recovery: Recovery, log: Path, now: datetime, within_s: float | None
) -> None:
    """Refuse to resume a log that is so old that its campaigns may have been started.

    Args:
        recovery: The state that earlier runs left.
        log: The result log.
        now: The wall clock.
        within_s: The greatest age of its last line in seconds; None for any age.

    Raises:
        SettingsError: The last line is older.
    """
    age_s = recovery.age_s(now)
    if within_s is not None and age_s is not None and age_s > within_s:
        raise SettingsError(
            f"the last line of {log} is {_age_text(age_s)} old, and campaigns that it "
            "records as paused may have been started again since; use a log for each "
            f"day, or resume it with --resume-within {ceil(age_s / 3600) + 1}h; nothing "
            "was sent"
        )


def _age_text(age_s: float) -> str:
    return format_duration(age_s) if age_s < 3600 else f"{age_s / 3600:.1f} h"


def _endpoint_tag(endpoint_name: str) -> str:
    name = f"{Action.PAUSE} {endpoint_name}"
    return hashlib.sha256(name.encode()).hexdigest()[:6]
