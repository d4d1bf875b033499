"""A step that guesses the state does what one that reads it would do."""

import asyncio
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause.ratelimit.budget.sqlite import Database


pytestmark = pytest.mark.unmeasured


def _database(path: Path) -> Database:
    return Database(path, clock=time.monotonic, boot_id="boot", wall_clock=time.time)


async def _written(writers: str, path: Path) -> list[str]:
    """Let each writer add its name to what it finds, and give what each found."""
    databases = {writer: _database(path) for writer in set(writers)}
    found = []
    for database in databases.values():
        await database.open()
    for writer in writers:

        def add(
            state: bytes | None, _now: float, writer: str = writer
        ) -> tuple[bytes, str]:
            before = (state or b"").decode()
            return f"{before}{writer}".encode(), before

        found.append(await databases[writer].step("account", add, 60.0))
    for database in databases.values():
        await database.close()
    return found


@settings(max_examples=40, deadline=None)
@given(st.text("abc", min_size=1, max_size=24))
def test_no_step_of_any_run_is_lost(writers: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_written(writers, Path(folder) / "budget.sqlite"))
    assert found == [writers[:n] for n in range(len(writers))]
