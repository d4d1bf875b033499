"""Write a command so that the shell of this system takes it as it is printed."""

import os
import re
import shlex
import sys
from collections.abc import Iterable


#: Words that neither cmd nor PowerShell changes. PowerShell takes commas for lists, and
#: breaks an option at a colon or full stop.
_PLAIN_ON_WINDOWS = r"[\w+/\\][\w+=:./\\-]*|--?[\w=-]+"


def join_command(words: Iterable[str]) -> str:
    """Join the words of a command, each quoted if the shell needs it.

    On Windows, a `%` with a variable's name stays one for cmd, and a `$` for
    PowerShell: no quotes keep both as they are.
    """
    is_windows = sys.platform == "win32"
    return " ".join(map(quote_for_windows if is_windows else quote_for_posix, words))


def install_command(extra: str) -> str:
    """Write the command that installs an extra for the Python that runs.

    An environment need not be active, and its `pip` need not be the shell's.
    """
    package = f"bulkpause[{extra}]"
    return join_command([sys.executable, "-m", "pip", "install", package])


def quote_for_posix(word: str) -> str:
    """Quote a word for POSIX shells, with control characters escaped.

    Escapes are written as bash, zsh and ksh read them: a terminal must not read the
    characters themselves.
    """
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    encoded = (
        character
        if character.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
        for character in escaped
    )
    return f"$'{''.join(encoded)}'"


def quote_for_windows(word: str) -> str:
    """Quote a word for cmd and PowerShell, as programs on Windows read their words."""
    if re.fullmatch(_PLAIN_ON_WINDOWS, word, re.ASCII):
        return word
    # Backslashes count twice before a quotation mark only, the last one included.
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f'"{escaped}"'
