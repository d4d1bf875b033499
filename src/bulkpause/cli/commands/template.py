"""The command `template`: print a file that lets a scheduler run a job."""

import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

import click
from click.core import ParameterSource

from bulkpause._text import sanitize
from bulkpause.api.credentials import TOKEN_VARIABLE
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.given_options import options_of
from bulkpause.cli.help import block
from bulkpause.cli.options import BASE_URL_VARIABLE, Options, has_secret_proxy
from bulkpause.cli.output import say, show_data
from bulkpause.cli.repeated_options import OneValueCommand
from bulkpause.cli.templates.catalog import CONTAINER_INPUTS, TEMPLATES
from bulkpause.cli.templates.exit_policy import ExitPolicy
from bulkpause.cli.templates.job import (
    Job,
    check_options,
    paths_not_below,
    with_absolute_paths,
)
from bulkpause.errors import SettingsError
from bulkpause.ratelimit.budget.place import has_secret, is_url


#: What a unit with `ProtectHome=` and `PrivateTmp=` does not see.
_HIDDEN_FOLDERS = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108
_SUCCESS = {
    "0": (ExitCode.ALL_PAUSED,),
    "0,1": (ExitCode.ALL_PAUSED, ExitCode.SOME_NOT_PAUSABLE),
}


def parse_time(text: str) -> tuple[int, int]:
    """Read a time of day as its hour and minute.

    Raises:
        SettingsError: It is none.
    """
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise SettingsError(f"{text!a} is not a time of day; write 02:00")
    return int(found[1]), int(found[2])


def parse_job_name(text: str) -> str:
    """Read the name of a job, which is part of file names and labels everywhere.

    Raises:
        SettingsError: It holds other characters than these allow.
    """
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", text):
        raise SettingsError(
            f"{text!a} cannot name a job; write up to 40 of a-z, 0-9 and -"
        )
    return text


@click.command(
    cls=OneValueCommand,
    epilog=block(
        "Names",
        """
        systemd             a unit, which systemd-timer starts
        systemd-timer       the timer of that unit
        cron                a line of a crontab
        kubernetes          a CronJob
        kubernetes-indexed  a Job of --shards pods
        airflow             a DAG
        github-actions      a workflow
        docker              a Dockerfile
        """,
    )
    + block(
        "Examples",
        """
        A systemd unit for a list, and its timer:
          bulkpause template systemd -- /etc/bulkpause/feed.csv --canary 3
          bulkpause template systemd-timer --at 03:30
        A job for which campaigns that cannot be paused are no failure:
          bulkpause template kubernetes --success 0,1 -- feed.csv --reason over
        """,
    ),
)
@click.argument("kind", metavar="NAME", type=click.Choice([*TEMPLATES]))
@click.argument(
    "words", metavar="[-- INPUT... OPTIONS]", nargs=-1, type=click.UNPROCESSED
)
@click.option(
    "--name",
    type=parse_job_name,
    default="bulkpause",
    show_default=True,
    metavar="TEXT",
    help="Name of the job, its files and its logs.",
)
@click.option(
    "--at",
    type=parse_time,
    default="02:00",
    show_default=True,
    metavar="HH:MM",
    help="When to start, each day: UTC, or the machine's time with systemd and cron.",
)
@click.option(
    "--success",
    type=click.Choice([*_SUCCESS]),
    default="0",
    show_default=True,
    help="Exit codes of a job that is done; with 1, some ids cannot be paused.",
)
@click.option(
    "--image",
    metavar="TEXT",
    help="Container image.  [default: bulkpause:VERSION]",
)
@click.option(
    "--program",
    metavar="PATH",
    help="Program that systemd and cron start.  [default: this one]",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 1_000),
    default=8,
    show_default=True,
    help="Pods of kubernetes-indexed; each pauses its share of the ids.",
)
def template(kind: str, words: tuple[str, ...], **given: Any) -> None:
    """Print a file that lets a scheduler run `bulkpause run` every day.

    After --, give the INPUTs and options of the run: they are checked as `run` checks
    them, and filled in. The file holds no token, but says where to put it. It retries
    after the exit codes 5, 7, 129, 130 and 143, and not after others, which would only
    come again.
    """
    chosen = TEMPLATES[kind]
    context = _context_of_run(words, chosen.default_input)
    options = _options_of_run(context)
    installed = version("bulkpause")
    job = Job(
        options=options,
        name=given["name"],
        hour=given["at"][0],
        minute=given["at"][1],
        exit_policy=ExitPolicy(_SUCCESS[given["success"]]),
        program=given["program"] or _this_program(),
        image=given["image"] or f"bulkpause:{installed}",
        version=installed,
        shards=given["shards"],
    )
    text = chosen.fill(job)
    for line in (*_warnings(kind, job), *_notes(options, context)):
        say(line)
    show_data([text])


