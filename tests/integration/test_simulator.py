import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import orjson
import pytest

from bulkpause.simulator import Behaviour, Fault, Ledger, Simulator, Window, serve


pytestmark = pytest.mark.anyio

HEADERS = {"Authorization": "Bearer good"}
REASON = {"reason": "stop"}


@asynccontextmanager
async def client_of(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(simulator.base_url, headers=HEADERS) as client:
        yield client


@asynccontextmanager
async def running(
    **options: Any,
) -> AsyncIterator[tuple[Simulator, aiohttp.ClientSession]]:
    simulator = Simulator(Behaviour(**options))
    async with simulator, client_of(simulator) as client:
        yield simulator, client


async def pause(client: aiohttp.ClientSession, campaign_id: str = "7") -> int:
    path = f"/v1/hood/campaigns/{campaign_id}/pause"
    async with client.post(path, json=REASON) as response:
        await response.read()
        return response.status


async def retry_after_of(client: aiohttp.ClientSession) -> str | None:
    async with client.post("/v1/hood/campaigns/7/pause", json=REASON) as response:
        return response.headers.get("Retry-After")


async def until(happened: Callable[[], object]) -> None:
    with anyio.fail_after(10):
        while not happened():
            await anyio.sleep(0.005)


def rendered(
    target: str = "/v1/hood/campaigns/7/pause",
    body: bytes = b"{}",
    method: str = "POST",
    header: bytes = b"X-Other: 1",
) -> bytes:
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    return head.encode() + header + b"\r\n\r\n" + body


@asynccontextmanager
async def connected(
    simulator: Simulator,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = int(simulator.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def exchanged(simulator: Simulator, request: bytes) -> bytes:
    async with connected(simulator) as (reader, writer):
        writer.write(request)
        with anyio.fail_after(10):
            return await reader.read()


async def test_each_token_may_have_limits_of_its_own() -> None:
    one = (Window(limit=1, period_s=60.0),)
    async with running(windows=one, account_per_token=True) as (simulator, client):
        other = {"Authorization": "Bearer other"}
        path = "/v1/hood/campaigns/7/pause"
        found = [await pause(client), await pause(client)]
        async with client.post(path, json=REASON, headers=other) as response:
            found.append(response.status)
    assert found == [204, 429, 204]
    assert len({entry.company_id for entry in simulator.ledger}) == 2


async def test_pause_gets_204_without_body() -> None:
    async with (
        running() as (simulator, client),
        client.post("/v1/hood/campaigns/7/pause", json=REASON) as response,
    ):
        assert (response.status, await response.read()) == (204, b"")
        assert simulator.status("7") == "paused"


async def test_paused_campaign_is_read_back() -> None:
    async with running() as (_, client):
        await pause(client)
        async with client.get("/v1/hood/campaigns/7") as response:
            campaigns = await response.json()

    assert (campaigns["total"], campaigns["items"][0]["status"]) == (1, "paused")


async def test_headers_report_remaining_requests() -> None:
    window = Window(limit=5, period_s=3600, phase_s=anyio.current_time() - 1)
    async with running(windows=(window,)) as (_, client):
        await pause(client, "8")
        async with client.post("/v1/hood/campaigns/7/pause", json=REASON) as response:
            headers = response.headers

    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == (
        "5",
        "3",
    )
    assert 0 < int(headers["X-RateLimit-Reset"]) <= 3599


async def test_wrong_token_is_not_in_ledger() -> None:
    async with running(token="better") as (simulator, client):
        async with client.post("/v1/hood/campaigns/7/pause", json=REASON) as response:
            error = await response.json()
        kept = orjson.dumps(list(simulator.ledger))

    assert (response.status, error["title"]) == (401, "Unauthorized.")
    assert b"good" not in kept
    assert not simulator.ledger[0].token_ok


async def test_ledger_records_request_and_outcome() -> None:
    async with running() as (simulator, client):
        async with client.post(
            "/v1/hood/campaigns/7/pause", json=REASON, headers={"X-Request-Id": "r-1"}
        ):
            pass
        entry = simulator.ledger[0]

    assert (entry.number, entry.method, entry.id, entry.action) == (
        1,
        "POST",
        "7",
        "pause",
    )
    assert (entry.request_id, entry.token_ok) == ("r-1", True)
    assert orjson.loads(entry.body) == REASON
    assert (entry.http_status, entry.fault, entry.acted) == (204, None, True)
    assert (entry.status_after, entry.limited, entry.counted) == ("paused", False, True)
    assert (entry.connection, entry.in_flight) == (1, 1)


async def test_ledger_has_trace_id_of_response() -> None:
    async with (
        running(default_status="sent") as (simulator, client),
        client.post("/v1/hood/campaigns/7/pause", json=REASON) as response,
    ):
        error = await response.json()

    assert simulator.ledger[0].trace_id == error["trace_id"]


async def test_ledger_has_path_as_sent() -> None:
    target = "/v1/hood/campaigns/../a%2Fb/./pause?x=/y"
    async with running() as (simulator, _), connected(simulator) as (reader, writer):
        writer.write(rendered(target))
        response = await reader.readline()

    assert response.startswith(b"HTTP/1.1 404 ")
    assert simulator.ledger[0].raw_path == target


async def test_invalid_utf_8_does_not_damage_ledger(tmp_path: Path) -> None:
    request = rendered(body=b'{"reason":"\xff"}', header=b"X-Request-Id: \xff")
    path = tmp_path / "ledger.jsonl"
    simulator = Simulator(ledger_path=path)
    async with simulator, connected(simulator) as (reader, writer):
        writer.write(request)
        await reader.readline()

    entry = Ledger.read(path)[0]
    assert entry.request_id == r"\udcff"
    assert entry.body == '{"reason":"\ufffd"}'


async def test_long_body_is_truncated_in_ledger() -> None:
    request = rendered(body=orjson.dumps({"reason": "x" * 2_000_000}))
    async with running() as (simulator, _), connected(simulator) as (reader, writer):
        writer.write(request)
        response = await reader.readline()

    assert response.startswith(b"HTTP/1.1 204 ")
    assert len(simulator.ledger[0].body) == 4096


async def test_requests_of_one_connection_share_its_number() -> None:
    async with running(scripts={"8": (Fault.INTERNAL_ERROR,)}) as (simulator, client):
        for campaign_id in ("7", "8", "9"):
            await pause(client, campaign_id)
        async with client_of(simulator) as other:
            await pause(other, "10")

    assert [entry.connection for entry in simulator.ledger] == [1, 1, 1, 2]


async def test_other_actions_are_in_ledger() -> None:
    async with running(statuses={"7": "paused"}) as (simulator, client):
        for verb in ("cancel", "resume"):
            async with client.post(f"/v1/hood/campaigns/7/{verb}") as response:
                assert response.status == 204

    assert [entry.action for entry in simulator.ledger] == ["cancel", "resume"]


async def test_full_window_rate_limits_simultaneous_requests() -> None:
    window = Window(limit=3, period_s=3600, phase_s=anyio.current_time() - 1)
    async with running(windows=(window,)) as (simulator, client):
        statuses = await asyncio.gather(*(pause(client, str(n)) for n in range(8)))

    assert sorted(statuses) == [204] * 3 + [429] * 5
    assert len(simulator.ledger.rate_limited()) == 5
    assert simulator.ledger.most_in_a_window(window) == 3
    assert len(simulator.ledger.paused_ids()) == 3


async def test_429_has_seconds_until_window_reset() -> None:
    window = Window(limit=1, period_s=3600, phase_s=anyio.current_time() - 1)
    async with running(windows=(window,)) as (_, client):
        await pause(client)
        async with client.post("/v1/hood/campaigns/7/pause", json=REASON) as response:
            headers = response.headers

    assert 0 < int(headers["Retry-After"]) <= 3599
    assert not [name for name in headers if name.startswith("X-RateLimit")]


async def test_request_is_allowed_after_retry_after() -> None:
    window = Window(limit=1, period_s=3, phase_s=anyio.current_time())
    async with running(windows=(window,), reset_rounding="up") as (simulator, client):
        simulator.spend(1)
        retry_after = await retry_after_of(client) or "no Retry-After"
        await anyio.sleep(float(retry_after))
        assert await pause(client) == 204


async def test_parallel_limit_gives_retry_after_minus_one() -> None:
    hung = {"1": (Fault.HANG,), "2": (Fault.HANG,)}
    async with (
        running(parallel_limit=2, scripts=hung) as (simulator, client),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(pause, client, "1")
        tasks.start_soon(pause, client, "2")
        await until(lambda: len(simulator.ledger) == 2)

        retry_after = await retry_after_of(client)

        tasks.cancel_scope.cancel()

    assert retry_after == "-1"
    assert [entry.in_flight for entry in simulator.ledger] == [1, 2, 3]
    assert not simulator.ledger[2].counted


async def test_disconnected_client_frees_parallel_slot() -> None:
    async with running(parallel_limit=1, scripts={"1": (Fault.HANG,)}) as (
        simulator,
        client,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pause, client, "1")
            await until(lambda: len(simulator.ledger) == 1)
            tasks.cancel_scope.cancel()

        with anyio.fail_after(10):
            while await pause(client) == 429:
                await anyio.sleep(0.01)

    assert simulator.ledger[-1].in_flight == 1


async def test_requests_within_parallel_limit_are_never_rate_limited() -> None:
    async with running(parallel_limit=3, latency_s=0.004, windows=()) as (
        simulator,
        client,
    ):
        ids = iter(range(120))

        async def worker() -> None:
            for number in ids:
                await pause(client, str(number))

        await asyncio.gather(worker(), worker(), worker())

    assert len(simulator.ledger) == 120
    assert simulator.ledger.rate_limited() == []
    assert max(entry.in_flight for entry in simulator.ledger) <= 3


@pytest.mark.parametrize(
    ("fault", "acted"), [(Fault.RESET_BEFORE, False), (Fault.RESET_AFTER, True)]
)
async def test_reset_fault_resets_connection(fault: Fault, acted: bool) -> None:
    async with running(always=fault) as (simulator, _):
        with pytest.raises(ConnectionResetError):
            await exchanged(simulator, rendered())

    assert [entry.acted for entry in simulator.ledger] == [acted]
    assert simulator.ledger[0].http_status is None


async def test_lost_response_closes_connection_after_acting() -> None:
    async with running(always=Fault.LOST) as (simulator, _):
        assert await exchanged(simulator, rendered()) == b""

    assert simulator.ledger.acted_ids() == ["7"]


async def test_http_client_reports_lost_response_as_disconnect() -> None:
    async with running(always=Fault.LOST) as (_, client):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await pause(client)


@pytest.mark.parametrize(
    ("fault", "acted"), [(Fault.HANG, False), (Fault.HANG_AFTER, True)]
)
async def test_hanging_request_gets_no_byte(fault: Fault, acted: bool) -> None:
    async with (
        running(always=fault) as (simulator, _),
        connected(simulator) as (reader, writer),
    ):
        writer.write(rendered())
        await until(lambda: len(simulator.ledger))
        with anyio.move_on_after(0.1) as waiting:
            await reader.read(1)

    assert waiting.cancelled_caught
    assert simulator.ledger[0].acted is acted


async def test_slow_response_arrives_in_pieces() -> None:
    async with (
        running(always=Fault.SLOW, slow_byte_interval_s=0.002) as (simulator, _),
        connected(simulator) as (reader, writer),
    ):
        writer.write(rendered())
        first = await reader.read(1000)
        rest = await reader.read()

    assert len(first) < 20
    assert (first + rest).startswith(b"HTTP/1.1 204 No Content\r\n")
    assert (first + rest).endswith(b"\r\n\r\n")
    assert b"Content-Length" not in rest
    assert simulator.ledger.acted_ids() == ["7"]


async def test_http_client_reads_slow_response() -> None:
    async with (
        running(always=Fault.SLOW, slow_byte_interval_s=0.0001) as (_, client),
        client.get("/v1/hood/campaigns/7") as response,
    ):
        campaigns = await response.json()

    assert response.headers["X-RateLimit-Remaining"] == "149"
    assert campaigns["items"][0]["id"] == "7"


@pytest.mark.parametrize(
    ("fault", "status", "acted"),
    [(Fault.CUT, 400, False), (Fault.CUT_AFTER, 500, True)],
)
async def test_cut_body_is_shorter_than_announced(
    fault: Fault, status: int, acted: bool
) -> None:
    async with running(always=fault) as (simulator, _):
        response = await exchanged(simulator, rendered())

    head, _, body = response.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert 0 < len(body) < length
    assert simulator.ledger[0].acted is acted


async def test_http_client_reads_status_of_cut_body() -> None:
    async with (
        running(always=Fault.CUT) as (_, client),
        client.post("/v1/hood/campaigns/7/pause", json=REASON) as response,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    assert response.status == 400


async def test_followed_redirect_is_in_ledger() -> None:
    async with running(scripts={"7": (Fault.REDIRECT,)}) as (simulator, client):
        assert await pause(client) == 404

    assert [(entry.method, entry.id) for entry in simulator.ledger] == [
        ("POST", "7"),
        ("GET", None),
    ]


@pytest.mark.parametrize(
    "fault", [fault for fault in Fault if fault[0] in "2345"], ids=str
)
async def test_complete_response_keeps_connection_open(fault: Fault) -> None:
    async with running(scripts={"7": (fault,)}) as (simulator, client):
        path = "/v1/hood/campaigns/7/pause"
        async with client.post(path, json=REASON, allow_redirects=False) as response:
            await response.read()
        await pause(client, "8")

    assert [entry.connection for entry in simulator.ledger] == [1, 1]
    assert simulator.ledger[0].http_status == response.status


async def test_injected_outage_begins_and_ends() -> None:
    async with running() as (simulator, client):
        simulator.inject(Fault.UNAVAILABLE)
        during = await pause(client)
        simulator.inject(None)

        assert (during, await pause(client)) == (503, 204)


async def test_request_in_flight_survives_disconnect_of_client() -> None:
    async with running(latency_s=0.4) as (simulator, _):
        async with connected(simulator) as (_, writer):
            writer.write(rendered())
            await writer.drain()
            await anyio.sleep(0.05)
        assert len(simulator.ledger) == 0
        await until(lambda: len(simulator.ledger))

    assert simulator.ledger.acted_ids() == ["7"]


@pytest.mark.parametrize(
    "fault",
    [None, Fault.LOST, Fault.RESET_AFTER, Fault.HANG_AFTER, Fault.SLOW, Fault.CUT],
)
async def test_response_for_disconnected_client_is_dropped(
    fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(latency_s=0.2, scripts={"7": (fault,)}) as (simulator, client):
        async with connected(simulator) as (_, writer):
            writer.write(rendered())
            await anyio.sleep(0.05)
        await pause(client, "8")
        await pause(client, "9")

    assert [entry.id for entry in simulator.ledger] == ["7", "8", "9"]
    assert simulator.ledger[-1].in_flight == 1
    assert caplog.records == []


async def test_slow_response_ends_when_client_disconnects() -> None:
    async with running(
        scripts={"7": (Fault.SLOW,)}, slow_byte_interval_s=0.1, parallel_limit=1
    ) as (simulator, client):
        async with connected(simulator) as (reader, writer):
            writer.write(rendered())
            await reader.readexactly(2)

        # All of its bytes would take longer than this.
        with anyio.fail_after(10):
            while await pause(client, "8") == 429:
                await anyio.sleep(0.02)


async def test_first_request_of_connection_is_delayed() -> None:
    delays = []
    async with running(cold_s=0.5) as (simulator, client):
        for number in range(2):
            sent_at = anyio.current_time()
            await pause(client, str(number))
            delays.append(simulator.ledger[number].at - sent_at)

    assert delays[0] >= 0.5 > delays[1]


async def test_response_takes_half_of_latency_after_counting() -> None:
    async with running(latency_s=0.1) as (simulator, client):
        sent_at = anyio.current_time()
        await pause(client)
        counted_at = simulator.ledger[0].at

        assert counted_at - sent_at >= 0.05
        assert anyio.current_time() - counted_at >= 0.05


async def test_incomplete_request_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as (simulator, client):
        async with connected(simulator) as (_, writer):
            writer.write(rendered(body=b'{"reason":"stop"}')[:-5])
            await writer.drain()
            await anyio.sleep(0.05)
        await pause(client, "8")

    assert [entry.id for entry in simulator.ledger] == ["8"]
    assert caplog.records == []


async def test_responded_request_is_in_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    simulator = Simulator(ledger_path=path)
    async with simulator, client_of(simulator) as client:
        for number in range(5):
            await pause(client, str(number))
            assert len(Ledger.read(path)) == number + 1

    assert list(Ledger.read(path)) == list(simulator.ledger)


async def test_stop_ends_hanging_request() -> None:
    simulator = Simulator(Behaviour(always=Fault.HANG))
    with anyio.fail_after(10):
        async with simulator:
            exchange = asyncio.create_task(exchanged(simulator, rendered()))
            await until(lambda: len(simulator.ledger))

        assert await exchange == b""


async def test_stop_cancels_delayed_request() -> None:
    simulator = Simulator(Behaviour(latency_s=3600))
    before = asyncio.all_tasks()
    with anyio.fail_after(10):
        async with simulator, connected(simulator) as (_, writer):
            writer.write(rendered())
            await anyio.sleep(0.05)
            assert asyncio.all_tasks() - before

    await until(lambda: not asyncio.all_tasks() - before)
    assert len(simulator.ledger) == 0


async def test_stop_closes_listener() -> None:
    async with running() as (simulator, client):
        await pause(client)

    with pytest.raises(ConnectionRefusedError):
        await exchanged(simulator, rendered())


async def test_stop_closes_idle_connections() -> None:
    simulator = Simulator()
    async with simulator:
        port = int(simulator.base_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await anyio.sleep(0.02)

    with anyio.fail_after(10):
        assert await reader.read() == b""
    writer.close()


async def test_cancelled_simulator_stops() -> None:
    simulator = Simulator(Behaviour(always=Fault.HANG))
    with anyio.CancelScope() as scope:
        async with simulator, connected(simulator) as (_, writer):
            writer.write(rendered())
            await until(lambda: len(simulator.ledger))
            scope.cancel()
            await anyio.sleep_forever()

    with pytest.raises(ConnectionRefusedError):
        await exchanged(simulator, rendered())


async def test_restarted_simulator_keeps_its_state() -> None:
    simulator = Simulator()
    async with simulator, client_of(simulator) as client:
        await pause(client)
        url = simulator.base_url
    async with simulator, client_of(simulator) as client:
        assert await pause(client) == 400

    assert simulator.base_url == url
    assert [entry.http_status for entry in simulator.ledger] == [204, 400]


async def test_port_in_use_leaves_ledger_closed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(
            port=taken.getsockname()[1], ledger_path=tmp_path / "ledger.jsonl"
        )
        with pytest.raises(OSError, match="address already in use"):
            await simulator.__aenter__()

    assert not simulator.ledger.is_open


async def test_unopenable_ledger_raises_error(tmp_path: Path) -> None:
    simulator = Simulator(ledger_path=tmp_path / "missing" / "ledger.jsonl")

    with pytest.raises(FileNotFoundError):
        await simulator.__aenter__()


async def test_serve_reports_url_and_runs_until_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    urls: list[str] = []

    async def run() -> None:
        await serve(
            Behaviour(),
            host="localhost",
            port=0,
            ledger_path=path,
            started=urls.append,
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await until(lambda: urls)
        async with aiohttp.ClientSession(urls[0], headers=HEADERS) as client:
            assert await pause(client) == 204
        tasks.cancel_scope.cancel()

    assert urls[0].startswith("http://127.0.0.1:")
    assert Ledger.read(path).acted_ids() == ["7"]


async def test_late_fault_pauses_after_its_response() -> None:
    async with running(
        scripts={"7": (Fault.BAD_GATEWAY_LATE,)}, late_s=0.05, windows=()
    ) as (simulator, client):
        assert await pause(client) == 502
        await until(lambda: simulator.status("7") == "paused")
    assert simulator.ledger.acted_ids() == ["7"]
    assert len(simulator.ledger) == 1
