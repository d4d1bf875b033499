"""A log that somebody else wrote cannot steer the terminal."""

from pathlib import Path

import pytest

from bulkpause.journal.codec import Header, Sent, encode, encode_plan
from bulkpause.model import Item
from bulkpause.vocabulary import Action
from tests.unit.cli.conftest import Call


HOSTILE = "https://a\x1b]0;owned\x07\r\n\u202e\x9b2J.example"
CALLS = {
    "status": ("status", "log.jsonl"),
    "status as JSON": ("status", "log.jsonl", "--json"),
    "export": ("export", "log.jsonl"),
    "report": ("report", "log.jsonl", "--format", "markdown"),
    "page": ("report", "log.jsonl", "-o", "report.html"),
    "retry": ("retry", "log.jsonl", "--yes"),
    "resume": ("run", "1000248", "--yes", "--resume", "--log", "log.jsonl"),
}


@pytest.fixture(autouse=True)
def log(call: Call) -> None:
    """Write a write-ahead log whose endpoint and run hold control characters."""
    lines = [
        encode(
            Header(run=HOSTILE, base_url=HOSTILE, digest="d", planned=2, boot_id="b")
        ),
        *encode_plan([Item(id="1000248", row=1, name=HOSTILE)]),
        encode(
            Sent(
                sent="1000248",
                action=Action.PAUSE,
                request_id=f"{HOSTILE}-1",
                at="2026-07-01T08:00:00.000Z",
                clock_s=1.0,
            )
        ),
    ]
    Path("log.jsonl.wal").write_bytes(b"".join(lines))


@pytest.mark.parametrize("words", CALLS.values(), ids=CALLS)
def test_output_is_inert(call: Call, words: tuple[str, ...]) -> None:
    ended = call(*words)
    assert ended.code in {0, 2, 5}
    for line in (ended.stdout + ended.stderr).split("\n"):
        assert line.isprintable(), ascii(line)
