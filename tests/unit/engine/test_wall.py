"""When the same refusal for one id after another is taken for a common cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.engine.wall import WALL_IDS, Wall
from bulkpause.model import Reply
from bulkpause.operation import PAUSE
from bulkpause.vocabulary import StopCause


def reply(status: int | None, trace_id: str | None = None) -> Reply:
    return Reply(received_at=1.0, sent_at=0.5, http_status=status, trace_id=trace_id)


def wall_after(*statuses: int | None) -> Wall:
    wall = Wall(PAUSE)
    for number, status in enumerate(statuses):
        wall.record(str(number), reply(status))
    return wall


@pytest.mark.parametrize("status", [301, 302, 307, 403, 404, 405, 409, 410, 422, 451])
def test_same_refusal_of_ten_ids_is_wall(status: int) -> None:
    assert WALL_IDS == 10
    assert not wall_after(*[status] * (WALL_IDS - 1)).stands
    assert wall_after(*[status] * WALL_IDS).stands


@pytest.mark.parametrize("status", [200, 204, 400, 408, 425, 429, 500, 503, None])
def test_other_reply_makes_no_wall(status: int | None) -> None:
    assert not wall_after(*[status] * 50).stands


@pytest.mark.parametrize("other", [200, 204, 400, 403, 409])
def test_other_answer_ends_row(other: int) -> None:
    row = [404] * (WALL_IDS - 1)
    assert not wall_after(*row, other, *row).stands


@pytest.mark.parametrize("passing", [408, 425, 429, 500, 503, None])
def test_passing_failure_does_not_end_row(passing: int | None) -> None:
    assert wall_after(*[404] * (WALL_IDS - 1), passing, 404).stands


def test_same_id_counts_once() -> None:
    wall = Wall(PAUSE)
    for _ in range(50):
        wall.record("1", reply(404))
    assert not wall.stands


def test_row_may_begin_after_successes() -> None:
    assert wall_after(*[204] * 50, *[404] * WALL_IDS).stands


@pytest.mark.parametrize(
    ("status", "cause", "question"),
    [
        (403, StopCause.TOKEN, "is the token allowed to pause campaigns?"),
        (404, StopCause.REFUSAL, "is the base URL right?"),
        (302, StopCause.REFUSAL, "is there a login page in front of it?"),
        (422, StopCause.REFUSAL, "does the API accept pauses now"),
    ],
)
def test_reason_asks_about_common_cause(
    status: int, cause: StopCause, question: str
) -> None:
    reason = wall_after(*[status] * WALL_IDS).reason()
    assert reason.cause is cause
    assert reason.detail.startswith(f"every campaign gets HTTP {status}: ")
    assert question in reason.detail


def test_reason_tells_row_from_all_campaigns() -> None:
    for first in (204, 409):
        reason = wall_after(first, *[404] * WALL_IDS).reason()
        assert reason.detail.startswith("one campaign after another gets HTTP 404: ")


def test_reason_ends_with_trace_id() -> None:
    wall = Wall(PAUSE)
    for number in range(WALL_IDS):
        wall.record(str(number), reply(404, trace_id=f"t-{number}"))
    assert wall.reason().detail.endswith("(trace_id t-9)")


@given(st.lists(st.sampled_from([204, 404, 403, 503]), max_size=40))
def test_accepted_id_changes_nothing_far_from_wall(statuses: list[int]) -> None:
    told, spared = Wall(PAUSE), Wall(PAUSE)
    for number, status in enumerate(statuses):
        told.record(str(number), reply(status))
        if not (status == 204 and spared.is_far):
            spared.record(str(number), reply(status))
        assert (told.stands, told.ids) == (spared.stands, spared.ids)
        assert told.reason() == spared.reason()
