"""Read a result log and its write-ahead log, without locking them."""

import gc
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause._value import value
from bulkpause.errors import LogError, SettingsError
from bulkpause.journal.append_file import FileState, read_lines, state_of
from bulkpause.journal.checksum import MARK_START
from bulkpause.journal.fold import recover
from bulkpause.journal.needs import BRIEF, Needs
from bulkpause.journal.record_file import RecordFile
from bulkpause.journal.recovery import Recovery
from bulkpause.vocabulary import Status


# Decoding is imported on use: of most logs the lines are taken without it.
if TYPE_CHECKING:
    from bulkpause.journal.codec import WalEntry
    from bulkpause.model import Columns, Record


#: What the name of a write-ahead log adds to that of its result log.
WAL_SUFFIX = ".wal"


def write_ahead_path(log: Path) -> Path:
    """Give the path of the write-ahead log of a result log.

    It stands beside the file itself, not beside a link to it.
    """
    # Path.resolve raises at a loop of links.
    file = Path(os.path.realpath(log)) if log.is_symlink() else log
    return file.with_name(f"{file.name}{WAL_SUFFIX}")


def exists(log: Path) -> bool:
    """Check whether a result log or its write-ahead log exists, also as a dead link."""
    return any(os.path.lexists(path) for path in (log, write_ahead_path(log)))


def refuse_existing(
    log: Path, *, remedy: str = "resume it with resume=True, or name another"
) -> None:
    """Refuse to begin a new log where there is one.

    Args:
        log: The result log.
        remedy: The remedy, in the words of the caller's interface.

    Raises:
        SettingsError: The log or its write-ahead log exists.
    """
    for path in (log, write_ahead_path(log)):
        if os.path.lexists(path):
            raise SettingsError(
                f"{path} exists and is never overwritten: {remedy}; nothing was sent"
            )


@value(kw_only=False)
class LoadedLog:
    """The recovery from a log, and the state of its two files before they were read.

    Writing to a file, cutting or deleting it changes its state, so the recovery is
    current while the states are the same.
    """

    recovery: Recovery
    states: tuple[FileState, FileState]


def read_log(log: Path, needs: Needs = BRIEF) -> LoadedLog:
    """Read a result log and its write-ahead log, with their states.

    Args:
        log: The result log.
        needs: What is needed of settled ids.

    Raises:
        LogError: One of them cannot be read, is damaged, of several accounts, or of a
            newer version.
    """
    ahead = write_ahead_path(log)
    states = state_of(log), state_of(ahead)
    with collection_paused():
        entries = _entries(_open_now(ahead, states[1]), log)
        recovery = recover(_records(log), entries, needs)
    _check_one_account(recovery, log)
    return LoadedLog(recovery, states)


def _check_one_account(recovery: Recovery, log: Path) -> None:
    """Refuse a log of several accounts, where one id is several campaigns.

    Raises:
        LogError: It is one.
    """
    if len(recovery.accounts) > 1:
        names = ", ".join(
            sorted(name or "a run without accounts" for name in recovery.accounts)
        )
        raise LogError(
            f"{log} holds lines of several accounts ({names}), so that an id in it may "
            "be several campaigns; name the logs of its accounts, each in a file of its "
            "own"
        )


def read_recovery(log: Path, needs: Needs = BRIEF) -> Recovery:
    """Read a result log and its write-ahead log, as `read_log` does."""
    return read_log(log, needs).recovery


def latest_records(
    log: Path, loaded: LoadedLog, statuses: AbstractSet[str] = frozenset(Status)
) -> "Iterator[Record]":
    """Give the latest record of each id: in brief first, then `Recovery.latest`.

    Args:
        log: The result log.
        loaded: What was read of it before.
        statuses: The statuses that are needed; others may be left out.

    Raises:
        LogError: The log cannot be read, or was replaced or shortened since.
    """
    if _are_in_brief(statuses, loaded):
        yield from records_in_brief(log, loaded)
    yield from loaded.recovery.latest.values()


def latest_columns(
    log: Path, loaded: LoadedLog, statuses: AbstractSet[str], names: Sequence[str]
) -> "Iterator[Columns]":
    """Give fields of the records that `latest_records` gives, as columns.

    Args:
        log: The result log.
        loaded: What was read of it before.
        statuses: The statuses that are needed; others may be left out.
        names: The fields, a column each.

    Raises:
        LogError: The log cannot be read, or was replaced or shortened since.
    """
    from bulkpause.journal.columns import columns_of_lines  # noqa: PLC0415
    from bulkpause.model import columns_of  # noqa: PLC0415

    if _are_in_brief(statuses, loaded):
        select = _LastInBrief(loaded.recovery).select
        yield from columns_of_lines(_record_lines(log, loaded), names, select)
    yield from columns_of(loaded.recovery.latest.values(), names)


