"""Interfaces for what a run uses: a sender, a rate limiter and a recorder.

The engine imports no other stage. `Pauser` passes in objects that have these members.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from bulkpause.model import Item, Record, Reply, Waiting
from bulkpause.vocabulary import Action


class Sender(Protocol):
    """Makes HTTP requests for campaigns."""

    async def send(
        self,
        action: Action,
        id_: str,
        request_id: str,
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        """Make one attempt.

        A network failure is returned as a transport error in the reply, not raised.

        Args:
            action: The action to ask of the API.
            id_: The campaign id.
            request_id: Unique to the attempt; the API gets it as X-Request-Id.
            body: The body of a resume; None for none. A pause has one of its own.
        """
        ...


class SenderWithDeadline(Sender, Protocol):
    """A sender whose attempts all end at a given time."""

    #: The deadline of every attempt, on the loop's clock.
    ends_at: float


class RateLimiter(Protocol):
    """Decides when the next request may be sent, and adapts to the replies."""

    @property
    def in_flight(self) -> int:
        """Slots that are acquired and not yet released."""
        ...

    @property
    def waiting(self) -> Waiting | None:
        """The condition that `acquire` waits for now; None if it does not wait."""
        ...

    async def acquire(self) -> None:
        """Wait for a slot. Each acquired slot needs exactly one `release`.

        Raises:
            BudgetError: The account gives no slots any more.
        """
        ...

    def try_acquire(self) -> bool:
        """Take a slot if nothing must be waited for or asked; tell whether it did.

        Requests that wait in `acquire` for a response are overtaken. A slot that was
        taken needs exactly one `release`.
        """
        ...

    async def release(self, reply: Reply | None) -> None:
        """Return a slot.

        Args:
            reply: The result of the attempt; None if it was cancelled, in which case
                the server may have counted it.
        """
        ...

    async def restore(self, ages_s: Iterable[float]) -> None:
        """Count requests of an earlier run, each sent this many seconds ago."""
        ...

    def time_left_s(self, requests: int) -> float:
        """Estimate the seconds until this many more requests are sent."""
        ...


class Recorder(Protocol):
    """Writes requests, ambiguous responses and final records to disk.

    Raises:
        LogError: A line could not be written; nothing more may be sent.
    """

    def sent(self, action: Action, id_: str, request_id: str, at: str) -> None:
        """Note a request, and when it was begun (RFC 3339). Called before it is sent."""
        ...

    def remembered(self, item: Item) -> None:
        """Note what a campaign was. Called before its pause is sent."""
        ...

    def answered(
        self, id_: str, request_id: str, reply: Reply, *, is_in_doubt: bool
    ) -> None:
        """Note the reply to an attempt that did not settle its id.

        Args:
            id_: The campaign id.
            request_id: The request that it belongs to.
            reply: The response or transport error.
            is_in_doubt: Whether this attempt may have been applied.
        """
        ...

    def write(self, record: Record) -> None:
        """Keep the record of an id that has reached a status."""
        ...
