"""How long a number of requests takes at the limits, from the gate's arithmetic."""

from collections.abc import Sequence

from bulkpause.model import Limit


def time_needed_s(
    requests: int, limits: Sequence[Limit], *, round_trip_s: float = 0.1
) -> float:
    """Give the seconds from the first request to the last, without retries.

    A slot is taken again when it has rested its period after the answer. A server
    that says when its windows begin anew makes it up to one long period quicker.

    Args:
        requests: How many.
        limits: The windows that hold.
        round_trip_s: What an answer takes.
    """
    if requests < 2 or not limits:
        return 0.0
    *shorter, longest = sorted(limits, key=lambda limit: limit.period_s)
    rounds, rest = divmod(requests - 1, longest.requests)
    # A round can not be shorter than the shorter windows take for its requests.
    within_s = time_needed_s(longest.requests + 1, shorter, round_trip_s=round_trip_s)
    round_s = max(longest.period_s + round_trip_s, within_s)
    rest_s = time_needed_s(rest + 1, shorter, round_trip_s=round_trip_s)
    return rounds * round_s + rest_s
