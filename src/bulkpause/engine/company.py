"""Check by one campaign that a token belongs to the company that is meant."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice

from bulkpause._text import format_decimal
from bulkpause.engine.circuit_breaker import CircuitBreaker
from bulkpause.engine.ports import RateLimiter, Sender
from bulkpause.errors import BudgetError
from bulkpause.model import Reply, StopReason
from bulkpause.vocabulary import Action, StopCause


#: Campaigns that are looked for before it is said that none can be read.
_MOST_CAMPAIGNS = 3
#: Seconds before further attempts to read a campaign.
_WAITS_S = (1.0, 2.0)


class WrongCompanyError(Exception):
    """A campaign belongs to another company. The message says which."""


class CompanyCheck:
    """Reads a campaign and compares its company.

    Args:
        company_id: The company that is meant.
        sender: Makes the requests.
        gate: Limits their rate.
        request_ids: Gives a new id for each request.
        give_up_after_s: Seconds without a usable response that end the check.

    Attributes:
        requests: The campaign and the request id of each request that was sent.
    """

    def __init__(
        self,
        company_id: str,
        *,
        sender: Sender,
        gate: RateLimiter,
        request_ids: Iterator[str],
        give_up_after_s: float,
    ) -> None:
        self.requests: list[tuple[str, str]] = []
        self._company_id = company_id
        self._sender = sender
        self._gate = gate
        self._request_ids = request_ids
        self._give_up_after_s = give_up_after_s
        self._circuit_breaker = CircuitBreaker(give_up_after_s)
        self._limit = asyncio.timeout(None)

    async def run(self, ids: Iterable[str]) -> StopReason | None:
        """Check the first of these campaigns that can be read.

        Returns:
            Why the company cannot be told, so that nothing may be sent; None if it is
            the one that is meant, or there is no campaign.

        Raises:
            WrongCompanyError: The campaign belongs to another company.
        """
        try:
            async with self._limit:
                return await self._check(ids)
        except BudgetError as error:
            return StopReason(StopCause.OUTAGE, str(error))
        except TimeoutError:
            passed = format_decimal(self._give_up_after_s)
            return self._unchecked(f"no valid response for {passed} s")

    async def _check(self, ids: Iterable[str]) -> StopReason | None:
        reason: StopReason | None = None
        for id_ in islice(ids, _MOST_CAMPAIGNS):
            reason = await self._check_one(id_)
            if reason is None or reason.cause is not StopCause.REFUSAL:
                break
        return reason

    async def _check_one(self, id_: str) -> StopReason | None:
        """Read a campaign, some times if the server does not answer as it should.

        A 429 costs no attempt: the gate waits as long as it asks for, unless that is
        longer than the run may wait.
        """
        waits_s = iter(_WAITS_S)
        while True:
            reply = await self._send(id_)
            reason = self._circuit_breaker.record(id_, reply)
            if reason is not None:
                return self._unchecked(f"{reason.detail}, at id {id_}")
            if reply.is_rate_limited:
                continue
            wait_s = next(waits_s, None)
            if wait_s is None or not _may_pass(reply):
                return judge(reply, id_, self._company_id)
            await asyncio.sleep(wait_s)

    def _unchecked(self, why: str) -> StopReason:
        detail = f"company_id {self._company_id} could not be checked: {why}"
        return StopReason(StopCause.OUTAGE, detail)

    async def _send(self, id_: str) -> Reply:
        await self._gate.acquire()
        if self._limit.when() is None:
            # Not before: a slot may be waited for in turn, and that is no outage.
            now = asyncio.get_running_loop().time()
            self._limit.reschedule(now + self._give_up_after_s)
        request_id = next(self._request_ids)
        self.requests.append((id_, request_id))
        reply: Reply | None = None
        try:
            reply = await self._sender.send(Action.READ, id_, request_id)
        finally:
            await self._gate.release(reply)
        return reply


def _may_pass(reply: Reply) -> bool:
    status = reply.http_status
    if reply.is_untrusted:
        return False
    return status is None or status == 429 or status >= 500


def judge(reply: Reply, id_: str, company_id: str) -> StopReason | None:
    """Tell from a campaign that was read whether something may be sent.

    Returns:
        None if its company is the one that is meant, else why it cannot be told.

    Raises:
        WrongCompanyError: It belongs to another company.
    """
    if reply.company_id == company_id:
        return None
    if reply.company_id is not None:
        raise WrongCompanyError(
            f"campaign {id_} belongs to the company {reply.company_id}, not to "
            f"{company_id}"
        )
    checked = f"company_id {company_id} could not be checked"
    if reply.http_status == 401:
        return StopReason(StopCause.TOKEN, f"{checked}: the token is refused (401)")
    if _may_pass(reply) or reply.is_untrusted:
        fault = reply.message or reply.error or f"HTTP {reply.http_status}"
        return StopReason(StopCause.OUTAGE, f"{checked}: {fault}, at id {id_}")
    seen = (
        "the API does not show the company of"
        if reply.campaign_status is not None
        else f"HTTP {reply.http_status} for"
    )
    return StopReason(StopCause.REFUSAL, f"{checked}: {seen} id {id_}")
