"""Displays: what shows a run, and those that stand before others."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import click

from bulkpause.model import Record
from bulkpause.progress.snapshot import Snapshot


if TYPE_CHECKING:
    pass


class Display(Protocol):
    """Shows how a run stands, what became of an id, and what happened to the run.

    What happened is noted for a log, and said to people.
    """

    def show(self, snapshot: Snapshot) -> None: ...
    def tell(self, record: Record) -> None: ...
    def note(self, event: str, **fields: object) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


class NullDisplay:
    """Shows nothing."""

    def show(self, snapshot: Snapshot) -> None:
        pass

    def tell(self, record: Record) -> None:
        pass

    def note(self, event: str, **fields: object) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class PlainDisplay(NullDisplay):
    """Shows nothing but what must be heard."""

    def say(self, text: str) -> None:
        click.echo(text, err=True)


class SafeDisplay:
    """Shows nothing more once it cannot be shown: a run goes on without a reader."""

    def __init__(self, display: Display) -> None:
        self._face = display

    def show(self, snapshot: Snapshot) -> None:
        self._try(lambda: self._face.show(snapshot))

    def tell(self, record: Record) -> None:
        self._try(lambda: self._face.tell(record))

    def note(self, event: str, **fields: object) -> None:
        self._try(lambda: self._face.note(event, **fields))

    def say(self, text: str) -> None:
        self._try(lambda: self._face.say(text))

    def close(self) -> None:
        self._try(self._face.close)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError:
            self._face = NullDisplay()


class LazyDisplay:
    """Stands for a face that is not made yet, and shows it then what it missed.

    The face is made when there is a second picture to show, a record to tell of, or
    something to say.

    Args:
        make: Imports and makes it.
    """

    def __init__(self, make: Callable[[], Display]) -> None:
        self._make = make
        self._face: Display | None = None
        self._missed: list[Callable[[Display], None]] = []
        self._has_shown = False

    def show(self, snapshot: Snapshot) -> None:
        if self._has_shown:
            self._made().show(snapshot)
        else:
            self._has_shown = True
            self._later(lambda display: display.show(snapshot))

    def tell(self, record: Record) -> None:
        self._made().tell(record)

    def note(self, event: str, **fields: object) -> None:
        self._later(lambda display: display.note(event, **fields))

    def say(self, text: str) -> None:
        self._made().say(text)

    def close(self) -> None:
        self._made().close()

    def _later(self, action: Callable[[Display], None]) -> None:
        if self._face is None:
            self._missed.append(action)
        else:
            action(self._face)

    def _made(self) -> Display:
        if self._face is None:
            self._face = self._make()
            for action in self._missed:
                action(self._face)
            self._missed.clear()
        return self._face
