"""A command publishes its metrics at intervals, and however it ends."""

import asyncio
import sys
import threading
import time
from pathlib import Path

import pytest

from bulkpause.cli.job_metrics import JobMetrics
from bulkpause.cli.metrics_refresh import INTERVAL_S, published
from bulkpause.metrics.exposition import read_history
from bulkpause.report.totals import Totals
from tests.testkit.virtual_time import run_on_virtual_time, wall_clock
from tests.unit.cli.conftest import Call


def exit_code_in(path: Path) -> int | None:
    return read_history(path.read_text()).exit_code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run"], 2),
        (["run", "ids.txt", "--no-such-option"], 2),
        (["run", "missing.csv", "--yes"], 3),
        (["retry", "missing.jsonl", "--yes"], 3),
        (["run", "1001", "--yes", "--expect", "7"], 8),
        (["undo", "missing.jsonl", "--yes"], 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("as_one_word", [False, True])
def test_end_before_sending_is_published(
    call: Call, tmp_path: Path, words: list[str], code: int, as_one_word: bool
) -> None:
    path = tmp_path / "job.prom"
    option = [f"--metrics={path}"] if as_one_word else ["--metrics", str(path)]
    assert call(*words, *option).code == code
    assert exit_code_in(path) == code


def test_environment_names_file_of_usage_error(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.prom"
    monkeypatch.setenv("BULKPAUSE_RUN_METRICS", str(path))
    assert call("run", "--no-such-option").code == 2
    assert exit_code_in(path) == 2


def test_option_after_two_dashes_is_input(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "job.prom"
    assert call("run", "--yes", "--", "--metrics", str(path)).code == 3
    assert not path.exists()


@pytest.mark.parametrize("name", ["metrics.txt", "metrics", ".prom"])
def test_file_that_no_exporter_reads_is_refused(call: Call, name: str) -> None:
    ended = call("run", "1001", "--yes", "--metrics", name)
    assert ended.code == 2
    assert "name a file that ends in .prom" in ended.stderr


def test_missing_extra_names_command(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ended = call("run", "1001", "--yes", "--metrics", "job.prom")
    assert ended.code == 2
    assert "-m pip install 'bulkpause[metrics]'" in ended.stderr


def test_file_that_cannot_be_written_is_said(call: Call, tmp_path: Path) -> None:
    ended = call("run", "missing.csv", "--metrics", str(tmp_path / "no" / "job.prom"))
    assert ended.code == 3
    assert "job.prom: No such file or directory\n" in ended.stderr
    assert ended.stderr.count("warning: no metrics in ") == 1


def new_text(path: Path, known: list[str]) -> str:
    """Wait for what a thread writes, while virtual time stands still."""
    give_up_at = time.monotonic() + 60
    while not path.exists() or path.read_text() in known:
        assert time.monotonic() < give_up_at
        time.sleep(0.001)
    # The next state is left out while the thread of this one has not ended.
    for thread in threading.enumerate():
        if thread.name == "metrics":
            thread.join()
    return path.read_text()


def test_state_is_published_at_each_interval(tmp_path: Path) -> None:
    path = tmp_path / "job.prom"
    totals, texts = Totals(rows=9), list[str]()

    async def run() -> None:
        metrics = JobMetrics(path, "run", now=wall_clock)
        async with published(metrics, lambda: totals, pytest.fail):
            for _ in range(3):
                await asyncio.sleep(0.1)
                texts.append(new_text(path, texts))
                await asyncio.sleep(INTERVAL_S - 0.1)

    run_on_virtual_time(run())
    durations = [
        float(line.split()[1])
        for text in texts
        for line in text.splitlines()
        if line.startswith("bulkpause_run_duration_seconds{")
    ]
    assert durations == pytest.approx([0.0, INTERVAL_S, 2 * INTERVAL_S])
    assert all('bulkpause_running{job_name="job"} 1.0' in text for text in texts)


def test_fault_is_said_once_during_run(tmp_path: Path) -> None:
    said: list[str] = []

    async def run() -> None:
        metrics = JobMetrics(tmp_path / "no" / "job.prom", "run", now=wall_clock)
        async with published(metrics, Totals, said.append):
            while not said:  # the write is in a thread
                await asyncio.sleep(INTERVAL_S)
                time.sleep(0.005)  # noqa: ASYNC251 (in virtual time, a thread has none)
            await asyncio.sleep(9 * INTERVAL_S)
        metrics.end(0, said.append)

    run_on_virtual_time(run())
    assert len(said) == 1


def test_without_file_nothing_is_published(tmp_path: Path) -> None:
    async def run() -> None:
        metrics = JobMetrics()
        async with published(metrics, Totals, pytest.fail):
            await asyncio.sleep(3 * INTERVAL_S)
        metrics.end(0, pytest.fail)

    run_on_virtual_time(run())
