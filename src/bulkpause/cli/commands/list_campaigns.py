"""The command `list`: write the campaigns of an account, or those of a log that run."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause.api.credentials import Token
from bulkpause.cli.display import display_for, writes_lines
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.list_request import ListRequest
from bulkpause.cli.log_path import check_readable_log
from bulkpause.cli.new_file import check_new_file, write_new_file
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, run_command
from bulkpause.cli.output import show, show_data, show_json, stderr
from bulkpause.cli.preflight import token_of
from bulkpause.cli.signals import SIGNALS
from bulkpause.cli.simulated import simulated_account
from bulkpause.cli.start_notes import start_notes
from bulkpause.connection import Connection
from bulkpause.errors import SettingsError
from bulkpause.journal.needs import WHOLE
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import read_recovery
from bulkpause.journal.run_id import check_same_endpoint, new_run_id
from bulkpause.lister import Listed, Lister
from bulkpause.listing.campaign import Campaign
from bulkpause.listing.export import as_csv, as_jsonl
from bulkpause.listing.filters import Filters
from bulkpause.log_comparison import Comparison, LogIds, ids_of_log
from bulkpause.progress.display import Display
from bulkpause.progress.event import Level, Notice
from bulkpause.progress.list_snapshot import snapshot_of_list
from bulkpause.progress.monitor import refreshed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.settings import find_proxy


#: Up to this many ids are written into a command; more belong in a file.
_IDS_IN_COMMAND = 20


def list_campaigns(request: ListRequest) -> ExitCode:
    """Read the list until it is whole, and then write it.

    Raises:
        BulkpauseError: Nothing was written.
    """
    SIGNALS.outcome = "nothing was written"
    options = request.options
    if request.output is not None:
        check_new_file(request.output, "--output", may_exist=request.may_overwrite)
    with Notices(are_held=writes_lines(options)) as notices:
        logs = [_ids_of_log(log, options, notices) for log in request.logs]
        token = token_of(options, notices)
        _refuse_token_in_filter(token, request.filters)
        _note_start(options, notices)
        display = _display_for(options)
        for notice in notices.take():
            display.handle(notice)
    listed = _read(request, token, display)
    return _compare(request, logs, listed) if logs else _write(request, listed, display)


def _refuse_token_in_filter(token: Token, filters: Filters) -> None:
    """Refuse a filter that holds the token, which would stand in a URL then."""
    words = (filters.name or "", *filters.labels)
    if any(token.reveal() in word for word in words):
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


def _ids_of_log(log: Path, options: Options, notices: Notices) -> LogIds:
    check_readable_log(log)
    is_held = SYSTEM.is_locked(log)
    recovery = read_recovery(log, WHOLE)
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    if is_held:
        notices.warn(f"a run holds {log} now, and pauses more of its ids")
    return ids_of_log(str(log), recovery)


def _read(request: ListRequest, token: Token, display: Display) -> Listed:
    with SIGNALS.deferred(), suppress(asyncio.CancelledError):
        return asyncio.run(_read_until_signal(request, token, display))
    SIGNALS.check()
    raise RuntimeError("the list was cancelled without a signal")


async def _read_until_signal(
    request: ListRequest, token: Token, display: Display
) -> Listed:
    reading = asyncio.create_task(_read_whole(request, token, display))
    with SIGNALS.acted_on(asyncio.get_running_loop(), reading.cancel):
        return await reading


async def _read_whole(request: ListRequest, token: Token, display: Display) -> Listed:
    settings = request.options.named_settings
    async with AsyncExitStack() as stack:
        if request.options.is_simulated:
            simulator = await stack.enter_async_context(simulated_account())
            settings = replace(settings, base_url=simulator.base_url, proxy=None)
        connection = await stack.enter_async_context(Connection(token, settings))
        lister = Lister(
            fetcher=connection.client,
            gate=connection.gate,
            filters=request.filters,
            chooses_here=request.chooses_here,
            give_up_after_s=settings.retry_policy.give_up_after_s,
            request_ids=connection.request_ids,
        )
        connection.demand = lister.requests_left
        if connection.share_warning is not None:
            _warn_of_share(connection.share_warning, display)
        stderr().wait_for_nobody()
        now = asyncio.get_running_loop().time
        started_at = now()

        def take_snapshot() -> Snapshot:
            snapshot = snapshot_of_list(lister.snapshot(), settings, now(), started_at)
            return replace(snapshot, sharing=connection.sharing)

        async with refreshed(display, take_snapshot):
            return await lister.read()


def _warn_of_share(reason: str, display: Display) -> None:
    text = f"warning: {reason}"
    display.handle(Notice("budget.unavailable", {"reason": reason}, text))


def _write(request: ListRequest, listed: Listed, display: Display) -> ExitCode:
    """Write the list, and say what it holds and how to pause it."""
    code = ExitCode.ALL_PAUSED if listed.is_whole else ExitCode.INCOMPLETE
    _write_campaigns(request, listed.campaigns)
    source = "-" if request.output is None else str(request.output)
    count = len(listed.campaigns)
    command = run_command((source,), count, request.options) if count else None
    facts = _facts(request, listed) | {"next": command, "exit_code": code}
    lines = list(_lines(request, listed, command))
    level: Level = "info" if listed.is_whole else "error"
    if request.output is None or writes_lines(request.options):
        text = None if writes_lines(request.options) else "\n".join(lines)
        display.handle(Notice("list.finished", facts, text, level=level))
    if request.output is not None:
        _show(facts if request.options.is_json else lines)
    return code


def _write_campaigns(request: ListRequest, campaigns: tuple[Campaign, ...]) -> None:
    pieces = as_csv(campaigns) if request.is_csv else as_jsonl(campaigns)
    if request.output is None:
        show_data(pieces)
    else:
        write_new_file(
            request.output, pieces, "--output", may_exist=request.may_overwrite
        )


def _lines(request: ListRequest, listed: Listed, command: str | None) -> list[str]:
    campaigns = format_count(len(listed.campaigns), "campaign")
    requests = format_count(listed.requests, "request")
    lines = [f"{campaigns} on {request.options.host}, {requests}"]
    if request.options.is_simulated:
        lines.append("simulated: these are no real campaigns")
    if listed.doubt is not None:
        lines.append(f"warning: the list may be incomplete: {listed.doubt}")
    if request.output is not None:
        lines.append(sanitize(f"list: {request.output}"))
    if command is not None:
        piped = "pipe it into" if request.output is None else "pause them with"
        lines.append(f"{piped}: {command}")
    return lines


def _facts(request: ListRequest, listed: Listed) -> dict[str, object]:
    return {
        "campaigns": len(listed.campaigns),
        "complete": listed.is_whole,
        "doubt": listed.doubt,
        "total": listed.total,
        "requests": listed.requests,
        "sweeps": listed.sweeps,
        "simulated": request.options.is_simulated,
        "output": None if request.output is None else str(request.output),
    }


def _compare(request: ListRequest, logs: list[LogIds], listed: Listed) -> ExitCode:
    """Say which ids of the logs run. A list in doubt is never an all-clear."""
    comparison = Comparison(
        logs=logs,
        listed=listed,
        host=request.options.host,
    )
    code = _code_of(comparison)
    running = comparison.running
    if request.output is not None:
        _write_campaigns(request, tuple(running))
    command = _command_for(running, request)
    if request.options.is_json:
        show_json(comparison.as_dict() | {"next": command, "exit_code": code})
        return code
    lines = list(comparison.lines())
    if command is not None:
        lines.append(f"pause them with: {command}")
    elif running:
        lines.append("to pause them, write them to a file with --output FILE")
    _show(lines)
    return code


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
    if len(running) > _IDS_IN_COMMAND:
        return None
    ids = tuple(one.id for one in running)
    return run_command(ids, len(running), request.options)


def _show(result: list[str] | dict[str, object]) -> None:
    if isinstance(result, dict):
        show_json(result)
    else:
        show("\n".join(result))
