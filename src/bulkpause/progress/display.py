"""The display protocol, and the displays that need neither rich nor structlog."""

from collections.abc import Callable
from typing import Protocol

from bulkpause.progress.event import Event, Notice, Progressed


class Display(Protocol):
    """Shows the events of a run, each in the display's own way or not at all."""

    def handle(self, event: Event) -> None: ...
    def close(self) -> None: ...


class NullDisplay:
    """Shows nothing."""

    def handle(self, event: Event) -> None:
        pass

    def close(self) -> None:
        pass


class PlainDisplay(NullDisplay):
    """Shows only the messages for people.

    Args:
        say: Writes a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def handle(self, event: Event) -> None:
        if isinstance(event, Notice) and event.text is not None:
            self._say(event.text)


class LazyDisplay:
    """Creates a display when there is something to see, and replays earlier events.

    The imports of a display are slow; so the first requests are sent before it is
    created.

    Args:
        create: Imports and creates the display.
    """

    def __init__(self, create: Callable[[], Display]) -> None:
        self._create = create
        self._display: Display | None = None
        self._pending: list[Event] = []

    def handle(self, event: Event) -> None:
        if self._display is None and self._can_wait(event):
            self._pending.append(event)
        else:
            self._created().handle(event)

    def close(self) -> None:
        self._created().close()

    def _can_wait(self, event: Event) -> bool:
        """Tell whether an event is the first snapshot, or has no text for people."""
        if isinstance(event, Progressed):
            return not any(isinstance(earlier, Progressed) for earlier in self._pending)
        return isinstance(event, Notice) and event.text is None

    def _created(self) -> Display:
        if self._display is None:
            self._display = self._create()
            for event in self._pending:
                self._display.handle(event)
            self._pending.clear()
        return self._display
