"""Write a text so that each scheduler's file means exactly that text.

The texts hold no control characters: `job` refuses them.
"""

import json
import re
import shlex
from collections.abc import Iterable

from bulkpause.errors import SettingsError


#: What some versions of cron read of a command; the rest is cut off or refused.
_LONGEST_CRON_COMMAND = 998


def for_shell(words: Iterable[str]) -> str:
    """Quote the words of a command for `sh`, on every system."""
    return shlex.join(words)


def for_systemd(text: str) -> str:
    """Write a text as one word of a setting, where `%` would begin a specifier."""
    escaped = re.sub(r'[\\"]', r"\\\g<0>", text).replace("%", "%%")
    return f'"{escaped}"'


def for_systemd_command(text: str) -> str:
    """Write a text as one word of `ExecStart=`, where `$` would begin a variable."""
    return for_systemd(text).replace("$", "$$")


def for_cron(command: str) -> str:
    r"""Write a command for a crontab, where a `%` would end it.

    Raises:
        SettingsError: It has a backslash, which each cron reads in its own way.
    """
    if "\\" in command:
        raise SettingsError(
            "cron cannot pass a backslash on; leave it out, or take `template systemd`"
        )
    return command.replace("%", r"\%")


def check_crontab(text: str) -> None:
    """Check that every cron reads all of each line.

    Raises:
        SettingsError: One is too long.
    """
    longest = max(len(line.encode()) for line in text.splitlines())
    if longest > _LONGEST_CRON_COMMAND:
        raise SettingsError(
            f"cron reads {_LONGEST_CRON_COMMAND} bytes of a line, and this one would "
            f"have {longest}; take `template systemd`, or shorter options"
        )


def for_yaml(text: str) -> str:
    """Write a text as a double-quoted scalar."""
    return json.dumps(text, ensure_ascii=False)


def for_kubernetes(text: str) -> str:
    """Write a text as a scalar of a command, where `$(NAME)` would be a variable."""
    return for_yaml(text.replace("$", "$$"))


def for_github(command: str) -> str:
    """Write a command for a workflow, where `${{` would begin an expression."""
    return command.replace("${{", "${{ '${{' }}")


def for_python(text: str) -> str:
    """Write a text as a literal."""
    return ascii(text)


def for_docker(words: Iterable[str]) -> str:
    """Write the words of a command in a JSON array, without its brackets."""
    return json.dumps([*words], ensure_ascii=False)[1:-1]
