"""What waits with one timer ends when it would with a timer of its own."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.deadlines import Deadlines
from tests.testkit.virtual_time import run_on_virtual_time


#: When a request begins, how long it may take and how long it takes.
Times = tuple[int, int, int]
TIMES = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20)).filter(
    lambda times: times[1] != times[2]
)


Futures = Deadlines[asyncio.Future[None]]


def end(future: asyncio.Future[None]) -> None:
    future.set_exception(TimeoutError())


async def end_of(times: Times, deadlines: Futures | None) -> tuple[float, bool]:
    """Give the time at which a request ends, and whether it timed out."""
    loop = asyncio.get_running_loop()
    begins, may_take, takes = times
    await asyncio.sleep(begins)
    response: asyncio.Future[None] = loop.create_future()
    arrival = loop.call_later(takes, response.set_result, None)
    try:
        if deadlines is None:
            async with asyncio.timeout(may_take):
                await response
        else:
            deadlines.add(response, loop.time() + may_take)
            try:
                await response
            finally:
                deadlines.discard(response)
    except TimeoutError:
        arrival.cancel()
        return round(loop.time(), 3), True
    return round(loop.time(), 3), False


async def ends_of(
    requests: Sequence[Times], deadlines: Futures | None
) -> list[tuple[float, bool]]:
    return await asyncio.gather(*(end_of(times, deadlines) for times in requests))


@given(st.lists(TIMES, max_size=20))
def test_one_timer_ends_requests_as_their_own_would(requests: list[Times]) -> None:
    assert run_on_virtual_time(
        ends_of(requests, Deadlines(end))
    ) == run_on_virtual_time(ends_of(requests, None))


def test_finished_request_is_not_ended_later() -> None:
    async def finish_one() -> None:
        assert await end_of((0, 5, 1), deadlines := Deadlines(end)) == (1, False)
        await asyncio.sleep(10)
        assert await end_of((0, 5, 7), deadlines) == (16, True)

    run_on_virtual_time(finish_one())
