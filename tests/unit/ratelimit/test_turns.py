"""In which order the accounts of one process send, on virtual time."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.gate import Gate
from bulkpause.ratelimit.turns import REQUESTS_PER_TURN, Turns
from tests.testkit.virtual_time import run_on_virtual_time


pytestmark = pytest.mark.anyio

LIMITS = (Limit(3, 1.0), Limit(5, 4.0))
#: Two accounts at least, with their numbers of requests.
ACCOUNTS = st.lists(st.integers(1, 8), min_size=2, max_size=40)


def gates(accounts: int) -> list[Gate]:
    """Make gates of accounts that send in turn."""
    turns, made = Turns(), []
    for _ in range(accounts):
        gate = Gate(LIMITS, max_in_flight=10)
        gate.take_turns(turns)
        made.append(gate)
    return made


async def send_at(gate: Gate, requests: int) -> list[float]:
    """Send requests that are answered at once; give the times of their slots."""
    instants = []
    for _ in range(requests):
        await gate.acquire()
        now = asyncio.get_running_loop().time()
        instants.append(now)
        await gate.release(Reply(sent_at=now, received_at=now, http_status=204))
    return instants


async def test_first_requests_go_before_second_ones() -> None:
    order: list[int] = []

    async def send(account: int, gate: Gate) -> None:
        for _ in range(LIMITS[0].requests):
            await gate.acquire()
            order.append(account)

    await asyncio.gather(*map(send, range(40), gates(40)))
    assert order == list(range(40)) * LIMITS[0].requests


async def test_late_account_goes_before_second_requests() -> None:
    order: list[int] = []

    async def send(account: int, gate: Gate) -> None:
        for _ in range(LIMITS[0].requests):
            await gate.acquire()
            order.append(account)

    made = gates(41)
    early = asyncio.gather(*map(send, range(40), made))
    while len(order) <= 40:
        await asyncio.sleep(0)
    sent = len(order)
    await asyncio.gather(early, send(40, made[40]))
    # Less than an equal share: forty others wait for a turn, too.
    assert order.index(40) - sent <= 2 * REQUESTS_PER_TURN


async def test_few_requests_begin_per_loop_turn() -> None:
    loop, turns = asyncio.get_running_loop(), Turns()
    begun: Counter[float] = Counter()

    async def wait() -> None:
        await turns.wait(is_first=False)
        begun[loop.time()] += 1  # which each turn of a virtual loop moves

    await asyncio.gather(*[wait() for _ in range(100)])
    assert max(begun.values()) == REQUESTS_PER_TURN
    assert len(begun) == -(-100 // REQUESTS_PER_TURN)


async def test_cancelled_request_takes_no_turn() -> None:
    turns = Turns()
    waits = [
        asyncio.create_task(turns.wait(is_first=False))
        for _ in range(REQUESTS_PER_TURN + 1)
    ]
    await asyncio.sleep(0)
    waits[0].cancel()
    for _ in range(2):
        await asyncio.sleep(0)
    assert all(wait.done() for wait in waits)


async def test_request_cancelled_in_turn_gives_slot_back() -> None:
    (gate,) = gates(1)
    waiting = asyncio.create_task(gate.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert [window.acquired for window in gate.snapshot().windows] == [0, 0]


@given(ACCOUNTS)
def test_accounts_keep_their_own_times(requests: list[int]) -> None:
    async def together() -> list[list[float]]:
        return await asyncio.gather(*map(send_at, gates(len(requests)), requests))

    for number, instants in zip(requests, run_on_virtual_time(together()), strict=True):
        alone = run_on_virtual_time(send_at(gates(1)[0], number))
        assert instants == pytest.approx(alone, abs=1e-5)
