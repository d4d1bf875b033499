"""The file is replaced at once, keeps the last success, and holds up nobody."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from bulkpause.metrics.exposition import read_history
from bulkpause.metrics.figures import JobState
from bulkpause.metrics.publisher import Publisher, publish
from bulkpause.metrics.textfile import MetricsError


API = "https://api.ocamba.com"


def state(started_at_s: float, exit_code: int | None, endpoint: str | None) -> JobState:
    return JobState(
        job_name="nightly",
        command="run",
        started_at_s=started_at_s,
        duration_s=1.0,
        exit_code=exit_code,
        endpoint=endpoint,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nightly.prom"


def test_last_success_survives_later_runs(path: Path) -> None:
    publish(path, state(100.0, 0, API))
    publish(path, state(200.0, None, API))
    publish(path, state(200.0, 5, API))
    publish(path, state(300.0, 2, None))
    history = read_history(path.read_text())
    assert (history.succeeded_at_s, history.exit_code) == (101.0, 2)
    assert (history.ended_at_s, history.endpoint) == (301.0, API)


def test_running_run_keeps_exit_code_of_last(path: Path) -> None:
    publish(path, state(100.0, 5, API))
    publish(path, state(200.0, None, API))
    assert read_history(path.read_text()).exit_code == 5


def locked_out(started_at_s: float) -> JobState:
    return replace(state(started_at_s, 7, API), is_locked_out=True)


def test_locked_out_run_leaves_running_one_alone(path: Path) -> None:
    publish(path, state(100.0, None, API))
    before = path.read_bytes()
    publish(path, locked_out(200.0))
    assert path.read_bytes() == before


@pytest.mark.parametrize("is_first", [True, False])
def test_locked_out_run_tells_where_none_runs(path: Path, is_first: bool) -> None:
    if not is_first:
        publish(path, state(100.0, 0, API))
    publish(path, locked_out(200.0))
    assert read_history(path.read_text()).exit_code == 7


def test_success_of_trial_is_forgotten(path: Path) -> None:
    publish(path, state(100.0, 0, "simulator"))
    publish(path, state(200.0, 5, API))
    assert read_history(path.read_text()).succeeded_at_s is None


@pytest.mark.posix_only
def test_exporter_may_read_file_whatever_umask(path: Path) -> None:
    earlier = os.umask(0o077)
    try:
        publish(path, state(100.0, 0, API))
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.posix_only
def test_reader_keeps_whole_earlier_file(path: Path) -> None:
    publish(path, state(100.0, 0, API))
    whole = path.read_text()
    with path.open() as reader:
        publish(path, state(200.0, 5, API))
        assert reader.read() == whole
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    "content", [b"node_load1 1\n", b"\xff\xfe", b"1" * 300_000], ids=repr
)
def test_foreign_file_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(MetricsError, match="it "):
        publish(path, state(100.0, 0, API))
    assert path.read_bytes() == content


def test_missing_folder_is_named_as_fault(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "none" / "nightly.prom")
    publisher.finish(state(100.0, 0, API))
    assert publisher.fault == "No such file or directory"


def test_folder_in_place_of_file_is_fault(path: Path) -> None:
    path.mkdir()
    publisher = Publisher(path)
    publisher.finish(state(100.0, 0, API))
    assert publisher.fault is not None
    assert [*path.parent.iterdir()] == [path]


def test_fault_ends_with_next_good_write(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    publisher = Publisher(folder / "nightly.prom")
    publisher.finish(state(100.0, None, API))
    folder.mkdir()
    publisher.finish(state(100.0, 0, API))
    assert publisher.fault is None


class HangingDisk:
    """Writes nothing until it is released."""

    def __init__(self) -> None:
        self.released = Event()
        self.begun: list[JobState] = []

    def write(self, path: Path, state: JobState) -> None:
        self.begun.append(state)
        self.released.wait()


def test_hanging_disk_holds_up_nobody(path: Path) -> None:
    disk = HangingDisk()
    publisher = Publisher(path, disk.write)
    for _ in range(100):
        publisher.publish(state(100.0, None, API))
    began_at = monotonic()
    publisher.finish(state(100.0, 0, API))
    assert monotonic() - began_at < 30
    assert publisher.fault == "its disk does not answer"
    assert len(disk.begun) == 1
    disk.released.set()


def test_last_state_follows_slow_write(path: Path) -> None:
    disk = HangingDisk()
    publisher = Publisher(path, disk.write)
    publisher.publish(state(100.0, None, API))
    disk.released.set()
    publisher.finish(state(100.0, 0, API))
    assert [written.exit_code for written in disk.begun] == [None, 0]
    assert publisher.fault is None
