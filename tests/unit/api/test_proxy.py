"""Which proxy is used, and that its password appears in no text."""

from base64 import b64encode

import pytest

from bulkpause.api.proxy import Proxy, parse_proxy, proxy_of_environment
from bulkpause.errors import SettingsError


HOST = "api.ocamba.com"
VALID = [
    ("http://proxy.example:3128", "http://proxy.example:3128"),
    ("HTTP://Proxy.Example:80/", "http://proxy.example"),
    ("https://proxy.example:443", "https://proxy.example"),
    ("https://proxy.example:8443", "https://proxy.example:8443"),
    ("http://10.0.0.5:3128", "http://10.0.0.5:3128"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
]


@pytest.mark.parametrize(("url", "normalized"), VALID)
def test_proxy_url_is_normalized(url: str, normalized: str) -> None:
    assert parse_proxy(url) == Proxy(normalized)


@pytest.mark.parametrize(
    ("user", "pair"),
    [
        ("jane:s3cret", b"jane:s3cret"),
        ("jane", b"jane:"),
        ("jane:", b"jane:"),
        (":s3cret", b":s3cret"),
        ("jane:s3:cr:et", b"jane:s3:cr:et"),
        ("corp%5Cjane:s3%40c%2Fret", rb"corp\jane:s3@c/ret"),
        ("j%C3%A4ne:%FF", b"j\xc3\xa4ne:\xff"),
    ],
)
def test_proxy_credentials_become_basic_authorization(user: str, pair: bytes) -> None:
    proxy = parse_proxy(f"http://{user}@proxy.example:3128")

    assert proxy.url == "http://proxy.example:3128"
    assert proxy.authorization == f"Basic {b64encode(pair).decode()}"


def test_proxy_repr_hides_password() -> None:
    proxy = parse_proxy("http://jane:s3cret@proxy.example")

    assert "s3cret" not in repr(proxy)
    assert b64encode(b"jane:s3cret").decode() not in repr(proxy)


HOSTILE = [
    "",
    "proxy.example:3128",
    "socks5://proxy.example:1080",
    "file:///etc/passwd",
    "http://",
    "http://proxy.example:0",
    "http://proxy.example:99999",
    "http://proxy.example/path",
    "http://proxy.example?x",
    "http://proxy.example#x",
    "http://proxy.example:3128@evil.example:99999",
    "http://proxy.example\\@evil.example",
    "http://proxy_.example",
    "http://2130706433:3128",
    "http://0x7f.0.0.1:3128",
    "http://127.1:3128",
    "http://169.254.169.254",
    "http://[::ffff:169.254.169.254]",
    "http://0.0.0.0:3128",
    "http://[::1",
    "http://proxy.example\r\nX: 1",
    "http://proxy.example\N{FULLWIDTH FULL STOP}evil.example",
    "http://jane:s3cret@",
    " http://proxy.example",
    f"http://{'a' * 2000}",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_proxy_url_error_gives_remedy(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"write it like http://proxy\.example:3128"
    ):
        parse_proxy(url)


@pytest.mark.parametrize(
    "url",
    [
        "socks5://jane:s3cret@proxy.example",
        "http://jane:s3cret@proxy.example/path",
        "http://jane:s3cret@proxy.example:0",
        "http://jane:s3cret@",
        "jane:s3cret@proxy.example",
        "http://proxy.example?s3cret",
    ],
)
def test_proxy_url_error_hides_password(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_proxy(url)

    assert "s3cret" not in str(raised.value)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_empty_environment_has_no_proxy(variables: pytest.MonkeyPatch) -> None:
    assert proxy_of_environment(HOST) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("url", ["http://proxy.example:3128", "proxy.example:3128"])
def test_environment_proxy_is_found(
    variables: pytest.MonkeyPatch, name: str, url: str
) -> None:
    variables.setenv(name, url)

    assert proxy_of_environment(HOST) == Proxy("http://proxy.example:3128")


def test_https_proxy_precedes_all_proxy(
    variables: pytest.MonkeyPatch,
) -> None:
    variables.setenv("ALL_PROXY", "http://all.example")
    variables.setenv("HTTPS_PROXY", "http://https.example")

    assert proxy_of_environment(HOST) == Proxy("http://https.example")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "FTP_PROXY", "SOCKS_PROXY"])
def test_proxy_variables_of_other_schemes_are_ignored(
    variables: pytest.MonkeyPatch, name: str
) -> None:
    variables.setenv(name, "http://proxy.example:3128")

    assert proxy_of_environment(HOST) is None


@pytest.mark.parametrize("hosts", ["*", HOST, ".ocamba.com", "x.example, ocamba.com"])
def test_no_proxy_variable_excludes_host(
    variables: pytest.MonkeyPatch, hosts: str
) -> None:
    variables.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    variables.setenv("NO_PROXY", hosts)

    assert proxy_of_environment(HOST) is None


@pytest.mark.parametrize("url", ["socks5h://jane:s3cret@proxy.example", "a b"])
def test_invalid_environment_proxy_raises_settings_error(
    variables: pytest.MonkeyPatch, url: str
) -> None:
    variables.setenv("ALL_PROXY", url)

    with pytest.raises(SettingsError, match=r"the proxy .* is refused") as raised:
        proxy_of_environment(HOST)
    assert "s3cret" not in str(raised.value)
