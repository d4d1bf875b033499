"""The campaigns of the simulated account: pause them, resume them and read them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from math import inf

from bulkpause.simulator.campaign import TIME_FORMAT, Campaign, parse_time
from bulkpause.simulator.resume import Resume


#: The status of a campaign that does not exist.
NOT_EXISTING = "unknown"
PAUSABLE = frozenset({"running", "scheduled"})
RESUMABLE = frozenset({"paused"})


class Campaigns:
    """Campaigns by id. An id that is not listed has the default status, and no other fact.

    Args:
        campaigns: Those that lists show from the start.
        statuses: Status by id; lists show these too.
        default: The status of all other ids. Lists show them once they were changed.
        view_words: The words that reads show for a status, by the status.
        read_lag_s: A read-back shows the status of so many seconds ago.
        company_id: The company of all of them; None for what each of them says.

    Attributes:
        version: Changes with each change of a campaign.
    """

    __slots__ = (
        "_by_id",
        "_changed_at",
        "_company_id",
        "_default",
        "_lag_s",
        "_shown",
        "_words",
        "version",
    )

    def __init__(
        self,
        campaigns: Iterable[Campaign] = (),
        statuses: Mapping[str, str] | None = None,
        default: str = "running",
        *,
        view_words: Mapping[str, str] | None = None,
        read_lag_s: float = 0.0,
        company_id: str | None = None,
    ) -> None:
        self.version = 0
        self._company_id = company_id
        self._by_id = {one.id: self._owned(one) for one in campaigns}
        self._default = default
        self._words = view_words or {}
        self._lag_s = read_lag_s
        self._changed_at: dict[str, float] = {}
        #: The status before the last change: lagging read-backs show it, and a resume
        #: without a body goes back to it.
        self._shown: dict[str, str] = {}
        for id_, status in (statuses or {}).items():
            self._by_id[id_] = replace(self.get(id_), status=status)

    def get(self, campaign_id: str) -> Campaign:
        known = self._by_id.get(campaign_id)
        return known or self._owned(Campaign(id=campaign_id, status=self._default))

    def _owned(self, campaign: Campaign) -> Campaign:
        """Give a campaign as one of the company, in lists as in read-backs."""
        company_id = self._company_id
        if company_id is None:
            return campaign
        return replace(campaign, company_id=company_id)

    def status(self, campaign_id: str) -> str:
        return self.get(campaign_id).status

    def put(self, campaign: Campaign) -> None:
        """Create a campaign, or put it in the place of the one with its id."""
        self.version += 1
        self._by_id[campaign.id] = self._owned(campaign)

    def remove(self, campaign_id: str) -> None:
        """Let a campaign no longer exist."""
        self.put(replace(self.get(campaign_id), status=NOT_EXISTING))

    def pause(self, campaign_id: str, now: float, wall_time: datetime) -> bool:
        """Pause a running or scheduled campaign; False if it is neither."""
        campaign = self.get(campaign_id)
        if campaign.status not in PAUSABLE:
            return False
        self._change(replace(campaign, status="paused"), now, wall_time)
        return True

    def resume(
        self, campaign_id: str, resume: Resume, now: float, wall_time: datetime
    ) -> bool:
        """Resume a paused campaign; False if it is not paused.

        One whose time is past runs at once. Without a body it is what it was before its
        pause, if that is known; else it waits for its time, if it has one.
        """
        campaign = self.get(campaign_id)
        if campaign.status not in RESUMABLE:
            return False
        starts_at = resume.scheduled_time or campaign.scheduled_time
        is_ahead = (parse_time(starts_at) or wall_time) > wall_time
        waits = is_ahead and not resume.runs_immediately
        was_scheduled = self._shown.get(campaign_id) == "scheduled" and not starts_at
        if was_scheduled and not resume.runs_immediately:
            waits = True
        status = "scheduled" if waits else "running"
        changed = replace(campaign, status=status, scheduled_time=starts_at)
        self._change(changed, now, wall_time)
        return True

    def _change(self, campaign: Campaign, now: float, wall_time: datetime) -> None:
        self._changed_at[campaign.id] = now
        self._shown[campaign.id] = self.status(campaign.id)
        self.put(replace(campaign, update_time=wall_time.strftime(TIME_FORMAT)))

    def read(self, campaign_id: str, now: float) -> Campaign | None:
        """Give a campaign as a read-back shows it; None for an unknown id."""
        campaign = self.get(campaign_id)
        if campaign.status == NOT_EXISTING:
            return None
        if now - self._changed_at.get(campaign_id, -inf) < self._lag_s:
            campaign = replace(campaign, status=self._shown[campaign_id])
        return self._worded(campaign)

    def listed(self) -> list[Campaign]:
        """Give the campaigns that lists show, with their words."""
        existing = (one for one in self._by_id.values() if one.status != NOT_EXISTING)
        return [self._worded(one) for one in existing]

    def _worded(self, campaign: Campaign) -> Campaign:
        word = self._words.get(campaign.status)
        return campaign if word is None else replace(campaign, status=word)
