"""Several accounts side by side, judged by the ledger of a simulator with all of them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from bulkpause import (
    Account,
    Action,
    Earlier,
    Fleet,
    GuardRailError,
    GuardRails,
    InputError,
    Item,
    LogHeldError,
    Pauser,
    Plan,
    Record,
    RetryPolicy,
    Settings,
    SettingsError,
    Status,
    StoppedError,
    Token,
    TokenError,
    Tolerance,
)
from bulkpause.id_list import GivenIds
from bulkpause.journal.account_names import AccountNames, read_names
from bulkpause.model import Limit
from bulkpause.simulator import Behaviour, Fault, Simulator, Window
from tests.support.result_logs import record, write_log


pytestmark = pytest.mark.anyio

#: The companies of the tokens.
COMPANIES = {"token-of-acme": "1", "token-of-globex": "2", "token-of-zoo": "3"}
LIMIT = Limit(5, 0.2)


@asynccontextmanager
async def accounts(**options: Any) -> AsyncIterator[Simulator]:
    """Simulate an account for each of three tokens."""
    windows = (Window(limit=LIMIT.requests, period_s=LIMIT.period_s),)
    behaviour: dict[str, Any] = {"windows": windows, "accounts": COMPANIES, **options}
    async with Simulator(Behaviour(**behaviour)) as simulator:
        yield simulator


def pauser(name: str, simulator: Simulator, **options: Any) -> Pauser:
    settings = Settings(
        base_url=simulator.base_url,
        limits=(LIMIT,),
        retry_policy=RetryPolicy(give_up_after_s=1.0),
    )
    given = {"token": f"token-of-{name}", "settings": settings, "account": name}
    return Pauser(**{**given, **options})


async def pause_all(
    fleet: Fleet,
    ids: Mapping[str, GivenIds],
    on_record: Callable[[], None] = lambda: None,
) -> tuple[dict[tuple[str | None, str | None], str], BaseException | None]:
    """Pause ids; give the status of each by account and id, and the error at the end."""
    found: dict[tuple[str | None, str | None], str] = {}
    try:
        async for record in fleet.pause(ids):
            found[record.account, record.id] = record.status
            on_record()
    except (TokenError, GuardRailError, StoppedError) as error:
        return found, error
    return found, None


def may_be_running(fleet: Fleet) -> tuple[int | None, bool]:
    """Say how many campaigns may be running, and whether all are paused."""
    return fleet.summary.may_be_running, fleet.is_all_paused


def paused_in(simulator: Simulator, name: str) -> set[str | None]:
    company = COMPANIES[f"token-of-{name}"]
    acted = [entry for entry in simulator.ledger if entry.acted]
    return {entry.id for entry in acted if entry.company_id == company}


async def test_accounts_are_paused_side_by_side(tmp_path: Path) -> None:
    ids = {name: [str(100 + n) for n in range(12)] for name in ("acme", "globex")}
    async with accounts() as simulator:
        pausers = [
            pauser(name, simulator, log=tmp_path / f"{name}.jsonl") for name in ids
        ]
        async with Fleet(pausers) as fleet:
            found, error = await pause_all(fleet, ids)
    assert error is None
    assert set(found.values()) == {"paused"}
    assert fleet.is_all_paused
    # The same id in two accounts is two campaigns.
    assert (
        paused_in(simulator, "acme") == paused_in(simulator, "globex") == {*ids["acme"]}
    )
    assert simulator.ledger.rate_limited() == []
    for name in ids:
        lines = (tmp_path / f"{name}.jsonl").read_bytes().splitlines()
        assert {orjson.loads(line)["account"] for line in lines} == {name}
        assert len(lines) == 12
    # A log that is lost is noticed by these.
    assert read_names(tmp_path) == AccountNames(frozenset(ids), is_whole=True)


async def test_refused_token_stops_its_account_alone() -> None:
    async with accounts() as simulator:
        wrong = pauser("globex", simulator, token="token-of-nobody")
        async with Fleet([pauser("acme", simulator), wrong]) as fleet:
            ids = {"acme": [str(n) for n in range(1, 21)], "globex": ["7", "8"]}
            found, error = await pause_all(fleet, ids)
    assert isinstance(error, TokenError)
    assert "globex" in str(error)
    assert list(fleet.errors) == ["globex"]
    assert paused_in(simulator, "acme") == {*ids["acme"]}
    assert sum(account == "acme" for account, _ in found) == 20
    assert fleet.summaries["globex"].may_be_running == 2


async def test_dead_account_delays_no_other() -> None:
    async with accounts() as simulator, accounts(always=Fault.HANG) as dead:
        silent = Settings(
            base_url=dead.base_url,
            limits=(LIMIT,),
            timeout_s=0.5,
            retry_policy=RetryPolicy(give_up_after_s=30.0),
        )
        pausers = [
            pauser("acme", simulator),
            pauser("globex", simulator, settings=silent),
        ]
        ids = {"acme": [str(n) for n in range(1, 16)], "globex": ["7", "8", "9"]}
        found: list[Record] = []
        with anyio.fail_after(60):
            async with Fleet(pausers) as fleet, aclosing(fleet.pause(ids)) as records:
                async for record in records:
                    found.append(record)
                    if len(found) == 15:
                        break
    assert {record.account for record in found} == {"acme"}


async def test_failures_count_over_all_accounts() -> None:
    async with accounts(statuses={}, default_status="unknown") as simulator:
        pausers = [pauser(name, simulator) for name in ("acme", "globex", "zoo")]
        rails = GuardRails(max_failures=Tolerance(count=3))
        async with Fleet(pausers, guard_rails=rails) as fleet:
            ids = {name: [str(n) for n in range(1, 31)] for name in fleet.pausers}
            found, error = await pause_all(fleet, ids)  # type: ignore[arg-type]
    assert isinstance(error, GuardRailError)
    assert "--max-failures 3" in str(error)
    assert len(found) < 90
    reasons = {one.stopped for one in fleet.pausers.values()}
    assert len(reasons) == 1
    assert None not in reasons


async def test_other_company_stops_everything_first() -> None:
    async with accounts() as simulator:
        pausers = [
            pauser("acme", simulator, company_id="1"),
            pauser("globex", simulator, company_id="1"),
        ]
        async with Fleet(pausers) as fleet:
            found, error = await pause_all(fleet, {"acme": ["5"], "globex": ["6"]})
    assert isinstance(error, GuardRailError)
    assert "globex: campaign 6 belongs to the company 2, not to 1" in str(error)
    assert found == {}
    assert {entry.action for entry in simulator.ledger} == {"view"}


async def test_right_company_is_read_once() -> None:
    async with accounts() as simulator:
        fleet = Fleet([pauser("acme", simulator, company_id="1")])
        async with fleet:
            found, error = await pause_all(fleet, {"acme": ["5", "6"]})
    assert error is None
    assert set(found.values()) == {"paused"}
    assert [entry.action for entry in simulator.ledger].count("view") == 1


async def test_company_that_cannot_be_told_stops_account() -> None:
    async with accounts(default_status="unknown") as simulator:
        fleet = Fleet([pauser("acme", simulator, company_id="1")])
        async with fleet:
            found, error = await pause_all(fleet, {"acme": ["5", "6"]})
    assert isinstance(error, StoppedError)
    assert "company_id 1 could not be checked" in str(error)
    assert found == {}
    assert {entry.action for entry in simulator.ledger} == {"view"}


@asynccontextmanager
async def silent_globex(
    guard_rails: GuardRails | None = None, **options: Any
) -> AsyncIterator[tuple[Simulator, Fleet]]:
    """Open a fleet in which one of two accounts does not answer its check."""
    async with accounts() as simulator, accounts(**options) as silent:
        settings = Settings(base_url=silent.base_url, limits=(LIMIT,))
        pausers = [
            pauser("acme", simulator, company_id="1"),
            pauser("globex", simulator, settings=settings, company_id="1"),
        ]
        async with Fleet(pausers, guard_rails=guard_rails) as fleet:
            yield simulator, fleet


TWO = {"acme": ["5", "6"], "globex": ["7"]}


async def test_silent_check_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bulkpause.fleet._COMPANIES_S", 0.1)
    with anyio.fail_after(25):  # its timeout is 30 s
        async with silent_globex(always=Fault.HANG) as (simulator, fleet):

            def stop_when_acme_is_done() -> None:
                if paused_in(simulator, "acme") == {"5", "6"}:
                    fleet.stop("enough")

            found, error = await pause_all(fleet, TWO, stop_when_acme_is_done)
    assert found == {("acme", "5"): "paused", ("acme", "6"): "paused"}
    assert "globex" in str(error)
    assert fleet.summaries["globex"].may_be_running == 1


async def test_deadline_ends_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkpause.fleet._COMPANIES_S", 0.1)
    rails = GuardRails(deadline_s=1.0)
    with anyio.fail_after(25):
        async with silent_globex(rails, always=Fault.HANG) as (_, fleet):
            _, error = await pause_all(fleet, TWO)
    assert isinstance(error, GuardRailError)
    assert "--deadline 1s has passed; company_id 1 could not be checked" in str(error)


async def test_late_wrong_company_stops_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkpause.fleet._COMPANIES_S", 0.1)
    many = {"acme": [str(n) for n in range(1, 400)], "globex": ["7"]}
    async with silent_globex(latency_s=1.0) as (_, fleet):
        found, error = await pause_all(fleet, many)
    assert isinstance(error, GuardRailError)
    assert "globex: campaign 7 belongs to the company 2, not to 1" in str(error)
    assert 0 < len(found) < 399
    assert {account for account, _ in found} == {"acme"}
    assert all(one.stopped is not None for one in fleet.pausers.values())


def test_same_token_in_two_accounts_is_refused() -> None:
    with pytest.raises(SettingsError, match="acme and globex have the same token"):
        Fleet(Pauser("token-1234", account=name) for name in ("acme", "globex"))


def test_one_named_budget_of_two_accounts_is_refused() -> None:
    shared = Settings(share="valkey://127.0.0.1:1/0?name=X")
    with pytest.raises(SettingsError, match="one budget by its name"):
        Fleet(
            Pauser(f"token-of-{name}", shared, account=name)
            for name in ("acme", "globex")
        )


async def test_folder_of_logs_is_made(tmp_path: Path) -> None:
    async with accounts() as simulator:
        settings = Settings(base_url=simulator.base_url, limits=(LIMIT,))
        known = [
            Account(name=name, token=Token(f"token-of-{name}"), settings=settings)
            for name in ("acme", "globex")
        ]
        fleet = Fleet.of_accounts(known, log=tmp_path / "monday")
        async with fleet:
            await pause_all(fleet, {"acme": ["5", "6"], "globex": ["7"]})
    assert len(list((tmp_path / "monday").glob("*.jsonl"))) == 2
    assert (fleet.summary.rows, fleet.summary.may_be_running) == (3, 0)


async def test_summary_is_of_accounts_with_list() -> None:
    async with accounts() as simulator:
        names = ("acme", "globex", "zoo")
        async with Fleet(pauser(name, simulator) for name in names) as fleet:
            assert may_be_running(fleet) == (None, False)
            await pause_all(fleet, {"acme": ["5", "6"], "globex": ["7"]})
            assert fleet.summary.rows == 3
            assert may_be_running(fleet) == (0, True)
            assert fleet.summaries["zoo"].may_be_running is None


async def test_list_that_was_not_taken_is_doubt() -> None:
    twice = Plan(
        rows=2,
        items=(Item(id="7", row=1),) * 2,
        invalid_rows=(),
        duplicate=0,
        already_done=0,
    )
    async with accounts() as simulator:
        names = ("acme", "globex", "zoo")
        async with Fleet(pauser(name, simulator) for name in names) as fleet:
            await pause_all(fleet, {"acme": ["5"]})
            assert may_be_running(fleet) == (0, True)
            with pytest.raises(InputError):
                await pause_all(fleet, {"acme": ["6"], "globex": twice})
            assert may_be_running(fleet) == (None, False)
            assert fleet.summaries["acme"].may_be_running is None


@pytest.mark.parametrize("planned", [2, 3])
async def test_log_without_list_counts_as_open(tmp_path: Path, planned: int) -> None:
    async with accounts() as simulator:
        endpoint = simulator.base_url
        earlier = [
            record(1, account="zoo", planned=planned, endpoint=endpoint),
            record(2, Status.FAILED, account="zoo", planned=planned, endpoint=endpoint),
        ]
        write_log(tmp_path / "zoo.jsonl", earlier)
        pausers = [
            pauser("acme", simulator),
            pauser(
                "zoo",
                simulator,
                log=tmp_path / "zoo.jsonl",
                resume=True,
                resume_within_s=None,
            ),
        ]
        async with Fleet(pausers) as fleet:
            await pause_all(fleet, {"acme": ["5"]})
            assert fleet.summary.rows == 1
            assert may_be_running(fleet) == (planned - 1, False)


async def test_settings_error_names_its_account(tmp_path: Path) -> None:
    (tmp_path / "globex.jsonl").write_text("x")
    async with accounts() as simulator:
        pausers = [
            pauser("acme", simulator),
            pauser("globex", simulator, log=tmp_path / "globex.jsonl"),
        ]
        with pytest.raises(SettingsError, match=r"^globex: "):
            async with Fleet(pausers):
                pass


async def test_stop_ends_all_accounts() -> None:
    async with accounts() as simulator:
        pausers = [pauser(name, simulator) for name in ("acme", "globex")]
        async with Fleet(pausers) as fleet:
            ids = {name: [str(n) for n in range(1, 100)] for name in ("acme", "globex")}
            _, error = await pause_all(fleet, ids, lambda: fleet.stop("enough"))
    assert isinstance(error, StoppedError)
    assert set(fleet.errors) == {"acme", "globex"}
    assert 0 < len(simulator.ledger.acted_ids()) < 60


def earlier_running(*ids: str) -> list[Item]:
    was = Earlier(status="running")
    return [Item(id=id_, row=row, earlier=was) for row, id_ in enumerate(ids, 1)]


async def test_undo_resumes_in_each_account() -> None:
    async with accounts(default_status="paused") as simulator:
        undos = [
            pauser(name, simulator, action=Action.RESUME) for name in ("acme", "zoo")
        ]
        async with Fleet(undos) as fleet:
            items = {"acme": earlier_running("1", "2"), "zoo": earlier_running("1")}
            found = {
                (record.account, record.id): record.status
                async for record in fleet.undo(items)
            }
    assert found == dict.fromkeys(
        [("acme", "1"), ("acme", "2"), ("zoo", "1")], Status.RESUMED
    )
    assert paused_in(simulator, "acme") == {"1", "2"}
    assert paused_in(simulator, "zoo") == {"1"}
    assert [summary.is_all_done for summary in fleet.summaries.values()] == [True] * 2


async def test_refused_token_stops_undo_of_its_account_alone() -> None:
    async with accounts(default_status="paused") as simulator:
        right = pauser("acme", simulator, action=Action.RESUME)
        wrong = pauser("zoo", simulator, action=Action.RESUME, token="of-nobody")
        items = {name: earlier_running("1", "2") for name in ("acme", "zoo")}
        async with Fleet([right, wrong]) as fleet:
            with pytest.raises(TokenError, match="zoo"):
                async for _ in fleet.undo(items):
                    pass
    assert paused_in(simulator, "acme") == {"1", "2"}
    assert paused_in(simulator, "zoo") == set()


async def test_fleet_of_pauses_undoes_nothing() -> None:
    async with accounts() as simulator, Fleet([pauser("acme", simulator)]) as fleet:
        with pytest.raises(RuntimeError, match="made to pause"):
            async for _ in fleet.undo({"acme": earlier_running("1")}):
                pass
    assert len(simulator.ledger) == 0


async def test_held_log_of_one_account_refuses_all(tmp_path: Path) -> None:
    async with accounts() as simulator:
        logs = {name: tmp_path / f"{name}.jsonl" for name in ("acme", "globex")}
        async with pauser("globex", simulator, log=logs["globex"]):
            both = [pauser(name, simulator, log=log) for name, log in logs.items()]
            with pytest.raises((LogHeldError, SettingsError)):
                async with Fleet(both):
                    pass
        # What the fleet opened is free again.
        async with pauser("acme", simulator, log=logs["acme"], resume=True):
            pass
    assert len(simulator.ledger) == 0


async def test_log_of_another_account_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    async with accounts() as simulator:
        async with Fleet([pauser("acme", simulator, log=log)]) as fleet:
            await pause_all(fleet, {"acme": ["5"]})
        for other in ("globex", None):
            wrong = pauser("globex", simulator, log=log, resume=True, account=other)
            with pytest.raises(SettingsError, match="of the account acme"):
                async with wrong:
                    pass


async def test_wrong_list_sends_nothing_anywhere() -> None:
    async with accounts() as simulator:
        pausers = [pauser(name, simulator) for name in ("acme", "globex")]
        async with Fleet(pausers) as fleet:
            with pytest.raises(SettingsError, match="no account zoo"):
                fleet.pause({"acme": ["5"], "zoo": ["6"]})
            with pytest.raises(TypeError):
                fleet.pause({"acme": ["5"], "globex": "6"})
    assert len(simulator.ledger) == 0


async def test_outage_stops_its_account_alone() -> None:
    async with accounts() as simulator, accounts(always=Fault.BAD_GATEWAY) as broken:
        pausers = [
            pauser("acme", simulator),
            pauser("globex", broken),
        ]
        async with Fleet(pausers) as fleet:
            ids = {name: [str(n) for n in range(1, 16)] for name in ("acme", "globex")}
            found, error = await pause_all(fleet, ids)
    assert isinstance(error, StoppedError)
    assert list(fleet.errors) == ["globex"]
    acme = [status for (account, _), status in found.items() if account == "acme"]
    assert acme == [Status.PAUSED] * 15


class OpenFiles:
    """A system that allows so many open files, and no more."""

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = -1

    def __init__(self, most: int) -> None:
        self._most = most

    def getrlimit(self, resource: int) -> tuple[int, int]:
        return self._most, self._most

    def setrlimit(self, resource: int, limits: tuple[int, int]) -> None:
        raise AssertionError(f"nothing may be set: {resource} to {limits}")


async def test_too_few_open_files_send_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulkpause.fleet.FILE_LIMITS", OpenFiles(133))
    async with accounts() as simulator:
        fleet = Fleet([pauser(name, simulator) for name in ("acme", "globex")])
        with pytest.raises(SettingsError, match=r"need 134 .* may have 133"):
            await fleet.__aenter__()
    assert len(simulator.ledger) == 0


async def test_few_open_files_bound_the_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bulkpause.fleet.FILE_LIMITS", OpenFiles(134))
    connections: set[int | None] = set()
    async with accounts() as simulator:
        names = ("acme", "globex")
        async with Fleet([pauser(name, simulator) for name in names]) as fleet:
            assert "2 accounts share 2 connections" in fleet.warnings[0]
            ids = {name: [str(n) for n in range(1, 9)] for name in names}
            found, error = await pause_all(fleet, ids)
        connections = {entry.connection for entry in simulator.ledger}
    assert error is None
    assert len(found) == 16
    assert len(connections) == 2


async def test_accounts_need_different_names() -> None:
    async with accounts() as simulator:
        twice = [pauser("acme", simulator), pauser("acme", simulator)]
        with pytest.raises(SettingsError, match="two accounts are named acme"):
            Fleet(twice)
