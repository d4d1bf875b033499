"""The view of a run on a terminal, with rich."""

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bulkpause.progress import Snapshot, clauses


class Bar:
    """A bar, the counts, what is waited for, and the last failures."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._is_started = False

    def show(self, snapshot: Snapshot) -> None:
        if not self._is_started:
            self._live.start()
            self._is_started = True
        self._live.update(picture(snapshot), refresh=True)

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
    failures = [Text(f"  {line}", style="red") for line in snapshot.failures]
    for line in failures:
        line.truncate(10_000)
        line.no_wrap = True
        line.overflow = "ellipsis"
    return Group(head, Text(" · ".join(clauses(snapshot))), *failures)
