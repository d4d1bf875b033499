"""Keep the file of a job up to date, without holding up its run."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from bulkpause.metrics.figures import JobState
from bulkpause.metrics.textfile import MetricsError, read_textfile, replace_textfile


#: Seconds for the last write, and for one that is still going on then.
_LAST_WRITE_S = 2.0


def publish(path: Path, state: JobState) -> None:
    """Write the state of a job to its file, and keep what that knows of earlier runs.

    A run that did not get its log leaves a file alone that tells of one under way.

    Raises:
        MetricsError: The file cannot be read or written, or is not one of a job.
    """
    # Slow to import, and so not before the thread that calls this.
    from bulkpause.metrics.exposition import (  # noqa: PLC0415
        read_history,
        tells_of_running,
        write_exposition,
    )

    text = read_textfile(path)
    try:
        history = read_history(text)
    except ValueError as error:
        raise MetricsError("it holds other metrics, and was left as it is") from error
    if state.is_locked_out and tells_of_running(text):
        return  # it is that of the run that holds the log
    history = history.of_endpoint(state.endpoint)
    if state.exit_code is not None:
        ended_at_s = state.started_at_s + state.duration_s
        history = history.after(state.exit_code, ended_at_s)
    replace_textfile(path, write_exposition(state, history))


class Publisher:
    """Publishes states in daemon threads: a disk that hangs holds up nobody.

    Args:
        path: The file.
        write: Writes a state to it, and raises a `MetricsError` if it cannot.

    Attributes:
        fault: Why the last write failed; None if it did not.
    """

    def __init__(
        self, path: Path, write: Callable[[Path, JobState], None] = publish
    ) -> None:
        self.fault: str | None = None
        self._path = path
        self._write = write
        self._thread: Thread | None = None

    def publish(self, state: JobState) -> None:
        """Begin to write a state, unless an earlier one is still being written."""
        if self._thread is None or not self._thread.is_alive():
            self._begin(state)

    def finish(self, state: JobState) -> None:
        """Write the last state, and wait for that, but not for long."""
        if self._thread is not None:
            self._thread.join(_LAST_WRITE_S)
        if self._thread is None or not self._thread.is_alive():
            self._begin(state).join(_LAST_WRITE_S)
        if self._thread is not None and self._thread.is_alive():
            self.fault = "its disk does not answer"

    def _begin(self, state: JobState) -> Thread:
        self._thread = thread = Thread(
            target=self._publish, args=(state,), name="metrics", daemon=True
        )
        thread.start()
        return thread

    def _publish(self, state: JobState) -> None:
        try:
            self._write(self._path, state)
        except MetricsError as error:
            self.fault = str(error)
        else:
            self.fault = None
