"""Whose turn it is."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest

from bulkpause.engine.backlog import RETRY_TURNS, Backlog
from bulkpause.engine.job import Job
from bulkpause.model import Item


pytestmark = pytest.mark.anyio


def jobs(*names: str) -> list[Job]:
    return [Job(Item(id=id_, row=1)) for id_ in names]


def take(backlog: Backlog) -> str:
    return backlog.take().item.id


async def test_an_empty_backlog_is_done() -> None:
    assert not await Backlog(()).ready()


async def test_first_tries_come_in_order() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    assert await backlog.ready()
    assert [take(backlog) for _ in range(3)] == ["a", "b", "c"]


async def test_a_plan_is_read_as_it_is_needed() -> None:
    taken: list[str] = []

    def one_by_one() -> Iterator[Job]:
        for job in jobs(*"abcdef"):
            taken.append(job.item.id)
            yield job

    backlog = Backlog(one_by_one())
    backlog.take()
    assert taken == ["a", "b"]


async def test_it_is_not_done_while_something_is_open() -> None:
    backlog = Backlog(jobs("a"))
    job = backlog.take()
    asyncio.get_running_loop().call_later(5.0, backlog.add_read_back, job)
    assert await backlog.ready()
    assert asyncio.get_running_loop().time() >= 5.0
    assert backlog.take() is job


async def test_it_is_done_when_the_last_one_is_finished() -> None:
    backlog = Backlog(jobs("a"))
    backlog.take()
    asyncio.get_running_loop().call_later(5.0, backlog.finish)
    assert not await backlog.ready()


async def test_a_retry_waits_for_its_time() -> None:
    backlog = Backlog(jobs("a"))
    start = asyncio.get_running_loop().time()
    backlog.add_retry(backlog.take(), 7.0)
    assert await backlog.ready()
    assert asyncio.get_running_loop().time() - start == pytest.approx(7.0)
    assert take(backlog) == "a"


async def test_the_retry_that_is_due_first_goes_first() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    for wait_s in (3.0, 1.0, 2.0):
        backlog.add_retry(backlog.take(), wait_s)
    await asyncio.sleep(4.0)
    assert [take(backlog) for _ in range(3)] == ["b", "c", "a"]


async def test_retries_that_are_due_together_keep_their_order() -> None:
    backlog = Backlog(jobs("a", "b", "c"))
    for _ in range(3):
        backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(3)] == ["a", "b", "c"]


async def test_one_turn_in_five_is_a_retry_while_first_tries_wait() -> None:
    names = [f"f{n}" for n in range(40)]
    backlog = Backlog(jobs(*(f"r{n}" for n in range(10)), *names))
    for _ in range(10):
        backlog.add_retry(backlog.take(), 1.0)
    await asyncio.sleep(2.0)
    turns = [take(backlog)[0] for _ in range(40)]
    retries = [n for n, kind in enumerate(turns) if kind == "r"]
    assert 40 / RETRY_TURNS <= len(retries) <= 40 / RETRY_TURNS + 1
    assert {b - a for a, b in pairwise(retries)} == {RETRY_TURNS}


async def test_retries_have_all_turns_when_no_first_try_waits() -> None:
    backlog = Backlog(jobs("a", "b"))
    for _ in range(2):
        backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(2)] == ["a", "b"]


async def test_read_backs_come_after_first_tries_and_due_retries() -> None:
    backlog = Backlog(jobs("view", "again", "fresh"))
    backlog.add_read_back(backlog.take())
    backlog.add_retry(backlog.take(), 0.0)
    assert [take(backlog) for _ in range(3)] == ["fresh", "again", "view"]


async def test_a_read_back_does_not_wait_for_a_retry_that_is_not_due() -> None:
    backlog = Backlog(jobs("again", "view"))
    backlog.add_retry(backlog.take(), 60.0)
    backlog.add_read_back(backlog.take())
    assert await backlog.ready()
    assert take(backlog) == "view"


async def test_what_was_begun_and_not_finished_is_left_over() -> None:
    backlog = Backlog(jobs("late", "view", "soon", "fresh"))
    backlog.add_retry(backlog.take(), 60.0)
    backlog.add_read_back(backlog.take())
    backlog.add_retry(backlog.take(), 1.0)
    left = [job.item.id for job in backlog.leftovers()]
    assert left == ["soon", "late", "view"]
