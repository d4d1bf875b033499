"""A look-up of the host that never ends holds up no end of the program."""

import subprocess
import sys

from tests.e2e.program import Program
from tests.e2e.terminal import environment


#: Runs the program where the system's resolver does not answer.
WITHOUT_ANSWER = """
import socket, time
from bulkpause import cli

def hang(*arguments, **options):
    time.sleep(600)

socket.getaddrinfo = hang
cli.main()
"""


def test_a_run_ends_though_the_resolver_hangs(program: Program) -> None:
    options = ["--base-url", "http://localhost:9", "--log", "log.jsonl", "--yes"]
    patience = ["--timeout", "300ms", "--max-attempts", "1"]
    arguments = ["run", program.ids(2), *options, *patience]
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ANSWER, *arguments],
        capture_output=True,
        cwd=program.folder,
        env=environment(program.variables),
        timeout=30,
        check=False,
    )
    assert ended.returncode == 5
    assert program.statuses() == {"1001": "failed", "1002": "failed"}
    assert {record["error"] for record in program.records()} == {"connect_timeout"}
    assert b"Traceback" not in ended.stderr
