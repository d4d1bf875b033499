"""Fixtures for tests that run the installed program."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from bulkpause.simulator import Behaviour as SimulatorBehaviour
from bulkpause.simulator import Simulator, Window
from tests.support.faulty_server import Behaviour, FaultyServer
from tests.support.program import TOKEN, Program, Serve, Start


@contextmanager
def serving() -> Iterator[Serve]:
    """Start simulators in a thread with its own loop. They accept one token."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def start(**options: Any) -> Simulator:
            defaults = {"windows": (Window(limit=20, period_s=0.5),), "token": TOKEN}
            simulator = Simulator(SimulatorBehaviour(**{**defaults, **options}))
            context = portal.wrap_async_context_manager(simulator)
            return stack.enter_context(context)

        yield start


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as serve:
        yield serve


@pytest.fixture
def start() -> Iterator[Start]:
    """Start raw servers in a thread with its own loop."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def start(behaviour: Behaviour, **options: Any) -> FaultyServer:
            server = FaultyServer(behaviour, **options)
            return stack.enter_context(portal.wrap_async_context_manager(server))

        yield start


def program_in(folder: Path) -> Program:
    quiet = {"BULKPAUSE_RUN_PROGRESS": "none", "BULKPAUSE_RETRY_PROGRESS": "none"}
    # Also for tests that leave out all other variables.
    state = {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    return Program(folder, {"OCAMBA_TOKEN": TOKEN, **quiet, **state})


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = program_in(tmp_path)
    yield program
    program.close()
