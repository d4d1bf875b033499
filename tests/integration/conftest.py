"""Fixtures of the integration tests, which use loopback in real time."""

import pytest

from tests.support.authority import LOOPBACK, Authority, Pair
from tests.support.budgets import place, server, url


__all__ = ["place", "server", "url"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients of a test trust the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))


@pytest.fixture(scope="module")
def server_pair(authority: Authority) -> Pair:
    return authority.signed("server_pair", LOOPBACK)
