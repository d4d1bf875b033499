"""The view of a run on a terminal, with rich."""

from collections.abc import Iterable
from math import ceil

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment
from rich.table import Table
from rich.text import Text

from bulkpause.model import Record
from bulkpause.progress.snapshot import Snapshot, counts, pace, state


#: Readable on light and on dark alike: the terminal's own colour, stronger or fainter,
#: magenta and red. Yellow, green and cyan are too light for a white background, blue is
#: too dark for a black one, and grey is either, or the background itself.
_DONE, _LEFT, _WAIT, _BAD = "magenta", "dim", "bold", "red"
_ERASE_LINE = (ControlType.ERASE_IN_LINE, 2)


class Bar:
    """A bar, the counts, the pace, what is waited for, and the last failures."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # Standard output is left alone: it may be a file.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._is_started = False
        self._width = console.width
        self._widths: list[int] = []

    def show(self, snapshot: Snapshot) -> None:
        if not self._is_started:
            self._live.start()
            self._is_started = True
        shown = picture(snapshot)
        self._erase_what_wrapped()
        self._width = self._console.width
        self._widths = self._widths_of(shown)
        self._live.update(shown, refresh=True)

    def _erase_what_wrapped(self) -> None:
        """Erase the lines that a terminal has made of lines it became too narrow for.

        rich erases as many as it has drawn.
        """
        more = rows_added(self._widths, self._console.width)
        if more and self._console.width < self._width:
            up = ((ControlType.CURSOR_UP, 1), _ERASE_LINE) * more
            self._console.control(
                Control(ControlType.CARRIAGE_RETURN, _ERASE_LINE, *up)
            )

    def _widths_of(self, shown: Group) -> list[int]:
        lines = self._console.render_lines(shown, pad=False)[: self._console.height]
        return [Segment.get_line_length(line) for line in lines]

    def tell(self, record: Record) -> None:
        pass

    def note(self, event: str, **fields: object) -> None:
        pass

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def close(self) -> None:
        if self._is_started:
            self._live.stop()


def rows_added(widths: Iterable[int], columns: int) -> int:
    """Say how many rows lines of these widths take beyond one each."""
    return sum(max(1, ceil(width / columns)) - 1 for width in widths)


def picture(snapshot: Snapshot) -> Group:
    """Draw a snapshot. What the API said is text, never markup."""
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True)
    head.add_row(_bar(snapshot), Text(f"{snapshot.finished}/{snapshot.total}"))
    lines: list[RenderableType] = [Text(counts(snapshot)), Text(pace(snapshot))]
    if said := state(snapshot):
        lines.append(Text(said, style=_WAIT))
    if snapshot.failures:
        lines.append(Text("last not paused:", style=_BAD))
    lines.extend(Padding(Text(line), (0, 0, 0, 2)) for line in snapshot.failures)
    return Group(head, *lines)


def _bar(snapshot: Snapshot) -> ProgressBar:
    # What is to be read back is half done: its pause was answered.
    return ProgressBar(
        total=max(1, snapshot.total),
        completed=snapshot.finished + snapshot.to_read_back / 2,
        style=_LEFT,
        complete_style=_DONE,
        finished_style=_DONE,
    )
