"""Choose the display of a run from `--progress` and standard error."""

import os
import sys
from typing import TextIO

from bulkpause.cli.options import Options
from bulkpause.progress.display import Display, LazyDisplay, PlainDisplay, SafeDisplay


#: Terminals that cannot move the cursor.
_DUMB = frozenset({"dumb", "unknown"})
_USUAL_COLUMNS = 80


def display_for(options: Options, run_id: str) -> Display:
    """Give the display of a run, created on first use."""
    return SafeDisplay(LazyDisplay(lambda: _create_display(options, run_id)))


def _create_display(options: Options, run_id: str) -> Display:
    kind = _kind_of_display(options)
    if kind == "bar":
        # Slow to import, and scheduled jobs never draw.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.progress.bar import Bar  # noqa: PLC0415

        return Bar(Console(stderr=True))
    if kind == "lines":
        # structlog is slow to import too: it imports rich if that is installed.
        from bulkpause.progress.jsonl import JsonLinesDisplay, configure  # noqa: PLC0415

        return JsonLinesDisplay(
            configure(options.log_level, run_id, simulated=options.is_simulated)
        )
    return PlainDisplay()


def writes_lines(options: Options) -> bool:
    """Tell whether standard error takes JSON lines only, without text for people."""
    return _kind_of_display(options) == "lines"


def _kind_of_display(options: Options) -> str:
    # None if the process was started with standard error closed.
    if sys.stderr is None:
        return "none"
    if options.progress in {"auto", "bar"}:
        return "bar" if can_draw(sys.stderr) else "lines"
    return options.progress


def columns_of_stderr() -> int:
    """Give the width of standard error: 80 columns if it is no terminal."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_COLUMNS
    except (AttributeError, OSError, ValueError):
        return _USUAL_COLUMNS


def can_draw(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB
