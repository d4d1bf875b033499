"""The program ends in time while the system's resolver hangs."""

import subprocess
import sys

import pytest

from tests.support.program import Program
from tests.support.terminal import environment


#: Runs the program with its own resolver.
WITH_A_RESOLVER = """
import socket, sys, time
from bulkpause.cli import app as cli

def hang(*arguments, **options):
    time.sleep(600)

def know_nothing(*arguments, **options):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

socket.getaddrinfo = globals()[sys.argv.pop(1)]
cli.main()
"""


@pytest.mark.parametrize(
    ("resolver", "error"),
    [("hang", "connect_timeout"), ("know_nothing", "dns_failed")],
)
def test_run_ends_while_resolver_hangs(
    program: Program, resolver: str, error: str
) -> None:
    options = ["--base-url", "https://api.example", "--log", "log.jsonl", "--yes"]
    patience = ["--timeout", "300ms", "--max-attempts", "1"]
    arguments = ["run", program.ids(2), *options, *patience]
    ended = subprocess.run(
        [sys.executable, "-c", WITH_A_RESOLVER, resolver, *arguments],
        capture_output=True,
        cwd=program.folder,
        env=environment(program.variables),
        timeout=30,
        check=False,
    )
    assert ended.returncode == 5
    assert program.statuses() == {"1001": "failed", "1002": "failed"}
    assert {record["error"] for record in program.records()} == {error}
    assert b"Traceback" not in ended.stderr
