"""The shape of a text in an `.xlsx` workbook: `<si>` or `<is>` and what is in it."""

from bulkpause.inputs.spreadsheet.refusals import damaged


#: Where each element may stand, which is all that spreadsheet programs write.
_ROOT = "text"
_PARENTS = {"t": {_ROOT, "r", "rPh"}, "r": {_ROOT}, "rPh": {_ROOT}}


class TextShape:
    """Checks that a text is one `<t>`, or runs `<r>` of one `<t>` each.

    The reader ends other texts too early, joins them, or leaves parts out.
    """

    def __init__(self) -> None:
        self._open = [_ROOT]
        self._has_text = False
        self._has_runs = False

    def start(self, name: str) -> None:
        """Note the start of an element by its local name.

        Raises:
            ReadError: No spreadsheet program writes it there.
        """
        parent = self._open[-1]
        if parent == "t" or parent not in _PARENTS.get(name, {parent}):
            raise damaged()
        if name == "t" and parent != "rPh":
            self._add_text(parent)
        if name == "r":
            self._start_run()
        self._open.append(name)

    def _add_text(self, parent: str) -> None:
        if self._has_text or (parent == _ROOT and self._has_runs):
            raise damaged()
        self._has_text = True

    def _start_run(self) -> None:
        if self._has_text and not self._has_runs:
            raise damaged()
        self._has_runs, self._has_text = True, False

    def end(self) -> None:
        """Note the end of the innermost element."""
        self._open.pop()
