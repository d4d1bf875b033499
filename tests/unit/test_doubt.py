"""Which replies leave open whether the pause was applied."""

import pytest

from bulkpause.doubt import Doubt, doubt_of, doubt_of_prior
from bulkpause.model import PriorAttempt, Reply
from bulkpause.vocabulary import TransportError


@pytest.mark.parametrize(
    ("statuses", "doubt"),
    [
        ((400, 401, 429), Doubt.EXCLUDED),
        (
            (300, 301, 302, 303, 307, 308, 403, 404, 409, 422, 499, 408, 425, 503),
            Doubt.UNLIKELY,
        ),
        (
            (204, 200, 201, 202, 205, 206, 299, 500, 502, 504, 520, 599),
            Doubt.POSSIBLE,
        ),
    ],
)
def test_http_status_decides_on_doubt(statuses: tuple[int, ...], doubt: Doubt) -> None:
    replies = [
        Reply(received_at=2.0, sent_at=1.0, http_status=status) for status in statuses
    ]
    assert {doubt_of(reply) for reply in replies} == {doubt}
    prior = [PriorAttempt(http_status=status) for status in statuses]
    assert {doubt_of_prior(attempt) for attempt in prior} == {doubt}


def test_prior_attempt_without_response_keeps_its_doubt() -> None:
    prior = [PriorAttempt(error="x", is_in_doubt=doubt) for doubt in (False, True)]

    assert list(map(doubt_of_prior, prior)) == [Doubt.EXCLUDED, Doubt.POSSIBLE]


@pytest.mark.parametrize("error", TransportError)
def test_transport_error_leaves_doubt_only_after_sending(
    error: TransportError,
) -> None:
    sent = Reply(received_at=2.0, sent_at=1.0, error=error)
    unsent = Reply(received_at=2.0, error=error)

    assert doubt_of(sent) is Doubt.POSSIBLE
    assert doubt_of(unsent) is Doubt.EXCLUDED
