"""Stop a run at the first signal, and end its requests in flight at the second."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bulkpause.cli.signals import StopSignals
from bulkpause.fleet import Fleet
from bulkpause.progress.display import Display
from bulkpause.progress.event import Notice


#: Seconds for the requests in flight after a second signal that is SIGHUP: a dropped
#: connection sends two, one from the system and one from the shell.
HANG_UP_S = 1.0


class RunSignals:
    """Acts on the signals of the process while a run is in its event loop.

    Args:
        signals: Where they arrive.
        display: Shows the first signal, and the stacks that SIGQUIT asks for.
        grace_s: Seconds for the requests in flight after the first signal.
    """

    def __init__(
        self, signals: StopSignals, display: Display, *, grace_s: float
    ) -> None:
        self._signals = signals
        self._display = display
        self._grace_s = grace_s
        self._is_shown = False
        self._fleet: Fleet | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Act on signals in the running loop until the context is left."""
        loop = asyncio.get_running_loop()
        with self._signals.acted_on(loop, self._act, self._show_stacks):
            yield

    def attach(self, fleet: Fleet) -> None:
        """Set the run to stop at the first signal; stop it now if that has come."""
        self._fleet = fleet
        self._stop()

    def _act(self) -> None:
        self._stop()
        if not self._is_shown:
            self._is_shown = True
            self._show(self._signals.received[0])

    def _stop(self) -> None:
        received = self._signals.received
        if self._fleet is not None and received:
            grace_s = grace_after(received, self._grace_s)
            self._fleet.stop(received[0], grace_s=grace_s)

    def _show(self, name: str) -> None:
        state = (
            f"waiting for the requests in flight, at most {self._grace_s:g} s; "
            "a second signal exits at once"
        )
        fields = {"signal": name, "state": state, "grace_s": self._grace_s}
        self._display.handle(Notice("run.interrupted", fields, text=f"{name}: {state}"))

    def _show_stacks(self, lines: list[str]) -> None:
        self._display.handle(
            Notice("stacks.dumped", {"stacks": lines}, text="\n".join(lines))
        )


def grace_after(received: list[str], grace_s: float) -> float:
    """Give the seconds for requests in flight after these signals."""
    if len(received) == 1:
        return grace_s
    return min(grace_s, HANG_UP_S) if received[-1] == "SIGHUP" else 0.0
