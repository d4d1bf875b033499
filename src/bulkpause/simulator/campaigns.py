"""The campaigns of the account and their statuses."""

from collections.abc import Mapping


UNKNOWN = "unknown"
PAUSABLE = frozenset({"running", "scheduled"})


class Campaigns:
    """Status by id, with one default for all ids that were not named."""

    __slots__ = ("_default", "_statuses")

    def __init__(self, statuses: Mapping[str, str], default: str) -> None:
        self._statuses = dict(statuses)
        self._default = default

    def status(self, campaign_id: str) -> str:
        return self._statuses.get(campaign_id, self._default)

    def pause(self, campaign_id: str) -> bool:
        """Pause a running or scheduled campaign; False where it is neither."""
        if self.status(campaign_id) not in PAUSABLE:
            return False
        self._statuses[campaign_id] = "paused"
        return True

    def view(self, campaign_id: str) -> dict[str, object]:
        """Give the documented list of one, or of none for an unknown campaign."""
        status = self.status(campaign_id)
        if status == UNKNOWN:
            return {"total": 0, "items": []}
        item = {"id": campaign_id, "name": f"Campaign {campaign_id}", "status": status}
        return {"total": 1, "items": [item]}
