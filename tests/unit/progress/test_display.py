"""A face that is made when the first requests are on their way."""

from collections.abc import Callable

import pytest

from bulkpause.model import Record, Status
from bulkpause.progress.display import Display, LazyDisplay, NullDisplay
from bulkpause.progress.snapshot import Snapshot


START = Snapshot(
    total=2,
    by_status={},
    requests=0,
    in_flight=0,
    accepted=0,
    to_retry=0,
    to_read_back=0,
    rate_per_s=0.0,
    allowed_per_s=None,
    left_s=0.0,
)


class _Recorded(NullDisplay):
    """Keeps the names of what it was told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def show(self, snapshot: Snapshot) -> None:
        self.seen.append(f"{snapshot.requests} sent")

    def tell(self, record: Record) -> None:
        self.seen.append(str(record.id))

    def note(self, event: str, **fields: object) -> None:
        self.seen.append(f"{event} {fields}")

    def say(self, text: str) -> None:
        self.seen.append(text)

    def close(self) -> None:
        self.seen.append("closed")


def late() -> tuple[LazyDisplay, list[_Recorded]]:
    made: list[_Recorded] = []

    def make() -> Display:
        made.append(_Recorded())
        return made[-1]

    return LazyDisplay(make), made


def test_a_beginning_needs_no_face() -> None:
    display, made = late()
    display.note("run.started", ids=2)
    display.show(START)
    assert made == []


@pytest.mark.parametrize(
    ("next_", "seen"),
    [
        (lambda display: display.show(START), "0 sent"),
        (lambda display: display.tell(Record(id="7", status=Status.PAUSED)), "7"),
        (lambda display: display.say("stopping"), "stopping"),
        (lambda display: display.close(), "closed"),
    ],
    ids=["second picture", "record", "word", "end"],
)
def test_what_was_missed_is_shown_first(
    next_: Callable[[LazyDisplay], None], seen: str
) -> None:
    display, made = late()
    display.note("run.started", ids=2)
    display.show(START)
    next_(display)
    display.note("run.finished")
    (one,) = made
    assert one.seen == ["run.started {'ids': 2}", "0 sent", seen, "run.finished {}"]