def _are_in_brief(statuses: AbstractSet[str], loaded: LoadedLog) -> bool:
    return bool(statuses & loaded.recovery.brief.count_by_status().keys())


def records_in_brief(log: Path, loaded: LoadedLog) -> "Iterator[Record]":
    """Read the last record of each id in brief again, one by one, in their order.

    Args:
        log: The result log.
        loaded: What was read of it before.

    Raises:
        LogError: The log cannot be read, or was replaced or shortened since.
    """
    from bulkpause.journal.codec import decode_again  # noqa: PLC0415

    is_last = _LastInBrief(loaded.recovery).is_last
    for line in _record_lines(log, loaded):
        record = decode_again(line)
        if is_last(record.id):
            yield record


class _LastInBrief:
    """Tells of each record, in their order, whether it is the last of an id in brief."""

    def __init__(self, recovery: Recovery) -> None:
        self._ids = recovery.brief.ids
        self._to_skip = Counter(recovery.superseded)
        # Each line is then the only one of its id.
        self._takes_all = len(self._ids) == recovery.lines

    def select(self, ids: Sequence[str | None]) -> Sequence[bool]:
        """Tell it of the next records by their ids."""
        if self._takes_all:
            return [True] * len(ids)
        if self._to_skip:
            return list(map(self.is_last, ids))
        return [id_ in self._ids for id_ in ids]

    def is_last(self, id_: str | None) -> bool:
        """Tell it of the next record by its id."""
        if id_ not in self._ids:
            return False
        if self._to_skip and self._to_skip[id_] > 0:
            self._to_skip[id_] -= 1
            return False
        return True


def _record_lines(log: Path, loaded: LoadedLog) -> Iterator[bytes]:
    """Read the lines again that were read before, without marks."""
    _check_still_there(log, loaded.states[0])
    for line in islice(read_lines(log), loaded.recovery.lines):
        if not line.startswith(MARK_START):  # no record begins so
            yield line


def _check_still_there(log: Path, before: FileState) -> None:
    now = state_of(log)
    if before is None or now is None or now[0] != before[0] or now[1] < before[1]:
        raise LogError(
            f"{log} was replaced or shortened while it was read; run the command again"
        )


def read_run(log: Path, run_id: str) -> "Iterator[Record]":
    """Read the records of one run, and make records of ids it sent and left without.

    Raises:
        LogError: A file cannot be read, is damaged, or is of a newer version.
    """
    # Read first: a record is made only for an id that has none then.
    made = read_recovery(log).unrecorded if write_ahead_path(log).exists() else []
    for record in chain(_records(log), made):
        if record.run_id == run_id:
            yield record


def _records(log: Path) -> RecordFile:
    is_paired = write_ahead_path(log).exists()
    return RecordFile(partial(read_lines, log), str(log), is_paired)


def _entries(lines: Iterator[bytes], log: Path) -> "Iterator[WalEntry]":
    first = next(lines, None)
    if first is None:
        return
    from bulkpause.journal.last_line import (  # noqa: PLC0415
        WRITE_AHEAD_LOG,
        decode_file,
    )

    yield from decode_file(
        enumerate(chain([first], lines), 1),
        str(write_ahead_path(log)),
        WRITE_AHEAD_LOG,
        is_paired=log.exists(),
    )


def _open_now(path: Path, state: FileState) -> Iterator[bytes]:
    """Open a file now, to read later the lines that it has now.

    The write-ahead log is removed once the result log has all records: opened second,
    it could be gone while the records were not there yet when the result log was read.

    Args:
        path: The file.
        state: Its present state.
    """
    lines = read_lines(path)
    # A generator opens its file for the first line.
    first = list(islice(lines, 1))
    return _up_to(0 if state is None else state[1], chain(first, lines))


def _up_to(size: int, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines in the first bytes of a file."""
    for line in lines:
        size -= len(line)
        if size < 0:
            return
        yield line


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause garbage collection: loading a log only allocates long-lived objects.

    With collection on, a long log takes several times as long to read.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
