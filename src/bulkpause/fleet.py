"""Pause campaigns in several accounts side by side, each with its own limits and log."""

import asyncio
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkpause.accounts import Account, log_of, make_log_folder
from bulkpause.api.connections import Connections
from bulkpause.engine.feed import Feed
from bulkpause.engine.guard_rails import FailureCount, GuardRails
from bulkpause.errors import (
    BulkpauseError,
    GuardRailError,
    LogError,
    SettingsError,
    join_errors,
)
from bulkpause.id_list import GivenIds, check_is_list, plan_of_ids
from bulkpause.journal.account_names import add_names
from bulkpause.journal.folders import LateFolders
from bulkpause.journal.platform.open_files import FILE_LIMITS, allow_files
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.lifetime import Lifetime
from bulkpause.model import Record, StopReason
from bulkpause.pauser import (
    Pauser,
    account_hash_of,
    begin_check,
    count_together,
    log_of_pauser,
    share_means,
    stop_for,
    totals_of,
    totals_without_list,
)
from bulkpause.plan import Plan
from bulkpause.ratelimit.budget.opening import Databases
from bulkpause.ratelimit.budget.place import name_in
from bulkpause.ratelimit.turns import Turns
from bulkpause.report.summary import Summary, summary_of
from bulkpause.report.totals import Totals, join_totals
from bulkpause.run_snapshot import RunSnapshot
from bulkpause.shared_means import SharedMeans
from bulkpause.vocabulary import SIMULATOR, StopCause


_RecordsOf = Callable[[Pauser, GivenIds], AsyncGenerator[Record, None]]
#: The log and the write-ahead log of an account; what else the process has open.
_FILES_OF_ACCOUNT, _FILES_OF_PROCESS = 2, 128
#: Seconds that all accounts wait for what each of them says about its company.
_COMPANIES_S = 3.0


