"""Tell where the threads and asyncio tasks of this process are, for a stack dump.

Files, lines and functions only: values may be secret.
"""

import _thread
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import FrameType


def stack_lines(frame: FrameType | None) -> list[str]:
    """Write the stack of each thread, then of each task of the running loop.

    The innermost function comes last.

    Args:
        frame: Where this thread was interrupted.
    """
    # The only way to the frames of other threads.
    frames = sys._current_frames()  # noqa: SLF001
    this = _thread.get_ident()
    if frame is not None:
        frames[this] = frame
    lines = []
    # This thread first: the others serve it.
    for ident, innermost in sorted(frames.items(), key=lambda one: one[0] != this):
        lines.append("main thread:" if ident == this else "another thread:")
        lines += [*map(_line, reversed([*_callers(innermost)]))]
    for coroutine in _coroutines():
        lines += ["task:", *map(_line, _awaited(coroutine))]
    return lines


def write_aside(
    lines: Sequence[str], *, unless: Sequence[object] = (), after_s: float = 0.0
) -> None:
    """Write lines to standard error in a thread, which may block there for ever.

    Args:
        lines: The lines.
        unless: Nothing is written if this holds something by then.
        after_s: Seconds to wait before.
    """
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError):  # it was closed from the start
        return
    data = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
    # Not `threading`: its locks may be held by the code that a signal interrupts.
    _thread.start_new_thread(_write, (descriptor, data, unless, after_s))


def _write(
    descriptor: int, data: bytes, unless: Sequence[object], after_s: float
) -> None:
    time.sleep(after_s)
    with suppress(OSError):
        while data and not unless:
            data = data[os.write(descriptor, data) :]


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _line(frame: FrameType) -> str:
    code = frame.f_code
    return f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_qualname}'


def _coroutines() -> list[object]:
    """Give what the tasks of the running loop run, without importing asyncio for it."""
    asyncio = sys.modules.get("asyncio")
    try:
        tasks = [] if asyncio is None else asyncio.all_tasks()
    except (AttributeError, RuntimeError):  # imported in part; no loop runs
        return []
    return [task.get_coro() for task in tasks]


def _awaited(coroutine: object) -> Iterator[FrameType]:
    """Go from a coroutine to what it awaits, as far as that is Python."""
    while coroutine is not None:
        frame = _first(coroutine, ("cr_frame", "gi_frame", "ag_frame"))
        if isinstance(frame, FrameType):
            yield frame
        coroutine = _first(coroutine, ("cr_await", "gi_yieldfrom", "ag_await"))


def _first(owner: object, names: Sequence[str]) -> object:
    return next((getattr(owner, name) for name in names if hasattr(owner, name)), None)
