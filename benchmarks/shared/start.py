"""Run the program for one id, alone on its account, and time its first request."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.harness import (
    ENVIRONMENT,
    installed_program,
    table_row,
    usage_at_end,
)


STORES = ("none", "auto")
HEAD = ("start", "first request, ms", "later, ms", "CPU, ms", "added, ms")
_TIMEOUT_S = 60.0
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Start:
    """What a run of one id took.

    Attributes:
        first_ms: From the start of the program to the first byte of its request.
        cpu_ms: CPU time from its start to its end.
    """

    first_ms: float
    cpu_ms: float


def start(share: str, log: Path) -> Start:
    """Pause one campaign at a server of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_TIMEOUT_S)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        options = ("--yes", "--progress", "none", "--log", str(log), "--share", share)
        began_s = perf_counter()
        with subprocess.Popen(
            [installed_program(), "run", "1000", "--base-url", address, *options],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(_TIMEOUT_S)
                assert peer.recv(1 << 16).startswith(b"POST")
                first_s = perf_counter() - began_s
                peer.sendall(_NO_CONTENT)
                cpu_s, _ = usage_at_end(process)
    return Start(first_ms=1000 * first_s, cpu_ms=1000 * cpu_s)


def start_rows(rounds: int) -> Iterator[str]:
    """Compare, in turn, the start of a run that shares nothing with one of `auto`.

    The first round, in which nothing is cached and there is no database yet, is left
    out: it is that of the first run of all.
    """
    with TemporaryDirectory() as folder:
        logs = (Path(folder) / f"{number}.jsonl" for number in count())
        found: dict[str, list[Start]] = {share: [] for share in STORES}
        for _ in range(rounds + 1):
            for share in STORES:
                found[share].append(start(share, next(logs)))
    base = found["none"][1:]
    for share in STORES:
        kept = found[share][1:]
        pairs = list(zip(kept, base, strict=True))
        yield table_row(
            [
                share,
                f"{median(one.first_ms for one in kept):.1f}",
                f"{median(one.first_ms - other.first_ms for one, other in pairs):+.1f}",
                f"{median(one.cpu_ms for one in kept):.1f}",
                f"{median(one.cpu_ms - other.cpu_ms for one, other in pairs):+.1f}",
            ]
        )
