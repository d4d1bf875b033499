"""Choose the display of a run."""

import os
import sys
from typing import TextIO

from bulkpause.cli.options import Options
from bulkpause.progress.display import Face, Late, Quiet, Unbreakable


#: Terminals that can not move the cursor.
_DUMB = frozenset({"dumb", "unknown"})


def face_for(options: Options, run_id: str) -> Face:
    """Choose what shows a run: a bar only where one can be drawn."""
    return Unbreakable(Late(lambda: _face(options, run_id)))


def _face(options: Options, run_id: str) -> Face:
    kind = _kind_of_face(options)
    if kind == "bar":
        # Imported where something is drawn: a scheduled job never pays for it.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.progress.bar import Bar  # noqa: PLC0415

        return Bar(Console(stderr=True))
    if kind == "lines":
        # So is structlog, which imports rich where it is there.
        from bulkpause.progress.jsonl import Lines, configure  # noqa: PLC0415

        return Lines(configure(options.log_level, run_id))
    return Quiet()


def writes_lines(options: Options) -> bool:
    """Tell whether standard error is for a log collector, and no place for words."""
    return _kind_of_face(options) == "lines"


def _kind_of_face(options: Options) -> str:
    # A process may be started without a standard error.
    if sys.stderr is None:
        return "none"
    if options.progress in {"auto", "bar"}:
        return "bar" if can_draw(sys.stderr) else "lines"
    return options.progress


def can_draw(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which things can be drawn anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB
