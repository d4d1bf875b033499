"""Publish the metrics of a run at intervals, in its event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bulkpause.cli.job_metrics import JobMetrics, Warn
from bulkpause.report.totals import Totals


#: Seconds between two writes of the file.
INTERVAL_S = 15.0


@asynccontextmanager
async def published(
    metrics: JobMetrics, totals: Callable[[], Totals], warn: Warn
) -> AsyncIterator[None]:
    """Publish the state of a run now and every `INTERVAL_S`, until the context is left.

    Args:
        metrics: Where it is published.
        totals: Gives the totals so far.
        warn: Is told once why the file cannot be written.
    """
    task = asyncio.create_task(_publish_often(metrics, totals, warn))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _publish_often(
    metrics: JobMetrics, totals: Callable[[], Totals], warn: Warn
) -> None:
    while True:
        metrics.publish(totals())
        await asyncio.sleep(INTERVAL_S)
        metrics.warn_of_fault(warn)
