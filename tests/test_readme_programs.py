"""Run the examples for programs in the README, and check their types as users do."""

import ast
import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from bulkpause import Settings, Status, read_log
from bulkpause.simulator import Behaviour, Simulator
from tests.test_readme import ROOT, blocks, section_of


pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]

FIRST, *OTHERS = (block.text for block in blocks("python"))
#: The examples after the first are parts of one module.
MODULE = "\n\n".join(OTHERS)
(CELL,) = (block.text for block in blocks("ipython"))
IDS = ["1000248", "1000249", "1000250"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the logs of the examples be written to a folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def readme() -> dict[str, Any]:
    """Give the names that the examples define."""
    names: dict[str, Any] = {}
    exec(compile(MODULE, "README.md", "exec"), names)  # noqa: S102 (our own text)
    return names


def settings_of(simulator: Simulator, **more: Any) -> Settings:
    return Settings(base_url=simulator.base_url, limits=(), **more)


@pytest.mark.slow
def test_examples_pass_strict_type_check(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(FIRST)
    (tmp_path / "others.py").write_text(MODULE)
    cell = "".join(f"    {line}\n" for line in CELL.splitlines())
    head = "from bulkpause import Pauser, Settings\n\n\n"
    (tmp_path / "cell.py").write_text(
        f"{head}async def cell(token: str, settings: Settings) -> None:\n{cell}"
    )
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *("--cache-dir", str(ROOT / ".mypy_cache" / "readme")),
            *("first.py", "others.py", "cell.py"),
        ],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=False,
    )
    assert checked.stdout == "Success: no issues found in 3 source files\n"


async def test_list_example_pauses_all(
    readme: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with Simulator(Behaviour(windows=())) as simulator:
        assert await readme["pause_list"](IDS, "any", settings_of(simulator))
    assert simulator.ledger.paused_ids() == set(IDS)
    shown = capsys.readouterr().out
    assert shown.endswith("3 rows = 3 paused\n0 may still be running\n")


async def test_list_example_takes_asynchronous_list(readme: dict[str, Any]) -> None:
    async def rows() -> AsyncIterator[int]:
        for id_ in IDS:
            yield int(id_)

    async with Simulator(Behaviour(windows=())) as simulator:
        assert await readme["pause_list"](rows(), "any", settings_of(simulator))
    assert simulator.ledger.paused_ids() == set(IDS)


async def test_list_example_names_refused_token(
    readme: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with Simulator(Behaviour(windows=(), token="another")) as simulator:
        settings = settings_of(simulator)
        assert not await readme["pause_list"](IDS, "any", settings)
        shown = capsys.readouterr().out
        assert "use another token: the API rejected the token" in shown
        assert await readme["pause_list"](IDS, "another", settings)


async def test_list_example_resumes_after_guard_rail(
    readme: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async with Simulator(Behaviour(windows=(), statuses={IDS[0]: "draft"})) as first:
        settings = settings_of(first, name="the API")
        assert not await readme["pause_list"](IDS, "any", settings)
    assert "unfinished: --canary 1: the first id" in capsys.readouterr().out
    async with Simulator(Behaviour(windows=())) as second:
        settings = settings_of(second, name="the API")
        assert not await readme["pause_list"](IDS, "any", settings)
    assert second.ledger.paused_ids() == set(IDS[1:])
    assert read_log("a.jsonl").summary.by_status[Status.NOT_PAUSABLE] == 1


async def test_early_exit_example_leaves_rest(
    readme: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [str(n) for n in range(1000, 2000)]
    async with Simulator(Behaviour(windows=(), latency_s=0.01)) as simulator:
        await readme["pause_some"](ids, "any", settings_of(simulator), 5)
    log = read_log("b.jsonl")
    unknown = [id_ for id_, one in log.records.items() if one.status is Status.UNKNOWN]
    assert capsys.readouterr().out == f"unknown: {sorted(unknown)}\n"
    assert log.summary.by_status[Status.PAUSED] >= 5
    assert log.summary.not_attempted > 0
    assert simulator.ledger.paused_ids() <= log.records.keys()


async def test_file_example_pauses_valid_rows(
    readme: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Campaign ID,Name\n1000248,Summer\n1.2E+17,Autumn\n1000249,Winter\n"
    (tmp_path / "sale.csv").write_text(text)
    async with Simulator(Behaviour(windows=())) as simulator:
        await readme["pause_file"]("sale.csv", "any", settings_of(simulator))
    assert simulator.ledger.paused_ids() == {"1000248", "1000249"}
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "0 may be running, open: ()"
    assert {"None invalid", "1000248 paused", "1000249 paused"} < set(lines)


async def test_background_example_stops_at_shutdown(readme: dict[str, Any]) -> None:
    behaviour = Behaviour(windows=(), latency_s=0.05)
    ids = [str(n) for n in range(1000, 2000)]
    async with Simulator(behaviour) as simulator:
        settings = settings_of(simulator, max_in_flight=2)
        async with readme["lifespan"](object(), ids, "any", settings):
            while not simulator.ledger.paused_ids():
                await asyncio.sleep(0.01)
        sent = len(simulator.ledger)
        await asyncio.sleep(0.1)
        assert len(simulator.ledger) == sent
    log = read_log("d.jsonl")
    assert set(log.records) == simulator.ledger.paused_ids()
    assert log.summary.may_be_running == 1000 - sent


async def test_notebook_example_runs_in_running_loop() -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    cell = compile(CELL, "cell", "exec", flags=flags)
    assert isinstance(cell, CodeType)
    names: dict[str, Any] = {}
    exec("from bulkpause import Pauser", names)  # noqa: S102 (as a cell before it)
    async with Simulator(Behaviour(windows=())) as simulator:
        names |= {"token": "any", "settings": settings_of(simulator)}
        # As a notebook runs its cells.
        await eval(cell, names)  # noqa: S307 (our own text)
    assert {record.id for record in names["records"]} == {"1000248", "1000249"}


def test_page_names_every_error_of_a_list() -> None:
    named = set(re.findall(r"`(\w+Error)`", section_of("For programs")))
    assert {"TokenError", "GuardRailError", "StoppedError", "LogError"} <= named
