"""Write the result log and the write-ahead log of a run.

Each request is written to the write-ahead log before it is sent, and each final
status to the result log. A line is written at once. The result log is synced in
groups, at most `SYNC_WITHIN_S` after a line was written; the write-ahead log is
synced once, when the plan is written, before anything is sent. With each sync, and
while requests are sent, both logs are checked to be in their places and whole. The
first failed write, sync or check ends the run.

A file that is not a log of ours is refused as it is: it is read to its end before its
torn last line is cut, and before a new file is put beside it.

The write-ahead log is removed at the end if this run has recorded every id that it
planned or that earlier runs left unfinished, and nothing failed. That of an undo which
has left all campaigns alone is kept: it names the logs that a retry marks as undone.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.errors import LogError
from bulkpause.journal.append_file import AppendFile, state_of
from bulkpause.journal.codec import (
    Answered,
    Header,
    Remembered,
    WalEntry,
    encode,
    encode_plan,
    encode_sent,
)
from bulkpause.journal.entry_fold import add_entries
from bulkpause.journal.fold import recover_records
from bulkpause.journal.last_line import WRITE_AHEAD_LOG, decode_file
from bulkpause.journal.needs import BRIEF, Needs
from bulkpause.journal.platform import SYSTEM, System
from bulkpause.journal.reader import (
    LoadedLog,
    collection_paused,
    refuse_existing,
    write_ahead_path,
)
from bulkpause.journal.record_file import RecordFile
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.repair import repair
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.model import Earlier, Item, Record, Reply
from bulkpause.vocabulary import Action


#: Most seconds from the write of a record to its sync.
SYNC_WITHIN_S = 0.05


class Journal:
    """Writes the two logs of one run, and holds their locks. Use it with `async with`.

    Args:
        path: The result log. It is created with mode 0600.
        resume: Whether one of the logs may exist already.
        known: The logs as they were read before for the same needs, which saves
            reading them twice if they have not changed. None if they were not.
        needs: What is needed of settled ids.
        on_failure: Called, on the loop's thread, with the first error of a sync or a
            check that no call of this class raises.
        system: The calls that differ between operating systems.
        sync_group: Syncs the logs of several journals; None for this one alone.

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
        known: LoadedLog | None = None,
        needs: Needs = BRIEF,
        on_failure: Callable[[LogError], None] = lambda _: None,
        system: System = SYSTEM,
        sync_group: SyncGroup | None = None,
    ) -> None:
        self._is_alone = sync_group is None
        self._sync_group = sync_group or SyncGroup()
        self._on_failure = on_failure
        self._system = system
        if not resume:
            refuse_existing(path)
        with ExitStack() as stack:
            self.recovery = self._open(path, known, needs, stack)
            stack.pop_all()
        self.warnings = tuple(self._warnings())
        self._ids_without_record = set(self.recovery.unfinished)
        self._sent_ids: set[str] = set()
        self._has_records = False
        self._has_begun = False
        #: Whether the write-ahead log alone names logs that an undo has not marked yet.
        self._names_unmarked = bool(self.recovery.unmarked)
        self._is_closing = False
        self._needs_check = asyncio.Event()
        self._needs_sync = False
        self._syncer: asyncio.Task[None] | None = None

    def _open(
        self, path: Path, known: LoadedLog | None, needs: Needs, stack: ExitStack
    ) -> Recovery:
        """Lock, read and repair both logs. On an error no new file is left."""
        ahead = write_ahead_path(path)
        is_log_there, is_ahead_there = map(os.path.lexists, (path, ahead))
        self._result_log = log = AppendFile(path, self._system)
        stack.callback(log.discard)
        records = RecordFile(log.lines, str(log.path), is_ahead_there)
        is_known = known is not None and known.states == (log.state, state_of(ahead))
        with collection_paused():
            recovery = (
                known.recovery
                if known is not None and is_known
                else recover_records(records, needs)
            )
            # Not before: nothing is put beside a file that is not a log.
            self._write_ahead_log = AppendFile(ahead, self._system)
            stack.callback(self._write_ahead_log.discard)
            if not is_known:
                entries = _read_entries(self._write_ahead_log, is_paired=is_log_there)
                add_entries(recovery, entries, records, needs)
        for file in (log, self._write_ahead_log):
            repair(file)
        return recovery

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
        self._needs_check.set()
        log_error: LogError | None = None
        try:
            if self._syncer is not None:
                # Not cancelled: a sync in its thread still needs the open file.
                await self._syncer
            if self._is_alone:
                self._end()
            else:
                # The ends of a thousand logs would hold up the loop for seconds.
                await self._sync_group.run(self._end)
        except LogError as raised:
            log_error = raised
        finally:
            # A new log without a list would only stand in the way of the next run.
            (self.close if self._has_begun else self.discard)()
        if log_error is not None and error is None:
            raise log_error

    def _end(self) -> None:
        """Sync the result log, and remove the other one if that tells no more."""
        self._sync_and_check(needs_sync=True)
        if self._is_all_recorded:
            self._write_ahead_log.remove()

    @property
    def _is_all_recorded(self) -> bool:
        """Whether the result log alone tells all that both logs tell.

        Ids that are not on record are counted by the records of this run.
        """
        is_counted = self._has_records or not self.recovery.not_on_record
        is_known = is_counted and not self._names_unmarked
        return is_known and not self._ids_without_record

    @property
    def unrecorded(self) -> frozenset[str]:
        """The ids that this run made an attempt for and has not recorded since."""
        return frozenset(self._sent_ids)

    def close(self) -> None:
        """Close both logs, which releases their locks. `async with` does it."""
        self._result_log.close()
        self._write_ahead_log.close()

    def discard(self) -> None:
        """Close both logs, and leave no file behind that is new and empty."""
        self._write_ahead_log.discard()
        self._result_log.discard()

    def begin(self, header: Header, items: Sequence[Item]) -> None:
        """Write the header and the plan of a run, and sync them.

        Raises:
            LogError: They cannot be written; nothing may be sent.
        """
        self._has_begun = True
        self._ids_without_record.update(item.id for item in items)
        if header.undone:
            self._names_unmarked = not self.recovery.may_have_resumed
        self._write_ahead_log.append(encode(header))
        for line in encode_plan(items):
            self._write_ahead_log.append(line)
        self._write_ahead_log.sync()
        self._check()

    def sent(self, action: Action, id_: str, request_id: str, at: str) -> None:
        """Write a request to the write-ahead log, before it is sent.

        Args:
            action: What is asked for.
            id_: The campaign.
            request_id: The request.
            at: When it was begun, as RFC 3339 in UTC.

        Raises:
            LogError: It cannot be written; the request must not be sent.
        """
        self._write_ahead_log.append(
            encode_sent(
                action,
                id_,
                request_id,
                at=at,
                clock_s=asyncio.get_running_loop().time(),
            )
        )
        if action is not Action.READ:
            self._sent_ids.add(id_)
            self._names_unmarked = False
        self._needs_check.set()

    def remembered(self, item: Item) -> None:
        """Write what a campaign was, before its pause is sent.

        Raises:
            LogError: It cannot be written; the pause must not be sent.
        """
        earlier = item.earlier or Earlier()
        self._write_ahead_log.append(
            encode(
                Remembered(
                    remembered=item.id,
                    status=earlier.status or "",
                    scheduled_time=earlier.scheduled_time,
                )
            )
        )
        self._needs_check.set()

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
        self._needs_check.set()

    def write(self, record: Record) -> None:
        """Write the final record of an id to the result log.

        Raises:
            LogError: It cannot be written; nothing more may be sent.
        """
        self._result_log.append(encode(record))
        self._has_records = self._needs_sync = True
        self._ids_without_record.discard(record.id or "")
        self._sent_ids.discard(record.id or "")
        self._needs_check.set()

    async def _sync_in_groups(self) -> None:
        try:
            while not self._is_closing:
                await self._needs_check.wait()
                if not self._is_closing:
                    await asyncio.sleep(SYNC_WITHIN_S / 2)
                    self._needs_check.clear()
                needs_sync, self._needs_sync = self._needs_sync, False
                await self._sync_group.run(
                    partial(self._sync_and_check, needs_sync=needs_sync)
                )
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing is synced now)
            self._fail(error)

    def _sync_and_check(self, *, needs_sync: bool) -> None:
        if needs_sync:
            self._result_log.sync()
        self._check()

    def _check(self) -> None:
        self._result_log.check()
        self._write_ahead_log.check()

    def _fail(self, error: Exception) -> None:
        """Refuse all further lines and syncs, and tell the run."""
        log_error = (
            error
            if isinstance(error, LogError)
            else LogError(f"{self._result_log.path} cannot be synced: {error}")
        )
        self._result_log.fail_with(log_error)
        self._write_ahead_log.fail_with(log_error)
        self._on_failure(log_error)


def _read_entries(file: AppendFile, *, is_paired: bool) -> Iterator[WalEntry]:
    name = str(file.path)
    lines = enumerate(file.lines(), 1)
    return decode_file(lines, name, WRITE_AHEAD_LOG, is_paired=is_paired)


class NullJournal:
    """Writes no logs, for programs that keep the records themselves."""

    warnings: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.recovery = Recovery()
        self._sent_ids: set[str] = set()

    @property
    def unrecorded(self) -> frozenset[str]:
        """The ids that this run made an attempt for and has no record of since."""
        return frozenset(self._sent_ids)

    def begin(self, header: Header, items: Sequence[Item]) -> None:
        pass

    def sent(self, action: Action, id_: str, request_id: str, at: str) -> None:  # noqa: ARG002 (part of the port)
        if action is not Action.READ:
            self._sent_ids.add(id_)

    def remembered(self, item: Item) -> None:
        pass

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        pass

    def write(self, record: Record) -> None:
        self._sent_ids.discard(record.id or "")
