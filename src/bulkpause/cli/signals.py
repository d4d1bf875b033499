"""SIGINT and SIGTERM during a run."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.pauser import Pauser
from bulkpause.progress.display import Display


_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class SignalHandler:
    """Lets the first signal end a run in order, the second at once, others nothing.

    Args:
        face: Told of the first signal.

    Attributes:
        task: What the second signal cancels.
    """

    def __init__(self, display: Display) -> None:
        self._received: list[signal.Signals] = []
        self._face = display
        self.task: asyncio.Task[None] | None = None
        self._pauser: Pauser | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._take, number)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    @property
    def exit_code(self) -> ExitCode | None:
        """How the run ends, if a signal came."""
        return _SIGNALS[self._received[0]] if self._received else None

    def stop(self, pauser: Pauser) -> None:
        """Let signals stop this, also one that came before."""
        self._pauser = pauser
        if self._received:
            pauser.stop(self._received[0].name)

    def _take(self, number: signal.Signals) -> None:
        self._received.append(number)
        if len(self._received) == 1:
            if self._pauser is not None:
                self._pauser.stop(number.name)
            waits = "waiting for the requests in flight; a second one leaves at once"
            self._face.note("run.interrupted", signal=number.name, state=waits)
            self._face.say(f"{number.name}: {waits}")
        elif self.task is not None:
            self.task.cancel()
