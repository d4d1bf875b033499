"""Choose the display of a run from `--progress` and standard error."""

import os
from typing import BinaryIO, TextIO, cast

from bulkpause.cli.options import Options
from bulkpause.cli.output import DataFile, Stream, say, stderr
from bulkpause.progress.display import Display, LazyDisplay, PlainDisplay


#: Terminals that cannot move the cursor.
_DUMB = frozenset({"dumb", "unknown"})


def display_for(
    options: Options, run_id: str, *, progress: str = "run.progressed"
) -> Display:
    """Give the display of a run, created on first use.

    Args:
        options: The options of the command.
        run_id: Stands in each JSON line.
        progress: The event of the lines that tell of progress.
    """
    return LazyDisplay(lambda: _create_display(options, run_id, progress))


def _create_display(options: Options, run_id: str, progress: str) -> Display:
    kind = _kind_of_display(options)
    if kind == "bar":
        # Slow to import, and scheduled jobs never draw.
        from rich.console import Console  # noqa: PLC0415

        from bulkpause.progress.bar import Bar  # noqa: PLC0415

        stream = stderr()
        console = Console(file=cast("TextIO", stream))
        return Bar(console, is_ready=lambda: stream.keeps_up)
    if kind == "lines":
        # structlog is slow to import too: it imports rich if that is installed.
        from bulkpause.progress.jsonl import JsonLinesDisplay, configure  # noqa: PLC0415

        file = cast("BinaryIO", DataFile(stderr()))
        return JsonLinesDisplay(
            configure(options.log_level, run_id, file, simulated=options.is_simulated),
            progress=progress,
        )
    return PlainDisplay(say)


def writes_lines(options: Options) -> bool:
    """Tell whether standard error takes JSON lines only, without text for people."""
    return _kind_of_display(options) == "lines"


def _kind_of_display(options: Options) -> str:
    stream = stderr()
    if not stream.is_wanted:
        return "none"
    if options.progress in {"auto", "bar"}:
        return "bar" if can_draw(stream) else "lines"
    return options.progress


def can_draw(stream: Stream) -> bool:
    """Tell whether a stream is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB
