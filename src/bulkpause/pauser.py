"""The parts of a run, connected: for programs, and for the command line."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.client import Client, Timeouts
from bulkpause.engine import Context, Engine
from bulkpause.gate import Gate
from bulkpause.ids import as_item
from bulkpause.journal import Journal
from bulkpause.model import Cause, Item, Problem, Record, Status, Stopped
from bulkpause.settings import Settings
from bulkpause.token import Token


class _NoLog:
    """Keeps nothing, for programs that keep the records themselves."""

    def write(self, record: Record) -> None:
        pass


class Pauser:
    """Pauses campaigns inside the rate limits. Use it with `async with`, once.

    Args:
        token: The bearer token.
        settings: Where to, how fast, how patiently.
        log: A new file for the records; None keeps none.
        run_id: The name of the run in every record; None makes one up.
        now: The wall clock.

    Raises:
        SettingsError: A setting can not be used.
        TokenError: The token is empty or can not be one.
        LogError: The log exists or can not be created, on entering.
    """

    def __init__(
        self,
        token: Token | str,
        settings: Settings | None = None,
        *,
        log: Path | str | None = None,
        run_id: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings or Settings()
        self.run_id = run_id or new_run_id(now())
        self.stopped: Stopped | None = None
        self._token = token if isinstance(token, Token) else Token(token)
        self._log = None if log is None else Path(log)
        self._now = now
        self._engine: Engine | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings = self.settings
        async with AsyncExitStack() as stack:
            self._recorder: Journal | _NoLog = _NoLog()
            if self._log is not None:
                self._recorder = await stack.enter_async_context(Journal(self._log))
            self._client = await stack.enter_async_context(
                Client(
                    settings.endpoint,
                    self._token,
                    reason=settings.reason,
                    timeouts=Timeouts.within(settings.timeout_s),
                    max_in_flight=settings.in_flight,
                    now=self._now,
                )
            )
            self._gate = Gate(settings.limits, max_in_flight=settings.in_flight)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)

    def stop(self, reason: str) -> None:
        """Send nothing new. Records go on coming for what is in flight."""
        self.stopped = self.stopped or Stopped(Cause.SIGNAL, reason)
        if self._engine is not None:
            self._engine.stop(self.stopped)

    async def pause(self, ids: Iterable[str | Item | Problem]) -> AsyncIterator[Record]:
        """Pause each id once, and give its record as soon as it is final.

        A text that is no id is not sent; its record has the status `invalid`.
        After a stop there are ids without a record: those not attempted.

        Raises:
            LogError: A record could not be kept; nothing more was sent.
        """
        items: dict[str, Item] = {}
        for row, id_ in enumerate(ids, 1):
            item = as_item(row, id_) if isinstance(id_, str) else id_
            if isinstance(item, Problem):
                yield self._invalid(item)
            else:
                items.setdefault(item.id, item)
        async for record in self._carry(items.values()):
            yield record

    def _invalid(self, problem: Problem) -> Record:
        record = Record(
            id=None,
            status=Status.INVALID,
            error=f"{problem.reason}; {problem.remedy}",
            row=problem.row,
            run_id=self.run_id,
        )
        self._recorder.write(record)
        return record

    async def _carry(self, items: Iterable[Item]) -> AsyncIterator[Record]:
        records: asyncio.Queue[Record | None] = asyncio.Queue()
        self._engine = Engine(
            sender=self._client,
            gate=self._gate,
            recorder=self._recorder,
            context=Context(
                run_id=self.run_id,
                reason=self.settings.reason,
                rules=self.settings.rules,
                now=self._now,
                jitter=random.random,
            ),
            on_record=records.put_nowait,
        )
        if self.stopped is not None:
            self._engine.stop(self.stopped)
        running = asyncio.create_task(self._engine.run(items))
        running.add_done_callback(lambda _: records.put_nowait(None))
        try:
            while (record := await records.get()) is not None:
                yield record
            await running
        finally:
            running.cancel()
            await asyncio.wait([running])
            self.stopped = self._engine.stopped


def new_run_id(now: datetime) -> str:
    """Name a run so that names sort by time and never meet."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
