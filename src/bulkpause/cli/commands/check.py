"""The command `check`: say whether a run would work, without changing anything."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkpause._text import format_count
from bulkpause._value import value
from bulkpause.accounts import Account
from bulkpause.api.connections import Connections
from bulkpause.api.credentials import Token, find_token
from bulkpause.checker import (
    Finding,
    NoCampaignsError,
    State,
    ask,
    failed,
    findings_of,
    judge_share,
    ok,
    skipped,
    warning,
)
from bulkpause.cli.account_options import accounts_of, name_of, options_of_account
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, gravest
from bulkpause.cli.log_path import (
    EXISTING_REMEDY,
    check_log_folder,
    check_writable_log,
)
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options
from bulkpause.cli.output import show, show_json
from bulkpause.cli.signals import SIGNALS
from bulkpause.cli.simulated import simulated_account
from bulkpause.connection import Connection
from bulkpause.errors import BulkpauseError, LogHeldError
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import exists, read_recovery, refuse_existing
from bulkpause.journal.run_id import (
    check_recent,
    check_same_account,
    check_same_action,
    check_same_endpoint,
)
from bulkpause.journal.undone import check_not_undone
from bulkpause.settings import find_proxy


#: A log of some 50,000 ids may need so much room.
_LITTLE_SPACE_BYTES = 100 * 1024 * 1024
#: Stands for the log of a run without `--log`, whose name has the time in it.
_USUAL_LOG, _USUAL_FOLDER = "bulkpause-now.jsonl", "bulkpause-now"
#: What makes people look, the gravest last.
_NEED_LOOK = (State.WARNING, State.FAILED)


@value
class Report:
    """What was found of one account.

    Attributes:
        account: Its name; None for the only one of a command.
        findings: The findings that are about it alone.
    """

    account: str | None
    findings: Sequence[Finding]

    @property
    def code(self) -> ExitCode:
        """The exit code that a run would end with."""
        return code_of(self.findings)

    def needs_look(self) -> Iterator[str]:
        """Say in one line what is not as it should be; nothing if all is."""
        bad = [one for one in self.findings if one.state in _NEED_LOOK]
        if bad:
            worst = max(bad, key=lambda one: _NEED_LOOK.index(one.state))
            details = "; ".join(f"{one.name}: {one.detail}" for one in bad)
            yield f"{worst.state:<7}  {self.account}  {details}"

    def as_dict(self) -> dict[str, object]:
        """Give the report in values that JSON can carry."""
        checks = [finding.as_dict() for finding in self.findings]
        return {"checks": checks, "exit_code": self.code}


def check(options: Options) -> ExitCode:
    """Check everything that a run needs, and print one line for each.

    Of several accounts, there is one line for each that needs a look.
    """
    SIGNALS.outcome = "nothing was changed"
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    common, reports = _check_all(options)
    code = gravest([code_of(common), *(report.code for report in reports)])
    if options.is_json:
        show_json(_as_dict(common, reports, options) | {"exit_code": code})
    else:
        show("\n".join(_lines(common, reports, options)))
    return code


def _check_all(options: Options) -> tuple[list[Finding], list[Report]]:
    """Check what all accounts need together, and then each of them.

    One account has no reports: all is common then.
    """
    with Notices(are_held=False) as notices:
        try:
            accounts = accounts_of(options, notices)
        except BulkpauseError as error:
            return [failed("accounts", error)], []
    if accounts.names is None:
        return list(check_account(options)), []
    names = format_count(len(accounts.chosen), "account")
    common = [
        ok("accounts", f"{names} to check", accounts=len(accounts.chosen)),
        _guarded("proxy", lambda: _proxy(options)),
        _guarded("log", lambda: _folder(options)),
    ]
    if common[1].state is State.FAILED:
        return common, []
    subjects = [Subject.of(account, options) for account in accounts.chosen]
    found = _ask(subjects, options)
    return common, [
        Report(account=subject.name, findings=[*subject.findings, *of_account])
        for subject, of_account in zip(subjects, found, strict=True)
    ]


def check_account(options: Options) -> Iterator[Finding]:
    """Check what a run with these options needs: of this machine, then of the API."""
    token, of_token = _token(options)
    if of_token is not None:
        yield of_token
    of_proxy = _guarded("proxy", lambda: _proxy(options))
    yield of_proxy
    yield _guarded("log", lambda: _log(options))
    if token is None or of_proxy.state is State.FAILED:
        yield skipped("reach", "it needs a token and a proxy that can be used")
        return
    [found] = _ask([Subject(token=token, options=options)], options)
    yield from found


def code_of(findings: Sequence[Finding]) -> ExitCode:
    """Choose the exit code that a run would end with."""
    errors = (one.error for one in findings if one.error is not None)
    return gravest([ExitCode.ALL_PAUSED, *map(_code_of_error, errors)])


def _code_of_error(error: BulkpauseError) -> ExitCode:
    is_refused = isinstance(error, NoCampaignsError)
    return ExitCode.SOME_NOT_PAUSABLE if is_refused else exit_of_error(error)


def _as_dict(
    common: Sequence[Finding], reports: Sequence[Report], options: Options
) -> dict[str, object]:
    fields: dict[str, object] = {
        "host": options.host,
        "simulated": options.is_simulated,
        "checks": [finding.as_dict() for finding in common],
    }
    if options.accounts is None:
        return fields
    return fields | {"accounts": {str(one.account): one.as_dict() for one in reports}}


def _lines(
    common: Sequence[Finding], reports: Sequence[Report], options: Options
) -> Iterator[str]:
    yield f"on {options.host}"
    name_width = max(len(one.name) for one in common)
    for one in common:
        yield f"{one.state:<7}  {one.name:<{name_width}}  {one.detail}"
    lines = [line for report in reports for line in report.needs_look()]
    yield from lines
    if reports:
        good = len(reports) - len(lines)
        accounts = format_count(len(reports), "account")
        words = "is as it" if good == 1 else "are as they"
        yield f"{good} of {accounts} {words} should be"
    failing = [*common, *(each for one in reports for each in one.findings)]
    if any(one.state is State.FAILED for one in failing):
        yield "a run would not work"


def _guarded(name: str, judge: Callable[[], Finding]) -> Finding:
    try:
        return judge()
    except BulkpauseError as error:
        finding = failed(name, error)
        # What a run would say. A check pauses nothing in any case.
        detail = finding.detail.removesuffix("; nothing was sent")
        return replace(finding, detail=detail)


def _token(options: Options) -> tuple[Token | None, Finding | None]:
    """Find the token; the finding says what is wrong with where it is kept."""
    if options.is_simulated:
        return Token("simulated"), None
    try:
        token, problem = find_token(options.token_file, os.environ)
    except BulkpauseError as error:
        return None, failed("token", error)
    return token, None if problem is None else warning("token_file", problem)


def _proxy(options: Options) -> Finding:
    proxy = None if options.is_simulated else find_proxy(options.settings)
    if proxy is None:
        return ok("proxy", "none", url=None)
    return ok("proxy", f"requests go through {proxy.url}", url=proxy.url)


def _log(options: Options) -> Finding:
    """Check the place of the log, without a file there."""
    log = options.log or Path(_USUAL_LOG)
    check_writable_log(log, is_resumed=options.resume)
    if not options.resume:
        refuse_existing(log, remedy=EXISTING_REMEDY)
    if exists(log):
        _check_existing(log, options)
    return _space(log.parent)


def _space(folder: Path) -> Finding:
    """Look for the space that a log needs in a folder."""
    free = shutil.disk_usage(folder).free
    facts = {"folder": str(folder.resolve()), "free_bytes": free}
    detail = f"{_size(free)} free in {facts['folder']}"
    if free < _LITTLE_SPACE_BYTES:
        return warning("log", f"only {detail}: a long log may fill it", **facts)
    return ok("log", detail, **facts)


def _size(count_bytes: int) -> str:
    """Write a size in the unit in which it is not rounded to nothing."""
    units = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
    unit, size = next((one for one in units if count_bytes >= one[1]), ("bytes", 1))
    return f"{count_bytes / size:.{1 if size > 1 else 0}f} {unit}"


def _check_existing(log: Path, options: Options) -> None:
    if SYSTEM.is_locked(log):
        raise LogHeldError(f"another run holds {log} now")
    recovery = read_recovery(log)
    check_same_action(recovery, options.action, log)
    check_not_undone(recovery, log)
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    check_same_account(recovery, options.account, log)
    check_recent(recovery, log, datetime.now(UTC), options.resume_within_s)


def _folder(options: Options) -> Finding:
    """Check the folder of the logs, which a run makes."""
    folder = options.log or Path(_USUAL_FOLDER)
    check_log_folder(folder)
    return _space(folder if folder.is_dir() else folder.parent)


def _log_of_account(options: Options) -> Iterator[Finding]:
    """Check the log of an account, if there is one already."""
    log = options.log
    if log is None or not exists(log):
        return
    finding = _guarded("log", lambda: _log(options))
    if finding.state is State.FAILED:
        yield finding


@value
class Subject:
    """An account that is checked.

    Attributes:
        token: Its token.
        options: The options of a run, with the settings and the log of the account.
        account: The account; None for the only one of a command.
        findings: What was found on this machine.
    """

    token: Token
    options: Options
    account: Account | None = None
    findings: Sequence[Finding] = ()

    @classmethod
    def of(cls, account: Account, options: Options) -> "Subject":
        """Take an account, and check what a run needs of this machine for it."""
        own = options_of_account(options, account)
        findings = list(_log_of_account(own))
        if account.warning is not None:
            findings.insert(0, warning("token_file", account.warning))
        return cls(token=account.token, options=own, account=account, findings=findings)

    @property
    def name(self) -> str | None:
        """The name of the account."""
        return name_of(self.account)


def _ask(subjects: Sequence[Subject], options: Options) -> list[list[Finding]]:
    """Ask the APIs of all accounts at once."""
    with SIGNALS.deferred(), suppress(asyncio.CancelledError):
        return asyncio.run(_ask_until_signal(subjects, options))
    SIGNALS.check()
    raise RuntimeError("the check was cancelled without a signal")


async def _ask_until_signal(
    subjects: Sequence[Subject], options: Options
) -> list[list[Finding]]:
    asking = asyncio.create_task(_findings_of_all(subjects, options))
    with SIGNALS.acted_on(asyncio.get_running_loop(), asking.cancel):
        return await asking


async def _findings_of_all(
    subjects: Sequence[Subject], options: Options
) -> list[list[Finding]]:
    async with AsyncExitStack() as stack:
        base_url, pools = None, None
        if options.is_simulated:
            accounts = [one.account for one in subjects if one.account is not None]
            simulator = await stack.enter_async_context(simulated_account(accounts))
            base_url = simulator.base_url
        # One account alone has all of it for itself.
        if len(subjects) > 1:
            pools = Connections(limit=len(subjects))
            stack.push_async_callback(pools.close)
        asked = (_findings(subject, base_url, pools) for subject in subjects)
        return await asyncio.gather(*asked)


async def _findings(
    subject: Subject, base_url: str | None, pools: Connections | None
) -> list[Finding]:
    settings = subject.options.named_settings
    if base_url is not None:
        settings = replace(settings, base_url=base_url, proxy=None)
    try:
        async with Connection(
            subject.token, settings, leaves_no_file=True, connections=pools
        ) as connection:
            answers = await ask(connection)
            share = judge_share(connection, settings)
    except BulkpauseError as error:
        return [failed("share", error)]
    company_id = None if subject.account is None else subject.account.company_id
    return [share, *findings_of(answers, settings.limits, company_id)]
