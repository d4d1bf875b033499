"""On a full disk, nothing is sent after the first line that cannot be written."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from bulkpause.simulator import Simulator, Window
from tests.support.posix import limiting_file_size
from tests.support.program import TOKEN, WITHIN_S, ProcessResult, Program, Serve, script
from tests.support.terminal import environment


# Coverage would write a longer file at the end than may be, and fail.
pytestmark = [pytest.mark.unmeasured, pytest.mark.slow, pytest.mark.posix_only]

IDS = [str(1001 + n) for n in range(40)]
MAX_IN_FLIGHT = 4
NETWORK = {"windows": (Window(limit=20, period_s=0.2),), "latency_s": 0.02}
OPTIONS = (
    *("--yes", "--log", "log.jsonl", "--resume", "--progress", "none"),
    *("--burst", "20/200ms", "--steady", "none"),
    *("--max-in-flight", str(MAX_IN_FLIGHT)),
)


def run_with_files_of(
    limit: int, program: Program, simulator: Simulator
) -> ProcessResult:
    """Run the program with a limit on the size of files, in bytes."""
    variables = {**program.variables, "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [script(), "run", "ids.txt", "--base-url", simulator.base_url, *OPTIONS],
        capture_output=True,
        cwd=program.folder,
        env=environment(variables),
        timeout=WITHIN_S,
        check=False,
        preexec_fn=limiting_file_size(limit),
    )
    return ProcessResult(
        code=ended.returncode,
        stdout=ended.stdout.decode(),
        stderr=ended.stderr.decode(),
    )


def whole_lines(path: Path) -> list[dict[str, str]]:
    return [orjson.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def problems_of(
    ended: ProcessResult, program: Program, simulator: Simulator
) -> Iterator[str]:
    """Compare what a run on a full disk reports with what it did."""
    if ended.code != 6 or "Traceback" in ended.stderr:
        yield f"exit {ended.code}: {ended.stderr}"
    ahead = whole_lines(program.folder / "log.jsonl.wal")
    tried = {one["sent"] for one in ahead if "sent" in one}
    asked = {entry.id for entry in simulator.ledger}
    recorded = {one["id"] for one in whole_lines(program.log)}
    if not asked <= tried:
        yield f"sent, not on record: {asked - tried}"
    unsettled = asked - recorded
    if len(unsettled) > MAX_IN_FLIGHT:
        yield f"{len(unsettled)} sent without a record"
    named = re.search("in flight: ([^;]*)", ended.stderr)
    if unsettled and (named is None or not unsettled <= set(named[1].split(", "))):
        yield f"{unsettled} were in flight, and it says {ended.stderr!r}"


def try_size(limit: int, folder: Path, serve: Serve) -> list[str]:
    """Run with files of a limited size, and then without the limit."""
    (folder := folder / str(limit)).mkdir()
    program, simulator = Program(folder, {"OCAMBA_TOKEN": TOKEN}), serve(**NETWORK)
    program.ids(len(IDS))
    found = list(
        problems_of(run_with_files_of(limit, program, simulator), program, simulator)
    )
    recorded, before = whole_lines(program.log), len(simulator.ledger)
    ended = program.call("run", "ids.txt", "--base-url", simulator.base_url, *OPTIONS)
    if ended.code != 0 or program.statuses() != dict.fromkeys(IDS, "paused"):
        found.append(f"not all paused after it: {ended}")
    again = {one["id"] for one in recorded} & {
        entry.id for entry in simulator.ledger[before:]
    }
    if again:
        found.append(f"requested again: {again}")
    return [f"{limit} bytes: {one}" for one in found]


def test_file_size_limit_ends_run_without_loss(tmp_path: Path, serve: Serve) -> None:
    # The write-ahead log begins with 700 bytes; a record has about 600.
    sizes = [0, 1, 100, 300, *range(701, 5_000, 661), 9_001, 12_001]
    with ThreadPoolExecutor(3) as lanes:
        found = list(lanes.map(lambda size: try_size(size, tmp_path, serve), sizes))
    violations = [one for some in found for one in some]
    assert not violations, "\n".join(violations)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 16 KiB, if that is allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("mount is not installed")
    tmpfs = [mount, "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(tmpfs, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


def test_full_disk_ends_run_with_6(
    small_disk: Path, program: Program, serve: Serve
) -> None:
    simulator = serve(**NETWORK)
    log = small_disk / "log.jsonl"
    usual = [str(log) if word == "log.jsonl" else word for word in OPTIONS]
    options = ["--base-url", simulator.base_url, *usual]
    ended = program.call("run", program.ids(200), *options)
    assert ended.code == 6
    assert "No space left on device" in ended.stderr
    sent = len(simulator.ledger)
    assert 0 < sent < 200
    ahead = whole_lines(small_disk / "log.jsonl.wal")
    assert sent <= sum("sent" in one for one in ahead)


@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero", "/dev/null"])
@pytest.mark.parametrize("verb", ["run", "retry", "status", "export"])
def test_device_is_refused_as_log(
    program: Program, serve: Serve, device: str, verb: str
) -> None:
    simulator = serve()
    given = {
        "run": ["run", program.ids(3), "--yes", "--resume", "--log", device],
        "retry": ["retry", device, "--yes"],
    }.get(verb, [verb, device])
    if verb in {"run", "retry"}:
        given += ["--base-url", simulator.base_url]
    ended = program.call(*given)
    assert (ended.code, "not a regular file" in ended.stderr) == (2, True)
    assert len(simulator.ledger) == 0


def test_missing_log_directory_ends_with_2(program: Program, serve: Serve) -> None:
    simulator = serve()
    options = ["--base-url", simulator.base_url, "--log", "missing/log.jsonl"]
    ended = program.call("run", program.ids(3), "--yes", *options)
    assert ended.code == 2
    assert "the folder missing does not exist" in ended.stderr
    assert len(simulator.ledger) == 0
