import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bulkpause.api.endpoint import DEFAULT_BASE_URL, Endpoint, parse_endpoint
from bulkpause.errors import SettingsError
from bulkpause.ids import parse_item
from bulkpause.model import Item
from bulkpause.vocabulary import Action
from tests.support.hostile_ids import HOSTILE_IDS, generated


VALID = [
    ("https://api.ocamba.com", "https://api.ocamba.com"),
    ("https://api.ocamba.com/", "https://api.ocamba.com"),
    ("HTTPS://API.Ocamba.COM", "https://api.ocamba.com"),
    ("https://api.ocamba.com:443", "https://api.ocamba.com"),
    ("https://api.ocamba.com:0443", "https://api.ocamba.com"),
    ("https://api.ocamba.com:8443", "https://api.ocamba.com:8443"),
    ("https://proxy.example/ocamba/", "https://proxy.example/ocamba"),
    ("https://proxy.example/a-b_c/v2.1~x", "https://proxy.example/a-b_c/v2.1~x"),
    ("https://intranet", "https://intranet"),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ("https://10.0.0.5", "https://10.0.0.5"),
    ("https://93.184.216.34:8443", "https://93.184.216.34:8443"),
    ("https://[2001:db8:0:0:0:0:0:1]", "https://[2001:db8::1]"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://LOCALHOST", "http://localhost"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://127.8.9.10", "http://127.8.9.10"),
    ("http://[::1]:8080", "http://[::1]:8080"),
    ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
]

HOSTILE = [
    # Another scheme, or plain text to another machine.
    "",
    "api.ocamba.com",
    "//api.ocamba.com",
    "https:api.ocamba.com",
    "https:/api.ocamba.com",
    "https://",
    "https:///v1",
    "ftp://api.ocamba.com",
    "file:///etc/passwd",
    "javascript://api.ocamba.com",
    "http://api.ocamba.com",
    "http://10.0.0.5",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "http://127.0.0.1.",
    "http://[::ffff:127.0.0.1]",
    # A host that is not the one it seems to be.
    "https://api.ocamba.com@evil.example",
    "https://user@api.ocamba.com",
    "https://user:word@api.ocamba.com",
    "https://@api.ocamba.com",
    "https://api.ocamba.com\\@evil.example",
    "https://evil.example\\.ocamba.com",
    "https://api.ocamba.com%2f@evil.example",
    "https://api.ocamba.com%2eevil.example",
    "https://api.ocamba.com,evil.example",
    "https://api.ocamba.com;evil.example",
    "https://api.ocamba.com.",
    "https://api..ocamba.com",
    "https://.ocamba.com",
    "https://-api.ocamba.com",
    "https://api-.ocamba.com",
    "https://api_.ocamba.com",
    "https://*.ocamba.com",
    "https://api.ocamba.com\N{FULLWIDTH FULL STOP}evil.example",
    "https://\N{CYRILLIC SMALL LETTER A}pi.ocamba.com",
    f"https://{'a' * 64}.example",
    f"https://{'a.' * 127}example",
    # Numbers that some parsers read as an address.
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0177.0.0.1",
    "https://127.1",
    "https://127.0.0.01",
    "https://1.2.3.4.5",
    "https://256.1.1.1",
    "https://api.ocamba.1",
    "https://api.ocamba.0x7f",
    # Addresses that are not one host's, or that embed another address.
    "https://169.254.169.254",
    "https://0.0.0.0",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://[::]",
    "https://[fe80::1]",
    "https://[fe80::1%25eth0]",
    "https://[::1%25lo]",
    "https://[ff02::1]",
    "https://[::ffff:169.254.169.254]",
    "https://[::169.254.169.254]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[2002:a9fe:a9fe::]",
    "https://[::1]evil.example",
    "https://[::1].evil.example",
    "https://evil.example[::1]",
    "https://[::1",
    "https://::1",
    "https://[v1.evil]",
    "https://[api.ocamba.com]",
    # More than a host and a path.
    "https://api.ocamba.com?",
    "https://api.ocamba.com?to=evil.example",
    "https://api.ocamba.com/v1?x",
    "https://api.ocamba.com#",
    "https://api.ocamba.com#x",
    "https://api.ocamba.com/v1/..",
    "https://api.ocamba.com/./v1",
    "https://api.ocamba.com//v1",
    "https://api.ocamba.com/%2e%2e/v1",
    "https://api.ocamba.com/a;b",
    "https://api.ocamba.com/v1:80",
    # Invalid ports.
    "https://api.ocamba.com:",
    "https://api.ocamba.com:0",
    "https://api.ocamba.com:65536",
    "https://api.ocamba.com:-1",
    "https://api.ocamba.com:+443",
    "https://api.ocamba.com:443:443",
    "https://api.ocamba.com:4_4",
    "https://api.ocamba.com:\N{ARABIC-INDIC DIGIT FOUR}",
    # Characters that some parsers drop.
    " https://api.ocamba.com",
    "https://api.ocamba.com ",
    "https://api.ocamba.com\n",
    "https://api.ocamba.com\r\nX-Header: 1",
    "https://api.oc\tamba.com",
    "https://api.ocamba.com\x00.evil.example",
    "https://api.ocamba.com\x7f",
    "https://api.ocamba.com/\N{ZERO WIDTH SPACE}",
    f"https://api.ocamba.com/{'a' * 1000}",
]


@pytest.mark.parametrize(("base_url", "normalized"), VALID)
def test_valid_base_url_is_normalized(base_url: str, normalized: str) -> None:
    assert parse_endpoint(base_url).base_url == normalized


@pytest.mark.parametrize(("base_url", "normalized"), VALID)
def test_normalized_base_url_stays_unchanged(base_url: str, normalized: str) -> None:
    assert parse_endpoint(normalized) == Endpoint(normalized)


def test_default_base_url_is_the_documented_one() -> None:
    assert parse_endpoint(DEFAULT_BASE_URL).host == "api.ocamba.com"


@pytest.mark.parametrize("base_url", HOSTILE)
def test_hostile_base_url_raises_settings_error(base_url: str) -> None:
    with pytest.raises(SettingsError, match="is refused: "):
        parse_endpoint(base_url)


REASONS = [
    ("https://user:word@api.ocamba.com", "user or a password"),
    ("https://api.ocamba.com?x", "query or a fragment"),
    ("https://api.ocamba.com#x", "query or a fragment"),
    ("http://api.ocamba.com", "must begin with https://"),
    ("api.ocamba.com", "must begin with https://"),
    ("https://api.ocamba.com/a;b", "its path"),
    ("https://api.ocamba.com:0", "host or port"),
    ("https://2130706433", "not a valid name or IP address"),
    ("https://169.254.169.254", "link-local"),
    ("https://api.ocamba.com\n", "a space or another invalid character"),
    (f"https://api.ocamba.com/{'a' * 1000}", "longer than 1,000 characters"),
    ("https://[::1", "not a valid URL"),
    ("http://10.0.0.5", "must begin with https://"),
]


@pytest.mark.parametrize(("base_url", "reason"), REASONS)
def test_base_url_error_gives_the_reason(base_url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        parse_endpoint(base_url)


@given(st.text(max_size=60).map("https://api.ocamba.com{}".format))
def test_no_suffix_changes_the_host_requested(base_url: str) -> None:
    try:
        endpoint = parse_endpoint(base_url)
    except SettingsError:
        return
    url = URL(endpoint.url(Action.PAUSE, "7"), encoded=True)

    assert url.host is not None
    assert url.host.startswith("api.ocamba.com")
    assert url.raw_path.endswith("/v1/hood/campaigns/7/pause")


@given(st.from_regex(r"https?://[\w.:\[\]@%\\-]{1,30}(/.{0,10})?", fullmatch=True))
def test_accepted_base_url_means_same_host_to_yarl(
    base_url: str,
) -> None:
    try:
        endpoint = parse_endpoint(base_url)
    except SettingsError:
        return
    url = URL(endpoint.base_url, encoded=True)

    assert url.host_port_subcomponent == endpoint.host
    assert url.user is None


@pytest.mark.parametrize(
    "base_url",
    [
        "https://jane:s3cret@api.ocamba.com",
        "https://jane:s3/cret@api.ocamba.com",
        "https:\\\\jane:s3cret@api.ocamba.com",
        "jane:s3cret@api.ocamba.com",
        "https://api.ocamba.com?key=s3cret",
        "https://api.ocamba.com#s3cret",
        "https://jane:s3cret@api.ocamba.com\n",
    ],
)
def test_base_url_error_hides_secrets(base_url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_endpoint(base_url)

    assert "s3" not in str(raised.value)
    assert "cret" not in str(raised.value)


def test_base_url_error_is_printable() -> None:
    with pytest.raises(SettingsError) as raised:
        parse_endpoint("https://\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}")

    assert str(raised.value).isprintable()


def test_long_base_url_error_is_short() -> None:
    with pytest.raises(SettingsError) as raised:
        parse_endpoint("https://" + "a" * 10_000)

    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("action", "path"),
    [
        (Action.PAUSE, "/v1/hood/campaigns/1000248/pause"),
        (Action.READ, "/v1/hood/campaigns/1000248"),
    ],
)
def test_each_action_has_its_path(action: Action, path: str) -> None:
    endpoint = Endpoint("https://proxy.example/ocamba")

    assert endpoint.url(action, "1000248") == f"https://proxy.example/ocamba{path}"


@pytest.mark.parametrize(
    "id_",
    ["", ".", "..", "a/b", "a/../b", "a?b", "a#b", "a b", "a%2fb", "7/cancel?", "7\n"],
)
def test_id_that_changes_the_path_raises(id_: str) -> None:
    with pytest.raises(ValueError, match="is not safe in a URL path"):
        Endpoint(DEFAULT_BASE_URL).url(Action.PAUSE, id_)


@pytest.mark.slow
@pytest.mark.unmeasured
def test_accepted_ids_reach_the_url_unchanged() -> None:
    endpoint = Endpoint(DEFAULT_BASE_URL)
    accepted = 0
    for text in generated(100_000, seed=0):
        item = parse_item(1, text)
        if isinstance(item, Item):
            accepted += 1
            assert item.id in text
            url = URL(endpoint.url(Action.PAUSE, item.id), encoded=True)
            assert url.raw_path_qs == f"/v1/hood/campaigns/{item.id}/pause"
            assert (url.host, url.fragment) == ("api.ocamba.com", "")
    assert 30_000 < accepted < 70_000


@pytest.mark.parametrize("text", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_hostile_id_never_changes_the_path(text: str) -> None:
    try:
        url = URL(Endpoint(DEFAULT_BASE_URL).url(Action.PAUSE, text), encoded=True)
    except ValueError:
        return
    assert url.raw_path_qs == f"/v1/hood/campaigns/{text}/pause"
