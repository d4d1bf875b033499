"""The events that a display handles."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from bulkpause._value import value
from bulkpause.model import Record
from bulkpause.progress.snapshot import Snapshot


Level = Literal["info", "warning", "error"]


@value(kw_only=False)
class Progressed:
    """The run has a new state."""

    snapshot: Snapshot


@value(kw_only=False)
class IdFinished:
    """An id has its final status."""

    record: Record


@value(kw_only=False)
class Notice:
    """Something happened to the run as a whole.

    Attributes:
        name: The event's name in JSON lines, `noun.verb_past`.
        fields: The event's fields in JSON lines.
        text: The message for people; None if only a log collector needs the event.
        level: Its level in JSON lines.
    """

    name: str
    fields: Mapping[str, object] = field(default_factory=dict)
    text: str | None = None
    level: Level = "info"


Event = Progressed | IdFinished | Notice