def _context_of_run(words: Sequence[str], default_input: str) -> click.Context:
    """Read the words as `run` does.

    Raises:
        UsageError: They are no options of `run`.
        SettingsError: They hold the token.
    """
    _refuse_token(words)
    try:
        return _parsed(words)
    except click.MissingParameter:  # an INPUT; nothing else is required
        return _parsed([default_input, *words])


def _options_of_run(context: click.Context) -> Options:
    """Make the options of the run.

    Raises:
        UsageError: They are none for a scheduled job.
        SettingsError: They are none for a scheduled job.
    """
    with context.scope():
        options = options_of(context.params)
    check_options(options)
    return options


def _parsed(words: Sequence[str]) -> click.Context:
    context = click.get_current_context()
    group = context.find_root().command
    run = group.get_command(context, "run") if isinstance(group, click.Group) else None
    if run is None:
        raise RuntimeError("there is no command to fill in")
    try:
        # Without a parent, so that no BULKPAUSE_RUN_ variable gets into the file.
        return run.make_context("bulkpause run", [*words])
    except click.MissingParameter:
        raise
    except click.UsageError as error:
        message = f"the options after -- are those of run: {error.format_message()}"
        raise click.UsageError(message, context) from error


def _refuse_token(words: Sequence[str]) -> None:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token and any(token in word for word in words):
        raise SettingsError(
            "an option contains the token, which the file would show; leave it out"
        )


def _this_program() -> str:
    program = Path(sys.argv[0])
    is_ours = program.name == "bulkpause" and program.exists()
    return str(program.absolute()) if is_ours else "bulkpause"


def _unseen_by_unit(job: Job) -> Iterator[str]:
    inputs = with_absolute_paths(job.options).inputs
    for path in (job.program, *inputs):
        if any(PurePosixPath(path).is_relative_to(each) for each in _HIDDEN_FOLDERS):
            yield (
                f"warning: the unit does not see {sanitize(path)}; put it "
                "elsewhere, as below /opt or /etc"
            )


def _unseen_by_container(job: Job) -> Iterator[str]:
    for path in paths_not_below(job.options, CONTAINER_INPUTS):
        yield (
            f"warning: the container sees {sanitize(path)} only if its image or "
            "another volume has it; name the list without its folder to have it in "
            f"{CONTAINER_INPUTS}"
        )


def _unseen_by_workflow(job: Job) -> Iterator[str]:
    for path in filter(_is_outside, job.options.inputs):
        yield (
            f"warning: the workflow does not see {sanitize(path)}; put it into the "
            "repository, and name it by its path there"
        )


def _moved_for_workers(job: Job) -> Iterator[str]:
    for path, made in _made_absolute(job.options):
        yield (
            f"warning: {sanitize(path)} is {sanitize(made)} for the workers; put it "
            "there on each of them, or give its path on them"
        )


def _unshared_budget(job: Job) -> Iterator[str]:
    if not is_url(job.options.settings.share):
        yield (
            "warning: pods of one account exceed its limits together unless they share "
            "them; add --share valkey://HOST:PORT/0"
        )


#: What finds what a job cannot do, by its template.
_WARNINGS: Mapping[str, tuple[Callable[[Job], Iterator[str]], ...]] = {
    "systemd": (_unseen_by_unit,),
    "airflow": (_moved_for_workers,),
    "kubernetes": (_unseen_by_container,),
    "kubernetes-indexed": (_unseen_by_container, _unshared_budget),
    "docker": (_unseen_by_container,),
    "github-actions": (_unseen_by_workflow,),
}


def _warnings(kind: str, job: Job) -> Iterator[str]:
    for find in _WARNINGS.get(kind, ()):
        yield from find(job)


def _is_outside(word: str) -> bool:
    """Tell whether an INPUT is a path that leads out of its folder."""
    normal = PurePosixPath(posixpath.normpath(word))
    return normal.is_absolute() or normal.parts[:1] == ("..",)


def _made_absolute(options: Options) -> Iterator[tuple[str, str]]:
    """Give the files that the template names by this folder, as given and as named."""
    local = with_absolute_paths(options)
    pairs = [
        *zip(options.inputs, local.inputs, strict=True),
        (str(options.accounts), str(local.accounts)),
        (str(options.metrics), str(local.metrics)),
        (str(options.token_file), str(local.token_file)),
    ]
    yield from (pair for pair in pairs if pair[0] != pair[1])


def _notes(options: Options, context: click.Context) -> Iterator[str]:
    if context.get_parameter_source("base_url") is ParameterSource.ENVIRONMENT:
        base_url = sanitize(options.settings.base_url or "")
        yield (
            f"note: the job has --base-url {base_url}, from {BASE_URL_VARIABLE} of this "
            "shell; unset that, or give another --base-url, for another one"
        )
    is_secret = {
        "OCAMBA_PROXY": has_secret_proxy(options.settings),
        "BULKPAUSE_SHARE": has_secret(options.settings.share),
    }
    for variable, is_one in is_secret.items():
        if is_one:
            yield (
                f"note: {variable} has a password, which the file does not hold: set "
                "the variable for the job"
            )
