from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.proxy import Proxy
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.ratelimit.budget import place
from bulkpause.settings import (
    Settings,
    endpoint_of,
    find_proxy,
    parse_duration,
    parse_limit,
)


def test_default_limits_are_the_documented_ones() -> None:
    settings = Settings()

    assert settings.limits == (Limit(10, 1.0), Limit(150, 60.0))
    assert endpoint_of(settings).base_url == "https://api.ocamba.com"
    assert settings.retry_policy.verify is Verify.REFUSED


@pytest.mark.parametrize(
    ("limits", "in_flight"),
    [
        ((Limit(10, 1.0), Limit(150, 60.0)), 10),
        ((Limit(150, 60.0),), 150),
        ((Limit(3, 1.0),), 3),
        ((), 10),
    ],
)
def test_max_in_flight_defaults_to_smallest_limit(
    limits: tuple[Limit, ...], in_flight: int
) -> None:
    assert Settings(limits=limits).in_flight == in_flight


def test_max_in_flight_can_be_set() -> None:
    assert Settings(max_in_flight=25).in_flight == 25


@pytest.mark.parametrize("number", [0, -1])
def test_max_in_flight_below_one_raises(number: int) -> None:
    with pytest.raises(SettingsError, match="in flight is less than 1"):
        Settings(max_in_flight=number)


@pytest.mark.parametrize("timeout_s", [0.05, 1, 30.0, 3600])
def test_valid_timeout_is_accepted(timeout_s: float) -> None:
    assert Settings(timeout_s=timeout_s).timeout_s == timeout_s


@pytest.mark.parametrize("timeout_s", [0, -1, 3601, float("inf"), float("nan")])
def test_invalid_timeout_raises_settings_error(timeout_s: float) -> None:
    with pytest.raises(SettingsError, match="timeout"):
        Settings(timeout_s=timeout_s)


@pytest.mark.parametrize("reason", [None, "", "over budget", "x" * 1000, "\0\N{BELL}"])
def test_valid_reason_is_accepted(reason: str | None) -> None:
    assert Settings(reason=reason).reason == reason


def test_overlong_reason_raises_settings_error() -> None:
    with pytest.raises(SettingsError, match="1,000 characters"):
        Settings(reason="x" * 1001)


def test_reason_with_invalid_utf_8_raises() -> None:
    with pytest.raises(SettingsError, match="UTF-8"):
        Settings(reason="over \udcff budget")


def test_http_base_url_raises_settings_error() -> None:
    with pytest.raises(SettingsError, match="https"):
        Settings(base_url="http://api.ocamba.com")


@pytest.mark.parametrize("max_attempts", [0, -1])
def test_max_attempts_below_one_raises(max_attempts: int) -> None:
    with pytest.raises(SettingsError, match="number of attempts is less than 1"):
        Settings(retry_policy=RetryPolicy(max_attempts=max_attempts))


def test_replaced_settings_are_validated() -> None:
    with pytest.raises(SettingsError):
        replace(Settings(), timeout_s=0)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10/1s", Limit(10, 1.0)),
        ("150/1m", Limit(150, 60.0)),
        ("5/500ms", Limit(5, 0.5)),
        ("1000/1h", Limit(1000, 3600.0)),
        ("3/1.5s", Limit(3, 1.5)),
        ("010/01s", Limit(10, 1.0)),
        ("10000/24h", Limit(10_000, 86_400.0)),
        ("1/10ms", Limit(1, 0.01)),
        ("none", None),
    ],
)
def test_valid_limit_is_parsed(text: str, limit: Limit | None) -> None:
    assert parse_limit(text) == limit


INVALID_LIMITS = [
    "",
    "10",
    "10/",
    "/1s",
    "10/1",
    "10/s",
    "0/1s",
    "-1/1s",
    "+1/1s",
    "1.5/1s",
    "1e3/1s",
    "10/0s",
    "10/0.0s",
    "10/-1s",
    "10/1d",
    "10/1S",
    "10 / 1s",
    " 10/1s",
    "10/1s\n",
    "10/1s/1s",
    "10/none",
    "None",
    "inf/1s",
    "10/infs",
    "10/nans",
    "1_0/1s",
    "\N{ARABIC-INDIC DIGIT ONE}/1s",
    "10/\N{ARABIC-INDIC DIGIT ONE}s",
    "1000000000/1s",
    "1000000000/1ms",
    "10001/1s",
    "1/9999h",
    "1/9ms",
    "1/24.1h",
    "999999999/999999999h",
    f"10/{'9' * 400}s",
    f"10/0.{'0' * 400}1s",
    "10/1s\x1b[31m",
]


@pytest.mark.parametrize("text", INVALID_LIMITS)
def test_invalid_limit_raises_settings_error(text: str) -> None:
    with pytest.raises(
        SettingsError, match=r"is not a valid (rate limit|duration); write "
    ):
        parse_limit(text)


@pytest.mark.unmeasured
@given(st.text() | st.from_regex(r"\d+/\d+(\.\d+)?(ms|s|m|h)", fullmatch=True))
def test_any_text_is_limit_or_settings_error(text: str) -> None:
    try:
        limit = parse_limit(text)
    except SettingsError:
        return
    assert limit is None or 0 < limit.period_s < 10**13


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30.0),
        ("500ms", 0.5),
        ("1ms", 0.001),
        ("1.5s", 1.5),
        ("5m", 300.0),
        ("0.5h", 1800.0),
        ("0.001s", 0.001),
    ],
)
def test_valid_duration_is_parsed(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "30", "s", "0s", "0.0ms", "-1s", "1.s", ".5s", "1 s", "1s1m", "1e3s", "1d"],
)
def test_invalid_duration_raises_settings_error(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a valid duration; write "):
        parse_duration(text)


def test_proxy_is_accepted_for_https_base_url() -> None:
    proxy = find_proxy(Settings(proxy="http://jane:s3cret@proxy.example:3128"))

    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"


def test_environment_proxy_is_ignored_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    assert find_proxy(Settings()) is None


def test_given_proxy_precedes_environment_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:3128")
    settings = Settings(proxy="http://proxy.example:3128", trust_env=True)

    assert find_proxy(settings) == Proxy("http://proxy.example:3128")


def test_proxy_with_http_base_url_raises() -> None:
    with pytest.raises(SettingsError, match="a proxy would see the token"):
        Settings(base_url="http://localhost:1", proxy="http://proxy.example:3128")


def test_settings_repr_hides_proxy_password() -> None:
    settings = Settings(proxy="http://jane:s3cret@proxy.example:3128")

    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "share",
    [
        "",
        "http://host/0",
        "valkey://",
        "valkey://host:none/0",
        "valkey://host/name",
    ],
)
def test_place_that_cannot_be_shared_is_refused(share: str) -> None:
    with pytest.raises(SettingsError, match="to share"):
        Settings(share=share)


@pytest.mark.parametrize(
    "share", ["auto", "none", "budget.sqlite", "valkeys://me:word@host:6380/1?name=x"]
)
def test_place_to_share_is_accepted_and_not_shown(share: str) -> None:
    assert "word" not in repr(Settings(share=share))


def test_missing_client_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'bulkpause\[valkey\]'"):
        Settings(share="valkey://host")


def test_account_is_named_by_address_and_token() -> None:
    names = {
        place.account_name(url, token)
        for url in ("https://a.test", "https://b.test")
        for token in ("one", "two")
    }
    assert len(names) == 4
    assert not any("one" in name for name in names)
