"""The stacks of threads and tasks, without a value."""

import asyncio
import sys
from threading import Event, Thread

import pytest

from bulkpause.cli.stacks import stack_lines


SECRET = "s3cret-canary"


def hold(started: Event, release: Event, secret: str) -> None:
    started.set()
    release.wait()
    assert secret


async def await_inner(token: str) -> None:
    await asyncio.Event().wait()
    assert token


async def await_outer(token: str) -> None:
    await await_inner(token)


def test_stacks_show_this_thread() -> None:
    lines = stack_lines(None)
    assert lines[-1].startswith("  File ")
    assert any(line.endswith(", in test_stacks_show_this_thread") for line in lines)
    assert any(line == "main thread:" for line in lines)


def test_stacks_show_other_threads() -> None:
    started, release = Event(), Event()
    thread = Thread(target=hold, args=(started, release, SECRET), name=SECRET)
    thread.start()
    started.wait()
    lines = stack_lines(sys._getframe())  # noqa: SLF001 (as a signal handler has it)
    release.set()
    thread.join()
    other = lines[lines.index("another thread:") :]
    assert any(line.endswith(", in hold") for line in other)
    assert SECRET not in "".join(lines)


@pytest.mark.anyio
async def test_stacks_show_what_tasks_await() -> None:
    task = asyncio.create_task(await_outer(SECRET), name=SECRET)
    await asyncio.sleep(0)
    lines = stack_lines(None)
    task.cancel()
    functions = [line.rpartition(", in ")[2] for line in lines]
    place = functions.index("await_outer")
    assert functions[place - 1 : place + 2] == ["task:", "await_outer", "await_inner"]
    assert SECRET not in "".join(lines)
