"""Create run ids, and check by them that a log belongs to an endpoint."""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from bulkpause.errors import SettingsError
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Action


def new_run_id(now: datetime, endpoint_name: str) -> str:
    """Create a unique run id that sorts by time and ends with the endpoint's tag."""
    tag = _endpoint_tag(endpoint_name)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-{tag}"


def check_same_endpoint(recovery: Recovery, endpoint_name: str, log: Path) -> None:
    """Refuse to resume a log that belongs to another endpoint.

    Raises:
        SettingsError: A run in the log had another endpoint.
    """
    runs = {record.run_id or "" for record in recovery.records.values()}
    runs.update(header.run for header in recovery.headers)
    tag = _endpoint_tag(endpoint_name)
    if any(run.rpartition("-")[2] != tag for run in runs):
        others = {header.base_url for header in recovery.headers}
        others.update(
            record.endpoint for record in recovery.records.values() if record.endpoint
        )
        where = ", ".join(sorted(others - {endpoint_name})) or "another one"
        raise SettingsError(
            f"{log} belongs to the endpoint {where}, not to {endpoint_name}; use its "
            "--base-url or --simulate, or name another log"
        )


def _endpoint_tag(endpoint_name: str) -> str:
    name = f"{Action.PAUSE} {endpoint_name}"
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def check_recent(
    recovery: Recovery, log: Path, now: datetime, within_s: float | None
) -> None:
    """Refuse to resume a log whose last line is old.

    Raises:
        SettingsError: The last line is older than `within_s` seconds.
    """
    age_s = recovery.age_s(now)
    if within_s is not None and age_s is not None and age_s > within_s:
        raise SettingsError(
            f"the last record of {log} is {age_s / 3600:.0f} h old; use a log for each "
            "day, or a longer --resume-within; nothing was sent"
        )
