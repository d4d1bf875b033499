"""Soak tests take long: kills, crash states, full disks, memory, real limits."""

import pytest

from tests.support.fixtures import program, serve, start


__all__ = ["program", "serve", "start"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
