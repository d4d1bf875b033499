"""Run the processes of a case at a simulated account, and evaluate its ledger."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness import ENVIRONMENT
from benchmarks.shared import stores
from benchmarks.shared.account import behaviour_of, limits_of, running_account
from benchmarks.shared.cases import FIRST_ID, Case
from benchmarks.shared.client import ClientSpec, ClientUse
from bulkpause.simulator import Ledger
from bulkpause.simulator.ledger import Entry
from tests.testkit.lower_bounds import fixed_window_arrivals, shortest_time_s


#: Seconds over which the even share is judged, and until something befalls a process.
SHARE_S, EVENT_S = 15.0, 8.0
#: How long something lasts, in seconds.
LASTS_S = 10.0
#: The most seconds that a trial at full scale takes.
TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the server counted, and what the processes used.

    Attributes:
        entries: The requests in the order of arrival.
        started_s: When each process was told to begin, on the ledger's clock.
        uses: What each process used; None for one that was killed.
        best_s: The least seconds in which the server allows as many requests.
        early_ratio: The time of the first nine tenths, divided by the least possible.
            A list that fills its windows to the last slot needs one window more for
            each slot that is lost; this shows what was lost itself.
    """

    entries: Sequence[Entry]
    started_s: tuple[float, ...]
    uses: tuple[ClientUse | None, ...]
    best_s: float
    early_ratio: float

    @property
    def rate_limited(self) -> int:
        return sum(entry.limited for entry in self.entries)

    @property
    def time_s(self) -> float:
        """From the first arrival to the last."""
        return self.entries[-1].at - self.entries[0].at

    @property
    def work_ms(self) -> float | None:
        """CPU milliseconds a request; None if a process was killed."""
        uses = [use.cpu_s for use in self.uses if use is not None]
        is_whole = len(uses) == len(self.uses)
        return 1000 * sum(uses) / len(self.entries) if is_whole else None

    def arrivals_of(self, process: int) -> list[float]:
        """Give when the requests of a process arrived."""
        return [one.at for one in self.entries if _process_of(one) == process]

    def evenness(self, scale: float) -> float:
        """Give Jain's index of the requests of each process at first; 1 is even."""
        until = self.entries[0].at + SHARE_S * scale
        early = [one for one in self.entries if one.at < until and not one.limited]
        counts = Counter(map(_process_of, early))
        squares = sum(count * count for count in counts.values())
        return counts.total() ** 2 / (len(self.uses) * squares)


def run(case: Case, seed: int, scale: float) -> Trial:
    """Run a case."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        place = stack.enter_context(stores.opened(case.store, folder))
        path = folder / "ledger.jsonl"
        address = stack.enter_context(running_account(path, seed, scale))
        specs = [replace(spec, share=place.share) for spec in case.clients]
        processes = [
            stack.enter_context(_client(spec, address, scale)) for spec in specs
        ]
        started_s = _start(processes, case.starts_s)
        befalling = threading.Thread(target=_befall, args=(case, place, processes))
        befalling.start()
        uses = tuple(map(_use_of, processes))
        befalling.join()
        entries = list(Ledger.read(path))
    return Trial(
        entries=entries,
        started_s=started_s,
        uses=uses,
        best_s=_best_s(entries, seed, scale),
        early_ratio=_ratio(entries[: len(entries) * 9 // 10], seed, scale),
    )


@contextmanager
def _client(
    spec: ClientSpec, address: str, scale: float
) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that is ready to begin."""
    module = [sys.executable, "-m", "benchmarks.shared.client"]
    with subprocess.Popen(
        [*module, spec.as_argument(), address, str(scale)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def _start(
    processes: Sequence["subprocess.Popen[str]"], starts_s: Sequence[float]
) -> tuple[float, ...]:
    """Tell each process to begin at its time."""
    began_at, started = time.monotonic(), []
    for process, start_s in zip(
        processes, starts_s or [0.0] * len(processes), strict=True
    ):
        time.sleep(max(0.0, began_at + start_s - time.monotonic()))
        started.append(time.monotonic())
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return tuple(started)


def _befall(
    case: Case, place: stores.Place, processes: Sequence["subprocess.Popen[str]"]
) -> None:
    if not case.event:
        return
    time.sleep(EVENT_S)
    match case.event:
        case "kill":
            for process in processes[:2]:
                process.kill()
        case "freeze":
            _hold(processes[0].pid)
            time.sleep(LASTS_S)
            _let_go(processes[0].pid)
        case "silence":
            place.fall_silent(LASTS_S)
        case "loss":
            place.forget()
        case unknown:
            raise ValueError(f"nothing is known of {unknown}")


def _use_of(process: "subprocess.Popen[str]") -> ClientUse | None:
    output, _ = process.communicate(timeout=TIMEOUT_S)
    return ClientUse(**json.loads(output)) if process.returncode == 0 else None


def _process_of(entry: Entry) -> int:
    return int(entry.id or 0) // FIRST_ID - 1


def _best_s(entries: Sequence[Entry], seed: int, scale: float) -> float:
    phases_s = [window.phase_s for window in behaviour_of(seed, scale).windows]
    earliest_s = fixed_window_arrivals(limits_of(scale), phases_s, entries[0].at)
    return shortest_time_s(earliest_s, sum(not entry.limited for entry in entries))


def _ratio(entries: Sequence[Entry], seed: int, scale: float) -> float:
    return (entries[-1].at - entries[0].at) / _best_s(entries, seed, scale)


def _hold(pid: int) -> None:
    if sys.platform != "win32":
        os.kill(pid, signal.SIGSTOP)


def _let_go(pid: int) -> None:
    if sys.platform != "win32":
        os.kill(pid, signal.SIGCONT)
