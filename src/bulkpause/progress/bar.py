"""The display of a run on a terminal, with rich."""

from collections.abc import Callable, Iterable
from math import ceil

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment
from rich.table import Table
from rich.text import Text

from bulkpause.operation import operation_of
from bulkpause.progress.event import Event, Notice, Progressed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.progress.text import counts_line, rate_line, sharing_line, state_line


#: Readable on light and dark backgrounds: the terminal's own colour, bold or dim, and
#: magenta and red. Yellow, green and cyan are too light for a white background, blue is
#: too dark for a black one, and grey can equal the background.
_DONE, _LEFT, _WAIT, _FAILURE = "magenta", "dim", "bold", "red"
_ERASE_LINE = (ControlType.ERASE_IN_LINE, 2)


class Bar:
    """Draws a bar, the counts, the request rate, the current wait and failures.

    Args:
        console: The terminal.
        is_ready: Tells whether the terminal took what was drawn before. If it did not,
            a snapshot is left out: a later one will hold more.
    """

    def __init__(
        self, console: Console, *, is_ready: Callable[[], bool] = lambda: True
    ) -> None:
        self._console = console
        self._is_ready = is_ready
        # Standard output is not redirected: it may be a file.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._is_started = False
        self._columns = console.width
        self._line_widths: list[int] = []

    def handle(self, event: Event) -> None:
        if isinstance(event, Progressed):
            if self._is_ready():
                self._draw(event.snapshot)
        elif isinstance(event, Notice) and event.text is not None:
            self._console.print(Text(event.text))

    def close(self) -> None:
        if self._is_started:
            self._live.stop()

    def _draw(self, snapshot: Snapshot) -> None:
        if not self._is_started:
            self._live.start()
            self._is_started = True
        lines = render(snapshot)
        self._erase_wrapped_rows()
        self._columns = self._console.width
        self._line_widths = self._widths_of(lines)
        self._live.update(lines, refresh=True)

    def _erase_wrapped_rows(self) -> None:
        """Erase the rows that a terminal added when it became narrower.

        It wraps the lines already drawn, but rich erases only as many rows as it drew.
        """
        added = rows_added(self._line_widths, self._console.width)
        if added and self._console.width < self._columns:
            up = ((ControlType.CURSOR_UP, 1), _ERASE_LINE) * added
            self._console.control(
                Control(ControlType.CARRIAGE_RETURN, _ERASE_LINE, *up)
            )

    def _widths_of(self, group: Group) -> list[int]:
        lines = self._console.render_lines(group, pad=False)[: self._console.height]
        return [Segment.get_line_length(line) for line in lines]


def rows_added(widths: Iterable[int], columns: int) -> int:
    """Count the extra rows of lines that a terminal of `columns` wraps."""
    return sum(max(1, ceil(width / columns)) - 1 for width in widths)


def render(snapshot: Snapshot) -> Group:
    """Render a snapshot. Text from the API is shown as it is, never as markup."""
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True)
    head.add_row(_bar(snapshot), Text(f"{snapshot.finished}/{snapshot.total}"))
    lines: list[RenderableType] = [
        Text(counts_line(snapshot)),
        Text(rate_line(snapshot)),
    ]
    if sharing := sharing_line(snapshot):
        lines.append(Text(sharing))
    lines.extend(Text(line, style=_WAIT) for line in snapshot.accounts)
    if state := state_line(snapshot):
        lines.append(Text(state, style=_WAIT))
    done = operation_of(snapshot.action).participle
    if snapshot.failures:
        lines.append(Text(f"latest ids not {done}:", style=_FAILURE))
    lines.extend(Padding(Text(line), (0, 0, 0, 2)) for line in snapshot.failures)
    return Group(head, *lines)


def _bar(snapshot: Snapshot) -> ProgressBar:
    # An id to read back counts half: its pause request has a response.
    return ProgressBar(
        total=max(1, snapshot.total),
        completed=snapshot.finished + snapshot.to_read_back / 2,
        style=_LEFT,
        complete_style=_DONE,
        finished_style=_DONE,
    )
