"""The result log and its write-ahead file: what a run writes, and when it is safe.

Before a request there is a line in the write-ahead file, after the last word on an
id a line in the log, each written at once. The log is synced in groups, at most
`SYNC_WITHIN_S` after a line; of the write-ahead file the plan is, before anything is
sent. The first write or sync that fails ends the run.

The write-ahead file is removed when nothing is open any more: every id that was
planned has its final record.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.errors import LogError, SettingsError
from bulkpause.journal.append_file import AppendFile
from bulkpause.journal.codec import (
    Answered,
    Header,
    Sent,
    decode_entries,
    decode_records,
    encode,
    encode_plan,
)
from bulkpause.journal.reader import LoadedLog, _nothing_to_collect, write_ahead_path
from bulkpause.journal.recovery import Recovery, recover
from bulkpause.model import (
    Action,
    Item,
    Record,
    Reply,
    timestamp,
)


#: Seconds from a line's write to the sync that takes it to the disk.
SYNC_WITHIN_S = 0.05


class Journal:
    """Keeps the records of one run at a time. Use it with `async with`.

    Args:
        path: The log. It is created with mode 0600.
        is_resumed: Whether it may be there already.
        now: The wall clock.
        known: What was read before; None if nothing was.

    Attributes:
        recovery: What earlier runs left.
        warnings: What was mended on opening.

    Raises:
        SettingsError: It exists and is not to be resumed.
        LogError: It cannot be opened, read or mended.
        LogHeldError: Another run holds it.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_resumed: bool,
        now: Callable[[], datetime],
        known: LoadedLog | None = None,
    ) -> None:
        self._now = now
        ahead = write_ahead_path(path)
        there = [file for file in (path, ahead) if os.path.lexists(file)]
        if there and not is_resumed:
            remedy = "go on with --resume, or name another log"
            raise SettingsError(f"{there[0]} exists and is not overwritten; {remedy}")
        with ExitStack() as stack:
            self._log = AppendFile(path)
            stack.callback(self._log.close)
            self._ahead = AppendFile(ahead)
            stack.callback(self._ahead.close)
            self.recovery = self._read(known)
            stack.pop_all()
        self.warnings = tuple(self._warnings())
        self._open = set(self.recovery.unfinished)
        self._is_closing = False
        self._news = asyncio.Event()
        self._syncer: asyncio.Task[None] | None = None

    def _read(self, known: LoadedLog | None) -> Recovery:
        """Read the files, if they do not stand as they did when they were read."""
        if known is not None and known.states == (self._log.state, self._ahead.state):
            return known.recovery
        with _nothing_to_collect():
            return recover(
                decode_records(self._log.lines(), str(self._log.path)),
                decode_entries(self._ahead.lines(), str(self._ahead.path)),
            )

    def _warnings(self) -> Iterator[str]:
        for file in (self._log, self._ahead):
            if file.torn_bytes:
                what = f"a torn last line of {file.torn_bytes} bytes was cut"
                yield f"{file.path}: {what}; what it was about is settled again"

    async def __aenter__(self) -> Self:
        self._syncer = asyncio.create_task(self._sync_in_groups())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing = True
        self._news.set()
        failed: LogError | None = None
        try:
            if self._syncer is not None:
                # Not cancelled: the files stay open until their last sync is through.
                await self._syncer
            self._log.sync()
            if not self._open:
                self._ahead.remove()
        except LogError as raised:
            failed = raised
        finally:
            self._log.close()
            self._ahead.close()
        if failed is not None and error is None:
            raise failed

    def begin(self, header: Header, items: list[Item]) -> None:
        """Write down what a run is about to do. On the disk when this returns."""
        self._open.update(item.id for item in items)
        self._ahead.append(encode(header))
        for line in encode_plan(items):
            self._ahead.append(line)
        self._ahead.sync()

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        """Write down a request that is about to be written.

        Raises:
            LogError: It cannot be; the request must not be sent.
        """
        self._ahead.append(
            encode(
                Sent(
                    sent=id_,
                    action=action,
                    request_id=request_id,
                    at=timestamp(self._now()),
                    clock_s=asyncio.get_running_loop().time(),
                )
            )
        )

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        """Write down an answer that did not settle its id.

        Raises:
            LogError: It cannot be; nothing more may be sent.
        """
        self._ahead.append(
            encode(
                Answered(
                    answered=id_,
                    request_id=request_id,
                    http_status=reply.http_status,
                    trace_id=reply.trace_id,
                    error=reply.error,
                    is_doubtful=is_in_doubt,
                )
            )
        )

    def write(self, record: Record) -> None:
        """Write down the final word on an id.

        Raises:
            LogError: It cannot be; nothing more may be sent.
        """
        self._log.append(encode(record))
        self._open.discard(record.id or "")
        self._news.set()

    async def _sync_in_groups(self) -> None:
        while not self._is_closing:
            await self._news.wait()
            if not self._is_closing:
                await asyncio.sleep(SYNC_WITHIN_S / 2)
                self._news.clear()
            try:
                await asyncio.to_thread(self._log.sync)
            except LogError:
                # The file remembers it and refuses the next line. So must the other.
                self._ahead.fail_like(self._log)
                return


class NullJournal:
    """Keeps nothing, for programs that keep the records themselves."""

    recovery = Recovery()
    warnings: tuple[str, ...] = ()

    def begin(self, header: Header, items: list[Item]) -> None:
        pass

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        pass

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        pass

    def write(self, record: Record) -> None:
        pass
