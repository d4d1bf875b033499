"""What an API says is shown as it is meant to be read, and steers nothing."""

import re
from unicodedata import category

import orjson
import pytest

from tests.support.broken_api import NO_CONTENT
from tests.support.faulty_server import Behaviour, FaultyServer, choosing
from tests.support.program import Program, Start


pytestmark = pytest.mark.unmeasured

#: Each stands between two marks, so that it is found again wherever it is shown.
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
#: rich takes these for its own; here they are words.
MARKUP = [
    "[bold]x[/bold]",
    "[link=http://evil.example]x[/link]",
    "[/]",
    "[red]",
    "\\[x]",
]
#: What the bar itself needs: colours, the cursor, and the clearing of its own lines.
_OURS = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[hl]|2K|1A)|\r|\n")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
KNOWN = {f"id-{n}": f"<{text}>" for n, text in enumerate([*SEQUENCES, *MARKUP])}


def in_header(text: str) -> bytes:
    """Leave out what would end the header, or the parser would refuse."""
    return re.sub(rb"[\x00-\x08\n-\x1f\x7f]", b"?", text.encode())


def say(request: bytes) -> bytes:
    """Refuse a pause in hostile words, and show a hostile status."""
    match = re.search(rb"/campaigns/([^/ ]+)", request)
    assert match is not None
    id_ = match[1].decode()
    words = KNOWN.get(id_)
    if words is None:
        return NO_CONTENT
    if request.startswith(b"GET"):
        body = orjson.dumps({"items": [{"id": id_, "status": words}]})
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    is_odd = int(id_.rpartition("-")[2]) % 2
    trace = {} if is_odd else {"trace_id": words}
    body = orjson.dumps({"title": words, "message": f"no {words}!", **trace})
    headers = (b"X-Trace-Id", b"Server", b"Retry-After", b"X-RateLimit-Limit")
    lines = [name + b": " + in_header(words) for name in headers]
    head = [b"HTTP/1.1 400 " + in_header(words), b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, *lines, b"", body])


@pytest.fixture
def server(start: Start) -> FaultyServer:
    behaviour: Behaviour = choosing(say)
    return start(behaviour)


def options_for(server: FaultyServer) -> list[str]:
    return [
        *("--yes", "--base-url", server.endpoint.base_url, "--log", "log.jsonl"),
        *("--burst", "none", "--steady", "none"),
    ]


def ids_file(program: Program) -> str:
    return program.file("ids.txt", "".join(f"{id_}\n" for id_ in [*KNOWN, "good"]))


def unseen(text: str) -> set[str]:
    """Give the characters of a text that cannot be seen, but for line ends."""
    return {one for one in text if category(one) in _UNSEEN} - {"\n"}


def test_there_are_many_sequences() -> None:
    assert len(set(SEQUENCES)) >= 35
    assert all(unseen(text.replace("\n", "\r")) for text in SEQUENCES)


@pytest.mark.parametrize(
    "face",
    [
        ("--progress", "none"),
        ("--progress", "lines", "--log-level", "debug"),
        ("--progress", "none", "--json"),
    ],
    ids=["text", "lines", "json"],
)
def test_hostile_words_steer_no_terminal_and_break_no_line(
    program: Program, server: FaultyServer, face: tuple[str, ...]
) -> None:
    ended = program.call("run", ids_file(program), *options_for(server), *face)
    assert ended.code == 1
    shown = [ended.stdout, ended.stderr]
    for verb in (["status"], ["status", "--json"], ["export"]):
        statuses = ["--status", "not_pausable"] if verb == ["export"] else []
        shown.append(program.call(*verb, "log.jsonl", *statuses).stdout)
    assert not set.union(*map(unseen, shown))
    assert shown[-1].count("\n") == len(KNOWN) + 1
    if "lines" in face:
        told = [orjson.loads(line) for line in ended.stderr.split("\n")[:-1]]
        finished = [one for one in told if one["event"] == "id.finished"]
        assert len(finished) == len(KNOWN) + 1


def test_every_record_is_one_line_with_its_words(
    program: Program, server: FaultyServer
) -> None:
    program.call("run", ids_file(program), *options_for(server))
    lines = program.log.read_bytes().split(b"\n")
    assert lines.pop() == b""
    records = {record["id"]: record for record in map(orjson.loads, lines)}
    assert records.keys() == {*KNOWN, "good"}
    for id_ in KNOWN:
        for name in ("title", "message", "trace_id", "campaign_status"):
            words = records[id_][name]
            assert re.search("<.+>", words)
            assert not unseen(words.replace("\n", "\r"))
    assert not unseen(program.log.read_text("utf-8"))


def test_on_a_terminal_nothing_but_the_bar_moves_the_cursor(
    program: Program, server: FaultyServer
) -> None:
    program.variables |= {"TERM": "xterm-256color"}
    del program.variables["BULKPAUSE_RUN_PROGRESS"]
    terminal = program.on_a_terminal("run", ids_file(program), *options_for(server))
    assert terminal.end() == 1
    assert "last not paused:" in terminal.seen
    assert not unseen(_OURS.sub("", terminal.seen))
    for text in SEQUENCES:
        assert f"<{text}>" not in terminal.seen


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_is_shown_as_it_stands(
    program: Program, start: Start, markup: str
) -> None:
    server = start(choosing(say))
    id_ = next(id_ for id_, words in KNOWN.items() if words == f"<{markup}>")
    program.variables |= {"TERM": "xterm-256color", "COLUMNS": "200"}
    del program.variables["BULKPAUSE_RUN_PROGRESS"]
    source = program.file("ids.txt", f"{id_}\n")
    terminal = program.on_a_terminal("run", source, *options_for(server))
    assert terminal.end() == 1
    live = terminal.seen.partition("rows = ")[0]
    assert f"<{markup}>" in live
