"""What a log collector is given: JSON lines with the run's name."""

from contextvars import Context

import orjson
import pytest

from bulkpause.progress import jsonl as logs


def test_a_line_is_an_object_that_names_its_run(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    logs.configure("info", "run-1").info("run.started", ids=3)
    fields = orjson.loads(capsysbinary.readouterr().err)
    assert list(fields) == ["timestamp", "level", "event", "run_id", "ids"]
    assert (fields["event"], fields["run_id"]) == ("run.started", "run-1")
    assert fields["timestamp"].endswith("Z")


def test_a_line_of_another_task_than_the_one_that_made_the_log_names_its_run_too(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    log = Context().run(logs.configure, "info", "run-1")
    Context().run(log.info, "run.progressed")
    fields = orjson.loads(capsysbinary.readouterr().err)
    assert fields["run_id"] == "run-1"


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("debug", ["debug", "info", "warning"]),
        ("info", ["info", "warning"]),
        ("warning", ["warning"]),
        ("error", []),
    ],
)
def test_the_level_chooses_the_lines(
    capsysbinary: pytest.CaptureFixture[bytes], level: str, seen: list[str]
) -> None:
    log = logs.configure(level, "run-1")
    log.debug("id.finished")
    log.info("run.progressed")
    log.warning("id.finished")
    lines = capsysbinary.readouterr().err.splitlines()
    assert [orjson.loads(line)["level"] for line in lines] == seen


def test_foreign_text_stays_in_one_escaped_value(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    foreign = 'a\n{"event":"forged"}\x1b[2J'
    logs.configure("info", "run-1").info("id.finished", message=foreign)
    (line,) = capsysbinary.readouterr().err.splitlines()
    assert b"\x1b" not in line
    assert orjson.loads(line)["message"] == foreign


def test_a_value_that_json_does_not_know_is_written_as_text(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    logs.configure("info", "run-1").info("run.started", value={1})
    assert orjson.loads(capsysbinary.readouterr().err)["value"] == "{1}"
