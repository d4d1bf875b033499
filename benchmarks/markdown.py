"""Tables as Markdown has them."""

from collections.abc import Iterable, Sequence


def head(names: Sequence[str], *, left: int = 1) -> str:
    """Write the heading of a table. The first columns are texts, the others numbers."""
    rule = ["---"] * left + ["--:"] * (len(names) - left)
    return f"{row(names)}\n|{'|'.join(rule)}|"


def row(texts: Iterable[str]) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(texts)} |"
