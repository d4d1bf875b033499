from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.api.proxy import Proxy
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.settings import Settings, parse_duration, parse_limit


def test_the_defaults_are_the_documented_limits() -> None:
    settings = Settings()

    assert settings.limits == (Limit(10, 1.0), Limit(150, 60.0))
    assert settings.endpoint.base_url == "https://api.ocamba.com"
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
def test_as_many_are_in_flight_as_the_smallest_window_holds(
    limits: tuple[Limit, ...], in_flight: int
) -> None:
    assert Settings(limits=limits).in_flight == in_flight


def test_the_number_in_flight_can_be_chosen() -> None:
    assert Settings(max_in_flight=25).in_flight == 25


@pytest.mark.parametrize("number", [0, -1])
def test_something_must_be_allowed_in_flight(number: int) -> None:
    with pytest.raises(SettingsError, match="in flight"):
        Settings(max_in_flight=number)


@pytest.mark.parametrize("timeout_s", [0.05, 1, 30.0, 3600])
def test_a_timeout_is_taken(timeout_s: float) -> None:
    assert Settings(timeout_s=timeout_s).timeout_s == timeout_s


@pytest.mark.parametrize("timeout_s", [0, -1, 3601, float("inf"), float("nan")])
def test_a_senseless_timeout_is_refused(timeout_s: float) -> None:
    with pytest.raises(SettingsError, match="timeout"):
        Settings(timeout_s=timeout_s)


@pytest.mark.parametrize("reason", [None, "", "over budget", "x" * 1000, "\0\N{BELL}"])
def test_a_reason_is_taken(reason: str | None) -> None:
    assert Settings(reason=reason).reason == reason


def test_an_overlong_reason_is_refused() -> None:
    with pytest.raises(SettingsError, match="1,000 characters"):
        Settings(reason="x" * 1001)


def test_a_reason_that_is_no_text_is_refused() -> None:
    with pytest.raises(SettingsError, match="UTF-8"):
        Settings(reason="over \udcff budget")


def test_a_hostile_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="https"):
        Settings(base_url="http://api.ocamba.com")


@pytest.mark.parametrize("max_attempts", [0, -1])
def test_one_attempt_must_be_allowed(max_attempts: int) -> None:
    with pytest.raises(SettingsError, match="one attempt"):
        Settings(retry_policy=RetryPolicy(max_attempts=max_attempts))


def test_settings_are_checked_when_they_are_changed() -> None:
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
        ("999999999/1s", Limit(999_999_999, 1.0)),
        ("none", None),
    ],
)
def test_a_limit_is_read(text: str, limit: Limit | None) -> None:
    assert parse_limit(text) == limit


LIMIT_NONSENSE = [
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
    f"10/{'9' * 400}s",
    f"10/0.{'0' * 400}1s",
    "10/1s\x1b[31m",
]


@pytest.mark.parametrize("text", LIMIT_NONSENSE)
def test_nonsense_is_no_limit(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is not a (limit|duration); write "):
        parse_limit(text)


@pytest.mark.unmeasured
@given(st.text() | st.from_regex(r"\d+/\d+(\.\d+)?(ms|s|m|h)", fullmatch=True))
def test_any_text_is_a_limit_or_a_settings_error(text: str) -> None:
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
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "30", "s", "0s", "0.0ms", "-1s", "1.s", ".5s", "1 s", "1s1m", "1e3s", "1d"],
)
def test_nonsense_is_no_duration(text: str) -> None:
    with pytest.raises(SettingsError, match="is not a duration; write "):
        parse_duration(text)


def test_a_proxy_is_taken_for_an_address_over_tls() -> None:
    proxy = Settings(proxy="http://jane:s3cret@proxy.example:3128").find_proxy()

    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"


def test_without_being_asked_for_there_is_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    assert Settings().find_proxy() is None


def test_a_proxy_that_is_named_goes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:3128")
    settings = Settings(proxy="http://proxy.example:3128", trust_env=True)

    assert settings.find_proxy() == Proxy("http://proxy.example:3128")


def test_no_proxy_is_asked_to_carry_the_token_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="a proxy would see the token"):
        Settings(base_url="http://localhost:1", proxy="http://proxy.example:3128")


def test_settings_show_no_password() -> None:
    settings = Settings(proxy="http://jane:s3cret@proxy.example:3128")

    assert "s3cret" not in repr(settings)
