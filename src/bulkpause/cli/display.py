"""Choose the display of a run."""

import os
import sys
from typing import TextIO

from bulkpause.cli.options import Options
from bulkpause.progress.display import Display, LazyDisplay, PlainDisplay, SafeDisplay


#: Terminals that cannot move the cursor.
_DUMB = frozenset({"dumb", "unknown"})


def display_for(options: Options, run_id: str) -> Display:
    """Choose what shows a run: a bar only where one can be drawn."""
    return SafeDisplay(LazyDisplay(lambda: _display(options, run_id)))


def _display(options: Options, run_id: str) -> Display:
    kind = _kind_of_display(options)
    if kind == "bar":
        # Imported where something is drawn: a scheduled job never pays for it.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.progress.bar import Bar  # noqa: PLC0415

        return Bar(Console(stderr=True))
    if kind == "lines":
        # So is structlog, which imports rich where it is there.
        from bulkpause.progress.jsonl import JsonLinesDisplay, configure  # noqa: PLC0415

        return JsonLinesDisplay(configure(options.log_level, run_id))
    return PlainDisplay()


def writes_lines(options: Options) -> bool:
    """Tell whether standard error is for a log collector, and no place for words."""
    return _kind_of_display(options) == "lines"


def _kind_of_display(options: Options) -> str:
    # A process may be started without a standard error.
    if sys.stderr is None:
        return "none"
    if options.progress in {"auto", "bar"}:
        return "bar" if can_draw(sys.stderr) else "lines"
    return options.progress


def can_draw(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which things can be drawn anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB
