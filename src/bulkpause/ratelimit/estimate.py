"""How long a number of requests takes at the limits, from the gate's arithmetic."""

from collections.abc import Sequence

from bulkpause.model import Limit


#: How much later than the fastest answer slow ones come, where nothing is measured.
LATE_S = 0.09


def time_needed_s(
    requests: int, limits: Sequence[Limit], *, late_s: float = LATE_S
) -> float:
    """Give the seconds from the first request to the last, without retries.

    A slot is taken again when it has rested its period, counted from the latest
    moment at which the server can have taken the request. A server that says when
    its windows begin anew makes it up to one long period quicker.

    Args:
        requests: How many.
        limits: The windows that hold.
        late_s: How much later than the fastest answer slow ones come.
    """
    if requests < 2 or not limits:
        return 0.0
    *shorter, longest = sorted(limits, key=lambda limit: limit.period_s)
    rounds, rest = divmod(requests - 1, longest.requests)
    # A round cannot be shorter than the shorter windows take for its requests.
    within_s = time_needed_s(longest.requests + 1, shorter, late_s=late_s)
    round_s = max(longest.period_s + late_s, within_s)
    return rounds * round_s + time_needed_s(rest + 1, shorter, late_s=late_s)
