"""Hand bytes to a thread that writes them, so that nobody else waits for a stream."""

import threading
from collections import deque
from time import monotonic

from bulkpause.cli.sink import Sink, count_lines


#: The data that may wait for a stream while a run goes on, in bytes.
LIMIT_BYTES = 1 << 20
#: Windows lets no signal in while a lock is waited for, but for so many seconds.
_LOOK_EVERY_S = 0.1


class WriteQueue:
    """Writes data in its order, in a daemon thread, which begins with the first.

    The process can exit while the thread is stuck in a write. Data beyond the limit is
    dropped and counted, since what waits is older and was promised.

    Args:
        sink: Takes the data.
        limit_bytes: The data that may wait.

    Attributes:
        dropped_lines: The number of lines that were dropped.
    """

    def __init__(self, sink: Sink, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._sink = sink
        self._limit_bytes = limit_bytes
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_writing = False
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.dropped_lines = 0

    def put(self, data: bytes, *, is_last: bool = False) -> None:
        """Take data; the limit does not hold for the last words of a run."""
        if not data:  # click writes it, to see whether the stream is for text
            return
        with self._changed:
            size = self._waiting_bytes + len(data)
            if size > self._limit_bytes and not is_last:
                self.dropped_lines += count_lines(data)
                return
            self._waiting.append(data)
            self._waiting_bytes = size
            self._changed.notify_all()
        if self._thread is None:
            self._start()

    @property
    def waiting_bytes(self) -> int:
        """How much waits, beside what is being written."""
        return self._waiting_bytes

    @property
    def is_empty(self) -> bool:
        """Whether all data is written, or lost."""
        return not self._waiting and not self._is_writing

    def drain(self, within_s: float | None = None) -> bool:
        """Wait until all data is written, at most so many seconds; tell whether it is.

        A signal whose handler raises ends the wait.
        """
        until = float("inf") if within_s is None else monotonic() + within_s
        if self._thread is None and self._waiting:
            self._start()
            if self._thread is None:
                self._write_here()
        with self._changed:
            while not self.is_empty and (left := until - monotonic()) > 0:
                self._changed.wait(min(_LOOK_EVERY_S, left))
        return self.is_empty

    def close(self) -> None:
        """Let the thread end after what waits is written. Does not wait for that."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _write_here(self) -> None:
        """Write all in the caller's thread: there is no other."""
        self._sink.write(self._next())
        self._is_writing = False

    def _start(self) -> None:
        thread = threading.Thread(target=self._write, name="output", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no thread now; it may at the next data
            return
        self._thread = thread

    def _write(self) -> None:
        while data := self._next():
            self._sink.write(data)

    def _next(self) -> bytes:
        """Wait for data, and take all of it; nothing once the queue is closed."""
        with self._changed:
            self._is_writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
            self._is_writing = bool(data)
            return data
