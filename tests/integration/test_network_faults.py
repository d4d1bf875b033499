"""Whole runs on a bad day: each id ends in the one status that its answers mean."""

import asyncio
import socket
import subprocess
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import anyio
import orjson
import pytest

from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import RetryPolicy
from bulkpause.model import Record, StopCause, TransportError
from bulkpause.pauser import GRACE_S, Pauser
from bulkpause.settings import Settings
from tests.support.broken_api import (
    DOUBTFUL,
    FATES,
    FINAL,
    KINDS,
    NO_CONTENT,
    NO_TLS,
    UNANSWERED,
    Answer,
    answer,
    broken_api,
    ids_of,
    raw,
)
from tests.support.faulty_server import Behaviour, FaultyServer, choosing


pytestmark = pytest.mark.anyio


def settings(base_url: str, *, timeout_s: float = 0.9) -> Settings:
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
    """Pause ids, and see to it that each has one record, and one line in the log."""
    async with Pauser("s3cret", wanted, log=log, guards=guards) as pauser:
        with anyio.fail_after(30):
            records = [record async for record in pauser.pause(ids)]
    assert sorted(str(record.id) for record in records) == sorted(ids)
    assert sorted(logged(log)) == sorted(ids)
    return {str(record.id): record for record in records}


def fates(records: Mapping[str, Record]) -> tuple[str, ...]:
    """Give the statuses of the three, when all the others are paused."""
    good = {record.status for id_, record in records.items() if id_.endswith("-good")}
    assert good == {"paused"}
    return tuple(records[f"kind-{fate}"].status for fate in FATES)


@pytest.mark.parametrize(("broken", "statuses"), KINDS.values(), ids=KINDS)
async def test_each_kind_of_answer_means_one_status(
    broken: Answer, statuses: tuple[str, ...], tmp_path: Path
) -> None:
    async with FaultyServer(broken_api({"kind": broken})) as server:
        wanted = settings(server.endpoint.base_url)
        records = await paused(ids_of(["kind"]), wanted, tmp_path / "log.jsonl")

    assert fates(records) == statuses


async def test_a_bad_day_with_every_kind_leaves_no_id_without_its_status(
    tmp_path: Path,
) -> None:
    # But for those that hang: ten in a row would mean that the server is out.
    slow = {
        name
        for name, (_, fault) in UNANSWERED.items()
        if fault is TransportError.READ_TIMEOUT
    }
    quick = [kind for kind in KINDS.items() if kind[0] not in slow | {"403"}]
    pauses = {f"kind{n}": broken for n, (_, (broken, _)) in enumerate(quick)}
    async with FaultyServer(broken_api(pauses)) as server:
        wanted = settings(server.endpoint.base_url, timeout_s=1.5)
        records = await paused(ids_of(pauses), wanted, tmp_path / "log.jsonl")

    assert len(records) > 400
    for n, (name, (_, statuses)) in enumerate(quick):
        for fate, status, doubtful in zip(FATES, statuses, DOUBTFUL, strict=True):
            # A request may have met a connection that another kind had spoilt.
            assert records[f"kind{n}-{fate}"].status in {status, doubtful}, name


TRIED_AGAIN: dict[str, Answer] = {
    **{name: one for name, (one, _) in UNANSWERED.items() if "flood" not in name},
    **{str(code): answer(code) for code in (408, 425, 500, 502, 503, 504)},
    "429": answer(429, head="Retry-After: 0\r\n"),
    "429 in parallel": answer(429, head="Retry-After: -1\r\n"),
}


