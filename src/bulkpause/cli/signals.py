"""Stop a run at SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.pauser import Pauser
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice


_EXIT_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class SignalHandler:
    """Stops a run at the first signal, aborts it at the second, ignores later ones.

    Args:
        display: Shows the first signal.

    Attributes:
        task: The task that the second signal cancels.
    """

    def __init__(self, display: Display) -> None:
        self._received: list[signal.Signals] = []
        self._display = display
        self.task: asyncio.Task[None] | None = None
        self._pauser: Pauser | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals until the context is left."""
        loop = asyncio.get_running_loop()
        for number in _EXIT_CODES:
            loop.add_signal_handler(number, self._receive, number)
        try:
            yield
        finally:
            for number in _EXIT_CODES:
                loop.remove_signal_handler(number)

    @property
    def exit_code(self) -> ExitCode | None:
        """The exit code for the first signal; None without a signal."""
        return _EXIT_CODES[self._received[0]] if self._received else None

    def attach(self, pauser: Pauser) -> None:
        """Set the run to stop at the first signal; stop it now if that has come."""
        self._pauser = pauser
        if self._received:
            pauser.stop(self._received[0].name)

    def _receive(self, number: signal.Signals) -> None:
        self._received.append(number)
        if len(self._received) == 1:
            if self._pauser is not None:
                self._pauser.stop(number.name)
            state = "waiting for the requests in flight; a second signal exits at once"
            self._display.handle(
                Notice(
                    "run.interrupted",
                    {"signal": number.name, "state": state},
                    text=f"{number.name}: {state}",
                )
            )
        elif self.task is not None:
            self.task.cancel()
