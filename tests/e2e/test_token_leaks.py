"""A token that is easy to find appears in no output, whatever fails."""

import base64
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.support.broken_api import OUTCOMES, UNFINISHED_RESPONSES, broken_api, ids_of
from tests.support.faulty_server import FaultyServer, Response, http_response
from tests.support.program import Program, Start, until, without
from tests.support.terminal import environment


pytestmark = pytest.mark.unmeasured

#: It looks different in every encoding.
CANARY = "c4nary+t0ken/of~words=="
#: A server in debug mode sends the request back.
ECHOES: dict[str, Response] = {
    f"{status} echo in {name}": http_response(status, body, headers)
    for status in (400, 404, 422, 500, 503)
    for name, body, headers in (
        ("the title", b'{"title": "No Bearer %s!"}' % CANARY.encode(), ()),
        ("the message", b'{"message": "%s"}' % CANARY.encode(), ()),
        ("the trace id", b'{"trace_id": "%s"}' % CANARY.encode(), ()),
        ("a header", b"", [("X-Trace-Id", CANARY)]),
        ("an address", b'{"message": "?t=%s"}' % quote(CANARY, safe="").encode(), ()),
    )
}
_SLOW = ("flood", "endless", "byte by byte", "hang", "one by one")
#: All faults that do not take long.
BROKEN: dict[str, Response] = {
    **{
        name: broken
        for name, (broken, _) in OUTCOMES.items()
        if not any(slow in name for slow in _SLOW)
    },
    **ECHOES,
}


@pytest.fixture
def broken(start: Start) -> FaultyServer:
    return start(broken_api({f"k{n}": one for n, one in enumerate(BROKEN.values())}))


@pytest.fixture
def carrier(program: Program) -> Program:
    """The program with the token in its environment."""
    program.variables = {"OCAMBA_TOKEN": CANARY, "TERM": "xterm-256color"}
    return program


def ids_file(program: Program) -> str:
    ids = ids_of(f"k{n}" for n in range(len(BROKEN)))
    wanted = [id_ for id_ in ids if id_.endswith(("-good", "-paused"))]
    # Without doubt, these are failures after one read-back.
    refused = [n for n, name in enumerate(BROKEN) if name.startswith("400 echo")]
    wanted += [f"k{n}-running" for n in refused]
    return program.file("ids.txt", "".join(f"{id_}\n" for id_ in wanted))


def run_options(server: FaultyServer, *options: str) -> list[str]:
    usual = (
        *("--base-url", server.endpoint.base_url, "--log", "log.jsonl"),
        *("--burst", "none", "--steady", "none", "--max-in-flight", "50"),
        *("--timeout", "3s", "--max-attempts", "1"),
    )
    return ["--yes", *without(options, usual), *options]


def forms(token: str) -> set[bytes]:
    """Give the token in plain text and in common encodings."""
    raw = token.encode()
    found = {raw, raw.hex().encode(), quote(token, safe="").encode()}
    found |= {quote(token).encode(), quote_plus(token).encode(), token[:12].encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # The ends hang on what stands around the token.
            whole = encode(b"x" * shift + raw)
            found.add(whole[4 * bool(shift) : -4])
    return found


def traces(*texts: str | bytes) -> list[bytes]:
    """Give the forms of the token that appear in texts."""
    whole = b"\0".join(t.encode() if isinstance(t, str) else t for t in texts)
    return [form for form in forms(CANARY) if form.lower() in whole.lower()]


def left_behind(program: Program) -> list[bytes]:
    paths = [path for path in program.folder.iterdir() if path.is_file()]
    return [path.read_bytes() for path in paths if path.name != "token"]


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {CANARY}",
        base64.b64encode(f"Bearer {CANARY}".encode()),
        base64.b64encode(f"Authorization: Bearer {CANARY}\r\n".encode()),
        base64.b64encode(f"u:{CANARY}".encode()),
        f"?token={quote(CANARY, safe='')}",
        CANARY.encode().hex(),
    ],
    ids=range(6),
)
def test_search_finds_token_in_text(text: str | bytes) -> None:
    assert traces("before", text, "after")


