"""Record every request, so that tests can check what a client sent."""

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
    """One request and its outcome.

    Attributes:
        number: Counts the requests of this ledger from 1, in the order of decision.
        at: When the request was counted and decided, in seconds on the clock of the
            event loop (the monotonic clock that all processes of a boot share).
        wall_time: The same moment, RFC 3339 in UTC.
        method: The HTTP method as sent.
        raw_path: The request target as sent, query included, nothing resolved.
        id: The campaign id; None if the path has none.
        action: `pause`, `view` (a read-back), `cancel`, `resume`, `list`, `check` (of
            the token), or None for anything else.
        request_id: The header `X-Request-Id`.
        token_ok: Whether the bearer token was accepted.
        body: The first 4 KiB of the body.
        http_status: HTTP status of the response; None if no response was to be sent.
        trace_id: Trace id of the response, if it has one.
        fault: The fault that the request met, if any.
        acted: Whether this request paused or resumed the campaign, also if it did so
            late.
        status_after: Status of the campaign after this request.
        limited: Whether the response was a 429.
        counted: Whether the request was counted in the windows.
        connection: Serial number of the TCP connection.
        in_flight: Requests in flight at that moment, this one included.
        company_id: The company of its token, if each token is an account of its own.
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
    company_id: str | None = None


class Ledger(Sequence[Entry]):
    """Entries in order, also appended to a file if a path is given.

    Bytes that are not HTTP, and requests that break off in their body, are left out.
    An entry is one line of JSON and one write, made before the response leaves. So a
    reader in another process finds every request that got a response, even after the
    process of the simulator was killed. A request that acts late has a second line
    with the same number from then on.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: list[Entry] = []
        self._descriptor: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a ledger from its file, without an incomplete last line.

        Raises:
            OSError: The file cannot be read.
            ValueError: A line is not an entry.
        """
        ledger = cls()
        for line in path.read_bytes().split(b"\n")[:-1]:
            fields = orjson.loads(line)
            fields["fault"] = fields["fault"] and Fault(fields["fault"])
            ledger.put(Entry(**fields))
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

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._descriptor is not None

    def open(self) -> None:
        """Open the file for appending, if a path is given.

        Raises:
            OSError: The file cannot be opened.
        """
        if self._path is not None:
            # On Windows, "\n" becomes "\r\n" without O_BINARY.
            binary = getattr(os, "O_BINARY", 0)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | binary
            self._descriptor = os.open(self._path, flags, 0o600)

    def close(self) -> None:
        """Close the file; the entries stay in memory."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def append(self, entry: Entry) -> None:
        """Add an entry, and write it to the file while that is open."""
        self._write(entry)
        self._entries.append(entry)

    def put(self, entry: Entry) -> None:
        """Put an entry in the place of the one with its number, or else add it."""
        if not 0 < entry.number <= len(self):
            self.append(entry)
            return
        self._write(entry)
        self._entries[entry.number - 1] = entry

    def _write(self, entry: Entry) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, orjson.dumps(entry) + b"\n")

    def of(self, campaign_id: str) -> list[Entry]:
        """Give all requests for one campaign."""
        return [entry for entry in self if entry.id == campaign_id]

    def acted_ids(self, action: str = "pause") -> list[str]:
        """Give the ids that requests paused, or resumed, in that order."""
        acted = (entry for entry in self if entry.acted and entry.action == action)
        return [entry.id for entry in acted if entry.id is not None]

    def paused_ids(self) -> set[str]:
        """Give the ids whose campaign was paused after their last request."""
        last = {entry.id: entry.status_after for entry in self}
        # A request may have acted after a later one was decided.
        last_act = {entry.id: entry.action for entry in self if entry.acted}
        return {
            id_
            for id_, status in last.items()
            if id_ and last_act.get(id_, "pause") == "pause"
            if status == "paused" or id_ in last_act
        }

    def rate_limited(self) -> list[Entry]:
        """Give the requests that got a 429."""
        return [entry for entry in self if entry.limited]

    def most_in_a_window(self, window: Window) -> int:
        """Give the number of counted requests in the fullest window."""
        used = Counter(window.index(entry.at) for entry in self if entry.counted)
        return max(used.values(), default=0)
