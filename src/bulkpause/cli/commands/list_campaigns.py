"""The command `list`: write the campaigns of accounts, or those of logs that run."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause.accounts import Account
from bulkpause.cli.account_folders import lost_in
from bulkpause.cli.account_lists import AccountLists, Target, read_lists
from bulkpause.cli.account_options import (
    accounts_of,
    logs_of_accounts,
    name_of,
    options_of_account,
)
from bulkpause.cli.display import display_for, writes_lines
from bulkpause.cli.exit_codes import ExitCode, exit_of_error, gravest
from bulkpause.cli.given_token import token_of
from bulkpause.cli.list_request import ListRequest
from bulkpause.cli.log_arguments import is_folder
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.new_file import check_new_file, write_new_file
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, run_command
from bulkpause.cli.output import show, show_data, show_json
from bulkpause.cli.signals import SIGNALS
from bulkpause.cli.start_notes import start_notes
from bulkpause.errors import SettingsError
from bulkpause.journal.needs import WHOLE
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.run_id import (
    check_same_account,
    check_same_endpoint,
    new_run_id,
)
from bulkpause.lister import Listed, refuse_unknown
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.export import as_csv, as_jsonl
from bulkpause.log_comparison import AccountComparisons, Comparison, LogIds, ids_of_log
from bulkpause.progress.display import Display
from bulkpause.progress.event import Level, Notice
from bulkpause.settings import find_proxy


#: Up to this many ids are written into a command; more belong in a file.
_IDS_IN_COMMAND = 20
#: The ids of the logs of each account.
_LogIdsOf = Mapping[str | None, Sequence[LogIds]]


def list_campaigns(request: ListRequest) -> ExitCode:
    """Read the lists until they are whole, and then write them.

    Raises:
        BulkpauseError: Nothing was written.
    """
    SIGNALS.outcome = "nothing was written"
    options = request.options
    if request.output is not None:
        check_new_file(request.output, "--output", may_exist=request.may_overwrite)
    with Notices(are_held=writes_lines(options)) as notices:
        targets, logs = _targets(request, notices)
        _refuse_token_in_filter(targets, request)
        _note_start(options, notices)
        display = _display_for(options)
        for notice in notices.take():
            display.handle(notice)
    lists = _read(targets, request, display)
    if request.logs:
        return _compare(request, logs, lists)
    return _write(request, lists, display)


def _targets(request: ListRequest, notices: Notices) -> tuple[list[Target], _LogIdsOf]:
    """Find the accounts to list, and read the logs to compare with.

    Raises:
        BulkpauseError: They cannot be used.
    """
    options = request.options
    accounts = accounts_of(options, notices)
    chosen: Sequence[Account | None] = accounts.chosen
    logs: dict[str | None, list[LogIds]] = {}
    if accounts.names is None:
        chosen = [None]
    if request.logs:
        of_account = logs_of_accounts(accounts, request.logs, options.accounts)
        chosen = list(of_account)
        logs = {
            name_of(account): [
                _ids_of_log(log, account, options, notices) for log in own
            ]
            for account, own in of_account.items()
        }
    targets = [
        Target.of(
            account,
            token_of(options, notices) if account is None else account.token,
            options,
        )
        for account in chosen
    ]
    return targets, logs


def _refuse_token_in_filter(targets: Sequence[Target], request: ListRequest) -> None:
    """Refuse a filter that holds a token, which would stand in a URL then."""
    words = (request.filters.name or "", *request.filters.labels)
    if any(one.token.reveal() in word for one in targets for word in words):
        raise SettingsError(
            "--name or --label contains the token; leave it out; nothing was sent"
        )


def _note_start(options: Options, notices: Notices) -> None:
    """Say what is unusual; refuse a proxy that cannot be used."""
    # Library logs go nowhere: they may contain secrets.
    logging.getLogger().addHandler(logging.NullHandler())
    proxy = None if options.is_simulated else find_proxy(options.settings)
    if not options.is_json and not writes_lines(options):
        for note in start_notes(options, proxy):
            notices.note(note)


def _display_for(options: Options) -> Display:
    run_id = new_run_id(datetime.now(UTC), options.named_settings.endpoint_name)
    return display_for(options, run_id, progress="list.progressed")


def _ids_of_log(
    log: Path, account: Account | None, options: Options, notices: Notices
) -> LogIds:
    check_readable_log(log)
    is_held = SYSTEM.is_locked(log)
    recovery = read_recovery(log, WHOLE)
    own = options_of_account(options, account)
    check_same_endpoint(recovery, own.named_settings.endpoint_name, log)
    check_same_account(recovery, name_of(account), log)
    if is_held:
        notices.warn(f"a run holds {log} now, and pauses more of its ids")
    return ids_of_log(str(log), recovery)


def _read(
    targets: Sequence[Target], request: ListRequest, display: Display
) -> AccountLists:
    with SIGNALS.deferred(), suppress(asyncio.CancelledError):
        return asyncio.run(_read_until_signal(targets, request, display))
    SIGNALS.check()
    raise RuntimeError("the list was cancelled without a signal")


async def _read_until_signal(
    targets: Sequence[Target], request: ListRequest, display: Display
) -> AccountLists:
    reading = asyncio.create_task(read_lists(targets, request, display))
    with SIGNALS.acted_on(asyncio.get_running_loop(), reading.cancel):
        return await reading


def _code_of_lists(lists: AccountLists) -> ExitCode:
    """Choose the exit code: the gravest of all accounts."""
    found = (
        ExitCode.ALL_PAUSED if one.is_whole else ExitCode.INCOMPLETE
        for one in lists.listed.values()
    )
    errors = map(exit_of_error, lists.errors.values())
    return gravest([ExitCode.ALL_PAUSED, *found, *errors])


def _campaigns_of(lists: AccountLists) -> tuple[Campaign, ...]:
    """Give the campaigns of all accounts, with their accounts."""
    return tuple(
        campaign if account is None else replace(campaign, account=account)
        for account, listed in lists.listed.items()
        for campaign in listed.campaigns
    )


def _write(request: ListRequest, lists: AccountLists, display: Display) -> ExitCode:
    """Write the lists, and say what they hold and how to pause it."""
    code = _code_of_lists(lists)
    campaigns = _campaigns_of(lists)
    if not request.chooses_here:
        refuse_unknown(request.filters, campaigns)
    _write_campaigns(request, campaigns)
    source = "-" if request.output is None else str(request.output)
    count = len(campaigns)
    command = run_command((source,), count, request.options) if count else None
    facts = _facts(request, lists) | {"next": command, "exit_code": code}
    lines = list(_lines(request, lists, command))
    level: Level = "info" if code is ExitCode.ALL_PAUSED else "error"
    if request.output is None or writes_lines(request.options):
        text = None if writes_lines(request.options) else "\n".join(lines)
        display.handle(Notice("list.finished", facts, text, level=level))
    if request.output is not None:
        _show(facts if request.options.is_json else lines)
    return code


def _write_campaigns(request: ListRequest, campaigns: tuple[Campaign, ...]) -> None:
    has_accounts = request.options.accounts is not None
    pieces = (
        as_csv(campaigns, has_accounts=has_accounts)
        if request.is_csv
        else as_jsonl(campaigns)
    )
    if request.output is None:
        show_data(pieces)
    else:
        write_new_file(
            request.output, pieces, "--output", may_exist=request.may_overwrite
        )


def _lines(
    request: ListRequest, lists: AccountLists, command: str | None
) -> Iterator[str]:
    every = lists.listed.values()
    campaigns = format_count(sum(len(one.campaigns) for one in every), "campaign")
    requests = format_count(sum(one.requests for one in every), "request")
    of_accounts = ""
    if request.options.accounts is not None:
        of_accounts = f" in {format_count(len(every), 'account')}"
    yield f"{campaigns} on {lists.host}{of_accounts}, {requests}"
    if request.options.is_simulated:
        yield "simulated: these are no real campaigns"
    if request.trusts_filter:
        yield "by the API's filter alone (--trust-filter): others may fit it too"
    yield from _warning_lines(lists)
    if request.output is not None:
        yield sanitize(f"list: {request.output}")
    if command is not None:
        piped = "pipe it into" if request.output is None else "pause them with"
        yield f"{piped}: {command}"


def _warning_lines(lists: AccountLists) -> Iterator[str]:
    """Say which accounts need a look."""
    for account, one in lists.listed.items():
        whose = "the list" if account is None else f"the list of {account}"
        if one.doubt is not None:
            yield sanitize(f"warning: {whose} may be incomplete: {one.doubt}")
    for account, error in lists.errors.items():
        yield sanitize(f"warning: {account} is not listed: {error}")


def _facts(request: ListRequest, lists: AccountLists) -> dict[str, object]:
    every = list(lists.listed.values())
    totals = [one.total for one in every]
    doubts = [one.doubt for one in every if one.doubt is not None]
    facts: dict[str, object] = {
        "campaigns": sum(len(one.campaigns) for one in every),
        "complete": not (doubts or lists.errors),
        "doubt": next(iter(doubts), None),
        "total": None if None in totals else sum(filter(None, totals)),
        "requests": sum(one.requests for one in every),
        "sweeps": max((one.sweeps for one in every), default=0),
        "filter_checked": not request.trusts_filter,
        "simulated": request.options.is_simulated,
        "output": None if request.output is None else str(request.output),
    }
    if request.options.accounts is None:
        return facts
    return facts | {"accounts": _facts_of_accounts(lists)}


def _facts_of_accounts(lists: AccountLists) -> dict[str, object]:
    found: dict[str, object] = {
        str(account): {
            "campaigns": len(one.campaigns),
            "complete": one.is_whole,
            "doubt": one.doubt,
            "total": one.total,
            "requests": one.requests,
            "sweeps": one.sweeps,
        }
        for account, one in lists.listed.items()
    }
    return found | {
        str(account): {"error": str(error)} for account, error in lists.errors.items()
    }


def _compare(request: ListRequest, logs: _LogIdsOf, lists: AccountLists) -> ExitCode:
    """Say which ids of the logs run. A list in doubt is never an all-clear."""
    unknown = {
        str(account): f"its campaigns are not known: {error}"
        for account, error in lists.errors.items()
    }
    lost: dict[str, str] = {}
    if request.options.accounts is not None:
        lost = lost_in(filter(is_folder, request.logs), {str(name) for name in logs})
    comparisons = AccountComparisons(
        of_account={
            account: _comparison(account, logs, listed, lists.host)
            for account, listed in lists.listed.items()
        },
        doubts=unknown | lost,
    )
    code = _code_of_comparisons(comparisons, lists)
    running = comparisons.running
    if request.output is not None:
        _write_campaigns(request, tuple(running))
    command = _command_for(running, request)
    if request.options.is_json:
        show_json(comparisons.as_dict() | {"next": command, "exit_code": code})
        return code
    lines = list(comparisons.lines())
    if command is not None:
        lines.append(f"pause them with: {command}")
    elif running:
        lines.append("to pause them, write them to a file with --output FILE")
    _show(lines)
    return code


def _comparison(
    account: str | None, logs: _LogIdsOf, listed: Listed, host: str
) -> Comparison:
    campaigns = listed.campaigns
    if account is not None:
        campaigns = tuple(replace(one, account=account) for one in campaigns)
    return Comparison(
        logs=logs[account],
        listed=replace(listed, campaigns=campaigns),
        host=host,
    )


def _code_of_comparisons(
    comparisons: AccountComparisons, lists: AccountLists
) -> ExitCode:
    found = map(_code_of, comparisons.of_account.values())
    errors = map(exit_of_error, lists.errors.values())
    doubt = ExitCode.INCOMPLETE if comparisons.doubts else ExitCode.ALL_PAUSED
    return gravest([doubt, *found, *errors])


def _code_of(comparison: Comparison) -> ExitCode:
    if comparison.running:
        return ExitCode.SOME_NOT_PAUSABLE
    return ExitCode.INCOMPLETE if comparison.doubts else ExitCode.ALL_PAUSED


def _command_for(running: list[Campaign], request: ListRequest) -> str | None:
    """Write the command that pauses the campaigns, if one can hold them."""
    if not running:
        return None
    if request.output is not None:
        return run_command((str(request.output),), len(running), request.options)
    # An id alone does not name its account.
    if len(running) > _IDS_IN_COMMAND or request.options.accounts is not None:
        return None
    ids = tuple(one.id for one in running)
    return run_command(ids, len(running), request.options)


def _show(result: list[str] | dict[str, object]) -> None:
    if isinstance(result, dict):
        show_json(result)
    else:
        show("\n".join(result))
