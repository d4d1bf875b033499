"""Read the moments of a log, of which a long one has hundreds of thousands."""

from collections.abc import Iterable
from datetime import datetime


def seconds_of(moments: Iterable[str]) -> list[float]:
    """Give moments of a log, which are RFC 3339, in seconds since 1970."""
    return list(map(datetime.timestamp, map(datetime.fromisoformat, moments)))
