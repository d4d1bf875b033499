"""Connection pools that the clients of several accounts share."""

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from bulkpause.api.transport import Connector


class Connections:
    """Pools of connections, one for each way to treat the keys of TLS.

    A connection serves all accounts of a host: the token is sent with each request.

    Args:
        limit: The most connections of a pool.

    Attributes:
        limit: The same; it may be set before the first pool is asked for.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._pools: dict[bool, Connector] = {}

    def pool(self, *, logs_keys: bool) -> "Connector":
        """Give the pool of a client.

        Args:
            logs_keys: Whether TLS keys may be written to the file of `SSLKEYLOGFILE`.
        """
        # Imported on use: a run imports aiohttp while it does other things.
        from bulkpause.api.transport import Connector, tls_context  # noqa: PLC0415

        if logs_keys not in self._pools:
            context = tls_context(logs_keys=logs_keys)
            self._pools[logs_keys] = Connector(limit=self.limit, ssl=context)
        return self._pools[logs_keys]

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
