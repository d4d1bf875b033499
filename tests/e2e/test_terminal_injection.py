"""Text from the API cannot control a terminal or forge a line."""

import re
from unicodedata import category

import orjson
import pytest

from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    choosing,
)
from tests.support.program import Program, Start


pytestmark = pytest.mark.unmeasured

#: Tests show each between `<` and `>`, to find it in any output.
SEQUENCES = [
    *("\x1b[2J", "\x1b[1;1H", "\x1b[31m", "\x1b[?1049h", "\x1b[6n", "\x1b[20A"),
    *(
        "\x1b]0;owned\x07",
        "\x1b]8;;http://evil.example\x1b\\",
        "\x1b]52;c;ZXZpbA==\x07",
    ),
    *("\x1bP0;1|17/41\x1b\\", "\x1b_evil\x1b\\", "\x1bc", "\x1b(0", "\x1b7", "\x1b"),
    *("\x9b31m", "\x9d0;owned\x9c", "\x90q\x9c", "\x85", "\x84", "\x8d"),
    *("\x00", "\x07", "\x08\x08\x08", "\t", "\n", "\v", "\f", "\r", "\r\n", "\x7f"),
    *("\x0e", "\x0f", "\x1a", "\x1c", "\x1e"),
    *("\u2028", "\u2029", "\u202e", "\u202a", "\u2066", "\u2069", "\u200f", "\u061c"),
    *("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\U000e0041", "\ufff9"),
]
#: rich would interpret these; the bar shows them literally.
MARKUP = [
    "[bold]x[/bold]",
    "[link=http://evil.example]x[/link]",
    "[/]",
    "[red]",
    "\\[x]",
]
#: Sequences of the bar: colours, the cursor, and erasing its own lines.
_BAR_SEQUENCES = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[hl]|2K|1A)|\r|\n")
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
HOSTILE_TEXTS = {f"id-{n}": f"<{text}>" for n, text in enumerate([*SEQUENCES, *MARKUP])}


def in_header(text: str) -> bytes:
    """Replace bytes that would end the header, or that the parser would reject."""
    return re.sub(rb"[\x00-\x08\n-\x1f\x7f]", b"?", text.encode())


def respond(request: bytes) -> bytes:
    """Reject a pause with hostile text, and report a hostile campaign status."""
    match = re.search(rb"/campaigns/([^/ ]+)", request)
    assert match is not None
    id_ = match[1].decode()
    text = HOSTILE_TEXTS.get(id_)
    if text is None:
        return NO_CONTENT
    if request.startswith(b"GET"):
        body = orjson.dumps({"items": [{"id": id_, "status": text}]})
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    is_odd = int(id_.rpartition("-")[2]) % 2
    trace = {} if is_odd else {"trace_id": text}
    body = orjson.dumps({"title": text, "message": f"no {text}!", **trace})
    headers = (b"X-Trace-Id", b"Server", b"Retry-After", b"X-RateLimit-Limit")
    lines = [name + b": " + in_header(text) for name in headers]
    head = [b"HTTP/1.1 400 " + in_header(text), b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *lines, b"", body])


def respond_running(request: bytes) -> bytes:
    """Reject a pause with hostile text, and report a running campaign."""
    if not request.startswith(b"GET"):
        return respond(request)
    match = re.search(rb"/campaigns/([^/ ]+)", request)
    assert match is not None
    body = orjson.dumps({"items": [{"id": match[1].decode(), "status": "running"}]})
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def server(start: Start) -> FaultyServer:
    behaviour: Behaviour = choosing(respond)
    return start(behaviour)


def options_for(server: FaultyServer) -> list[str]:
    return [
        *("--yes", "--base-url", server.endpoint.base_url, "--log", "log.jsonl"),
        *("--burst", "none", "--steady", "none"),
    ]


def ids_file(program: Program) -> str:
    return program.file(
        "ids.txt", "".join(f"{id_}\n" for id_ in [*HOSTILE_TEXTS, "good"])
    )


def invisible(text: str) -> set[str]:
    """Give the invisible characters of a text, except line ends."""
    return {character for character in text if category(character) in _INVISIBLE} - {
        "\n"
    }


def test_sequences_are_many_and_invisible() -> None:
    assert len(set(SEQUENCES)) >= 35
    assert all(invisible(text.replace("\n", "\r")) for text in SEQUENCES)


@pytest.mark.parametrize(
    "progress",
    [
        ("--progress", "none"),
        ("--progress", "lines", "--log-level", "debug"),
        ("--progress", "none", "--json"),
    ],
    ids=["text", "lines", "json"],
)
def test_hostile_text_is_neutralised_in_output(
    program: Program, server: FaultyServer, progress: tuple[str, ...]
) -> None:
    ended = program.call("run", ids_file(program), *options_for(server), *progress)
    assert ended.code == 1
    outputs = [ended.stdout, ended.stderr]
    for command in (["status"], ["status", "--json"], ["export"]):
        statuses = ["--status", "rejected"] if command == ["export"] else []
        outputs.append(program.call(*command, "log.jsonl", *statuses).stdout)
    assert not set.union(*map(invisible, outputs))
    assert outputs[-1].count("\n") == len(HOSTILE_TEXTS) + 1
    if "lines" in progress:
        events = [orjson.loads(line) for line in ended.stderr.split("\n")[:-1]]
        finished = [event for event in events if event["event"] == "id.finished"]
        assert len(finished) == len(HOSTILE_TEXTS) + 1


def test_hostile_text_stays_in_one_log_line(
    program: Program, server: FaultyServer
) -> None:
    program.call("run", ids_file(program), *options_for(server))
    lines = program.log.read_bytes().split(b"\n")
    assert lines.pop() == b""
    records = {record["id"]: record for record in map(orjson.loads, lines)}
    assert records.keys() == {*HOSTILE_TEXTS, "good"}
    for id_, text in HOSTILE_TEXTS.items():
        for name in ("title", "message", "trace_id", "campaign_status"):
            value = records[id_][name]
            if name == "trace_id" and not re.search("[0-9A-Za-z]", text):
                assert value is None  # nothing that a server logs
                continue
            assert re.search("<.+>", value)
            assert not invisible(value.replace("\n", "\r"))
    assert not invisible(program.log.read_text("utf-8"))


def test_only_bar_moves_cursor_on_terminal(
    program: Program, server: FaultyServer
) -> None:
    program.variables |= {"TERM": "xterm-256color"}
    del program.variables["BULKPAUSE_RUN_PROGRESS"]
    terminal = program.on_a_terminal("run", ids_file(program), *options_for(server))
    assert terminal.end() == 1
    assert "latest ids not paused:" in terminal.seen
    assert not invisible(_BAR_SEQUENCES.sub("", terminal.seen))
    for text in SEQUENCES:
        assert f"<{text}>" not in terminal.seen


@pytest.mark.parametrize("markup", MARKUP)
def test_rich_markup_is_shown_literally(
    program: Program, start: Start, markup: str
) -> None:
    # A status that is not known would be read back for 15 s.
    server = start(choosing(respond_running))
    id_ = next(id_ for id_, text in HOSTILE_TEXTS.items() if text == f"<{markup}>")
    program.variables |= {"TERM": "xterm-256color", "COLUMNS": "200"}
    del program.variables["BULKPAUSE_RUN_PROGRESS"]
    source = program.file("ids.txt", f"{id_}\n")
    terminal = program.on_a_terminal("run", source, *options_for(server))
    assert terminal.end() == 1
    live = terminal.seen.partition("rows = ")[0]
    assert f"<{markup}>" in live