def test_failures_are_of_many_kinds() -> None:
    assert len(BROKEN) >= 40


DISPLAY_OPTIONS = {
    "nothing": ("--progress", "none"),
    "debug": ("--progress", "lines", "--log-level", "debug"),
    "info": ("--progress", "lines", "--log-level", "info"),
    "warning": ("--progress", "lines", "--log-level", "warning"),
    "error": ("--progress", "lines", "--log-level", "error"),
    "json": ("--progress", "none", "--json"),
}


@pytest.mark.parametrize(
    "display_options", DISPLAY_OPTIONS.values(), ids=DISPLAY_OPTIONS
)
def test_failure_hides_token(
    carrier: Program, broken: FaultyServer, display_options: tuple[str, ...]
) -> None:
    if "debug" in display_options:
        # The loop's own debug mode tells of every task, and of what it waits for.
        carrier.variables["PYTHONASYNCIODEBUG"] = "1"
    ended = carrier.call(
        "run", ids_file(carrier), *run_options(broken), *display_options
    )
    assert " rows = " in ended.stdout or '"rows":' in ended.stdout
    assert b"".join(broken.received).count(CANARY.encode()) >= len(BROKEN)
    assert not traces(ended.stdout, ended.stderr, *left_behind(carrier))


def test_log_hides_token(carrier: Program, broken: FaultyServer) -> None:
    carrier.call("run", ids_file(carrier), *run_options(broken))
    every = ("--status", "failed,unknown,rejected,not_pausable,already_paused")
    shown = [
        carrier.call("status", "log.jsonl").stdout,
        carrier.call("status", "log.jsonl", "--json").stdout,
        carrier.call("export", "log.jsonl", *every).stdout,
        carrier.call("export", "log.jsonl", *every, "--format", "jsonl").stdout,
    ]
    # The echoes came, and were made harmless.
    assert all("…" in text for text in shown[1:])
    assert not traces(*shown)


def test_failure_on_terminal_hides_token(
    carrier: Program, broken: FaultyServer
) -> None:
    terminal = carrier.on_a_terminal("run", ids_file(carrier), *run_options(broken))
    assert terminal.end() == 1
    assert "latest ids not paused:" in terminal.seen
    assert not traces(terminal.seen, *left_behind(carrier))


@pytest.mark.parametrize("status", [401, 403])
def test_rejected_token_is_hidden(carrier: Program, start: Start, status: int) -> None:
    body = b'{"title": "Bad token", "message": "%s?"}' % CANARY.encode()
    server = start(broken_api({"no": http_response(status, body)}))
    ids = carrier.file("ids.txt", "".join(f"no-{n}\n" for n in range(20)))
    ended = carrier.call("run", ids, *run_options(server))
    assert ended.code == 4
    assert not traces(ended.stdout, ended.stderr, *left_behind(carrier))


def test_unreachable_server_error_hides_token(carrier: Program, start: Start) -> None:
    server = start(broken_api({}))
    secure = server.endpoint.base_url.replace("http:", "https:")
    for base_url in ("http://127.0.0.1:1", secure):
        own = ("--base-url", base_url, "--resume", "--log", f"{len(base_url)}")
        ended = carrier.call("run", carrier.ids(3), *run_options(server, *own))
        assert ended.code == 5
        assert not traces(ended.stdout, ended.stderr, *left_behind(carrier))


