import pytest

from bulkpause.listing.patience import WAIT_MAX_S, Patience
from bulkpause.model import Reply
from bulkpause.vocabulary import TransportError


def failure(at: float, **fields: object) -> Reply:
    return Reply(received_at=at, http_status=500, **fields)  # type: ignore[arg-type]


def test_waits_grow_up_to_their_maximum() -> None:
    patience, waits = Patience(300.0), []
    for at in range(6):
        reply = failure(float(at))
        assert patience.failed(reply) is None
        waits.append(patience.wait_s(reply, jitter=1.0))

    assert waits == [1.0, 2.0, 4.0, WAIT_MAX_S, WAIT_MAX_S, WAIT_MAX_S]


def test_jitter_cuts_wait_by_half() -> None:
    patience, reply = Patience(300.0), failure(0.0)
    patience.failed(reply)

    assert patience.wait_s(reply, jitter=0.0) == 0.5


def test_retry_after_is_a_lower_bound() -> None:
    patience, reply = Patience(300.0), failure(0.0, retry_after_s=30.0)

    assert patience.failed(reply) is None
    assert patience.wait_s(reply, jitter=1.0) == 30.0


def test_last_wait_ends_with_patience() -> None:
    patience = Patience(3.0)
    patience.failed(failure(0.0))
    reply = failure(2.5)

    assert patience.failed(reply) is None
    assert patience.wait_s(reply, jitter=1.0) == 0.5


def test_patience_ends_with_last_error() -> None:
    patience = Patience(3.0)
    patience.failed(failure(0.0))

    reply = Reply(received_at=3.0, error=TransportError.RESET)

    assert patience.failed(reply) == (
        "no valid response for 3 s, the last error: connection_reset"
    )


def test_usable_answer_begins_anew() -> None:
    patience = Patience(3.0)
    patience.failed(failure(0.0))
    patience.reset()

    assert patience.last_error is None
    assert patience.failed(failure(3.0)) is None


@pytest.mark.parametrize(("asked_s", "ends"), [(3.0, False), (3.1, True)])
def test_longer_retry_after_ends_patience(asked_s: float, ends: bool) -> None:
    reason = Patience(3.0).failed(failure(0.0, retry_after_s=asked_s))

    assert (reason is not None) is ends
