"""The name of a run, which tells where its ids were paused."""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from bulkpause.errors import SettingsError
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Action


def new_run_id(now: datetime, endpoint_name: str) -> str:
    """Name a run so that names sort by time, never meet, and tell the endpoint."""
    tag = _endpoint_tag(endpoint_name)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-{tag}"


def check_same_run(recovery: Recovery, endpoint_name: str, log: Path) -> None:
    """Refuse to go on with a log of another endpoint.

    Raises:
        SettingsError: The log's ids were paused elsewhere.
    """
    runs = {record.run_id or "" for record in recovery.records.values()}
    runs.update(header.run for header in recovery.headers)
    tag = _endpoint_tag(endpoint_name)
    if any(run.rpartition("-")[2] != tag for run in runs):
        others = {header.base_url for header in recovery.headers}
        where = ", ".join(sorted(others - {endpoint_name})) or "another API"
        raise SettingsError(
            f"{log} is of {where}, not of {endpoint_name}; name another log"
        )


def _endpoint_tag(endpoint_name: str) -> str:
    name = f"{Action.PAUSE} {endpoint_name}"
    return hashlib.sha256(name.encode()).hexdigest()[:6]
