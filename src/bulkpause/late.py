"""A face that is made a moment after the run has begun.

What shows a run is slow to import, and the first requests are not to wait for it.
"""

from collections.abc import Callable

from bulkpause.model import Record
from bulkpause.progress import Face, Snapshot


class Late:
    """Stands for a face that is not made yet, and shows it then what it missed.

    The face is made when there is a second picture to show, a record to tell of, or
    something to say.

    Args:
        make: Imports and makes it.
    """

    def __init__(self, make: Callable[[], Face]) -> None:
        self._make = make
        self._face: Face | None = None
        self._missed: list[Callable[[Face], None]] = []
        self._has_shown = False

    def show(self, snapshot: Snapshot) -> None:
        if self._has_shown:
            self._made().show(snapshot)
        else:
            self._has_shown = True
            self._later(lambda face: face.show(snapshot))

    def tell(self, record: Record) -> None:
        self._made().tell(record)

    def note(self, event: str, **fields: object) -> None:
        self._later(lambda face: face.note(event, **fields))

    def say(self, text: str) -> None:
        self._made().say(text)

    def close(self) -> None:
        self._made().close()

    def _later(self, action: Callable[[Face], None]) -> None:
        if self._face is None:
            self._missed.append(action)
        else:
            action(self._face)

    def _made(self) -> Face:
        if self._face is None:
            self._face = self._make()
            for action in self._missed:
                action(self._face)
            self._missed.clear()
        return self._face
