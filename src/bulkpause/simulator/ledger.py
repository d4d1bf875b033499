"""The record of every request, by which tests judge what a client did."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, overload

import orjson

from bulkpause.simulator.faults import Fault
from bulkpause.simulator.limits import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and what was done about it.

    Attributes:
        number: counts the requests of this ledger from 1, in the order of deciding.
        at: when the request was counted and decided, in seconds on the clock of the
            event loop (on Linux the monotonic clock that all processes share).
        wall_time: the same moment, RFC 3339 in UTC.
        method: as sent.
        raw_path: the request target as sent, query included, nothing resolved.
        id: of the campaign; None where the path names none.
        action: `pause`, `view`, `cancel`, `resume`, or None for anything else.
        request_id: the header `X-Request-Id`.
        token_ok: whether the bearer token was good.
        body: the first 4 KiB of the body.
        http_status: of the answer; None where none was to be given.
        trace_id: of the answer, where it carries one.
        fault: what the request met, if anything.
        acted: whether this request paused the campaign.
        status_after: of the campaign, after this request.
        limited: whether it was answered with 429.
        counted: whether it was counted in the windows.
        connection: serial number of the TCP connection.
        in_flight: requests without an answer at that moment, this one included.
    """

    number: int
    at: float
    wall_time: str
    method: str
    raw_path: str
    id: str | None
    action: str | None
    request_id: str | None
    token_ok: bool
    body: str
    http_status: int | None
    trace_id: str | None
    fault: Fault | None
    acted: bool
    status_after: str | None
    limited: bool
    counted: bool
    connection: int
    in_flight: int


class Ledger(Sequence[Entry]):
    """Entries in order, also appended to a file where a path is given.

    Only what is no HTTP, or breaks off in its body, is left out. An entry is one line
    of JSON and one write, made before the answer leaves. So a reader in another
    process finds every request that was answered, even when the process of the
    stand-in has been killed since.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: list[Entry] = []
        self._descriptor: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a ledger's file; a last line without its end is left out.

        Raises:
            OSError: the file cannot be read.
            ValueError: a line is no entry.
        """
        ledger = cls()
        for line in path.read_bytes().split(b"\n")[:-1]:
            fields = orjson.loads(line)
            fields["fault"] = fields["fault"] and Fault(fields["fault"])
            ledger.append(Entry(**fields))
        return ledger

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def open(self) -> None:
        """Open the file for appending, where there is to be one.

        Raises:
            OSError: the file cannot be opened.
        """
        if self._path is not None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)

    def close(self) -> None:
        """Close the file; the entries stay."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def append(self, entry: Entry) -> None:
        """Take an entry, and write it to the file while that is open."""
        if self._descriptor is not None:
            os.write(self._descriptor, orjson.dumps(entry) + b"\n")
        self._entries.append(entry)

    def of(self, campaign_id: str) -> list[Entry]:
        """All requests for one campaign."""
        return [entry for entry in self if entry.id == campaign_id]

    def acted_ids(self) -> list[str]:
        """Ids that requests paused, in that order."""
        return [entry.id for entry in self if entry.acted and entry.id is not None]

    def paused_ids(self) -> set[str]:
        """Ids whose campaign was paused after the last request for it."""
        last = {entry.id: entry.status_after for entry in self}
        return {each for each, status in last.items() if each and status == "paused"}

    def refusals(self) -> list[Entry]:
        """Requests that were answered with 429."""
        return [entry for entry in self if entry.limited]

    def most_in_a_window(self, window: Window) -> int:
        """Most requests counted in any one window of this kind."""
        used = Counter(window.index(entry.at) for entry in self if entry.counted)
        return max(used.values(), default=0)
