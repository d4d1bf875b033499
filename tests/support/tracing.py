"""Add a trace config to each session, as instrumentation such as OpenTelemetry's does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest


@contextmanager
def traced_sessions() -> Iterator[list[str]]:
    """Trace all sessions that are made inside, and give the requests as they start."""
    requests: list[str] = []

    async def note(
        _: aiohttp.ClientSession,
        __: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        requests.append(f"{request.method} {request.url.path}")

    plain = aiohttp.ClientSession.__init__

    @wraps(plain)
    def traced(session: aiohttp.ClientSession, *args: Any, **options: Any) -> None:
        config = aiohttp.TraceConfig()
        config.on_request_start.append(note)
        plain(session, *args, trace_configs=[config], **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.ClientSession, "__init__", traced)
        yield requests
