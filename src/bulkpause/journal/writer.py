"""Write the result log and the write-ahead log of a run.

Each request is written to the write-ahead log before it is sent, and each final
status to the result log. A line is written at once. The result log is synced in
groups, at most `SYNC_WITHIN_S` after a line was written; the write-ahead log is
synced once, when the plan is written, before anything is sent. The first failed
write or sync ends the run.

The write-ahead log is removed at the end if this run has recorded every id that it
planned or that earlier runs left unfinished.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.errors import LogError
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
from bulkpause.journal.reader import (
    LoadedLog,
    collection_paused,
    refuse_existing,
    write_ahead_path,
)
from bulkpause.journal.recovery import Recovery, recover
from bulkpause.model import (
    Action,
    Item,
    Record,
    Reply,
    timestamp,
)


#: Most seconds from the write of a record to its sync.
SYNC_WITHIN_S = 0.05


class Journal:
    """Writes the two logs of one run, and holds their locks. Use it with `async with`.

    Args:
        path: The result log. It is created with mode 0600.
        resume: Whether one of the logs may exist already.
        now: The wall clock.
        known: The logs as they were read before, which saves reading them twice if
            they have not changed. None if they were not.

    Attributes:
        recovery: The state that earlier runs left.
        warnings: The repairs that were made on opening.

    Raises:
        SettingsError: A log exists and `resume` is false.
        LogError: A log cannot be opened, read or repaired.
        LogHeldError: Another run holds a log.
    """

    def __init__(
        self,
        path: Path,
        *,
        resume: bool,
        now: Callable[[], datetime],
        known: LoadedLog | None = None,
    ) -> None:
        self._now = now
        if not resume:
            refuse_existing(path)
        with ExitStack() as stack:
            self._result_log = AppendFile(path)
            stack.callback(self._result_log.close)
            self._write_ahead_log = AppendFile(write_ahead_path(path))
            stack.callback(self._write_ahead_log.close)
            self.recovery = self._read(known)
            stack.pop_all()
        self.warnings = tuple(self._warnings())
        self._ids_without_record = set(self.recovery.unfinished)
        self._is_closing = False
        self._has_unsynced = asyncio.Event()
        self._syncer: asyncio.Task[None] | None = None

    def _read(self, known: LoadedLog | None) -> Recovery:
        """Read both logs, unless they are as they were when `known` was read."""
        if known is not None and known.states == (
            self._result_log.state,
            self._write_ahead_log.state,
        ):
            return known.recovery
        with collection_paused():
            return recover(
                decode_records(self._result_log.lines(), str(self._result_log.path)),
                decode_entries(
                    self._write_ahead_log.lines(), str(self._write_ahead_log.path)
                ),
            )

    def _warnings(self) -> Iterator[str]:
        for file in (self._result_log, self._write_ahead_log):
            if file.torn_bytes:
                cut = f"a torn last line of {file.torn_bytes} bytes was cut"
                yield f"{file.path}: {cut}; what it recorded is settled again"

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
        self._has_unsynced.set()
        log_error: LogError | None = None
        try:
            if self._syncer is not None:
                # Not cancelled: a sync in its thread still needs the open file.
                await self._syncer
            self._result_log.sync()
            if not self._ids_without_record:
                self._write_ahead_log.remove()
        except LogError as raised:
            log_error = raised
        finally:
            self.close()
        if log_error is not None and error is None:
            raise log_error

    def close(self) -> None:
        """Close both logs, which releases their locks. `async with` does it."""
        self._result_log.close()
        self._write_ahead_log.close()

    def begin(self, header: Header, items: Sequence[Item]) -> None:
        """Write the header and the plan of a run, and sync them.

        Raises:
            LogError: They cannot be written; nothing may be sent.
        """
        self._ids_without_record.update(item.id for item in items)
        self._write_ahead_log.append(encode(header))
        for line in encode_plan(items):
            self._write_ahead_log.append(line)
        self._write_ahead_log.sync()

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        """Write a request to the write-ahead log, before it is sent.

        Raises:
            LogError: It cannot be written; the request must not be sent.
        """
        self._write_ahead_log.append(
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
        """Write a response or transport error that did not settle its id.

        Raises:
            LogError: It cannot be written; nothing more may be sent.
        """
        self._write_ahead_log.append(
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
        """Write the final record of an id to the result log.

        Raises:
            LogError: It cannot be written; nothing more may be sent.
        """
        self._result_log.append(encode(record))
        self._ids_without_record.discard(record.id or "")
        self._has_unsynced.set()

    async def _sync_in_groups(self) -> None:
        while not self._is_closing:
            await self._has_unsynced.wait()
            if not self._is_closing:
                await asyncio.sleep(SYNC_WITHIN_S / 2)
                self._has_unsynced.clear()
            try:
                await asyncio.to_thread(self._result_log.sync)
            except LogError as error:
                # The result log refuses further lines. So must the write-ahead log.
                self._write_ahead_log.fail_with(error)
                return


class NullJournal:
    """Writes no logs, for programs that keep the records themselves."""

    recovery = Recovery()
    warnings: tuple[str, ...] = ()

    def begin(self, header: Header, items: Sequence[Item]) -> None:
        pass

    def sent(self, action: Action, id_: str, request_id: str) -> None:
        pass

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        pass

    def write(self, record: Record) -> None:
        pass
