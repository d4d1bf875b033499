"""Integration tests talk over loopback in real time."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
