"""Warnings and notes of the preparation of a run."""

from dataclasses import replace
from types import TracebackType
from typing import Self

from bulkpause.cli.output import say
from bulkpause.progress.event import Notice


class Notices:
    """Says warnings and notes at once, or holds them for a run with JSON lines.

    Held ones are said as text, when the context is left, if the run does not begin.

    Args:
        are_held: Whether standard error takes JSON lines only once the run goes on.
    """

    def __init__(self, *, are_held: bool) -> None:
        self._are_held = are_held
        self._held: list[Notice] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for notice in self._held:
            say(notice.text or "")

    def warn(self, message: str, *, text: str | None = None) -> None:
        """Say a warning; `text` is what people get instead of one line."""
        text = f"warning: {message}" if text is None else text
        fields = {"message": message}
        self.add(Notice("warning.issued", fields, text, level="warning"))

    def note(self, message: str) -> None:
        """Say what is worth knowing."""
        self.add(Notice("note.issued", {"message": message}, f"note: {message}"))

    def take(self) -> list[Notice]:
        """Take the held ones, without the text, for the lines of the run."""
        taken = [replace(notice, text=None) for notice in self._held]
        self._held.clear()
        return taken

    def add(self, notice: Notice) -> None:
        """Say a notice, or hold it."""
        if self._are_held:
            self._held.append(notice)
        else:
            say(notice.text or "")
