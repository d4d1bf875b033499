"""Displays that show nothing, only text, or pass events on."""

import pytest

from bulkpause.model import Record
from bulkpause.progress.display import (
    Display,
    LazyDisplay,
    NullDisplay,
    PlainDisplay,
)
from bulkpause.progress.event import Event, IdFinished, Notice, Progressed
from bulkpause.vocabulary import Status
from tests.support.progress import EVENTS, MIDWAY, START, RecordingDisplay


STARTED = Notice("run.started", {"ids": 2})
FINISHED = Notice("run.finished")


def lazy() -> tuple[LazyDisplay, list[RecordingDisplay]]:
    created: list[RecordingDisplay] = []

    def create() -> Display:
        created.append(RecordingDisplay())
        return created[-1]

    return LazyDisplay(create), created


def test_lazy_display_is_not_created_at_start() -> None:
    display, created = lazy()
    display.handle(STARTED)
    display.handle(Progressed(START))
    assert created == []


@pytest.mark.parametrize(
    "event",
    [
        Progressed(MIDWAY),
        IdFinished(Record(id="7", status=Status.PAUSED)),
        Notice("run.interrupted", text="stopping"),
    ],
    ids=["second snapshot", "record", "text"],
)
def test_lazy_display_replays_earlier_events_first(event: Event) -> None:
    display, created = lazy()
    events: list[Event] = [STARTED, Progressed(START), event, FINISHED]
    for each in events:
        display.handle(each)
    (recorded,) = created
    assert recorded.events == events


def test_lazy_display_replays_events_before_close() -> None:
    display, created = lazy()
    display.handle(STARTED)
    display.close()
    display.handle(FINISHED)
    (recorded,) = created
    assert recorded.events == [STARTED, FINISHED]
    assert recorded.is_closed


def test_null_display_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    display = NullDisplay()
    for event in EVENTS:
        display.handle(event)
    display.close()
    assert capsys.readouterr() == ("", "")


def test_plain_display_says_only_text() -> None:
    said: list[str] = []
    display = PlainDisplay(said.append)
    for event in EVENTS:
        display.handle(event)
    display.close()
    assert said == ["SIGINT: waiting"]