@pytest.mark.parametrize("broken", TRIED_AGAIN.values(), ids=TRIED_AGAIN)
async def test_a_fault_that_passes_is_tried_again(
    broken: Answer, tmp_path: Path
) -> None:
    """The second answer says whether the first try had done it."""
    pauses: dict[str, Answer | list[Answer]] = {
        "first": [broken, answer(400)],
        "second": [broken, NO_CONTENT],
    }
    async with FaultyServer(broken_api(pauses)) as server:
        # Long enough for the second try to be in time on a machine that stalls.
        wanted = settings(server.endpoint.base_url, timeout_s=2.5)
        ids = ["first-acted", "0-good", "second-idle", "1-good"]
        records = await paused(ids, wanted, tmp_path / "log.jsonl")

    was_taken = not isinstance(broken, bytes) or broken[9:12] in {
        b"500",
        b"502",
        b"504",
    }
    assert records["first-acted"].status == (
        "paused" if was_taken else "already_paused"
    )
    assert records["second-idle"].status == "paused"


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["same", "other"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_ends_an_id_and_leads_nowhere(
    status: int, is_elsewhere: bool, tmp_path: Path
) -> None:
    async with FaultyServer(choosing(lambda _: NO_CONTENT)) as elsewhere:
        origin = elsewhere.endpoint.base_url if is_elsewhere else ""
        head = f"Location: {origin}/v1/hood/campaigns/kind-0-good/pause\r\n"
        broken = answer(status, head=head)
        async with FaultyServer(broken_api({"kind": broken})) as server:
            wanted = settings(server.endpoint.base_url)
            records = await paused(ids_of(["kind"]), wanted, tmp_path / "log.jsonl")

    assert fates(records) == FINAL
    assert elsewhere.received == []
    assert len(server.requests) == len(records)


async def test_a_connection_that_is_dropped_costs_no_id(tmp_path: Path) -> None:
    # Each connection answers one request, and is closed when the next one comes.
    async with FaultyServer(broken_api({"kind": raw()})) as server:
        ids = [f"{n}-good" if n % 2 else f"kind-{n}-good" for n in range(8)]
        wanted = settings(server.endpoint.base_url)
        records = await paused(ids, wanted, tmp_path / "log.jsonl")

    assert {record.status for record in records.values()} == {"paused"}


def listening() -> tuple[socket.socket, str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"127.0.0.1:{listener.getsockname()[1]}"


async def nothing_sent(base_url: str, log: Path) -> set[str | None]:
    """Pause three ids where nothing can be sent, and name the errors."""
    records = await paused(["1", "2", "3"], settings(base_url), log)
    assert {record.status for record in records.values()} == {"failed"}
    return {record.error for record in records.values()}


async def test_a_refused_connection_fails_every_id(tmp_path: Path) -> None:
    listener, host = listening()
    with listener:
        errors = await nothing_sent(f"http://{host}", tmp_path / "log.jsonl")

    assert errors == {TransportError.REFUSED}


@pytest.mark.parametrize(("behaviour", "fault"), NO_TLS.values(), ids=NO_TLS)
async def test_without_a_secure_connection_every_id_fails(
    behaviour: Behaviour, fault: TransportError, tmp_path: Path
) -> None:
    async with FaultyServer(behaviour) as server:
        base_url = f"https://127.0.0.1:{server.port}"
        errors = await nothing_sent(base_url, tmp_path / "log.jsonl")

    assert errors == {fault}
    assert b"s3cret" not in b"".join(server.received)


@pytest.mark.skipif(sys.platform != "linux", reason="backlogs differ elsewhere")
async def test_a_connection_that_is_never_accepted_fails_every_id(
    tmp_path: Path,
) -> None:
    listener, host = listening()
    with listener, socket.socket() as filler:
        listener.listen(0)
        filler.connect(listener.getsockname())
        errors = await nothing_sent(f"http://{host}", tmp_path / "log.jsonl")

    assert errors == {TransportError.CONNECT_TIMEOUT}


ENDLESS = {
    name: behaviour
    for name, (behaviour, fault) in UNANSWERED.items()
    if fault is TransportError.READ_TIMEOUT and "flood" not in name
}


@pytest.mark.parametrize("broken", ENDLESS.values(), ids=ENDLESS)
async def test_no_run_outlives_its_deadline_for_an_answer_that_never_ends(
    broken: Behaviour, tmp_path: Path
) -> None:
    async with FaultyServer(broken_api({"kind": broken})) as server:
        patient = settings(server.endpoint.base_url, timeout_s=600)
        log = tmp_path / "log.jsonl"
        guards = GuardRails(deadline_s=0.2)
        started_at = asyncio.get_running_loop().time()
        async with Pauser("s3cret", patient, log=log, guards=guards) as pauser:
            records = [record async for record in pauser.pause(["0-good", "kind-lost"])]
        took_s = asyncio.get_running_loop().time() - started_at

    assert {str(record.id): record.status for record in records} == {
        "0-good": "paused",
        "kind-lost": "unknown",
    }
    assert pauser.stopped is not None
    assert pauser.stopped.cause is StopCause.GUARD_RAIL
    assert took_s < 0.2 + GRACE_S + 10


MEMORY_PROBE = """
import asyncio, resource, sys
from bulkpause import Pauser, Settings

async def pause(base_url, ids):
    async with Pauser("s3cret", Settings(base_url=base_url, limits=())) as pauser:
        return [record.http_status async for record in pauser.pause(ids)]

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

asyncio.run(pause(sys.argv[1], ["0-good", "1-good"]))
before = peak_kib()
statuses = asyncio.run(pause(sys.argv[1], [f"bomb-{n}" for n in range(10)]))
print(*set(statuses), peak_kib() - before)
"""


async def test_ten_bombs_at_a_time_cost_little_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    million = bytes(10**6)
    bomb = b"".join(packer.compress(million) for _ in range(200)) + packer.flush()
    body = answer(404, bomb, head="Content-Encoding: gzip\r\n")
    async with FaultyServer(broken_api({"bomb": body})) as server:
        child = await anyio.run_process(
            [sys.executable, "-c", MEMORY_PROBE, server.endpoint.base_url],
            stderr=subprocess.PIPE,
        )

    status, growth_kib = map(int, child.stdout.split())
    assert len(bomb) > 100_000
    assert status == 404
    assert growth_kib < 16 * 1024
