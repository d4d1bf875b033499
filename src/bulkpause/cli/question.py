"""Ask whether to send what was planned."""

import sys

import click

from bulkpause._text import format_count, format_duration
from bulkpause.cli.account_options import (
    hosts_of,
)
from bulkpause.cli.options import Options
from bulkpause.cli.output import say
from bulkpause.cli.plan_text import (
    needed_s_of_all,
    plan_lines,
)
from bulkpause.cli.preflight import Prepared
from bulkpause.cli.signals import Interrupted
from bulkpause.cli.terminal import TERMINAL
from bulkpause.cli.typed_input import terminal_for_answers


def confirm(prepared: Prepared, options: Options) -> bool:
    """Show the plan and ask, unless `--yes` was given or there is nothing to send.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    plan = prepared.plan
    if options.is_confirmed or not plan.items:
        return True
    with terminal_for_answers((*options.inputs, *options.only)) as is_there:
        if is_there:
            return _ask(prepared, options)
    from bulkpause.cli import hints  # noqa: PLC0415 (few runs need it)

    raise click.UsageError(
        f"{_campaigns(prepared)} would be {options.operation.participle} on "
        f"{_host(prepared, options)}, but there is no terminal to "
        f"ask on; add --yes: {hints.with_yes(sys.argv[1:])}"
    )


def _ask(prepared: Prepared, options: Options) -> bool:
    plan = prepared.plan
    parts = [(part.name, part.plan, part.options) for part in prepared.parts]
    for line in plan_lines(
        plan, prepared.sources, prepared.digest, options, prepared.total, parts
    ):
        say(line)
    needed = format_duration(needed_s_of_all(parts))
    host, verb = _host(prepared, options), options.operation.verb.capitalize()
    question = f"{verb} {_campaigns(prepared)} on {host}, in about {needed}?"
    TERMINAL.forget_typed(sys.stdin)
    try:
        answer: bool = click.prompt(
            f"{question} [y/N]",
            default="n",
            show_default=False,
            value_proc=_is_yes,
            err=True,
        )
    except Interrupted:
        say()  # the question has the line
        raise
    return answer


def _is_yes(answer: str) -> bool:
    """Read an answer; a wrong one is asked for again.

    Raises:
        UsageError: It is neither yes nor no.
    """
    if (word := answer.strip().lower()) not in {"y", "yes", "n", "no"}:
        raise click.UsageError("answer y or n")
    return word.startswith("y")


def _campaigns(prepared: Prepared) -> str:
    campaigns = format_count(len(prepared.plan.items), "campaign")
    if all(part.account is None for part in prepared.parts):
        return campaigns
    return f"{campaigns} of {format_count(len(prepared.parts), 'account')}"


def _host(prepared: Prepared, options: Options) -> str:
    return hosts_of([part.options for part in prepared.parts]) or options.host
