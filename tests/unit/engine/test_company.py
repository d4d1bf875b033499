"""The check of a company waits for a server no longer than a run would."""

import asyncio
from itertools import count

import pytest

from bulkpause.engine.company import CompanyCheck, WrongCompanyError
from bulkpause.model import Limit, Reply, StopReason
from bulkpause.ratelimit.gate import Gate
from tests.support.fakes import ScriptedSender


pytestmark = pytest.mark.anyio


def reply(status: int, **fields: object) -> Reply:
    return Reply(received_at=0.0, sent_at=0.0, http_status=status, **fields)  # type: ignore[arg-type]


RIGHT = reply(200, campaign_status="running", company_id="7")


async def check(sender: ScriptedSender, give_up_after_s: float) -> StopReason | None:
    checking = CompanyCheck(
        "7",
        sender=sender,
        gate=Gate([Limit(10, 1.0)], max_in_flight=10),
        request_ids=map(str, count()),
        give_up_after_s=give_up_after_s,
    )
    return await checking.run(["1", "2"])


async def test_hanging_server_ends_by_give_up_after() -> None:
    began = asyncio.get_running_loop().time()
    reason = await check(ScriptedSender({"*": [RIGHT]}, latency_s=1e6), 20.0)
    assert reason is not None
    assert reason.detail.endswith("could not be checked: no valid response for 20 s")
    assert asyncio.get_running_loop().time() - began == pytest.approx(20.0)


async def test_too_long_retry_after_ends_at_once() -> None:
    sender = ScriptedSender({"*": [reply(429, retry_after_s=3600.0)]})
    reason = await check(sender, 300.0)
    assert reason is not None
    assert "asks to wait 3600 s (Retry-After)" in reason.detail
    assert len(sender.sent) == 1


async def test_rate_limited_check_costs_no_attempt() -> None:
    limited = [reply(429, retry_after_s=1.0)] * 5
    sender = ScriptedSender({"1": [*limited, RIGHT]})
    assert await check(sender, 300.0) is None
    assert len(sender.sent) == 6


async def test_other_company_is_an_error() -> None:
    wrong = reply(200, campaign_status="running", company_id="8")
    with pytest.raises(WrongCompanyError):
        await check(ScriptedSender({"1": [wrong]}), 300.0)
