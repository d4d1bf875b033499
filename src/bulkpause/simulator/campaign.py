"""One campaign of the simulated account, with the fields that its documentation shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


#: How the documentation writes times, which are in GMT.
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
#: The form of `labels`: the two versions of the documentation differ.
LABEL_FORMS = ("array", "string")
#: The creation of the first campaign that `make_campaigns` makes.
_FIRST_CREATED = datetime(2024, 10, 6, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign, as reads show it. Times are texts in GMT, as in `TIME_FORMAT`.

    Attributes:
        id: Its id.
        name: Its name; empty for one made of the id.
        status: A documented status, or `unknown` for a campaign that does not exist.
        labels: Its labels.
        description: Searched along with the name.
        company_id: The company that the account belongs to.
        scheduled_time: When it is to start; None if it is not scheduled.
        create_time: When it was created.
        update_time: When it was last changed; empty for when it was created.
    """

    id: str
    name: str = ""
    status: str = "running"
    labels: tuple[str, ...] = ()
    description: str = ""
    company_id: str = "1000000"
    scheduled_time: str | None = None
    create_time: str = _FIRST_CREATED.strftime(TIME_FORMAT)
    update_time: str = ""

    def fields(self, *, label_form: str = "array") -> dict[str, object]:
        """Give its fields as the API shows them, all of them."""
        is_array = label_form == "array"
        return {
            "id": self.id,
            "company_id": self.company_id,
            "name": self.name or f"Campaign {self.id}",
            "description": self.description,
            "status": self.status,
            "labels": list(self.labels) if is_array else ",".join(self.labels),
            "scheduled_time": self.scheduled_time,
            "create_time": self.create_time,
            "update_time": self.update_time or self.create_time,
        }


def make_campaigns(
    count: int,
    *,
    first_id: int = 1_000_001,
    statuses: Sequence[str] = ("running",),
    labels: Sequence[str] = (),
    scheduled_times: Mapping[str, str] | None = None,
) -> tuple[Campaign, ...]:
    """Make campaigns with ids, statuses and labels in turn.

    Three in a row are created in the same second, as an import creates them.

    Args:
        count: How many.
        first_id: The id of the first; the others follow.
        statuses: The statuses, in turn.
        labels: The labels, in turn, one for each campaign; empty for none.
        scheduled_times: The `scheduled_time` by status; None for the others.
    """
    times = scheduled_times or {}
    return tuple(
        Campaign(
            id=str(first_id + number),
            status=(status := statuses[number % len(statuses)]),
            labels=(labels[number % len(labels)],) if labels else (),
            scheduled_time=times.get(status),
            create_time=_created(number),
        )
        for number in range(count)
    )


def _created(number: int) -> str:
    return (_FIRST_CREATED + timedelta(minutes=number // 3)).strftime(TIME_FORMAT)


def parse_time(text: object) -> datetime | None:
    """Read a time as the documentation writes it; None if it is something else."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
