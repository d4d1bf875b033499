"""Estimate how long a number of requests takes under the rate limits."""

from collections.abc import Sequence

from bulkpause.model import Limit


#: Typical delay of slow responses behind the fastest one, in seconds, where nothing
#: has been measured.
RESPONSE_DELAY_S = 0.09


def time_needed_s(
    requests: int,
    limits: Sequence[Limit],
    *,
    response_delay_s: float = RESPONSE_DELAY_S,
) -> float:
    """Estimate the seconds from the first request to the last, without retries.

    A slot can be used again one period after the latest instant at which the server
    can have counted its request. If the server announces its window resets, the run
    takes up to one long period less.

    Args:
        requests: Number of requests.
        limits: The rate limits; all of them apply.
        response_delay_s: How much later than the fastest response slow ones arrive.
    """
    if requests < 2 or not limits:
        return 0.0
    *shorter, longest = sorted(limits, key=lambda limit: limit.period_s)
    rounds, rest = divmod(requests - 1, longest.requests)
    # A round takes at least as long as the shorter windows need for its requests.
    within_s = time_needed_s(
        longest.requests + 1, shorter, response_delay_s=response_delay_s
    )
    round_s = max(longest.period_s + response_delay_s, within_s)
    rest_s = time_needed_s(rest + 1, shorter, response_delay_s=response_delay_s)
    return rounds * round_s + rest_s
