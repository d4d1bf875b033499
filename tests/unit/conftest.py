"""Unit tests run on virtual time: nothing waits, nothing opens a socket."""

import pytest

from tests.testkit.virtual_time import VirtualTimeLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}
