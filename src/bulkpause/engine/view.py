"""View: what the reply to a read-back shows of a campaign, to an operation."""

from enum import StrEnum

from bulkpause.doubt import NOT_PROCESSED
from bulkpause.model import Reply
from bulkpause.operation import NOT_SENDING, Operation


#: Responses that show that the campaign is not there.
_MISSING = frozenset({400, 404, 410})


class View(StrEnum):
    """What a read-back shows."""

    #: The campaign is as the operation wants it.
    WANTED = "wanted"
    #: It sends nothing, and the operation does not apply to it.
    INAPPLICABLE = "inapplicable"
    #: It is in a status that the operation changes.
    UNCHANGED = "unchanged"
    #: A status whose meaning is not known: it may be sending.
    OTHER = "other"
    #: The API says that there is no such campaign.
    MISSING = "missing"
    #: No usable response; the next one may be.
    UNREADABLE = "unreadable"
    #: No usable response, and the next one will not be either.
    DENIED = "denied"


#: What a read that lags behind a pause may show. It is no word on the campaign as it is.
BEFORE_PAUSE = frozenset({View.WANTED, View.INAPPLICABLE, View.OTHER, View.MISSING})


def view_of(reply: Reply, operation: Operation) -> View:
    """Interpret the reply to a read-back."""
    if reply.http_status == 200 and reply.campaign_status is not None:
        return _view_of_word(reply.campaign_status.strip().lower(), operation)
    if reply.is_campaign_missing or reply.http_status in _MISSING:
        return View.MISSING
    is_garbled = reply.http_status == 200
    is_passing = is_garbled or is_transient(reply) or reply.is_rate_limited
    return View.UNREADABLE if is_passing else View.DENIED


def _view_of_word(word: str, operation: Operation) -> View:
    if word in operation.wanted:
        return View.WANTED
    if word in NOT_SENDING:
        return View.INAPPLICABLE
    return View.UNCHANGED if word in operation.applies_to else View.OTHER


def is_transient(reply: Reply) -> bool:
    """Tell whether a reply is a failure that may pass: the next one may be usable."""
    status = reply.http_status
    return status is None or status >= 500 or status in NOT_PROCESSED
