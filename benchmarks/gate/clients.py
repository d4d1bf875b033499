"""The compared clients by name: the gate, its lower bounds, and other limiters."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.gate.ledger import ArrivalLedger
from benchmarks.gate.oracle import OracleClient
from benchmarks.gate.rivals import (
    EvenSpacing,
    RateLimiter,
    SlidingLogLimiter,
    StackedLimiters,
)
from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.budget.member import Identity
from bulkpause.ratelimit.budget.memory import MemoryStore
from bulkpause.ratelimit.gate import Gate
from tests.testkit.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """The facts that a client is made from. Real clients use the limits only.

    Attributes:
        limits: The rate limits.
        phases_s: An instant of a window reset, for each limit.
        network: The network to the server.
        ledger: The record of arrivals and responses.
        reset_error_s: How much later than in fact the longest window may reset by the
            headers.
        max_in_flight: For the gate of the engine; None is its default.
    """

    limits: tuple[Limit, ...]
    phases_s: tuple[float, ...]
    network: Network
    ledger: ArrivalLedger
    reset_error_s: float = 0.0
    max_in_flight: int | None = None


def engine(config: ClientConfig) -> RateLimiter:
    """Make the gate of the engine, with its defaults."""
    smallest = min(limit.requests for limit in config.limits)
    return Gate(config.limits, max_in_flight=config.max_in_flight or smallest)


class SharedGate:
    """The gate of the engine as the only run of a shared budget."""

    def __init__(self, config: ClientConfig) -> None:
        smallest = min(limit.requests for limit in config.limits)
        self._gate = Gate(config.limits, max_in_flight=config.max_in_flight or smallest)
        self._is_joined = False

    async def acquire(self) -> None:
        if not self._is_joined:
            self._is_joined = True
            store = MemoryStore(asyncio.get_running_loop().time)
            identity = Identity(owner="alone")
            await self._gate.join(
                store, identity, demand=lambda: 1, give_up_after_s=300.0
            )
        await self._gate.acquire()

    async def release(self, reply: Reply | None) -> None:
        await self._gate.release(reply)


def informed(
    config: ClientConfig, *, sees_arrivals: bool = False, reset_error_s: float = 0.0
) -> RateLimiter:
    """Make an oracle client."""
    return OracleClient(
        config.limits,
        config.phases_s,
        config.network,
        config.ledger,
        sees_arrivals=sees_arrivals,
        reset_error_s=reset_error_s,
    )


def no_chance(config: ClientConfig) -> RateLimiter:
    """Make an oracle client that does not know the minimum delays of the network."""
    any_network = replace(config, network=Network(one_way_s=0.0))
    return informed(any_network, reset_error_s=config.reset_error_s)


CLIENTS: Mapping[str, Callable[[ClientConfig], RateLimiter]] = {
    "engine": engine,
    "engine-shared": SharedGate,
    "whole-seconds": lambda config: informed(
        config, reset_error_s=config.reset_error_s
    ),
    "informed": informed,
    "no-chance": no_chance,
    "told-arrivals": lambda config: informed(config, sees_arrivals=True),
    "stacked": lambda config: StackedLimiters(config.limits),
    "sliding-log": lambda config: SlidingLogLimiter(config.limits),
    "even": lambda config: EvenSpacing(config.limits),
}
#: The lower bounds. No real client that never risks a 429 beats them; the last holds
#: for clients that also assume nothing about the speed of the network. They know the
#: resets, which only servers with fixed windows have.
BOUNDS = ("whole-seconds", "informed", "told-arrivals", "no-chance")
