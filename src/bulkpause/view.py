"""The face of a run: which one is fit for where it is shown, and what it is fed."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TextIO

from bulkpause.late import Late
from bulkpause.model import Record
from bulkpause.options import Options
from bulkpause.pauser import Pauser
from bulkpause.policy import Verify
from bulkpause.progress import (
    Face,
    Lines,
    Quiet,
    Snapshot,
    Tally,
    Unbreakable,
    allowed_per_s,
    watching,
)


#: Terminals that can not move the cursor.
_DUMB = frozenset({"dumb", "unknown"})


class View:
    """Shows a run while it is on its way.

    Args:
        pauser: What is shown.
        total: How many ids it was given.
        face: What shows it.
        now: The loop's clock.
    """

    def __init__(
        self, pauser: Pauser, total: int, face: Face, *, now: Callable[[], float]
    ) -> None:
        self._pauser = pauser
        self._face = face
        self._now = now
        self._tally = Tally(total, now=now())

    def add(self, record: Record) -> None:
        """Take a record into account."""
        if record.id is not None:
            self._tally.add(record)
        self._face.tell(record)

    def open(self) -> AbstractAsyncContextManager[None]:
        """Show how the run stands, until this is left."""
        return watching(self._snapshot, self._face)

    def _snapshot(self) -> Snapshot:
        pauser, tally, now = self._pauser, self._tally, self._now()
        tally.see(pauser.requests, now)
        waiting, stopped = pauser.waiting, pauser.stopped
        until = None if waiting is None else waiting.until
        waits_s = None if until is None else max(0.0, until - now)
        is_shown = waiting is not None and tally.is_long_wait(waits_s)
        return Snapshot(
            total=tally.total,
            by_status=tally.by_status,
            requests=pauser.requests,
            in_flight=pauser.gate.in_flight,
            accepted=pauser.backlog.accepted,
            to_retry=pauser.backlog.retries,
            to_read_back=pauser.backlog.read_backs,
            rate_per_s=tally.rate_per_s,
            allowed_per_s=allowed_per_s(pauser.settings.limits),
            left_s=None if pauser.is_out else max(self._left_s(), waits_s or 0.0),
            waits_for=waiting.reason if is_shown and waiting else None,
            waits_s=waits_s if is_shown else None,
            stopping=None if stopped is None else stopped.reason,
            failures=tuple(tally.failures),
        )

    def _left_s(self) -> float:
        total, pauser = self._tally.total, self._pauser
        left = total - self._tally.finished
        if pauser.settings.rules.verify is Verify.ALL:
            left = max(left, 2 * total - pauser.requests)
        return pauser.gate.time_left_s(left)


def face_for(options: Options, run_id: str) -> Face:
    """Choose what shows a run: a bar only where one can be drawn."""
    return Unbreakable(Late(lambda: _face(options, run_id)))


def _face(options: Options, run_id: str) -> Face:
    kind = _kind_of_face(options)
    if kind == "bar":
        # Imported where something is drawn: a scheduled job never pays for it.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.bar import Bar  # noqa: PLC0415

        return Bar(Console(stderr=True))
    if kind == "lines":
        # So is structlog, which imports rich where it is there.
        from bulkpause import logs  # noqa: PLC0415

        return Lines(logs.configure(options.log_level, run_id))
    return Quiet()


def writes_lines(options: Options) -> bool:
    """Tell whether standard error is for a log collector, and no place for words."""
    return _kind_of_face(options) == "lines"


def _kind_of_face(options: Options) -> str:
    # A process may be started without a standard error.
    if sys.stderr is None:
        return "none"
    if options.progress in {"auto", "bar"}:
        return "bar" if can_draw(sys.stderr) else "lines"
    return options.progress


def can_draw(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which things can be drawn anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB
