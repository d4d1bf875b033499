"""A budget in Valkey or Redis, for the runs of several hosts.

The server makes a step atomic by compare-and-set: a script replaces the state only if
it is still the one that was read, and a run that was too slow tries again. The clock
is the server's, which somebody may set.
"""

import asyncio
import random
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from bulkpause._text import sanitize
from bulkpause.ratelimit.budget.place import name_in
from bulkpause.ratelimit.budget.store import Result, Step, StoreError


#: Reads the clock and the value of a key at one moment.
READ = "return {redis.call('TIME'), redis.call('GET', KEYS[1])}"
#: Replaces the value of a key by another, if it is still the one that was read.
COMPARE_AND_SET = """
local found = redis.call('GET', KEYS[1])
if (found or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
#: An account of which nothing is heard for so long is forgotten, in milliseconds.
EXPIRES_MS = 7 * 86_400_000
#: Seconds for a connection, and for each step.
TIMEOUT_S = 1.0
#: The most connections of a process. A step takes a millisecond: many accounts wait
#: for each other rather than for as many connections.
MOST_CONNECTIONS = 16
#: The most seconds until a run that was too slow tries again.
MOST_WAIT_S = 0.004


class Server:
    """A server, and connections to it for all accounts of a process.

    Args:
        url: `valkey://host:port/0`, `valkeys://` with TLS, or the same with `redis`.
            Its parameter `name` is left out.

    Attributes:
        read, compare_and_set: Run the scripts on it.
    """

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            _url_of_redis(url),
            max_connections=MOST_CONNECTIONS,
            timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            # `step` has one. This one may lose a cancellation (`wait_for` before 3.12).
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
        )
        self._client = Redis.from_pool(pool)
        self.read = self._client.register_script(READ)
        self.compare_and_set = self._client.register_script(COMPARE_AND_SET)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class ValkeyStore:
    """The state of one account under a key of a server.

    Args:
        url: As of `Server`. Its parameter `name` names the account, if it has one.
        account: The name of the account else.
        server: The server, which other accounts use too; None for one of its own.
    """

    is_clock_steady = False
    #: A server without the key was never told of the account, or lost its memory.
    may_have_lost = True

    def __init__(self, url: str, account: str, server: Server | None = None) -> None:
        self.place = shown_url(url)
        self._key = f"bulkpause:budget:{name_in(url) or account}"
        self._server = server or Server(url)
        self._closes = server is None

    async def step(self, make: Step[Result]) -> Result:
        """Make a step, again and again until no other run was faster."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._make(make)
        except (RedisError, OSError) as error:
            raise StoreError(_reason_of(error)) from error

    async def _make(self, make: Step[Result]) -> Result:
        while True:
            is_made, result = await self._try(make)
            if is_made:
                return result
            await asyncio.sleep(random.random() * MOST_WAIT_S)

    async def _try(self, make: Step[Result]) -> tuple[bool, Result]:
        (seconds, microseconds), raw = await self._server.read(keys=[self._key])
        new, result = make(raw, int(seconds) + int(microseconds) / 1e6)
        is_made = await self._server.compare_and_set(
            keys=[self._key], args=[raw or b"", new, EXPIRES_MS]
        )
        return bool(is_made), result

    async def close(self) -> None:
        """Close the connections, unless other accounts use them."""
        if self._closes:
            await self._server.close()


def shown_url(url: str) -> str:
    """Write a URL without its user, its password and its parameters."""
    parts = urlsplit(url)
    return sanitize(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def _url_of_redis(url: str) -> str:
    parts = urlsplit(url)
    scheme = parts.scheme.replace("valkey", "redis")
    return parts._replace(scheme=scheme, query="").geturl()


def _reason_of(error: Exception) -> str:
    """Say what is wrong with a server, without its own words, which may hold secrets."""
    name = type(error).__name__.removesuffix("Error")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return f"{words or 'unknown'} error"
