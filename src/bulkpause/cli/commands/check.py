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
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, gravest
from bulkpause.cli.log_path import EXISTING_REMEDY, check_writable_log
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
_USUAL_LOG = "bulkpause-now.jsonl"


def check(options: Options) -> ExitCode:
    """Check everything that a run needs, and print one line for each."""
    SIGNALS.outcome = "nothing was changed"
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    findings = list(check_account(options))
    code = code_of(findings)
    if options.is_json:
        checks = [finding.as_dict() for finding in findings]
        show_json(
            {
                "host": options.host,
                "simulated": options.is_simulated,
                "checks": checks,
                "exit_code": code,
            }
        )
    else:
        show("\n".join(_lines(findings, options)))
    return code


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
    yield from _ask(token, options)


def code_of(findings: Sequence[Finding]) -> ExitCode:
    """Choose the exit code that a run would end with."""
    errors = (one.error for one in findings if one.error is not None)
    return gravest([ExitCode.ALL_PAUSED, *map(_code_of_error, errors)])


def _code_of_error(error: BulkpauseError) -> ExitCode:
    is_refused = isinstance(error, NoCampaignsError)
    return ExitCode.SOME_NOT_PAUSABLE if is_refused else exit_of_error(error)


def _lines(findings: Sequence[Finding], options: Options) -> Iterator[str]:
    yield f"on {options.host}"
    name_width = max(len(one.name) for one in findings)
    for one in findings:
        yield f"{one.state:<7}  {one.name:<{name_width}}  {one.detail}"
    if any(one.state is State.FAILED for one in findings):
        yield "a run would not work"


def _guarded(name: str, judge: Callable[[], Finding]) -> Finding:
    try:
        return judge()
    except BulkpauseError as error:
        return failed(name, error)


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
    free = shutil.disk_usage(log.parent).free
    facts = {"folder": str(log.parent.resolve()), "free_bytes": free}
    detail = f"{free / 1e9:.1f} GB free in {facts['folder']}"
    if free < _LITTLE_SPACE_BYTES:
        return warning("log", f"only {detail}: a long log may fill it", **facts)
    return ok("log", detail, **facts)


def _check_existing(log: Path, options: Options) -> None:
    if SYSTEM.is_locked(log):
        raise LogHeldError(f"another run holds {log} now")
    recovery = read_recovery(log)
    check_same_action(recovery, options.action, log)
    check_not_undone(recovery, log)
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    check_same_account(recovery, options.account, log)
    check_recent(recovery, log, datetime.now(UTC), options.resume_within_s)


def _ask(token: Token, options: Options) -> list[Finding]:
    with SIGNALS.deferred(), suppress(asyncio.CancelledError):
        return asyncio.run(_ask_until_signal(token, options))
    SIGNALS.check()
    raise RuntimeError("the check was cancelled without a signal")


async def _ask_until_signal(token: Token, options: Options) -> list[Finding]:
    asking = asyncio.create_task(_findings(token, options))
    with SIGNALS.acted_on(asyncio.get_running_loop(), asking.cancel):
        return await asking


async def _findings(token: Token, options: Options) -> list[Finding]:
    settings = options.named_settings
    async with AsyncExitStack() as stack:
        if options.is_simulated:
            simulator = await stack.enter_async_context(simulated_account())
            settings = replace(settings, base_url=simulator.base_url, proxy=None)
        try:
            connection = await stack.enter_async_context(
                Connection(token, settings, leaves_no_file=True)
            )
        except BulkpauseError as error:
            return [failed("share", error)]
        answers = await ask(connection)
        return [
            judge_share(connection, settings),
            *findings_of(answers, settings.limits),
        ]
