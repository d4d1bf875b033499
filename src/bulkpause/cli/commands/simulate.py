"""The command `simulate`: run the API simulator until it is interrupted."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import click

from bulkpause.api.credentials import find_token
from bulkpause.cli.flags import PATH
from bulkpause.cli.help import block
from bulkpause.model import Limit
from bulkpause.settings import BURST, STEADY, parse_duration, parse_limit
from bulkpause.simulator import Behaviour, Fault, Window, parse_fault, parse_script
from bulkpause.simulator.behaviour import REPEATS, TRACES
from bulkpause.simulator.faults import Script


def _id_and_status(text: str) -> tuple[str, str]:
    id_, _, status = text.partition("=")
    if not (id_ and status):
        raise ValueError(f"{text!r} is not of the form ID=STATUS")
    return id_, status


@click.command(
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
    default=0,
    help="Port on 127.0.0.1; 0 takes a free one.",
    show_default=True,
)
@click.option("--ledger", type=PATH, help="Append every request to this file.")
@click.option("--token-file", type=PATH, help="Accept only this token.")
@click.option(
    "--window",
    type=parse_limit,
    metavar="LIMIT",
    multiple=True,
    default=(str(BURST), str(STEADY)),
    show_default=True,
    help="A rate limit in fixed windows.",
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
    help=f"Random fault, one of {', '.join(Fault)}.",
)
@click.option(
    "--script",
    type=parse_script,
    metavar="ID=FAULT,…",
    multiple=True,
    help="Scripted faults for an id, as in 1000248=500,ok,lost.",
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
    window: tuple[Limit | None, ...],
    parallel: int | None,
    latency: float,
    jitter: float,
    status: tuple[tuple[str, str], ...],
    fault: tuple[tuple[Fault, float], ...],
    script: tuple[tuple[str, Script], ...],
    repeat: str,
    trace: str,
    seed: int,
) -> None:
    """Simulate the API on loopback until interrupted.

    The simulator follows the documented limits and statuses, injects the given faults,
    and prints its address for --base-url.
    """
    token = None if token_file is None else find_token(token_file, {})[0]
    try:
        behaviour = Behaviour(
            windows=tuple(
                Window(limit=limit.requests, period_s=limit.period_s)
                for limit in window
                if limit is not None
            ),
            parallel_limit=parallel,
            token=None if token is None else token.reveal(),
            statuses=dict(status),
            repeat=repeat,
            trace=trace,
            latency_s=latency,
            jitter_s=jitter,
            scripts=dict(script),
            fault_rates=dict(fault),
            seed=seed,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    behaviour = behaviour.with_random_phases(random.Random())
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(behaviour, port=port, ledger=ledger))


async def _serve(behaviour: Behaviour, *, port: int, ledger: Path | None) -> None:
    # Imported on use, so that --help does not load a server.
    from bulkpause.simulator import serve  # noqa: PLC0415

    try:
        await serve(
            behaviour,
            host="127.0.0.1",
            port=port,
            ledger_path=ledger,
            started=click.echo,
        )
    except OSError as error:
        raise click.UsageError(
            f"cannot use the port or the ledger: {error.strerror}"
        ) from error
