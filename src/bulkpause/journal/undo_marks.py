"""Mark the logs of an undo when it comes to resume a campaign, and not before.

Between the plan of an undo and its first resume request, every campaign is still as the
logs record it. An undo that ends by then has taken nothing back.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bulkpause.journal.codec import UndoMark
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.journal.undone import mark_undone, opened_to_mark


class UndoMarks:
    """Marks the logs whose pauses a run takes back, once, before its first resume.

    An undo that resumes nothing leaves them as they are.

    Args:
        logs: The logs, or links to them.
        mark: The mark.
        sync_group: Writes it in a thread.

    Attributes:
        logs: The logs.
    """

    def __init__(
        self, logs: Sequence[Path], mark: UndoMark, sync_group: SyncGroup
    ) -> None:
        self.logs, self._mark = logs, mark
        self._sync_group = sync_group
        self._writing = asyncio.Lock()
        self._are_written = not logs

    def begin(self, own: Recovery) -> None:
        """Check that the logs can be marked; mark them if they may be undone already.

        Args:
            own: What earlier runs left in the log of the undo.

        Raises:
            LogError: One cannot be marked, also because a run holds it; nothing may be
                sent.
        """
        if not self._are_written and own.may_have_resumed:
            self._write()
        for log in () if self._are_written else self.logs:
            with opened_to_mark(log):
                pass

    async def write(self) -> None:
        """Mark the logs, unless they are marked. Await it before a resume is sent.

        Raises:
            LogError: One cannot be marked; nothing may be resumed.
        """
        if self._are_written:
            return
        async with self._writing:
            if not self._are_written:
                await self._sync_group.run(self._write)

    def _write(self) -> None:
        for log in self.logs:
            mark_undone(log, self._mark)
        self._are_written = True
