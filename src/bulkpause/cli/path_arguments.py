"""Declare the paths that commands take. Nothing heavy is imported for them."""

import os
from pathlib import Path
from typing import Any

import click


_NAMES_FOLDER = "bulkpause.log_names_folder"


#: Stands for standard input or output where a command has a use for it.
_STANDARD_STREAM = "-"


class FilePath(click.Path):
    """The path of a file. An empty one is refused: Python takes it for `.`.

    So is `-`, which is meant for no file.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if not os.fspath(value).strip():
            self.fail("it is empty; name a file", param, ctx)
        if value == _STANDARD_STREAM:
            self.fail(
                "'-' is no file here; name a file, or ./- for one of that name",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


class OutputPath(FilePath):
    """The path of a file to write; None for `-`, which is standard output."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if value == _STANDARD_STREAM:
            return None
        return super().convert(value, param, ctx)


class LogPath(FilePath):
    """The path of a result log, or of a folder of logs. A slash at its end is noted."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if ctx is not None and os.fspath(value).endswith(("/", os.sep)):
            ctx.meta[_NAMES_FOLDER] = True
        return super().convert(value, param, ctx)


def refuse_folder_of_one_log(log: Path | None, accounts: Path | None) -> None:
    """Refuse a log that was named like a folder, in a command of one account.

    Raises:
        UsageError: It was.
    """
    context = click.get_current_context(silent=True)
    if context is None or log is None or accounts is not None:
        return
    # A folder that is there is refused later, as any other.
    if context.meta.get(_NAMES_FOLDER) and not os.path.lexists(log):
        raise click.UsageError(
            f"--log {log}{os.sep} names a folder; name a file, such as "
            f"{log / 'pauses.jsonl'}, or add --accounts for a log of each account"
        )


PATH = FilePath()
OUTPUT_PATH = OutputPath()
LOG_PATH = LogPath()
LOGS = click.argument("logs", metavar="LOG...", type=PATH, nargs=-1, required=True)
