"""Snapshots of a run at intervals."""

import asyncio
from dataclasses import replace

import pytest

from bulkpause.fleet import Fleet
from bulkpause.pauser import Pauser
from bulkpause.progress.event import Progressed
from bulkpause.progress.monitor import (
    REFRESH_S,
    Monitor,
    is_long_wait,
    refreshed,
)
from bulkpause.settings import Settings
from tests.support.progress import MIDWAY, START, RecordingDisplay


@pytest.mark.parametrize(
    ("waits_s", "idle_s", "is_long"),
    [
        (0.9, 0.0, False),
        (None, 0.0, False),
        (23.0, 0.0, True),
        (None, 3.0, True),
        (0.1, 3.0, True),
    ],
    ids=[
        "short wait",
        "unknown wait",
        "long wait ahead",
        "unknown wait, long idle",
        "short wait, long idle",
    ],
)
def test_long_wait_includes_idle_time(
    waits_s: float | None, idle_s: float, is_long: bool
) -> None:
    assert is_long_wait(waits_s, idle_s=idle_s) is is_long


@pytest.mark.anyio
async def test_final_snapshot_is_shown_before_close() -> None:
    display = RecordingDisplay()
    final = replace(MIDWAY, total=100)
    snapshots = iter([START, MIDWAY, final])
    async with refreshed(display, lambda: next(snapshots)):
        await asyncio.sleep(1.2 * REFRESH_S)
        assert not display.is_closed
    assert display.events == [Progressed(START), Progressed(MIDWAY), Progressed(final)]
    assert display.is_closed


@pytest.mark.anyio
async def test_no_time_is_said_to_be_left_before_plan() -> None:
    """The first snapshot is taken before the run has its ids."""
    display = RecordingDisplay()
    fleet = Fleet([Pauser("token", Settings())])
    now = asyncio.get_running_loop().time
    async with Monitor(fleet, 150, display, now=now).open():
        pass
    (event,) = display.events
    assert isinstance(event, Progressed)
    assert event.snapshot.left_s is None
