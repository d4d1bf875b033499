"""Choose campaigns: as parameters for the API, and as a check of what it answers."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError
from bulkpause.listing.campaign import TIME_FORMAT, Campaign
from bulkpause.operation import KNOWN_STATUSES, status_word


@value
class Filters:
    """What campaigns must be like, all of it; without any filter, all fit.

    Attributes:
        statuses: One of these words, without regard to case.
        labels: At least one of these labels.
        name: A part of the name, without regard to case.
        created_after: Created then or later.
        created_before: Created before then.
    """

    statuses: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    name: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Filters()

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Give the parameters that ask the API for the campaigns that fit.

        https://docs.ocamba.com/api/adex/v2.0/overview/api-overview
        """
        if self.statuses:
            yield "status", _one_of(self.statuses)
        if self.labels:
            yield "labels", _one_of(self.labels)
        if self.name is not None:
            yield "q", self.name
            yield "q_fields", "name"
        if self.created_after is not None:
            yield "create_time", f"gte:{_api_time(self.created_after)}"
        if self.created_before is not None:
            yield "create_time", f"lt:{_api_time(self.created_before)}"

    def unknown_statuses(self, campaigns: Iterable[Campaign]) -> list[str]:
        """Give the words that are no known status, and that none of these has either."""
        seen = {status_word(one.status) for one in campaigns}
        return [word for word in self.statuses if word not in KNOWN_STATUSES | seen]

    def misfit(self, campaign: Campaign) -> str | None:
        """Say which option a campaign does not fit, and why; None if it fits."""
        if self.statuses and status_word(campaign.status) not in self.statuses:
            return f"--status: it has {_shown('status', campaign.status)}"
        if self.labels and not set(self.labels) & set(campaign.labels):
            return f"--label: it has {_shown('label', ', '.join(campaign.labels))}"
        name = (campaign.name or "").casefold()
        if self.name is not None and self.name.casefold() not in name:
            return f"--name: it has {_shown('name', campaign.name)}"
        return self._misfit_of_time(campaign)

    def fits(self, campaign: Campaign) -> bool:
        """Tell whether a campaign fits."""
        return self.misfit(campaign) is None

    def _misfit_of_time(self, campaign: Campaign) -> str | None:
        created_at, shown = campaign.created_at, campaign.create_time
        after, before = self.created_after, self.created_before
        if after is not None and (created_at is None or created_at < after):
            return f"--created-after: it has {_shown('create_time', shown)}"
        if before is not None and (created_at is None or created_at >= before):
            return f"--created-before: it has {_shown('create_time', shown)}"
        return None


def parse_statuses(text: str) -> tuple[str, ...]:
    """Read statuses, separated by commas, in lower case.

    Raises:
        SettingsError: One of them is not a word.
    """
    words = tuple(word.strip().casefold() for word in text.split(","))
    for word in words:
        if not word.replace("_", "").replace("-", "").isalpha() or not word.isascii():
            raise SettingsError(
                f"{quote(word)} is not a status; write words such as running,scheduled"
            )
    return words


def parse_label(text: str) -> str:
    """Read a label.

    Raises:
        SettingsError: It is blank, or has a comma, which separates labels.
    """
    label = text.strip()
    if not label or "," in label:
        raise SettingsError(
            f"{quote(text)} is not a label; write one, and repeat the option for others"
        )
    return label


def parse_moment(text: str) -> datetime:
    """Read a day or a time, in GMT unless it names another time zone.

    Raises:
        SettingsError: It is neither.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"{quote(text)} is not a day or time; write 2026-11-28, "
            "2026-11-28T03:00:00 (GMT) or 2026-11-28T03:00:00+01:00"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _one_of(values: tuple[str, ...]) -> str:
    return f"eq:{values[0]}" if len(values) == 1 else f"in:{','.join(values)}"


def _api_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(TIME_FORMAT)


def _shown(noun: str, value: str | None) -> str:
    return f"the {noun} {quote(value)}" if value else f"no {noun}"
