"""Checks of an account over loopback, judged by the simulator's ledger."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bulkpause.api.credentials import Token
from bulkpause.checker import Finding, NoCampaignsError, State, ask, findings_of
from bulkpause.connection import Connection
from bulkpause.errors import BulkpauseError, GuardRailError, StoppedError, TokenError
from bulkpause.model import Limit
from bulkpause.settings import Settings
from bulkpause.simulator import (
    Behaviour,
    Fault,
    Lists,
    Simulator,
    Window,
    make_campaigns,
)


pytestmark = pytest.mark.anyio

LIMITS = (Limit(10, 1.0), Limit(150, 60.0))


def now() -> datetime:
    return datetime.now(UTC)


async def checked(
    simulator: Simulator,
    bearer: str = "good",
    *,
    ahead_s: float = 0.0,
    limits: tuple[Limit, ...] = LIMITS,
    company_id: str | None = None,
) -> Mapping[str, Finding]:
    settings = Settings(base_url=simulator.base_url, limits=limits, timeout_s=2.0)
    async with Connection(Token(bearer), settings) as connection:
        answers = await ask(connection, lambda: now() + timedelta(seconds=ahead_s))
    found = findings_of(answers, settings.limits, company_id)
    return {one.name: one for one in found}


async def check_of(**options: Any) -> tuple[Mapping[str, Finding], Simulator]:
    behaviour = Behaviour(token="good", campaigns=make_campaigns(3), **options)
    async with Simulator(behaviour) as simulator:
        return await checked(simulator), simulator


def states(findings: Mapping[str, Finding]) -> set[State]:
    return {one.state for one in findings.values()}


def errors(findings: Mapping[str, Finding]) -> list[type[BulkpauseError]]:
    return [type(one.error) for one in findings.values() if one.error is not None]


async def test_usual_account_is_ready() -> None:
    findings, simulator = await check_of()

    assert states(findings) == {State.OK}
    assert findings["campaigns"].detail == "can be read: 3 campaigns"
    assert findings["tls"].detail == "none: the API is on this machine"
    assert findings["rate"].facts["limit"] == 150
    assert [entry.action for entry in simulator.ledger] == ["check", "list", "list"]


async def test_nothing_is_changed() -> None:
    _, simulator = await check_of()

    assert not any(entry.acted for entry in simulator.ledger)
    assert {entry.method for entry in simulator.ledger if entry.action == "list"} == {
        "GET"
    }


async def test_campaigns_decide_on_token() -> None:
    findings, _ = await check_of(check_script=(Fault.UNAUTHORIZED,))

    assert findings["token"].state is State.WARNING
    assert findings["campaigns"].state is State.OK
    assert errors(findings) == []


async def test_address_without_campaigns_has_own_error() -> None:
    missing = Fault.NOT_FOUND
    findings, _ = await check_of(
        check_script=(missing,), lists=Lists(script=(missing, missing))
    )

    assert errors(findings) == [NoCampaignsError]


async def test_rejected_token_sends_one_more() -> None:
    async with Simulator(Behaviour(token="good")) as simulator:
        findings = await checked(simulator, "bad")

    assert errors(findings) == [TokenError]
    assert findings["token"].detail.startswith("the API rejected the token")
    assert findings["campaigns"].state is State.SKIPPED
    assert len(simulator.ledger) == 2


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.INTERNAL_ERROR])
async def test_missing_token_check_is_warning(fault: Fault) -> None:
    findings, _ = await check_of(check_script=(fault,))

    assert findings["token"].state is State.WARNING
    assert "but campaigns can be read" in findings["token"].detail
    assert errors(findings) == []


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.INTERNAL_ERROR, Fault.OK_200])
async def test_unreadable_campaigns_end_a_run(fault: Fault) -> None:
    findings, _ = await check_of(lists=Lists(script=(fault, fault)))

    assert errors(findings) == [StoppedError]
    assert "cannot be read" in findings["campaigns"].detail


async def test_rate_limited_account_is_warning() -> None:
    findings, _ = await check_of(lists=Lists(script=(Fault.RATE_LIMITED,) * 2))

    assert findings["campaigns"].state is State.WARNING
    assert errors(findings) == []


async def test_silent_server_ends_a_run() -> None:
    async with Simulator() as simulator:
        pass
    findings = await checked(simulator)

    assert errors(findings) == [StoppedError]
    assert "connection_refused" in findings["reach"].detail
    assert findings["token"].state is State.SKIPPED


@pytest.mark.parametrize(
    ("ahead_s", "words"),
    [(3600.0, "ahead of the server's"), (-3600.0, "behind the server's")],
)
async def test_wrong_clock_is_warning(ahead_s: float, words: str) -> None:
    async with Simulator() as simulator:
        findings = await checked(simulator, ahead_s=ahead_s)

    assert findings["clock"].state is State.WARNING
    assert words in findings["clock"].detail
    assert "1:00:0" in findings["clock"].detail or "59:5" in findings["clock"].detail


async def test_smaller_limit_of_server_is_warning() -> None:
    async with Simulator(Behaviour(windows=(Window(limit=5, period_s=1.0),))) as small:
        findings = await checked(small)

    assert findings["rate"].state is State.WARNING
    assert "--burst and --steady" in findings["rate"].detail


async def test_server_without_rate_headers_is_skipped() -> None:
    findings, _ = await check_of(rate_headers="none")

    assert findings["rate"].state is State.SKIPPED
    assert errors(findings) == []


@pytest.mark.parametrize(
    ("company_id", "expected"),
    [
        ("1000000", (State.OK, [])),
        ("77", (State.FAILED, [GuardRailError])),
    ],
)
async def test_company_of_campaigns_is_compared(
    company_id: str, expected: tuple[State, list[type[BulkpauseError]]]
) -> None:
    async with Simulator(Behaviour(campaigns=make_campaigns(3))) as simulator:
        findings = await checked(simulator, company_id=company_id)

    assert (findings["company"].state, errors(findings)) == expected
    async with Simulator() as empty:
        findings = await checked(empty, company_id=company_id)
    assert findings["company"].state is State.SKIPPED


async def test_company_that_no_list_shows_is_warning() -> None:
    hidden = Lists(hidden_fields=frozenset({"company_id"}))
    async with Simulator(Behaviour(campaigns=make_campaigns(3), lists=hidden)) as api:
        findings = await checked(api, company_id="1000000")

    assert findings["company"].state is State.WARNING