WORDS = {
    "plan": ("plan", "ids.txt"),
    "help": ("--help",),
    "help of run": ("run", "--help"),
    "no input": ("run", "none.csv"),
    "no such verb": ("rum", "ids.txt"),
    "a bad limit": ("run", "ids.txt", "--burst", "ten"),
    "nobody to ask": ("run", "ids.txt"),
    "no log": ("status", "log.jsonl"),
    "a hostile address": ("run", "ids.txt", "--base-url", "http://evil.example"),
    "the token as an option": ("run", "ids.txt", "--token", CANARY),
    "the token as an option's value": ("run", "ids.txt", f"--token={CANARY}"),
    "the token as its file": ("run", "ids.txt", "--yes", "--token-file", CANARY),
    "the token in the address": (
        *("run", "ids.txt", "--base-url", f"https://u:{CANARY}@api.ocamba.com"),
    ),
    "the token behind the address": (
        *("run", "ids.txt", "--base-url", f"https://api.ocamba.com?token={CANARY}"),
    ),
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_hints_hide_token(carrier: Program, words: tuple[str, ...]) -> None:
    carrier.ids(3)
    ended = carrier.call(*words)
    assert ended.stdout + ended.stderr
    assert not traces(ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "text", [f"{CANARY} {CANARY}", f"{CANARY}\nX: 1", f"{CANARY}ä"]
)
def test_invalid_token_error_hides_token(carrier: Program, text: str) -> None:
    carrier.variables["OCAMBA_TOKEN"] = text
    ended = carrier.call("run", carrier.ids(1), "--yes", "--log", "log.jsonl")
    assert ended.code == 4
    assert not traces(ended.stdout, ended.stderr)
    assert not carrier.log.exists()


def token_file(program: Program) -> str:
    path = program.folder / "token"
    path.write_text(f" {CANARY}\r\n\n")
    path.chmod(0o600)
    del program.variables["OCAMBA_TOKEN"]
    return path.name


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_killed_run_leaves_no_token(carrier: Program, start: Start) -> None:
    server = start(
        broken_api({"hang": UNFINISHED_RESPONSES["hang before the status line"]})
    )
    ids = carrier.file("ids.txt", "hang-paused\n0-good\n")
    options = run_options(server, "--timeout", "60s")
    running = carrier.start("run", ids, *options, "--token-file", token_file(carrier))
    until(lambda: len(server.requests) == 2)
    process = Path("/proc") / str(running.pid)
    shown = [(process / name).read_bytes() for name in ("cmdline", "comm", "environ")]
    running.kill()
    assert f"Bearer {CANARY}\r\n".encode() in b"".join(server.received)
    assert (carrier.folder / "log.jsonl.wal").exists()
    assert not traces(*shown, *left_behind(carrier))


#: Fails where a response is read, with the token in the error and around it. It takes
#: so long that asyncio, in debug mode, logs the callback and the error.
BROKEN_WITHIN = """
import os
import time
from bulkpause.api import client
from bulkpause.cli import app as cli

def break_down(*arguments, redact, **options):
    token = os.environ["OCAMBA_TOKEN"]
    time.sleep(0.2)
    raise ZeroDivisionError(token, redact)

client.parse_response = break_down
cli.main()
"""


def test_crash_report_hides_token(carrier: Program, start: Start) -> None:
    server = start(broken_api({}))
    ids = carrier.file("ids.txt", "1-good\n2-good\n")
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN_WITHIN, "run", ids, *run_options(server)],
        capture_output=True,
        cwd=carrier.folder,
        env=environment({**carrier.variables, "PYTHONASYNCIODEBUG": "1"}),
        timeout=30,
        check=False,
    )
    assert ended.returncode == 70
    assert b"ZeroDivisionError at " in ended.stderr
    assert not traces(ended.stdout, ended.stderr, *left_behind(carrier))


def test_documentation_of_library_hides_environment() -> None:
    """The default of a parameter is shown by `help`, and by what makes pages of it."""
    ended = subprocess.run(
        [sys.executable, "-c", "import bulkpause; help(bulkpause)"],
        env=environment({"OCAMBA_TOKEN": CANARY}),
        capture_output=True,
        check=True,
    )
    assert b"read_accounts" in ended.stdout
    assert CANARY.encode() not in ended.stdout
