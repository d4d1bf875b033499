"""One campaign as a list shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bulkpause._text import replace_surrogates
from bulkpause.ids import matches_id_pattern


#: The fields of a campaign that a list asks for and writes, in this order.
FIELDS = ("id", "name", "status", "labels", "scheduled_time", "create_time")
#: The API's times are in GMT.
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign as a list shows it; None where a field is missing.

    Attributes:
        id: A valid id.
        name: Its name.
        status: The API's word.
        labels: Its labels.
        scheduled_time: When it is to start, as the API writes it, in GMT.
        create_time: When it was created, as the API writes it, in GMT.
    """

    id: str
    name: str | None = None
    status: str | None = None
    labels: tuple[str, ...] = ()
    scheduled_time: str | None = None
    create_time: str | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was created; None if that is not known."""
        return parse_api_time(self.create_time)

    def as_dict(self) -> dict[str, object]:
        """Give its fields in values that JSON can carry."""
        return {name: getattr(self, name) for name in FIELDS}


def parse_campaign(item: object) -> Campaign | None:
    """Read an item of a list; None if it has no valid id."""
    if not isinstance(item, Mapping):
        return None
    id_ = item.get("id")
    # JSON numbers beyond 2^53 may have been rounded before they were written.
    if isinstance(id_, int) and not isinstance(id_, bool) and 0 < id_ < 2**53:
        id_ = str(id_)
    if not isinstance(id_, str) or not matches_id_pattern(id_):
        return None
    return Campaign(
        id=id_,
        name=_text(item.get("name")),
        status=_text(item.get("status")),
        labels=_labels(item.get("labels")),
        scheduled_time=_text(item.get("scheduled_time")),
        create_time=_text(item.get("create_time")),
    )


def parse_api_time(text: str | None) -> datetime | None:
    """Read a time of the API; None if it is not one."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _text(value: object) -> str | None:
    return replace_surrogates(value) if isinstance(value, str) else None


def _labels(value: object) -> tuple[str, ...]:
    """Read labels, which are an array in one version of the API, a text in another."""
    parts = value.split(",") if isinstance(value, str) else value
    texts = (_text(part) for part in parts) if isinstance(parts, list) else ()
    return tuple(text.strip() for text in texts if text is not None and text.strip())
