"""Read the moments of a log, of which a long one has hundreds of thousands."""

from collections.abc import Sequence
from datetime import datetime


#: The length of the part of a moment up to its minute, as logs have it.
_MINUTE = len("2026-07-01T08:00:")


class _SecondsByMinute(dict[str, float]):
    """The minutes that were asked for: hundreds of records have the same."""

    def __missing__(self, minute: str) -> float:
        self[minute] = at = datetime.fromisoformat(f"{minute}00Z").timestamp()
        return at


def seconds_of(moments: Sequence[str]) -> list[float]:
    """Give moments of a log, which are RFC 3339, in seconds since 1970."""
    by_minute = _SecondsByMinute()
    try:  # as if all were in UTC, as logs have them
        return [by_minute[one[:_MINUTE]] + float(one[_MINUTE:-1]) for one in moments]
    except ValueError:
        return [datetime.fromisoformat(one).timestamp() for one in moments]
