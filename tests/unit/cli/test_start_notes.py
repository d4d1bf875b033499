"""What is unusual about a run is said once, and a simulated run says that it is one."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from bulkpause.api.proxy import parse_proxy
from bulkpause.cli.options import Options
from bulkpause.cli.start_notes import (
    fields_of_sharing,
    fields_of_start,
    note_of_others,
    start_notes,
)
from bulkpause.model import Companion, Limit, Sharing
from bulkpause.settings import Settings
from bulkpause.vocabulary import Priority
from tests.unit.cli.conftest import Call


PROXY = "http://jane:s3cret@proxy.example:3128"


def notes(settings: dict[str, Any], proxy: str | None = None) -> Sequence[str]:
    options = Options(inputs=(), settings=Settings(**{"share": "auto", **settings}))
    return list(start_notes(options, None if proxy is None else parse_proxy(proxy)))


def test_usual_run_needs_no_note() -> None:
    assert notes({}) == []


@pytest.mark.parametrize(
    ("limits", "text"),
    [((Limit(20, 1.0), Limit(300, 60.0)), "20/1s and 300/60s"), ((), "none")],
)
def test_unusual_limits_are_named(limits: tuple[Limit, ...], text: str) -> None:
    assert notes({"limits": limits}) == [
        f"rate limits: {text}, instead of the API's 10/1s and 150/60s"
    ]


def test_proxy_is_named_without_password() -> None:
    through = "requests go through the proxy"
    where = "http://proxy.example:3128"
    assert notes({"proxy": PROXY}, PROXY) == [f"{through} {where}"]
    assert notes({"trust_env": True}, PROXY) == [
        f"{through} of the environment {where}"
    ]


def test_logged_tls_keys_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "keys")
    assert notes({}) == []
    assert notes({"trust_env": True}) == [
        "TLS keys are written to 'keys': with them, the token can be read"
    ]


def test_run_that_shares_nothing_says_so() -> None:
    (note,) = notes({"share": "none"})
    assert note.startswith("--share none: other runs on this account are not seen")
    simulated = Options(inputs=(), settings=Settings(share="none"), is_simulated=True)
    assert list(start_notes(simulated, None)) == []


NIGHTLY = Companion("nightly", Priority.BACKGROUND, "2026-01-01T01:00:00Z")


def test_other_runs_are_named_at_the_start() -> None:
    sharing = Sharing(place="here", priority=Priority.URGENT, companions=(NIGHTLY,))
    notice = note_of_others(sharing)
    assert notice is not None
    assert notice.text == (
        "note: shares the account with 1 other run: nightly (background, since "
        "2026-01-01 01:00:00 UTC); urgent goes first"
    )
    assert notice.fields["companions"] == fields_of_sharing(sharing)["companions"]
    assert note_of_others(Sharing(place="here")) is None


def test_json_line_has_same_facts() -> None:
    options = Options(inputs=(), settings=Settings(proxy=PROXY, trust_env=True))
    assert fields_of_start(options) == {
        "simulated": False,
        "proxy": "http://proxy.example:3128",
        "trust_env": True,
    }


@pytest.mark.parametrize("option", ["--base-url", "--proxy"])
def test_simulator_excludes_another_api(call: Call, option: str) -> None:
    for command in ("run", "plan") if option == "--base-url" else ("run",):
        ended = call(command, "1000248", "--simulate", option, "http://127.0.0.1:9")
        assert ended.code == 2
        assert f"{option} is for the API; leave one of them out" in ended.stderr


def test_simulator_ignores_api_of_environment(call: Call) -> None:
    ended = call("plan", "1000248", "--simulate", "--json")
    assert ended.code == 0
    assert orjson.loads(ended.stdout)["simulated"] is True
    assert orjson.loads(ended.stdout)["host"] == "the simulator"
