"""The documented command sends spans and durations, and neither token nor trace out."""

import json
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.faulty_server import NO_CONTENT, choosing
from tests.support.program import TOKEN, ProcessResult, Program, Start


README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
INSTRUMENT = Path(sysconfig.get_path("scripts")) / "opentelemetry-instrument"
VARIABLES = {
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "console",
    "OTEL_TRACES_EXPORTER": "console",
    "PYTHONWARNINGS": "default",
}


def documented_variables() -> dict[str, str]:
    """Give the variables that the README sets before the command."""
    pattern = r"^(OTEL_.+) opentelemetry-instrument -- bulkpause run .+$"
    (found,) = re.findall(pattern, README, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in found.split())


def exported(ended: ProcessResult) -> Iterator[dict[str, Any]]:
    """Give the JSON objects that the exporters print, as a rule after the summary."""
    decoder, text = json.JSONDecoder(), f"\n{ended.stdout}"
    place = text.find("\n{")
    while place >= 0:
        found, end = decoder.raw_decode(text, place + 1)
        yield found
        place = text.find("{", end) - 1 if "{" in text[end:] else -1


def test_each_request_has_span_and_duration(program: Program, start: Start) -> None:
    server = start(choosing(lambda _: NO_CONTENT))
    program.variables |= VARIABLES | documented_variables()
    options = ("--base-url", server.endpoint.base_url, "--log", "log.jsonl")
    running = program.start(
        "run", program.ids(3), "--yes", *options, under=(str(INSTRUMENT), "--")
    )
    ended = running.end()
    assert (ended.code, "3 rows = 3 paused\n" in ended.stdout) == (0, True)

    spans = [found for found in exported(ended) if "parent_id" in found]
    assert [span["name"] for span in spans] == ["POST"] * len(server.requests)
    assert len(server.requests) == 3
    for span in spans:
        assert span["attributes"]["http.response.status_code"] == 204
    (metrics,) = (found for found in exported(ended) if "resource_metrics" in found)
    (scope,) = metrics["resource_metrics"][0]["scope_metrics"]
    (metric,) = scope["metrics"]
    (point,) = metric["data"]["data_points"]
    assert (metric["name"], point["count"]) == ("http.client.request.duration", 3)
    # As a word: a duration or a port may hold the digits of an id.
    assert not re.search(r"\b100[1-3]\b", json.dumps(point["attributes"]))
    assert TOKEN not in ended.stdout + ended.stderr
    received = b"".join(server.received).lower()
    assert received.count(b"authorization: bearer") == 3
    assert b"traceparent" not in received
