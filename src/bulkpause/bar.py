"""The view of a run on a terminal, with rich."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bulkpause.model import Record
from bulkpause.progress import Snapshot, counts, pace, state


class Bar:
    """A bar, the counts, the pace, what is waited for, and the last failures."""

    def __init__(self, console: Console) -> None:
        # Standard output is left alone: it may be a file.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._is_started = False

    def show(self, snapshot: Snapshot) -> None:
        if not self._is_started:
            self._live.start()
            self._is_started = True
        self._live.update(picture(snapshot), refresh=True)

    def tell(self, record: Record) -> None:
        pass

    def note(self, event: str, **fields: object) -> None:
        pass

    def close(self) -> None:
        if self._is_started:
            self._live.stop()


def picture(snapshot: Snapshot) -> Group:
    """Draw a snapshot. What the API said is text, never markup."""
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True)
    done = f"{snapshot.finished}/{snapshot.total}"
    bar = ProgressBar(total=max(1, snapshot.total), completed=snapshot.finished)
    head.add_row(bar, Text(done))
    lines: list[RenderableType] = [Text(counts(snapshot)), Text(pace(snapshot))]
    if said := state(snapshot):
        lines.append(Text(said, style="yellow"))
    if snapshot.failures:
        lines.append(Text("last not paused:", style="red"))
    lines.extend(Padding(Text(line), (0, 0, 0, 2)) for line in snapshot.failures)
    return Group(head, *lines)
