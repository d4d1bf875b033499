"""A valid id arrives unchanged, and an invalid one is not sent, by the raw requests."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from bulkpause import Item, Pauser, Record, Settings, Status
from bulkpause.ids import parse_item
from tests.support.faulty_server import NO_CONTENT, FaultyServer, choosing
from tests.support.hostile_ids import HOSTILE_IDS, generated
from tests.support.nightly import IS_NIGHTLY


pytestmark = pytest.mark.anyio

TEXTS = 100_000 if IS_NIGHTLY else 3_000


@asynccontextmanager
async def pausing() -> AsyncIterator[tuple[FaultyServer, Pauser]]:
    async with FaultyServer(choosing(lambda _: NO_CONTENT)) as server:
        settings = Settings(
            base_url=server.endpoint.base_url, limits=(), max_in_flight=20
        )
        async with Pauser("token", settings) as pauser:
            yield server, pauser


async def paused(texts: Iterable[str]) -> tuple[list[Record], list[bytes]]:
    """Give the records of these texts, and the request line of every request."""
    async with pausing() as (server, pauser):
        records = [record async for record in pauser.pause(texts)]
    return records, server.requests


async def test_hostile_ids_are_not_sent() -> None:
    records, requests = await paused(HOSTILE_IDS)
    assert requests == []
    assert len(records) == len(HOSTILE_IDS)
    assert {record.status for record in records} == {Status.INVALID}


@pytest.mark.unmeasured
@pytest.mark.timeout(600 if IS_NIGHTLY else 300)
async def test_only_accepted_ids_arrive_byte_for_byte() -> None:
    texts = list(generated(TEXTS, seed=1))
    records, requests = await paused(texts)
    items = (parse_item(1, text) for text in texts)
    accepted = {item.id for item in items if isinstance(item, Item)}
    assert len(accepted) > TEXTS * 0.3
    assert sorted(requests) == sorted(
        f"POST /v1/hood/campaigns/{id_}/pause HTTP/1.1".encode() for id_ in accepted
    )
    assert {record.id for record in records if record.id is not None} == accepted
    invalid = [record for record in records if record.id is None]
    assert len(invalid) > TEXTS * 0.3
    assert {record.status for record in invalid} == {Status.INVALID}
