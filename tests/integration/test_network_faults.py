"""Runs against a broken API or network: each id gets the status that is right for it."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
import orjson
import pytest

from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import RetryPolicy
from bulkpause.engine.run import GRACE_S
from bulkpause.model import Record
from bulkpause.pauser import Pauser
from bulkpause.settings import Settings
from bulkpause.vocabulary import StopCause, TransportError
from tests.support.broken_api import (
    IN_DOUBT,
    OUTCOMES,
    READ_BACKS,
    REJECTED,
    TLS_FAILURES,
    TRANSPORT_ERRORS,
    UNFINISHED,
    UNFINISHED_RESPONSES,
    broken_api,
    decompression_bomb,
    ids_of,
)
from tests.support.faulty_server import (
    NO_CONTENT,
    Behaviour,
    FaultyServer,
    Response,
    choosing,
    http_response,
    sending,
)
from tests.support.records import until_stopped


pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def settings(base_url: str, *, timeout_s: float = 3.0) -> Settings:
    return Settings(
        base_url=base_url,
        limits=(),
        timeout_s=timeout_s,
        retry_policy=RetryPolicy(max_attempts=2, wait_initial_s=0.01),
    )


def logged(log: Path) -> list[str]:
    return [orjson.loads(line)["id"] for line in log.read_bytes().splitlines()]


async def paused(
    ids: list[str], wanted: Settings, log: Path, guards: GuardRails | None = None
) -> dict[str, Record]:
    """Pause ids, and check that each has one record and one line in the result log."""
    async with Pauser("s3cret", wanted, log=log, guard_rails=guards) as pauser:
        with anyio.fail_after(200):
            records = [record async for record in until_stopped(pauser.pause(ids))]
    assert sorted(str(record.id) for record in records) == sorted(ids)
    assert sorted(logged(log)) == sorted(ids)
    return {str(record.id): record for record in records}


def statuses_of(records: Mapping[str, Record]) -> tuple[str, ...]:
    """Give the statuses of the three broken ids, if all others are paused."""
    good = {record.status for id_, record in records.items() if id_.endswith("-good")}
    assert good == {"paused"}
    return tuple(records[f"broken-{read_back}"].status for read_back in READ_BACKS)


async def statuses_after(response: Response, log: Path) -> tuple[str, ...]:
    async with FaultyServer(broken_api({"broken": response})) as server:
        wanted = settings(server.endpoint.base_url)
        return statuses_of(await paused(ids_of(["broken"]), wanted, log))


ENDED_OUTCOMES = {
    name: outcome for name, outcome in OUTCOMES.items() if name not in UNFINISHED
}


@pytest.mark.parametrize(
    ("response", "statuses"), ENDED_OUTCOMES.values(), ids=ENDED_OUTCOMES
)
async def test_each_response_leads_to_its_status(
    response: Response, statuses: tuple[str, ...], tmp_path: Path
) -> None:
    assert await statuses_after(response, tmp_path / "log.jsonl") == statuses


async def test_each_unfinished_response_leads_to_its_status(tmp_path: Path) -> None:
    # Side by side, since each run lasts until its timeouts.
    statuses = await asyncio.gather(
        *(
            statuses_after(OUTCOMES[name][0], tmp_path / f"{n}.jsonl")
            for n, name in enumerate(UNFINISHED)
        )
    )

    assert dict(zip(UNFINISHED, statuses, strict=True)) == {
        name: OUTCOMES[name][1] for name in UNFINISHED
    }


async def test_run_with_all_broken_responses_settles_every_id(tmp_path: Path) -> None:
    # Ten timeouts in a row would be an outage, and 403 means a token without rights.
    outcomes = [
        outcome
        for name, outcome in OUTCOMES.items()
        if name not in UNFINISHED_RESPONSES and name != "403"
    ]
    responses = {f"broken{n}": response for n, (response, _) in enumerate(outcomes)}
    async with FaultyServer(broken_api(responses)) as server:
        wanted = settings(server.endpoint.base_url, timeout_s=3.0)
        records = await paused(ids_of(responses), wanted, tmp_path / "log.jsonl")

    assert len(records) > 400
    for n, (_, statuses) in enumerate(outcomes):
        for read_back, status, in_doubt in zip(
            READ_BACKS, statuses, IN_DOUBT, strict=True
        ):
            # The connection may have been broken by the response to another request.
            record = records[f"broken{n}-{read_back}"]
            assert record.status in {status, in_doubt}, record


RETRIED: dict[str, Response] = {
    **{
        name: response
        for name, (response, _) in TRANSPORT_ERRORS.items()
        if "flood" not in name
    },
    **{
        str(code): http_response(code, b"{}") for code in (408, 425, 500, 502, 503, 504)
    },
    "429": http_response(429, b"{}", [("Retry-After", "0")]),
    "429 in parallel": http_response(429, b"{}", [("Retry-After", "-1")]),
}
RETRIED_AT_ONCE = {
    name: response for name, response in RETRIED.items() if name not in UNFINISHED
}
RETRIED_LATE = {
    name: response for name, response in RETRIED.items() if name in UNFINISHED
}


async def statuses_after_retry(response: Response, log: Path) -> tuple[str, str]:
    """Pause two campaigns that get the response, then 400 and 204, on the retry.

    The first was paused by the first attempt, and the retry gets 400.
    """
    responses: dict[str, Response | list[Response]] = {
        "first": [response, http_response(400, b"{}")],
        "second": [response, NO_CONTENT],
    }
    async with FaultyServer(broken_api(responses)) as server:
        # Long enough for the retry to be in time on a machine that stalls.
        wanted = settings(server.endpoint.base_url, timeout_s=3.0)
        ids = ["first-paused", "0-good", "second-running", "1-good"]
        records = await paused(ids, wanted, log)
    return records["first-paused"].status, records["second-running"].status


@pytest.mark.parametrize("response", RETRIED_AT_ONCE.values(), ids=RETRIED_AT_ONCE)
async def test_passing_failure_is_retried(response: Response, tmp_path: Path) -> None:
    may_be_applied = not isinstance(response, bytes) or response[9:12] != b"429"

    statuses = await statuses_after_retry(response, tmp_path / "log.jsonl")

    assert statuses == ("paused" if may_be_applied else "already_paused", "paused")


async def test_timeout_is_retried(tmp_path: Path) -> None:
    # Side by side, since each run lasts until its timeout.
    statuses = await asyncio.gather(
        *(
            statuses_after_retry(response, tmp_path / f"{n}.jsonl")
            for n, response in enumerate(RETRIED_LATE.values())
        )
    )

    assert dict(zip(RETRIED_LATE, statuses, strict=True)) == dict.fromkeys(
        RETRIED_LATE, ("paused", "paused")
    )


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["same", "other"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_rejects_id_and_is_not_followed(
    status: int, is_elsewhere: bool, tmp_path: Path
) -> None:
    async with FaultyServer(choosing(lambda _: NO_CONTENT)) as elsewhere:
        origin = elsewhere.endpoint.base_url if is_elsewhere else ""
        location = f"{origin}/v1/hood/campaigns/broken-0-good/pause"
        redirect = http_response(status, b"{}", [("Location", location)])
        async with FaultyServer(broken_api({"broken": redirect})) as server:
            wanted = settings(server.endpoint.base_url)
            records = await paused(ids_of(["broken"]), wanted, tmp_path / "log.jsonl")

    assert statuses_of(records) == REJECTED
    assert elsewhere.received == []
    pauses = [request for request in server.requests if request.startswith(b"POST")]
    assert len(pauses) == len(records)


async def test_dropped_connection_costs_no_id(tmp_path: Path) -> None:
    # Each connection serves one request, and is closed when the next one arrives.
    async with FaultyServer(broken_api({"broken": sending()})) as server:
        ids = [f"{n}-good" if n % 2 else f"broken-{n}-good" for n in range(8)]
        wanted = settings(server.endpoint.base_url)
        records = await paused(ids, wanted, tmp_path / "log.jsonl")

    assert {record.status for record in records.values()} == {"paused"}


def listening() -> tuple[socket.socket, str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"127.0.0.1:{listener.getsockname()[1]}"


async def nothing_sent(base_url: str, log: Path) -> set[str | None]:
    """Pause three ids where nothing can be sent, and give the errors."""
    records = await paused(["1", "2", "3"], settings(base_url), log)
    assert {record.status for record in records.values()} == {"failed"}
    return {record.error for record in records.values()}


async def test_refused_connection_fails_every_id(tmp_path: Path) -> None:
    listener, host = listening()
    with listener:
        errors = await nothing_sent(f"http://{host}", tmp_path / "log.jsonl")

    assert errors == {TransportError.REFUSED}


@pytest.mark.parametrize(
    ("behaviour", "error"), TLS_FAILURES.values(), ids=TLS_FAILURES
)
async def test_failed_tls_handshake_fails_every_id(
    behaviour: Behaviour, error: TransportError, tmp_path: Path
) -> None:
    async with FaultyServer(behaviour) as server:
        base_url = f"https://127.0.0.1:{server.port}"
        errors = await nothing_sent(base_url, tmp_path / "log.jsonl")

    assert errors == {error}
    assert b"s3cret" not in b"".join(server.received)


@pytest.mark.skipif(sys.platform != "linux", reason="backlogs differ elsewhere")
async def test_unaccepted_connection_fails_every_id(
    tmp_path: Path,
) -> None:
    listener, host = listening()
    with listener, socket.socket() as filler:
        listener.listen(0)
        filler.connect(listener.getsockname())
        errors = await nothing_sent(f"http://{host}", tmp_path / "log.jsonl")

    assert errors == {TransportError.CONNECT_TIMEOUT}


#: Long enough for the first requests of a busy machine.
DEADLINE_S = 3.0


async def check_deadline(response: Behaviour, log: Path) -> None:
    """Check that a run with a patient timeout ends at its deadline."""
    loop = asyncio.get_running_loop()
    async with FaultyServer(broken_api({"broken": response})) as server:
        patient = settings(server.endpoint.base_url, timeout_s=600)
        guards = GuardRails(deadline_s=DEADLINE_S)
        started_at = loop.time()
        async with Pauser("s3cret", patient, log=log, guard_rails=guards) as pauser:
            ids = ["0-good", "broken-unreadable"]
            records = [record async for record in until_stopped(pauser.pause(ids))]
        took_s = loop.time() - started_at

    assert {str(record.id): record.status for record in records} == {
        "0-good": "paused",
        "broken-unreadable": "unknown",
    }
    assert pauser.stopped is not None
    assert pauser.stopped.cause is StopCause.GUARD_RAIL
    # Far from the timeout, on a slow machine too.
    assert took_s < DEADLINE_S + GRACE_S + 100


async def test_endless_response_does_not_outlast_deadline(tmp_path: Path) -> None:
    # Side by side, since each run lasts until its deadline and the grace period.
    await asyncio.gather(
        *(
            check_deadline(response, tmp_path / f"{n}.jsonl")
            for n, (name, response) in enumerate(UNFINISHED_RESPONSES.items())
            if "flood" not in name
        )
    )


MEMORY_PROBE = """
import asyncio, resource, sys
from contextlib import suppress
from bulkpause import Pauser, Settings, StoppedError

async def pause(base_url, ids):
    async with Pauser("s3cret", Settings(base_url=base_url, limits=())) as pauser:
        statuses = []
        with suppress(StoppedError):
            async for record in pauser.pause(ids):
                statuses.append(record.http_status)
        return statuses

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

asyncio.run(pause(sys.argv[1], ["0-good", "1-good"]))
before = peak_kib()
statuses = asyncio.run(pause(sys.argv[1], [f"bomb-{n}" for n in range(10)]))
print(*set(statuses), peak_kib() - before)
"""


async def test_ten_decompression_bombs_cost_little_memory() -> None:
    bomb = decompression_bomb()
    response = http_response(404, bomb, [("Content-Encoding", "gzip")])
    async with FaultyServer(broken_api({"bomb": response})) as server:
        child = await anyio.run_process(
            [sys.executable, "-c", MEMORY_PROBE, server.endpoint.base_url],
            stderr=subprocess.PIPE,
        )

    status, growth_kib = map(int, child.stdout.split())
    assert len(bomb) > 100_000
    assert status == 404
    assert growth_kib < 16 * 1024
