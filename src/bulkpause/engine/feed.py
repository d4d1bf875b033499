"""Hand records from the tasks that make them to the one that takes them."""

import asyncio
from collections.abc import Sequence

from bulkpause.model import Record


class Feed:
    """Records in the order in which they were put, taken all together."""

    def __init__(self) -> None:
        self._waiting: list[Record] = []
        self._has_news = asyncio.Event()
        self._is_over = False

    def put(self, record: Record) -> None:
        """Add a record. It never waits."""
        self._waiting.append(record)
        self._has_news.set()

    def end(self) -> None:
        """Say that no more records come."""
        self._is_over = True
        self._has_news.set()

    async def take(self) -> Sequence[Record]:
        """Wait for records, and take all that are there; none at the end."""
        if not self._waiting and not self._is_over:
            self._has_news.clear()
            await self._has_news.wait()
        taken, self._waiting = self._waiting, []
        return taken
