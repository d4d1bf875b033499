"""JSON lines of a run for a log collector."""

import asyncio
import io
from contextvars import Context
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest
import structlog

from bulkpause.model import Record
from bulkpause.progress.event import IdFinished, Notice, Progressed
from bulkpause.progress.jsonl import INTERVAL_S, JsonLinesDisplay, configure
from bulkpause.vocabulary import Status
from tests.support.progress import MIDWAY, REJECTED, START


class _Logger:
    """Keeps the lines with their levels."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **fields: self.lines.append((level, event, fields))


@pytest.fixture
def logger() -> _Logger:
    return _Logger()


def display_on(logger: _Logger) -> JsonLinesDisplay:
    return JsonLinesDisplay(cast("structlog.typing.FilteringBoundLogger", logger))


def test_line_is_object_with_run_id() -> None:
    configure("info", "run-1", file := io.BytesIO()).info("run.started", ids=3)
    fields = orjson.loads(file.getvalue())
    assert list(fields) == ["timestamp", "level", "event", "run_id", "ids"]
    assert (fields["event"], fields["run_id"]) == ("run.started", "run-1")
    assert fields["timestamp"].endswith("Z")


def test_every_line_of_simulated_run_says_so() -> None:
    configure("info", "run-1", file := io.BytesIO(), simulated=True).info("run.begun")
    assert orjson.loads(file.getvalue())["simulated"] is True


def test_line_from_another_task_has_run_id() -> None:
    log = Context().run(configure, "info", "run-1", file := io.BytesIO())
    Context().run(log.info, "run.progressed")
    fields = orjson.loads(file.getvalue())
    assert fields["run_id"] == "run-1"


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["debug", "info", "warning"]),
        ("info", ["info", "warning"]),
        ("warning", ["warning"]),
        ("error", []),
    ],
)
def test_level_selects_lines(level: str, written: list[str]) -> None:
    log = configure(level, "run-1", file := io.BytesIO())
    log.debug("id.finished")
    log.info("run.progressed")
    log.warning("id.finished")
    lines = file.getvalue().splitlines()
    assert [orjson.loads(line)["level"] for line in lines] == written


def test_api_text_stays_in_one_escaped_value() -> None:
    text = 'a\n{"event":"forged"}\x1b[2J'
    configure("info", "run-1", file := io.BytesIO()).info("id.finished", message=text)
    (line,) = file.getvalue().splitlines()
    assert b"\x1b" not in line
    assert orjson.loads(line)["message"] == text


def test_value_without_json_type_becomes_text() -> None:
    configure("info", "run-1", file := io.BytesIO()).info("run.started", value={1})
    assert orjson.loads(file.getvalue())["value"] == "{1}"


@pytest.mark.anyio
async def test_unchanged_state_is_logged_every_ten_seconds(logger: _Logger) -> None:
    display = display_on(logger)
    for _ in range(25):
        display.handle(Progressed(MIDWAY))
        await asyncio.sleep(1)
    assert [event for _, event, _ in logger.lines] == ["run.progressed"] * 3
    assert INTERVAL_S == 10


@pytest.mark.anyio
async def test_changed_state_is_logged_at_once(logger: _Logger) -> None:
    display = display_on(logger)
    waiting = replace(MIDWAY, waits_for="the limit of 150/60s", waits_s=23.0)
    soon = replace(waiting, waits_s=22.0)
    stopping = replace(MIDWAY, stopping="SIGTERM")
    for snapshot in (START, MIDWAY, waiting, soon, MIDWAY, stopping):
        display.handle(Progressed(snapshot))
    states = [(f["waits_for"], f["stopping"]) for _, _, f in logger.lines]
    assert states == [
        (None, None),
        ("the limit of 150/60s", None),
        (None, None),
        (None, "SIGTERM"),
    ]


@pytest.mark.anyio
async def test_progress_line_contains_whole_snapshot(logger: _Logger) -> None:
    display_on(logger).handle(Progressed(MIDWAY))
    ((level, event, fields),) = logger.lines
    assert (level, event) == ("info", "run.progressed")
    assert fields == {
        "finished": 100,
        "total": 150,
        "by_status": {"paused": 97, "failed": 3},
        "requests": 108,
        "in_flight": 8,
        "accepted": 0,
        "to_retry": 0,
        "to_read_back": 0,
        "rate_per_s": 9.44,
        "allowed_per_s": 10.0,
        "left_s": 63.0,
        "waits_for": None,
        "waits_s": None,
        "stopping": None,
        "sharing": None,
    }


def test_rejected_id_is_logged_as_warning(logger: _Logger) -> None:
    display_on(logger).handle(IdFinished(REJECTED))
    ((level, event, fields),) = logger.lines
    assert (level, event) == ("warning", "id.finished")
    assert (fields["id"], fields["trace_id"]) == ("1001", "t-1")
    assert fields["message"] == REJECTED.message


def test_paused_id_is_logged_for_debugging(logger: _Logger) -> None:
    record = Record(id="1", name="Summer sale", status=Status.PAUSED)
    display_on(logger).handle(IdFinished(record))
    fields = {"id": "1", "name": "Summer sale", "status": Status.PAUSED}
    assert logger.lines == [("debug", "id.finished", fields)]


def test_notice_is_logged_without_its_text(logger: _Logger) -> None:
    display = display_on(logger)
    display.handle(Notice("run.interrupted", {"signal": "SIGINT"}, text="stopping"))
    display.close()
    assert logger.lines == [("info", "run.interrupted", {"signal": "SIGINT"})]


def test_warning_has_its_level(logger: _Logger) -> None:
    notice = Notice("warning.issued", {"message": "old"}, level="warning")
    display_on(logger).handle(notice)
    assert logger.lines == [("warning", "warning.issued", {"message": "old"})]
