"""What is said when a command cannot be carried out.

That is what to type instead, or where the defect is. Nothing of it repeats a value
that may be secret.
"""

import platform
import re
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import click


_TOKEN_OPTION = "--token-file"  # noqa: S105 (an option's name)
_PACKAGE = Path(__file__).parent.parent


def corrected(error: click.UsageError, arguments: Sequence[str]) -> str | None:
    """Give the command with a mistyped option or verb put right, if one is near.

    Args:
        error: What click found.
        arguments: What was typed after the program's name.
    """
    wrong = getattr(error, "option_name", None) or getattr(error, "command_name", None)
    near = getattr(error, "possibilities", None)
    if not wrong or not near:
        return None
    return _command(_replaced(arguments, wrong, min(near, key=_is_long)))


def with_token_file(arguments: Sequence[str]) -> str | None:
    """Give the command with a file for the token, if it names none."""
    if any(one.partition("=")[0] == _TOKEN_OPTION for one in arguments):
        return None
    return _command([*arguments, _TOKEN_OPTION, "FILE"])


def with_yes(arguments: Sequence[str]) -> str:
    """Give the command that does not ask."""
    return _command([*arguments, "--yes"])


def defect(error: BaseException) -> Iterator[str]:
    """Say where the program broke, and how to report it.

    Neither the error's message nor any value is told: they may hold secrets.
    """
    # Imported where something broke: it is slow, and most runs do without.
    from importlib.metadata import version  # noqa: PLC0415

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    yield "this is a bug in bulkpause; what was done until then is in the log"
    yield (
        f"{type(error).__name__} at {_place(error)}; bulkpause "
        f"{version('bulkpause')}, Python {platform.python_version()}, {sys.platform}"
    )
    yield (
        "please send the line above, which holds nothing secret, and say what you did, "
        "to whoever maintains this installation of bulkpause"
    )


def _place(error: BaseException) -> str:
    """Name the last line of ours that led to an error, and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    last = {id(frame): frame for frame in (*ours[-1:], *frames[-1:])}
    places = (
        f"{Path(one.filename).parent.name}/{Path(one.filename).name}:{one.lineno}"
        f" in {one.name}"
        for one in last.values()
    )
    return ", ".join(places) or "an unknown place"


def _replaced(arguments: Sequence[str], wrong: str, right: str) -> Iterator[str]:
    """Put one word right. What followed a wrong word for the token is not told."""
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name != wrong:
            yield word
        elif right == _TOKEN_OPTION:
            next(words if not equals else iter(()), None)
            yield from (right, "FILE")
        else:
            yield f"{right}{equals}{value}"


def _command(arguments: Sequence[str] | Iterator[str]) -> str:
    command = shlex.join(["bulkpause", *arguments])
    # Ahead of an @ in an address stands a password.
    return re.sub(r"//\S*@", "//…@", command)


def _is_long(option: str) -> bool:
    return not option.startswith("--")
