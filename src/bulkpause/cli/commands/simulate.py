"""The command `simulate`: run the API simulator until it is interrupted."""

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bulkpause.accounts import companies_of, read_accounts
from bulkpause.api.credentials import Token, find_token
from bulkpause.cli.help import block
from bulkpause.cli.output import show
from bulkpause.cli.path_arguments import PATH
from bulkpause.cli.repeated_options import OneValueCommand
from bulkpause.cli.signals import SIGNALS
from bulkpause.cli.tls_files import ignore_key_log
from bulkpause.settings import BURST, STEADY, parse_duration, parse_limit
from bulkpause.simulator import (
    Behaviour,
    Fault,
    Lists,
    Storm,
    Window,
    make_campaigns,
    parse_fault,
    parse_script,
)
from bulkpause.simulator.behaviour import REPEATS, TRACES


#: The actions whose requests a storm can meet alone.
_ACTIONS = ("pause", "resume", "view", "list", "check")
#: What the campaigns of `--campaigns` are, in turn.
_STATUSES = ("running", "running", "scheduled", "paused", "sent")
_LABELS = ("shoes", "sale", "news")
_SCHEDULED_TIMES = {"scheduled": "2035-01-01 08:00:00"}


def _id_and_status(text: str) -> tuple[str, str]:
    id_, _, status = text.partition("=")
    if not (id_ and status):
        raise ValueError(f"{text!r} is not of the form ID=STATUS")
    return id_, status


def _word_and_shown(text: str) -> tuple[str, str]:
    word, equals, shown = text.partition("=")
    if not (word and equals):
        raise ValueError(f"{text!r} is not of the form STATUS=WORD")
    return word, shown


def _storm(text: str) -> Storm:
    name, equals, times = text.partition("=")
    action, colon, fault = name.rpartition(":")
    if not equals or (colon and action not in _ACTIONS):
        raise ValueError(
            f"{text!r} is not of the form [ACTION:]FAULT=TIME, where ACTION is one of "
            f"{', '.join(_ACTIONS)}"
        )
    start, _, end = times.rpartition("-")
    return Storm(
        fault=parse_fault(f"{fault}=1")[0],
        starts_s=parse_duration(start) if start else 0.0,
        ends_s=parse_duration(end),
        action=action or None,
    )


def _header_value(text: str) -> str:
    if not text.strip() or not (text.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} is not a value of a header; write 2, -1 or none")
    return text


