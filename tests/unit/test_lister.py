"""A mistyped status is no empty list."""

import pytest

from bulkpause.errors import SettingsError
from bulkpause.lister import refuse_unknown
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.filters import Filters


@pytest.mark.parametrize("words", [("runing",), ("running", "runing")])
def test_mistyped_status_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match=r"runing.*, which is not known; .*paused"):
        refuse_unknown(Filters(statuses=words), [Campaign(id="7", status="running")])


def test_new_word_of_any_account_is_known() -> None:
    campaigns = [Campaign(id="7"), Campaign(id="7", status="Archived", account="b")]
    refuse_unknown(Filters(statuses=("archived", "draft")), campaigns)
