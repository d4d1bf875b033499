"""Declare the paths that commands take. Nothing heavy is imported for them."""

import os
from pathlib import Path
from typing import Any

import click


class FilePath(click.Path):
    """The path of a file. An empty one is refused: Python takes it for `.`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if not os.fspath(value).strip():
            self.fail("it is empty; name a file", param, ctx)
        return super().convert(value, param, ctx)


PATH = FilePath()
LOGS = click.argument("logs", metavar="LOG...", type=PATH, nargs=-1, required=True)
