"""Find who shares the account of a run, for a command that is no run itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkpause.errors import SettingsError
from bulkpause.model import Companion, Sharing
from bulkpause.ratelimit.budget import codec
from bulkpause.ratelimit.budget.place import automatic_path
from bulkpause.ratelimit.budget.rules import run_id_of
from bulkpause.ratelimit.budget.state import State
from bulkpause.ratelimit.budget.store import UnusablePlaceError


#: Seconds to wait for a database that a run is writing to.
WAIT_S = 0.2


def sharing_of_run(run_id: str, *, boot_id: str, clock_s: float) -> Sharing | None:
    """Find how a run that is alive shares its account with others of this user.

    Args:
        run_id: The name of the run.
        boot_id: Names this boot.
        clock_s: Its monotonic clock in seconds.

    Returns:
        None if it does not, or shares it in a place that only the run itself knows.
    """
    try:
        path = automatic_path()
    except UnusablePlaceError:
        return None
    for state in _states_in(path, boot_id):
        sharing = _sharing_in(state, run_id, path, clock_s)
        if sharing is not None:
            return sharing
    return None


def _states_in(path: Path, boot_id: str) -> Iterator[State]:
    """Read the states of a database without changing it; none if it cannot be read."""
    query = "SELECT state FROM budget WHERE boot = ?"
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=WAIT_S)) as database:
            rows = database.execute(query, (boot_id,)).fetchall()
        yield from (codec.decode(raw, place=str(path)) for (raw,) in rows)
    except (sqlite3.Error, SettingsError):
        return


def _sharing_in(state: State, run_id: str, path: Path, now: float) -> Sharing | None:
    alive = {
        run_id_of(owner): member
        for owner, member in state.members.items()
        if member.lease_until > now
    }
    if (own := alive.pop(run_id, None)) is None:
        return None
    others = tuple(Companion(name, m.priority, m.since) for name, m in alive.items())
    return Sharing(
        place=str(path), priority=own.priority, companions=others, met=others
    )
