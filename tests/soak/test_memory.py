"""Peak memory of reading an input, in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson
import pytest

from tests.inputs.table import LARGE
from tests.support.nightly import IS_NIGHTLY
from tests.support.program import WITHIN_S


pytestmark = [pytest.mark.unmeasured, pytest.mark.slow, pytest.mark.posix_only]

#: Prints the peak since the program was executed, in KiB.
PROGRAM = """
import atexit, re, sys
from pathlib import Path
from bulkpause.cli.app import main

def print_peak():
    status = Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], file=sys.stderr)

atexit.register(print_peak)
main()
"""
ROWS = 1_000_000 if IS_NIGHTLY else 50_000
WIDTH = 2_000
MIB = 1024


def csv_rows(ids: int, width: int) -> Iterator[bytes]:
    yield b"id,note\n"
    for id_ in range(ids):
        yield b"%d,%s\n" % (1_000_000 + id_, b"x" * width)


def quoted_rows(ids: int, width: int) -> Iterator[bytes]:
    half = b"x" * (width // 2)
    yield b"id,note\n"
    for id_ in range(ids):
        yield b'%d,"%s\n%s"\n' % (1_000_000 + id_, half, half)


def json_rows(ids: int, width: int) -> Iterator[bytes]:
    for id_ in range(ids):
        yield b'{"id": %d, "note": "%s"}\n' % (1_000_000 + id_, b"x" * width)


def plan(source: str | Path, lines: Iterable[bytes] = ()) -> tuple[int, str, int]:
    """Plan an input: its number of ids, its messages, and the peak in KiB."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "plan", source, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.writelines(lines)
        stdout, stderr = process.communicate(timeout=WITHIN_S)
    *said, peak_kib = stderr.decode().splitlines()
    found = orjson.loads(stdout) if stdout else {}
    return found.get("ids", 0), "\n".join(said), int(peak_kib)


@pytest.mark.timeout(600 if IS_NIGHTLY else 300)
@pytest.mark.parametrize("rows", [csv_rows, quoted_rows, json_rows])
def test_memory_grows_with_ids_not_with_row_width(
    rows: Callable[[int, int], Iterator[bytes]],
) -> None:
    count = ROWS if rows is csv_rows else ROWS // 5
    _, _, at_rest = plan("-", rows(1, 1))
    ids, _, narrow = plan("-", rows(count, 1))
    assert ids == count
    ids, _, wide = plan("-", rows(count, WIDTH))
    assert ids == count
    assert wide - at_rest < (narrow - at_rest) * 1.1 + 4 * MIB


@pytest.mark.parametrize("name", [name for name in LARGE if name.startswith("bomb")])
def test_compressed_gigabyte_is_refused_in_little_memory(
    tmp_path: Path, name: str
) -> None:
    data, said = LARGE[name]
    path = tmp_path / name
    path.write_bytes(data)
    _, _, at_rest = plan("-", [b"1000248\n"])
    ids, refused, peak = plan(path)
    assert (ids, refused) == (0, f"bulkpause: {path}: {said}")
    assert peak - at_rest < 64 * MIB
