"""Correct a command line that people type, to one that runs as printed."""

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import click

from bulkpause.api.credentials import TOKEN_VARIABLE
from bulkpause.cli.options import RETRIABLE
from bulkpause.errors import BulkpauseError
from bulkpause.inputs.address import id_in_address
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.vocabulary import Status


#: What people type for a command, as other programs name it.
_COMMANDS = {
    "pause": "run",
    "start": "run",
    "send": "run",
    "execute": "run",
    "stop": "run",
    "resume": "retry",
    "continue": "retry",
    "unpause": "undo",
    "revert": "undo",
    "rollback": "undo",
    "dry-run": "plan",
    "dryrun": "plan",
    "preview": "plan",
    "show": "status",
    "log": "status",
    "summary": "status",
    "simulator": "simulate",
}
#: What people type for an option that takes a token.
_SECRET_OPTION = re.compile(
    "--?.*(token|auth|bearer|header|key|secret|passw|credential)", re.IGNORECASE
)
_DRY_RUN = frozenset({"-n", "--dry-run", "--dryrun", "--preview", "--what-if"})
#: What people type for an option, and the words that mean it here.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "-y": ("--yes",),
    "--force": ("--yes",),
    "--assume-yes": ("--yes",),
    "--no-confirm": ("--yes",),
    "-q": ("--progress", "none"),
    "--quiet": ("--progress", "none"),
    "-v": ("--log-level", "debug"),
    "--verbose": ("--log-level", "debug"),
}
#: `run` and `plan` take all ids of their inputs, and `status` all of its logs.
_ALL = {
    "run": (),
    "plan": (),
    "status": (),
    "retry": ("--status", ",".join(RETRIABLE)),
    "export": ("--status", ",".join([*Status, NOT_ATTEMPTED])),
}


class _Typed(NamedTuple):
    """A command and the words after it."""

    name: str
    words: Sequence[str]


def corrected(group: click.Group, arguments: Sequence[str]) -> list[str] | None:
    """Correct the words after `bulkpause`; None if nothing is known to be meant.

    What is returned can be parsed. A word that may be a token is never part of it.
    """
    if not arguments or _may_hold_token(arguments):
        return None
    if (page := _page(group, arguments)) is not None:
        return page
    typed = _command_of(group.list_commands(_context(group)), list(arguments))
    if typed is not None and typed.name == "template":
        return _with_dashes(group, typed.words)
    found = None if typed is None else _with_options(group, typed)
    if found is None or found == list(arguments):
        return None
    return found if _can_be_parsed(group, found) else None


def _with_dashes(group: click.Group, words: Sequence[str]) -> list[str] | None:
    """Put the `--` before the options of the run that a template is for."""
    if "--" in words:
        return None
    places = range(1, len(words))
    found = (["template", *words[:n], "--", *words[n:]] for n in places)
    return next((one for one in found if _can_be_parsed(group, one)), None)


def _may_hold_token(arguments: Sequence[str]) -> bool:
    """Tell whether a word may be a token that was given as a value or by mistake."""
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    for number, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == "--token-file":
            path = value if equals else "".join(arguments[number + 1 : number + 2])
            if not Path(path).is_file():
                return True
        elif _SECRET_OPTION.match(name) or (token and token in word):
            return True
    return False


def _page(group: click.Group, arguments: Sequence[str]) -> list[str] | None:
    """Give the words that show a help page, or the version, if that is meant."""
    if arguments[0] == "version" or "--version" in arguments[1:]:
        return ["--version"]
    if arguments[0] != "help":
        return None
    names = group.list_commands(_context(group))
    return [*(word for word in arguments[1:2] if word in names), "--help"]


def _command_of(names: Sequence[str], words: list[str]) -> _Typed | None:
    """Find the command that is meant, and the words that follow it."""
    first, rest = words[0], words[1:]
    if first in names:
        return _Typed(first, rest)
    if first in _COMMANDS:
        return _Typed(_COMMANDS[first], rest)
    if first.startswith("-"):
        return _behind_options(names, words)
    if (id_ := id_in_address(first)) is not None:
        return _Typed("run", [id_, *rest])
    if _looks_like_input(first):
        return _Typed("run", words)
    nearest = get_close_matches(first, names, 1)
    return _Typed(nearest[0], rest) if nearest else None


def _behind_options(names: Sequence[str], words: list[str]) -> _Typed:
    """Find a command that stands behind its options; without any, `run` is meant."""
    name = next((word for word in words if word in names), None)
    if name is None:
        return _Typed("run", words)
    place = words.index(name)
    return _Typed(name, [*words[:place], *words[place + 1 :]])


def _looks_like_input(word: str) -> bool:
    looks_so = any(character in "./\\" or character.isdecimal() for character in word)
    return looks_so or os.path.exists(word)  # noqa: PTH110 (any text is allowed)


def _with_options(group: click.Group, typed: _Typed) -> list[str] | None:
    """Replace the options that the command does not know; None if one is not known."""
    name = typed.name
    if name == "run" and _DRY_RUN & {*typed.words}:
        name = "plan"
    known, of_run = _options_of(group, name), _options_of(group, "run")
    words = [name]
    rest = iter(typed.words)
    for word in rest:
        option, equals, value = word.partition("=")
        takes_next = _takes_value(option, known | of_run) and not equals
        values = [word for word in [next(rest, None) if takes_next else None] if word]
        if word == "--":
            return [*words, word, *rest]
        if not word.startswith("-") or word == "-" or option in known:
            words += [word, *values]
        elif (meant := _meant(name, option, known, of_run)) is None:
            return None
        elif meant:
            words += [*meant, *([value] if equals else []), *values]
    return words


def _takes_value(option: str, options: Mapping[str, click.Option]) -> bool:
    return option in options and not options[option].is_flag


def _options_of(group: click.Group, name: str) -> dict[str, click.Option]:
    command = group.get_command(_context(group), name)
    return {
        name: option
        for option in ([] if command is None else command.params)
        if isinstance(option, click.Option)
        for name in option.opts
    }


def _meant(
    command: str,
    option: str,
    known: Mapping[str, click.Option],
    of_run: Mapping[str, click.Option],
) -> Sequence[str] | None:
    """Give the words that an unknown option means; None if that is not known."""
    if command == "plan" and option in {*_DRY_RUN, *of_run}:
        return ()  # `plan` sends nothing, and so needs none of the options to send
    if option == "--all":
        return _ALL.get(command)
    if option in _OPTIONS:
        words = _OPTIONS[option]
        return words if words[0] in known else ()
    return get_close_matches(option, known, 1) or None


def _can_be_parsed(group: click.Group, words: Sequence[str]) -> bool:
    context = _context(group)
    command = group.get_command(context, words[0])
    if command is None:
        return False
    try:
        command.make_context(words[0], list(words[1:]), parent=context)
    except click.exceptions.Exit:
        return True
    except (click.ClickException, BulkpauseError):
        return False
    return True


def _context(group: click.Group) -> click.Context:
    """Make the context that the program itself makes: commands keep parts of it."""
    return click.Context(group, **group.context_settings)