@click.command(
    cls=OneValueCommand,
    epilog=block(
        "Examples",
        """
        A simulator with faults, and a run against it from another terminal:
          bulkpause simulate --port 8080 --fault 500=0.2 --fault lost=0.1
          bulkpause run campaigns.csv --base-url http://127.0.0.1:8080
        """,
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="Port on 127.0.0.1; 0 takes a free one.",
    show_default=True,
)
@click.option("--ledger", type=PATH, help="Append every request to this file.")
@click.option("--token-file", type=PATH, help="Accept only this token.")
@click.option(
    "--accounts",
    type=PATH,
    help="Accept only the tokens of this file or folder, each with limits of its own.",
)
@click.option(
    "--window",
    type=parse_limit,
    metavar="LIMIT",
    multiple=True,
    default=(str(BURST), str(STEADY)),
    show_default=True,
    help="A rate limit in fixed windows.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(0, 1_000_000),
    default=0,
    show_default=True,
    help="Number of campaigns that lists show, with several statuses and labels.",
)
@click.option(
    "--page-size",
    type=click.IntRange(1),
    help="Most campaigns on a page of a list; a larger page is cut.",
)
@click.option("--parallel", type=click.IntRange(1), help="Maximum requests in flight.")
@click.option(
    "--latency",
    type=parse_duration,
    metavar="DURATION",
    default="60ms",
    show_default=True,
    help="Round trip of a request.",
)
@click.option(
    "--jitter",
    type=parse_duration,
    metavar="DURATION",
    default="20ms",
    show_default=True,
    help="Mean of the random delay added to it.",
)
@click.option(
    "--status",
    type=_id_and_status,
    metavar="ID=STATUS",
    multiple=True,
    help="A campaign that is not running, as in 1000248=draft.",
)
@click.option(
    "--fault",
    type=parse_fault,
    metavar="FAULT=PROBABILITY",
    multiple=True,
    help=(
        f"Random fault, one of {', '.join(Fault)}. With -after, the campaign is paused "
        "before the response; with -late, some time after it."
    ),
)
@click.option(
    "--script",
    type=parse_script,
    metavar="ID=FAULT,…",
    multiple=True,
    help="Scripted faults for an id, as in 1000248=500,ok,lost.",
)
@click.option(
    "--read-fault",
    type=parse_fault,
    metavar="FAULT=PROBABILITY",
    multiple=True,
    help="Random fault of read-backs.",
)
@click.option(
    "--read-script",
    type=parse_script,
    metavar="ID=FAULT,…",
    multiple=True,
    help="Scripted faults for the read-backs of an id.",
)
@click.option(
    "--resume-fault",
    type=parse_fault,
    metavar="FAULT=PROBABILITY",
    multiple=True,
    help="Random fault of resumes.",
)
@click.option(
    "--list-fault",
    type=parse_fault,
    metavar="FAULT=PROBABILITY",
    multiple=True,
    help="Random fault of the pages of lists.",
)
@click.option(
    "--storm",
    type=_storm,
    metavar="[ACTION:]FAULT=TIME",
    multiple=True,
    help=(
        "Fault of all requests, or those of one action, for a time from the first "
        "one, as in 429=35s, 503=10s-30s or view:500=1m."
    ),
)
@click.option(
    "--retry-after",
    type=_header_value,
    metavar="VALUE",
    help="Retry-After of the faults 429 and 503; none for no header.",
)
@click.option(
    "--late",
    type=parse_duration,
    metavar="DURATION",
    default="12s",
    show_default=True,
    help="Time from a request with a -late fault to its effect.",
)
@click.option(
    "--read-lag",
    type=parse_duration,
    metavar="DURATION",
    help="Read-backs show the status of so long ago.",
)
@click.option(
    "--view-word",
    type=_word_and_shown,
    metavar="STATUS=WORD",
    multiple=True,
    help="Word that read-backs show for a status, as in paused=PAUSED.",
)
@click.option(
    "--repeat",
    type=click.Choice(REPEATS),
    default="400",
    show_default=True,
    help="Status for the pause of a paused campaign.",
)
@click.option(
    "--trace",
    type=click.Choice(TRACES),
    default="body",
    show_default=True,
    help="Where an error has its trace id.",
)
@click.option("--seed", default=0, show_default=True, help="Random seed.")
def simulate(
    port: int,
    ledger: Path | None,
    token_file: Path | None,
    accounts: Path | None,
    **given: Any,
) -> None:
    """Simulate the API on loopback until interrupted.

    The simulator follows the documented limits and statuses, injects the given faults,
    and prints its address for --base-url. Each token is an account of its own, with its
    limits and its campaigns.
    """
    import asyncio  # noqa: PLC0415 (see _serve)

    if token_file is not None and accounts is not None:
        raise click.UsageError("--token-file is for one account: leave out --accounts")
    token = None if token_file is None else find_token(token_file, {})[0]
    companies = {} if accounts is None else companies_of(read_accounts(accounts))
    try:
        behaviour = replace(_behaviour_of(given, token), accounts=companies)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    behaviour = behaviour.with_random_phases(random.Random())
    with SIGNALS.deferred(), suppress(asyncio.CancelledError):
        asyncio.run(_serve(behaviour, port=port, ledger=ledger))


def _behaviour_of(given: Mapping[str, Any], token: Token | None) -> Behaviour:
    """Make the behaviour of the parameters of the command.

    Raises:
        ValueError: A value is not possible.
    """
    behaviour = Behaviour(
        windows=tuple(
            Window(limit=limit.requests, period_s=limit.period_s)
            for limit in given["window"]
            if limit is not None
        ),
        parallel_limit=given["parallel"],
        token=None if token is None else token.reveal(),
        account_per_token=True,
        campaigns=make_campaigns(
            given["campaigns"],
            statuses=_STATUSES,
            labels=_LABELS,
            scheduled_times=_SCHEDULED_TIMES,
        ),
        lists=Lists(
            max_page_size=given["page_size"], fault_rates=dict(given["list_fault"])
        ),
        statuses=dict(given["status"]),
        repeat=given["repeat"],
        trace=given["trace"],
        latency_s=given["latency"],
        jitter_s=given["jitter"],
        scripts=dict(given["script"]),
        fault_rates=dict(given["fault"]),
        read_back_scripts=dict(given["read_script"]),
        read_back_fault_rates=dict(given["read_fault"]),
        resume_fault_rates=dict(given["resume_fault"]),
        storms=given["storm"],
        late_s=given["late"],
        read_lag_s=given["read_lag"] or 0.0,
        view_words=dict(given["view_word"]),
        seed=given["seed"],
    )
    return _with_retry_after(behaviour, given["retry_after"])


def _with_retry_after(behaviour: Behaviour, value: str | None) -> Behaviour:
    if value is None:
        return behaviour
    header = None if value == "none" else value
    return replace(
        behaviour, rate_limited_retry_after=header, unavailable_retry_after=header
    )


async def _serve(behaviour: Behaviour, *, port: int, ledger: Path | None) -> None:
    import asyncio  # noqa: PLC0415 (see below)

    ignore_key_log()
    # Imported on use, so that --help does not load a server, nor a loop for it.
    from bulkpause.simulator import serve  # noqa: PLC0415

    serving = asyncio.create_task(
        serve(
            behaviour,
            host="127.0.0.1",
            port=port,
            ledger_path=ledger,
            started=show,
        )
    )
    try:
        with SIGNALS.acted_on(asyncio.get_running_loop(), serving.cancel):
            await serving
    except OSError as error:
        place = f"--port {port}" if ledger is None else f"--port {port} or {ledger}"
        if error.filename is not None:
            place = f"--ledger {ledger}"
        raise click.UsageError(
            f"cannot use {place}: {error.strerror}; name another, or leave it out"
        ) from error
