"""The command line: options in, exit code out."""

import asyncio
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from bulkpause.endpoint import DEFAULT_BASE_URL
from bulkpause.errors import BulkpauseError, SettingsError
from bulkpause.exits import Exit, exit_of_error
from bulkpause.model import Limit
from bulkpause.policy import Rules, Verify
from bulkpause.run import RunOptions
from bulkpause.run import run as run_file
from bulkpause.settings import (
    BURST,
    STEADY,
    Settings,
    parse_duration,
    parse_limit,
)
from bulkpause.simulator import (
    Behaviour,
    Fault,
    Window,
    parse_fault,
    parse_script,
    serve,
)
from bulkpause.simulator.behaviour import REPEATS, TRACES
from bulkpause.simulator.faults import Script
from bulkpause.source import Format, Layout
from bulkpause.token import find_token


class _Parsed(click.ParamType[object]):
    """A value that one of our own functions reads."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except (SettingsError, ValueError) as error:
            self.fail(str(error), param, ctx)


_DURATION = _Parsed("duration", parse_duration)
_LIMIT = _Parsed("limit", parse_limit)
_PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bulkpause")
def cli() -> None:
    """Pause Ocamba Hood campaigns in bulk, inside the API's rate limits."""


@cli.command()
@click.argument("input", metavar="INPUT")
@click.option("--log", type=_PATH, help="A new file for the results.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.option("--simulate", is_flag=True, help="Send to a built-in stand-in instead.")
@click.option(
    "--base-url",
    default=DEFAULT_BASE_URL,
    show_default=True,
    envvar="OCAMBA_BASE_URL",
    show_envvar=True,
    help="The API's address.",
)
@click.option("--token-file", type=_PATH, help="A file that holds the bearer token.")
@click.option("--reason", help="Told to the API with every pause.")
@click.option("--column", help="The column that holds the ids.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([f.value for f in Format]),
    help="Of INPUT.",
)
@click.option("--skip-invalid", is_flag=True, help="Leave out rows without an id.")
@click.option(
    "--burst", type=_LIMIT, default=str(BURST), show_default=True, help="Short limit."
)
@click.option(
    "--steady", type=_LIMIT, default=str(STEADY), show_default=True, help="Long limit."
)
@click.option("--max-in-flight", type=click.IntRange(1), help="Unanswered requests.")
@click.option(
    "--timeout", type=_DURATION, default="30s", show_default=True, help="Of one try."
)
@click.option(
    "--max-attempts",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="An id.",
)
@click.option(
    "--verify",
    type=click.Choice([v.value for v in Verify]),
    default=Verify.REFUSED.value,
    show_default=True,
    help="Which ids to read back once the first tries are through.",
)
def run(
    input: str,  # noqa: A002 (the argument's name)
    log: Path | None,
    yes: bool,
    simulate: bool,
    base_url: str,
    token_file: Path | None,
    reason: str | None,
    column: str | None,
    format_: str | None,
    skip_invalid: bool,
    burst: Limit | None,
    steady: Limit | None,
    max_in_flight: int | None,
    timeout: float,
    max_attempts: int,
    verify: str,
) -> Exit:
    """Pause every campaign of INPUT: a path, or - for standard input.

    INPUT is CSV with a heading, JSON lines, or a plain list of ids; .gz is unpacked.
    """
    settings = Settings(
        base_url=base_url,
        reason=reason,
        limits=tuple(limit for limit in (steady, burst) if limit is not None),
        max_in_flight=max_in_flight,
        timeout_s=timeout,
        rules=Rules(max_attempts=max_attempts, verify=Verify(verify)),
    )
    return run_file(
        RunOptions(
            input=input,
            layout=Layout(
                format=None if format_ is None else Format(format_), column=column
            ),
            settings=settings,
            log=log,
            token_file=token_file,
            is_confirmed=yes,
            is_simulated=simulate,
            skips_invalid=skip_invalid,
        )
    )


@cli.command()
@click.option("--port", default=0, help="0 takes a free one.", show_default=True)
@click.option("--ledger", type=_PATH, help="Append every request to this file.")
@click.option(
    "--token-file", type=_PATH, help="Take this token alone; else any is taken."
)
@click.option(
    "--window",
    "windows",
    type=_LIMIT,
    multiple=True,
    default=(str(BURST), str(STEADY)),
    show_default=True,
    help="A limit, in fixed windows.",
)
@click.option("--parallel", type=click.IntRange(1), help="Most requests at a time.")
@click.option("--latency", type=_DURATION, default="60ms", show_default=True)
@click.option("--jitter", type=_DURATION, default="20ms", show_default=True)
@click.option(
    "--status",
    "statuses",
    type=_Parsed("id=status", lambda text: tuple(text.split("=", 1))),
    multiple=True,
    help="A campaign that is not running, such as 1000248=draft.",
)
@click.option(
    "--fault",
    "rates",
    type=_Parsed("fault=probability", parse_fault),
    multiple=True,
    help=f"One of {', '.join(Fault)}.",
)
@click.option(
    "--script",
    "scripts",
    type=_Parsed("id=fault,…", parse_script),
    multiple=True,
    help="What befalls an id, such as 1000248=500,ok,lost.",
)
@click.option("--repeat", type=click.Choice(REPEATS), default="400", show_default=True)
@click.option("--trace", type=click.Choice(TRACES), default="body", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of all that is drawn.")
def simulate(
    port: int,
    ledger: Path | None,
    token_file: Path | None,
    windows: tuple[Limit | None, ...],
    parallel: int | None,
    latency: float,
    jitter: float,
    statuses: tuple[tuple[str, str], ...],
    rates: tuple[tuple[Fault, float], ...],
    scripts: tuple[tuple[str, Script], ...],
    repeat: str,
    trace: str,
    seed: int,
) -> None:
    """Stand in for the API on loopback, until it is interrupted.

    It keeps the documented limits and statuses, misbehaves where it is asked to, and
    prints its address: run with --base-url ADDRESS.
    """
    token = None if token_file is None else find_token(token_file, {})[0]
    behaviour = Behaviour(
        windows=tuple(_any_phase(limit) for limit in windows if limit is not None),
        parallel_limit=parallel,
        token=None if token is None else token.header().removeprefix("Bearer "),
        statuses=dict(statuses),
        repeat=repeat,
        trace=trace,
        latency_s=latency,
        jitter_s=jitter,
        scripts=dict(scripts),
        fault_rates=dict(rates),
        seed=seed,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(
            serve(
                behaviour,
                host="127.0.0.1",
                port=port,
                ledger_path=ledger,
                started=click.echo,
            )
        )


def _any_phase(limit: Limit) -> Window:
    phase_s = random.uniform(0, limit.period_s)
    return Window(limit=limit.requests, period_s=limit.period_s, phase_s=phase_s)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = Exit.USAGE
    except click.Abort:
        click.echo("nothing was sent", err=True)
        code = Exit.INTERRUPTED
    except BulkpauseError as error:
        click.echo(f"bulkpause: {error}", err=True)
        code = exit_of_error(error)
    sys.exit(int(code or 0))
