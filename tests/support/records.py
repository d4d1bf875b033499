"""Take the records of a list that may end early, for tests that look at why elsewhere."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from bulkpause.errors import GuardRailError, StoppedError, TokenError
from bulkpause.model import Record


async def until_stopped(
    records: AsyncGenerator[Record, None],
) -> AsyncGenerator[Record, None]:
    """Give the records, and end quietly where the run was stopped."""
    with suppress(TokenError, GuardRailError, StoppedError):
        async with aclosing(records):
            async for record in records:
                yield record
