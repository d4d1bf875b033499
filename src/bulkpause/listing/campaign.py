"""One campaign as a list shows it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bulkpause._text import replace_surrogates
from bulkpause._value import value
from bulkpause.ids import matches_id_pattern


#: The fields of a campaign that a list asks for and writes, in this order.
FIELDS = ("id", "name", "status", "labels", "scheduled_time", "create_time")
#: The API's times are in GMT.
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@value
class Campaign:
    """One campaign as a list shows it; None where a field is missing.

    Attributes:
        id: A valid id.
        name: Its name.
        status: The API's word.
        labels: Its labels.
        scheduled_time: When it is to start, as the API writes it, in GMT.
        create_time: When it was created, as the API writes it, in GMT.
        account: The name of its account; None if a list is of one account.
    """

    id: str
    name: str | None = None
    status: str | None = None
    labels: tuple[str, ...] = ()
    scheduled_time: str | None = None
    create_time: str | None = None
    account: str | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was created; None if that is not known."""
        return parse_api_time(self.create_time)

    def as_dict(self) -> dict[str, object]:
        """Give its fields in values that JSON can carry."""
        account = {} if self.account is None else {"account": self.account}
        return {**account, **{name: getattr(self, name) for name in FIELDS}}


def as_it_is(text: str) -> str:
    return text


def parse_campaign(
    item: object, redact: Callable[[str], str] = as_it_is
) -> Campaign | None:
    """Read an item of a list; None if it has no valid id.

    Args:
        item: What the API lists.
        redact: Removes secrets from a text.
    """
    if not isinstance(item, Mapping):
        return None
    id_ = item.get("id")
    # JSON numbers beyond 2^53 may have been rounded before they were written.
    if isinstance(id_, int) and not isinstance(id_, bool) and 0 < id_ < 2**53:
        id_ = str(id_)
    if not isinstance(id_, str) or not matches_id_pattern(redact(id_)):
        return None

    def text(name: str) -> str | None:
        value = item.get(name)
        return _clean(value, redact) if isinstance(value, str) else None

    return Campaign(
        id=id_,
        name=text("name"),
        status=text("status"),
        labels=tuple(_clean(label, redact) for label in _labels(item.get("labels"))),
        scheduled_time=text("scheduled_time"),
        create_time=text("create_time"),
    )


def parse_api_time(text: str | None) -> datetime | None:
    """Read a time of the API; None if it is not one."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _clean(text: str, redact: Callable[[str], str]) -> str:
    return replace_surrogates(redact(text))


def _labels(value: object) -> Iterator[str]:
    """Read labels, which are an array in one version of the API, a text in another."""
    parts = value.split(",") if isinstance(value, str) else value
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, str) and (label := part.strip()):
            yield label
