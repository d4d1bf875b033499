"""Snapshots, a record and a display for tests of the live display."""

from dataclasses import replace

from bulkpause.model import Record
from bulkpause.progress.event import Event, IdFinished, Notice, Progressed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.vocabulary import Status


START = Snapshot(
    total=150,
    by_status={},
    requests=0,
    in_flight=0,
    accepted=0,
    to_retry=0,
    to_read_back=0,
    rate_per_s=0.0,
    allowed_per_s=10.0,
    left_s=15.4,
)
MIDWAY = replace(
    START,
    by_status={"paused": 97, "failed": 3},
    requests=108,
    in_flight=8,
    rate_per_s=9.44,
    left_s=63.0,
)
REJECTED = Record(
    id="1001",
    status=Status.REJECTED,
    http_status=404,
    title="Not found.",
    message="[red]gone[/red]\x1b[2J\nfor good",
    trace_id="t-1",
)
#: One event of each kind, and a notice with text.
EVENTS: tuple[Event, ...] = (
    Progressed(MIDWAY),
    IdFinished(REJECTED),
    Notice("run.started", {"ids": 2}),
    Notice("run.interrupted", text="SIGINT: waiting"),
)


class RecordingDisplay:
    """Keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_closed = False

    def handle(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.is_closed = True
