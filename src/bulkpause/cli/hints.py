"""Suggest the command to type instead, or report a bug in bulkpause.

Hints never repeat a value that may be secret.
"""

import platform
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bulkpause._shell import join_command
from bulkpause.cli.corrections import corrected


_TOKEN_OPTION = "--token-file"  # noqa: S105 (an option's name)
_PACKAGE = Path(__file__).parent.parent


def with_token_file(arguments: Sequence[str]) -> str | None:
    """Add a token file to the command, if it names none and has no accounts."""
    names = {argument.partition("=")[0] for argument in arguments}
    if names & {_TOKEN_OPTION, "--accounts"}:
        return None
    return _command(_with_option(arguments, _TOKEN_OPTION, "FILE"))


def with_yes(arguments: Sequence[str]) -> str:
    """Add `--yes` to the command."""
    return _command(_with_option(arguments, "--yes"))


def corrected_command(group: click.Group, arguments: Sequence[str]) -> str | None:
    """Correct the command, if it is known what is meant."""
    words = corrected(group, arguments)
    return None if words is None else _command(words)


def _with_option(arguments: Sequence[str], *option: str) -> list[str]:
    """Add an option at the end, but before `--`: what follows that is no option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:end], *option, *arguments[end:]]


def bug_report(error: BaseException) -> Iterator[str]:
    """Say where bulkpause failed, and how to report it.

    The error's message and its values are left out: they may hold secrets.
    """
    # Imported here because it is slow, and few runs need it.
    from importlib.metadata import version  # noqa: PLC0415

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    yield "this is a bug in bulkpause; if a log was begun, it holds everything done so far"
    yield (
        f"{type(error).__name__} at {_place(error)}; bulkpause "
        f"{version('bulkpause')}, Python {platform.python_version()}, {sys.platform}"
    )
    yield (
        "please send the line above, which contains no secrets, and what you did, to "
        "whoever maintains this installation of bulkpause"
    )


def _place(error: BaseException) -> str:
    """Name the last line of bulkpause that led to an error, and the failing line."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    last = {id(frame): frame for frame in (*ours[-1:], *frames[-1:])}
    places = (
        f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
        f" in {frame.name}"
        for frame in last.values()
    )
    return ", ".join(places) or "an unknown place"


def _command(arguments: Sequence[str]) -> str:
    command = join_command(["bulkpause", *arguments])
    # A password may stand before the @ of an address.
    return re.sub(r"//\S*@", "//…@", command)