class Fleet:
    """Pauses campaigns in several accounts at once. Use it with `async with`, once.

    Each account has its own rate limits, log, token and outage: what stops one account
    does not stop the others. Guard rails hold for all: `max_failures` counts over all
    accounts and stops all, a `deadline_s` is the same for each, and a failed `canary`
    stops its own account.

    Args:
        pausers: One for each account, none of them entered yet.
        guard_rails: Rules that stop accounts early, in place of those of the pausers.

    Attributes:
        pausers: The pausers by the name of the account.
        errors: Why accounts ended early, by the name of the account.
        warnings: What may make it slow, once it is entered.

    Raises:
        SettingsError: Two accounts have the same name, token or named budget, or there
            is none; or, on entering, the folder of the logs cannot be made, the system does not allow as many open files, or what a `Pauser`
            raises.
    """

    def __init__(
        self,
        pausers: Iterable[Pauser],
        *,
        guard_rails: GuardRails | None = None,
    ) -> None:
        self.pausers: dict[str | None, Pauser] = {}
        self.errors: dict[str | None, BulkpauseError] = {}
        self.warnings: tuple[str, ...] = ()
        guard_rails = guard_rails or GuardRails()
        failures = FailureCount(guard_rails.max_failures)
        for pauser in pausers:
            if self.pausers.setdefault(pauser.account, pauser) is not pauser:
                raise SettingsError(f"two accounts are named {pauser.account}")
            count_together(pauser, guard_rails, failures)
        self._check_accounts_differ()
        if not self.pausers:
            raise SettingsError("a fleet needs at least one account")
        in_flight = sum(one.settings.in_flight for one in self.pausers.values())
        self._means = SharedMeans(
            connections=Connections(limit=in_flight),
            sync_group=SyncGroup(),
            system=LateFolders(),
            databases=Databases(),
            turns=Turns(),
        )
        # One account alone has all of it for itself.
        for pauser in self.pausers.values() if len(self.pausers) > 1 else ():
            share_means(pauser, self._means)
        self._opened: list[Pauser] = []
        self._log_folder: Path | None = None
        #: The accounts that were given a list, and how many lists that no pauser has.
        self._listed: set[str | None] = set()
        self._unread_lists: Counter[str | None] = Counter()
        self._lifetime = Lifetime("Fleet")

    def _check_accounts_differ(self) -> None:
        """Refuse pausers that would each use all of one account's limits, or its log.

        Raises:
            SettingsError: Two have the same token, or the same name of a budget.
        """
        seen: dict[str, str | None] = {}
        for name, pauser in self.pausers.items():
            budget = name_in(pauser.settings.share)
            keys = {
                account_hash_of(pauser): "the same token",
                f"?name={budget}": None if budget is None else "one budget by its name",
            }
            for key, what in keys.items():
                if what is not None and (other := seen.setdefault(key, name)) != name:
                    raise SettingsError(
                        f"the accounts {other} and {name} have {what}: give each its own"
                    )

    @classmethod
    def of_accounts(
        cls,
        accounts: Iterable[Account],
        *,
        log: Path | str | None = None,
        resume: bool = False,
        guard_rails: GuardRails | None = None,
        resume_within_s: float | None = 86_400.0,
    ) -> Self:
        """Make a fleet of accounts, such as those that `read_accounts` gives.

        Args:
            accounts: The accounts.
            log: The folder of the logs, which is made on entering unless it is there:
                each account has the log `NAME.jsonl` in it. None keeps no logs.
            resume: As for a `Pauser`.
            guard_rails: Rules that stop accounts early.
            resume_within_s: As for a `Pauser`.
        """
        pausers = (
            Pauser(
                account.token,
                account.settings,
                log=None if log is None else log_of(Path(log), account.name),
                resume=resume,
                resume_within_s=resume_within_s,
                account=account.name,
                company_id=account.company_id,
            )
            for account in accounts
        )
        fleet = cls(pausers, guard_rails=guard_rails)
        fleet._log_folder = None if log is None else Path(log)
        return fleet

    async def __aenter__(self) -> Self:
        self._lifetime.begin()
        try:
            await self._open()
        except BaseException:
            self._lifetime.withdraw()
            raise
        return self

    async def _open(self) -> None:
        if len(self.pausers) > 1:
            self._allow_files()
        if self._log_folder is not None:
            make_log_folder(self._log_folder)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close, None, None, None)
            await _run_all(map(self._enter, self.pausers.values()))
            await self._note_names()
            await self._sync_folders()
            stack.pop_all()

    async def _note_names(self) -> None:
        """Note in each folder whose logs are in it, so that no log is lost unnoticed.

        Raises:
            LogError: It cannot be written.
        """
        folders: dict[Path, set[str]] = {}
        for account, pauser in self.pausers.items():
            log = log_of_pauser(pauser)
            if log is not None and account is not None:
                folders.setdefault(log.parent, set()).add(account)
        for folder, names in folders.items():
            note = partial(add_names, folder, names, self._means.system)
            await self._means.sync_group.run(note)

    def _allow_files(self) -> None:
        """Let the process have as many open files as the accounts may need.

        Raises:
            SettingsError: It may not have enough for a connection of each account.
        """
        accounts, connections = len(self.pausers), self._means.connections
        held = _FILES_OF_PROCESS + _FILES_OF_ACCOUNT * accounts
        wanted = held + connections.limit
        allowed = allow_files(wanted, FILE_LIMITS)
        if allowed < held + accounts:
            raise SettingsError(
                f"{accounts:,} accounts need {held + accounts:,} open files, and this "
                f"process may have {allowed:,}: divide the accounts with --shard, or "
                f"allow more (LimitNOFILE= of systemd, ulimit -Hn)"
            )
        if allowed < wanted:
            connections.limit = allowed - held
            warning = (
                f"{accounts:,} accounts share {connections.limit:,} connections, since "
                f"this process may have {allowed:,} open files: slow answers of some "
                f"accounts can delay the others; allow {wanted:,} open files "
                "(LimitNOFILE= of systemd, ulimit -Hn)"
            )
            self.warnings = (warning,)

    async def _sync_folders(self) -> None:
        try:
            await self._means.sync_group.run(self._means.system.sync)
        except OSError as error:
            raise LogError(
                f"the folder of the logs cannot be synced: {error.strerror}"
            ) from error

    async def _enter(self, pauser: Pauser) -> None:
        try:
            await pauser.__aenter__()
        except SettingsError as error:
            if pauser.account is None:
                raise
            raise SettingsError(f"{pauser.account}: {error}") from error
        self._opened.append(pauser)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lifetime.end()
        failures = await self._close(kind, error, traceback)
        if failures and error is None:
            raise failures[0]

    async def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> list[BaseException]:
        """Leave all pausers that were entered; give the errors of those that failed."""
        opened, self._opened = self._opened, []
        ends = [pauser.__aexit__(kind, error, traceback) for pauser in opened]
        results = await asyncio.gather(*ends, return_exceptions=True)
        await self._means.connections.close()
        await self._means.databases.close()
        failures: list[BaseException] = []
        for pauser, result in zip(opened, results, strict=True):
            if isinstance(result, BaseException) and result is not error:
                failures.append(result)
            if isinstance(result, LogError):
                self.errors[pauser.account] = result
        return failures

    def stop(self, reason: str, *, grace_s: float | None = None) -> None:
        """Send nothing new in any account, as `Pauser.stop` does in one.

        Args:
            reason: Why, for people.
            grace_s: Seconds that requests in flight may still take.
        """
        for pauser in self.pausers.values():
            pauser.stop(reason, grace_s=grace_s)

    @property
    def stopped(self) -> StopReason | None:
        """Why the run stops or stopped early; None while an account goes on."""
        reasons = [pauser.stopped for pauser in self.pausers.values()]
        found = [reason for reason in reasons if reason is not None]
        return found[0] if len(found) == len(reasons) else None

    @property
    def is_simulated(self) -> bool:
        """Whether the API of every account is the simulator."""
        return all(one.settings.name == SIMULATOR for one in self.pausers.values())

    @property
    def summaries(self) -> dict[str | None, Summary]:
        """The summary of each account. All ids are counted anew.

        Of one without a list, nothing says that no campaign is running.
        """
        return {
            account: summary_of(self._totals_of(account)) for account in self.pausers
        }

    @property
    def summary(self) -> Summary:
        """The summary of all accounts that were given a list. All ids are counted anew.

        The others have no rows: of these, only ids that a resumed log leaves open may
        be running. Before the first list, nothing says that no campaign is running.
        """
        return summary_of(join_totals(self._parts()))

    @property
    def is_all_paused(self) -> bool:
        """Whether the campaign of every row is known to be paused, as in `summary`."""
        return all(summary_of(part).is_all_paused for part in self._parts())

    def _parts(self) -> list[Totals]:
        """Count the rows of each account, and what logs without a list leave open."""
        return [
            self._totals_of(account)
            if account in self._listed or not self._listed
            else totals_without_list(pauser)
            for account, pauser in self.pausers.items()
        ]

    def _totals_of(self, account: str | None) -> Totals:
        totals = totals_of(self.pausers[account])
        totals.is_plan_known &= not self._unread_lists[account]
        return totals

    def snapshots(self) -> dict[str | None, RunSnapshot]:
        """Take the state of each account, inside `async with`."""
        return {account: one.snapshot() for account, one in self.pausers.items()}

    def pause(
        self, ids: Mapping[str | None, GivenIds] | Mapping[str, GivenIds]
    ) -> AsyncGenerator[Record, None]:
        """Pause the ids of all accounts at once, and give each record when it is final.

        All lists are read to their ends before anything is sent.

        Args:
            ids: The ids of each account, by its name, as for `Pauser.pause`.

        Returns:
            The records of all accounts as they come; each names its account.

        Raises:
            TypeError: A list is not a list of ids; nothing was sent.
            RuntimeError: The fleet is not open; nothing was sent.
            SettingsError: There is no such account; nothing was sent.
            InputError: A plan has an invalid or repeated id; nothing was sent.
            GuardRailError: The campaigns of an account belong to another company;
                nothing was sent in any account. One that does not answer soon is waited
                for by itself: nothing is sent there, and if its company is the wrong
                one, all others stop.
            TokenError, GuardRailError, StoppedError, LogError: After the last record:
                accounts ended early. It is the gravest of `errors`, and names all.
        """
        return self._begin(ids, Pauser.pause)

    def undo(
        self, ids: Mapping[str | None, GivenIds] | Mapping[str, GivenIds]
    ) -> AsyncGenerator[Record, None]:
        """Resume the ids of all accounts at once, as `Pauser.undo` does.

        As `pause` in all else, for pausers whose action is `Action.RESUME`.
        """
        return self._begin(ids, Pauser.undo)

    def _begin(
        self,
        ids: Mapping[str | None, GivenIds] | Mapping[str, GivenIds],
        records_of: _RecordsOf,
    ) -> AsyncGenerator[Record, None]:
        self._lifetime.check_is_open()
        for account, given in ids.items():
            if account not in self.pausers:
                raise SettingsError(f"there is no account {account} in this fleet")
            check_is_list(given)
        self._listed.update(ids)
        self._unread_lists.update(dict.fromkeys(ids, 1))
        return self._records(ids, records_of)

    async def _records(
        self,
        ids: Mapping[str | None, GivenIds] | Mapping[str, GivenIds],
        records_of: _RecordsOf,
    ) -> AsyncGenerator[Record, None]:
        self._lifetime.check_is_here()
        plans: dict[str | None, Plan] = {
            account: await plan_of_ids(given) for account, given in ids.items()
        }
        await self._check_companies(plans)
        feed = Feed()
        task = asyncio.create_task(
            _run_all(
                self._follow(account, self._hand_over(account, plan, records_of), feed)
                for account, plan in plans.items()
            )
        )
        task.add_done_callback(lambda _: feed.end())
        try:
            while found := await feed.take():
                for record in found:
                    yield record
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])
        if self.errors:
            raise join_errors(self.errors)

    def _hand_over(
        self, account: str | None, plan: Plan, records_of: _RecordsOf
    ) -> AsyncGenerator[Record, None]:
        """Let the pauser of an account have its list, and count it from now on."""
        records = records_of(self.pausers[account], plan)
        self._unread_lists[account] -= 1
        return records

    async def _check_companies(self, plans: Mapping[str | None, Plan]) -> None:
        """Check the companies of all accounts before anything is sent in any of them.

        An account that does not answer soon holds up no other: it goes on with its
        check alone, and stops all that is left if its company is the wrong one.

        Raises:
            GuardRailError: The campaigns of an account belong to another company.
        """
        begun = [
            begin_check(self.pausers[account], plan.items)
            for account, plan in plans.items()
        ]
        checks = [check for check in begun if check is not None]
        if not checks:
            return
        done, late = await asyncio.wait(
            checks, timeout=_COMPANIES_S, return_when=asyncio.FIRST_EXCEPTION
        )
        for check in done:
            self._stop_if_wrong(check)
            if not check.cancelled():
                check.result()
        for check in late:
            check.add_done_callback(self._stop_if_wrong)

    def _stop_if_wrong(self, check: asyncio.Task[None]) -> None:
        """Stop all accounts if the check of one has found another company."""
        error = None if check.cancelled() else check.exception()
        if isinstance(error, GuardRailError):
            reason = StopReason(StopCause.GUARD_RAIL, str(error))
            for pauser in self.pausers.values():
                stop_for(pauser, reason)

    async def _follow(
        self,
        account: str | None,
        records: AsyncGenerator[Record, None],
        feed: Feed,
    ) -> None:
        """Take the records of one account, and note why it ended early if it did."""
        try:
            async with aclosing(records):
                async for record in records:
                    feed.put(record)
        except BulkpauseError as error:
            self.errors[account] = error


async def _run_all(tasks: Iterable[Coroutine[object, object, object]]) -> None:
    """Run all to their ends, or up to the first error, which is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as errors:
        raise _first_of(errors) from None


def _first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Take the first error of a group, which all others followed."""
    first = errors.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
