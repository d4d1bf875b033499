"""Each sample input shows what it was made for."""

from pathlib import Path

import pytest

from bulkpause.simulator import Behaviour
from tests.support.program import Program, Serve


pytestmark = pytest.mark.unmeasured

SAMPLES = Path(__file__).parents[2] / "sample_inputs"
SUMMARIES = {
    "ad_ops_export.csv": "63 rows = 62 paused + 1 duplicate",
    "feed.jsonl": "40 rows = 40 paused",
    "incident.csv": "150 rows = 150 paused",
    "plain_list.txt": "50 rows = 50 paused",
}


def without_limits(program: Program, serve: Serve, sample: str, *options: str) -> str:
    simulator = serve(windows=())
    ended = program.pause(simulator, str(SAMPLES / sample), "--burst", "none", *options)
    paused = {r["id"] for r in program.records() if r["status"] == "paused"}
    assert simulator.ledger.paused_ids() == paused
    assert sorted(simulator.ledger.acted_ids()) == sorted(paused)
    return ended.summary


def test_every_sample_is_tested() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {
        *SUMMARIES,
        "filtered.xlsx",
        "mangled_ids.csv",
        "titled_report.csv",
    }


@pytest.mark.parametrize("sample", SUMMARIES)
def test_every_campaign_of_sample_is_paused(
    program: Program, serve: Serve, sample: str
) -> None:
    assert without_limits(program, serve, sample) == SUMMARIES[sample]


def test_mangled_sample_is_refused(program: Program, serve: Serve) -> None:
    simulator = serve()
    ended = program.pause(simulator, str(SAMPLES / "mangled_ids.csv"))
    assert ended.code == 3
    message = " ".join(ended.stderr.split())
    assert "mangled_ids.csv: 10 of 19 rows cannot be used" in message
    assert len(simulator.ledger) == 0


def test_skip_invalid_sends_valid_rows_of_mangled_sample(
    program: Program, serve: Serve
) -> None:
    summary = without_limits(program, serve, "mangled_ids.csv", "--skip-invalid")
    assert summary == "19 rows = 9 paused + 10 invalid"


def test_titles_and_totals_of_sample_are_named(program: Program, serve: Serve) -> None:
    path = str(SAMPLES / "titled_report.csv")
    refused = program.pause(serve(), path)
    assert refused.code == 3
    for words in ("above the heading", "no id", "4 of 14 rows", "--skip-invalid"):
        assert words in refused.stderr
    summary = without_limits(program, serve, path, "--skip-invalid")
    assert summary == "14 rows = 10 paused + 4 invalid"


@pytest.mark.parametrize(("choice", "count"), [("skip", 12), ("pause", 16)])
def test_filtered_sample_needs_choice(
    program: Program, serve: Serve, choice: str, count: int
) -> None:
    path = str(SAMPLES / "filtered.xlsx")
    refused = program.pause(serve(), path)
    assert (refused.code, "--hidden-rows skip" in refused.stderr) == (3, True)
    ended = program.pause(serve(windows=()), path, "--hidden-rows", choice)
    assert ended.summary == f"{count} rows = {count} paused"
    fate = {"skip": "left out", "pause": "included"}[choice]
    assert f"note: 4 rows hidden by the filter A3:D19, {fate}\n" in ended.stderr


def test_incident_sample_finishes_within_documented_limits(
    program: Program, serve: Serve
) -> None:
    simulator = serve(windows=Behaviour().windows, latency_s=0.06, jitter_s=0.02)
    documented = ["--burst", "10/1s", "--steady", "150/1m"]
    ended = program.pause(simulator, str(SAMPLES / "incident.csv"), *documented)
    assert (ended.code, ended.summary) == (0, "150 rows = 150 paused")
    assert simulator.ledger.rate_limited() == []
    assert simulator.ledger[-1].at - simulator.ledger[0].at < 20
