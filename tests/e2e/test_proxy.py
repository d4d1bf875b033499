"""The program behind a proxy."""

import pytest

from tests.support.authority import LOOPBACK, Authority, context_of, needs_openssl
from tests.support.faulty_server import NO_CONTENT, FaultyServer, choosing
from tests.support.program import TOKEN, Program, Start
from tests.support.tls_tunnel import tunnel


PASSWORD = "pa55word-of-the-proxy"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def api(start: Start, authority: Authority, program: Program) -> FaultyServer:
    """Accept every pause, over TLS that the program trusts."""
    program.variables["SSL_CERT_FILE"] = str(authority.pair.certificate)
    pair = authority.signed("api", LOOPBACK)
    return start(choosing(lambda _: NO_CONTENT), tls=context_of(pair))


def options_for(server: FaultyServer) -> list[str]:
    return ["--yes", "--log", "log.jsonl", "--base-url", server.endpoint.base_url]


def url_of(proxy: FaultyServer, user: str = "") -> str:
    return proxy.endpoint.base_url.replace("//", f"//{user}")


@needs_openssl
def test_proxy_option_names_proxy(
    program: Program, start: Start, api: FaultyServer
) -> None:
    proxy = start(tunnel)
    options = [*options_for(api), "--proxy", url_of(proxy)]
    ended = program.call("run", program.ids(3), *options)
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")
    assert len(api.requests) == 3
    assert proxy.received[0].startswith(b"CONNECT ")
    assert TOKEN.encode() not in b"".join(proxy.received)


@needs_openssl
def test_environment_variable_names_proxy_and_password(
    program: Program, start: Start, api: FaultyServer
) -> None:
    proxy = start(tunnel)
    program.variables["OCAMBA_PROXY"] = url_of(proxy, f"jane:{PASSWORD}@")
    lines = ("--progress", "lines", "--log-level", "debug")
    slowly = ("--burst", "1/1m", "--deadline", "500ms")
    stopped = program.call("run", program.ids(3), *options_for(api), *lines, *slowly)
    again = ("--base-url", api.endpoint.base_url, "--burst", "none", "--steady", "none")
    ended = program.call("retry", "log.jsonl", "--yes", *again)
    assert "not_attempted" in stopped.summary
    assert (ended.code, len(api.requests)) == (0, 3)
    assert b"Proxy-Authorization: Basic " in b"".join(proxy.received)
    shown = stopped.stdout + stopped.stderr + ended.stdout + ended.stderr
    assert "bulkpause retry log.jsonl --base-url" in shown
    assert PASSWORD not in shown + program.log.read_text()
    assert "Basic " not in shown + program.log.read_text()


def refused(program: Program, *options: str) -> str:
    """Give the usage error for options; nothing is sent."""
    ended = program.call("run", program.ids(3), "--yes", "--log", "log.jsonl", *options)
    assert (ended.code, ended.stdout) == (2, "")
    assert not program.log.exists()
    assert PASSWORD not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("joint", [" ", "="], ids=["apart", "together"])
@pytest.mark.parametrize("option", ["--proxy", "--prxy"])
def test_typed_password_is_refused_and_hidden(
    program: Program, option: str, joint: str
) -> None:
    typed = f"{option}{joint}http://jane:{PASSWORD}@127.0.0.1:1".split(" ")
    message = refused(program, *typed)
    assert "OCAMBA_PROXY" in message or "--proxy" in message


def test_invalid_proxy_is_refused(program: Program) -> None:
    message = refused(program, "--proxy", "socks5://127.0.0.1:1080")
    assert "write it like http://proxy.example:3128" in message


def test_proxy_is_refused_for_http_address(program: Program) -> None:
    options = ["--base-url", "http://127.0.0.1:1", "--proxy", "http://127.0.0.1:2"]
    assert "a proxy would see the token" in refused(program, *options)


def test_invalid_proxy_variable_is_refused(program: Program) -> None:
    program.variables["HTTPS_PROXY"] = f"socks5://jane:{PASSWORD}@127.0.0.1:1080"
    assert "the proxy " in refused(program, "--trust-env")


def test_invalid_proxy_variable_is_refused_before_question(program: Program) -> None:
    program.variables["HTTPS_PROXY"] = "http://127.0.0.1:9/path"
    ended = program.call("run", program.ids(3), "--trust-env", "--log", "log.jsonl")
    assert ended.code == 2
    assert "the proxy " in ended.stderr
    assert "--yes" not in ended.stderr


def test_simulator_is_reached_without_proxy(program: Program) -> None:
    program.variables["OCAMBA_PROXY"] = "http://127.0.0.1:1"
    ended = program.call("run", program.ids(3), "--yes", "--simulate")
    assert (ended.code, ended.summary) == (0, "3 rows = 3 paused")
