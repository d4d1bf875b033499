"""Turn the LOG arguments of a command, files and folders, into the paths of logs."""

import os
from collections.abc import Iterable
from pathlib import Path

from bulkpause._text import sanitize
from bulkpause.cli.log_path import is_campaign_list
from bulkpause.cli.output import say
from bulkpause.errors import SettingsError
from bulkpause.journal.reader import WAL_SUFFIX


_PATTERN = "*.jsonl"


def logs_of(arguments: Iterable[Path], *, may_lack_all: bool = False) -> list[Path]:
    """List the logs that arguments name, each once. A folder stands for its `*.jsonl`.

    Args:
        arguments: Logs, and folders of logs.
        may_lack_all: Whether a folder that names its accounts may hold no log of them.

    Raises:
        SettingsError: A folder holds no log.
    """
    found: dict[str, Path] = {}
    for argument in arguments:
        logs = logs_in(argument) if is_folder(argument) else [argument]
        if not (logs or (may_lack_all and _names_accounts(argument))):
            raise SettingsError(why_no_log(argument))
        for log in logs:
            # A link to a log is that log, whose ids must not count twice.
            found.setdefault(os.path.realpath(log), log)
    return list(found.values())


def _links_last(path: Path) -> tuple[bool, Path]:
    return path.is_symlink(), path


def is_folder(path: Path) -> bool:
    """Tell whether a path is that of a folder. One that cannot be a path is not."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def logs_in(folder: Path) -> list[Path]:
    """List the logs of a folder, also those of which there is a write-ahead log alone."""
    # A run that was killed before its first result has a write-ahead log alone.
    ahead = (
        path.with_name(path.name.removesuffix(WAL_SUFFIX))
        for path in folder.glob(f"{_PATTERN}{WAL_SUFFIX}")
    )
    # A link comes after its log, and so is left out beside it.
    found = sorted({*folder.glob(_PATTERN), *ahead}, key=_links_last)
    lists = set(filter(is_campaign_list, found))
    for path in sorted(lists):
        say(f"note: {sanitize(str(path))} is a list of campaigns: left out")
    return [path for path in found if path not in lists]


def why_no_log(folder: Path) -> str:
    """Say of a folder without a log what to do."""
    # Imported on use: most folders hold logs.
    from bulkpause.cli.account_folders import without_logs  # noqa: PLC0415

    if (lacking := without_logs(folder)) is not None:
        return "; ".join(lacking.lines())
    return f"{folder} holds no result log ({_PATTERN}); name a log, or another folder"


def _names_accounts(folder: Path) -> bool:
    """Tell whether a folder says which accounts its runs had."""
    # Imported on use: most commands are given logs, or a folder of some.
    from bulkpause.journal.account_names import read_names  # noqa: PLC0415

    return bool(read_names(folder).names)
