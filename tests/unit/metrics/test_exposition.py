"""The file of metrics: what Prometheus reads in it, and what the next run does."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bulkpause.metrics.exposition import read_history, write_exposition
from bulkpause.metrics.figures import Figures, History, JobState
from bulkpause.model import Record
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status


README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
ENDED = History(
    endpoint="https://api.ocamba.com",
    exit_code=5,
    ended_at_s=1_795_000_000.25,
    succeeded_at_s=1_794_000_000.5,
    completed_at_s=1_794_900_000.0,
)


def state_with(**given: object) -> JobState:
    usual: dict[str, object] = {
        "job_name": "nightly",
        "command": "run",
        "started_at_s": 1_795_000_000.0,
        "duration_s": 2.5,
        "endpoint": "https://api.ocamba.com",
    }
    return JobState(**{**usual, **given})  # type: ignore[arg-type]


def totals() -> Totals:
    statuses = [Status.PAUSED, Status.PAUSED, Status.REJECTED]
    records = (Record(id=str(1001 + n), status=s) for n, s in enumerate(statuses))
    return add_all(records, Totals(rows=5, duplicate=1))


def samples(text: str) -> dict[tuple[str, str | None], float]:
    return {
        (sample.name, sample.labels.get("status")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


WHOLE = write_exposition(state_with(figures=Figures.of(totals())), ENDED).decode()


def test_rows_by_status_add_up_to_rows() -> None:
    counts = {
        status: value
        for (name, status), value in samples(WHOLE).items()
        if name == "bulkpause_rows"
    }
    assert counts.keys() == totals().counts().keys()
    assert sum(counts.values()) == 5
    assert (counts["paused"], counts["duplicate"]) == (2, 1)


def test_ids_that_may_be_running_are_counted() -> None:
    assert samples(WHOLE)["bulkpause_ids_may_be_running", None] == 2


def test_lost_plan_leaves_no_all_clear() -> None:
    lost = Totals(rows=0, is_plan_known=False)
    text = write_exposition(state_with(figures=Figures.of(lost)), ENDED).decode()
    assert "may_be_running" not in text


def test_unknown_input_has_no_counts() -> None:
    text = write_exposition(state_with(figures=None), ENDED).decode()
    assert "bulkpause_rows" not in text
    assert "may_be_running" not in text


@pytest.mark.parametrize(("exit_code", "is_running"), [(None, 1), (0, 0), (130, 0)])
def test_run_without_exit_code_is_running(
    exit_code: int | None, is_running: int
) -> None:
    text = write_exposition(state_with(exit_code=exit_code), History()).decode()
    assert samples(text)["bulkpause_running", None] == is_running


def test_names_and_units_follow_conventions() -> None:
    for family in text_string_to_metric_families(WHOLE):
        assert re.fullmatch(r"bulkpause(_[a-z]+)+", family.name)
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_total", "_count", "_sum", "_ms"))
        for sample in family.samples:
            assert sample.labels["job_name"] == "nightly"


def test_readme_names_metrics_that_are_written() -> None:
    named = set(re.findall(r"\bbulkpause_[a-z_]+", README))
    assert named
    assert named <= set(re.findall(r"^# TYPE (\S+)", WHOLE, re.MULTILINE))


def test_counts_stay_when_input_cannot_be_used() -> None:
    history = read_history(WHOLE)
    state = state_with(started_at_s=9e9, exit_code=3)
    later = samples(write_exposition(state, history).decode())
    for name in ("ids_may_be_running", "counts_timestamp_seconds"):
        key = (f"bulkpause_{name}", None)
        assert later[key] == samples(WHOLE)[key]
    assert ("bulkpause_requests", None) not in later


def test_each_metric_stands_once() -> None:
    names = re.findall(r"^# TYPE (\S+)", WHOLE, re.MULTILINE)
    assert len(names) == len(set(names)) == 15


@pytest.mark.parametrize("history", [ENDED, History(), History(exit_code=2)], ids=str)
def test_history_is_read_as_written(history: History) -> None:
    text = write_exposition(state_with(endpoint=history.endpoint), history).decode()
    assert read_history(text) == history


def test_job_name_may_hold_any_character() -> None:
    name = 'a"b\\c\nd,e="f" 🎉'
    text = write_exposition(state_with(job_name=name), ENDED).decode()
    assert read_history(text) == ENDED


def test_empty_file_holds_no_history() -> None:
    assert read_history("") == History()


@pytest.mark.parametrize(
    "text",
    [
        "node_load1 0.5\n",
        f"{WHOLE}# TYPE other gauge\nother 1\n",
        'bulkpause_rows{status="paused" 3\n',
        "bulkpause_last_run_exit_code many\n",
        "ids that are no metrics\n",
    ],
)
def test_foreign_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_history(text)


@given(st.text() | st.text().map(lambda text: f"bulkpause_running{{{text}}} 1\n"))
def test_hostile_file_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        read_history(text)


@pytest.mark.parametrize(
    "sample",
    ['bulkpause_rows{other="paused"} 1\n', "bulkpause_last_run_exit_code +Inf\n"],
)
def test_damaged_sample_is_refused(sample: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        read_history(sample)


@given(st.integers(0, len(WHOLE) - 1), st.characters())
def test_damaged_file_is_read_or_refused(place: int, character: str) -> None:
    with suppress(ValueError):
        read_history(f"{WHOLE[:place]}{character}{WHOLE[place + 1 :]}")


def test_success_and_completion_are_kept_apart() -> None:
    after = History().after(0, 10.0).after(1, 20.0).after(5, 30.0)
    assert after == History(
        exit_code=5, ended_at_s=30.0, succeeded_at_s=10.0, completed_at_s=20.0
    )


def test_success_on_simulator_is_none_of_api() -> None:
    trial = History(endpoint="simulator").after(0, 10.0)
    assert trial.of_endpoint("simulator") == trial
    assert trial.of_endpoint(None) == trial
    real = trial.of_endpoint("https://api.ocamba.com")
    assert real == History(endpoint="https://api.ocamba.com")
