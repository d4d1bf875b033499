"""Where a run's own clock stands against the store's."""

from math import inf

from bulkpause._value import state
from bulkpause.ratelimit.budget.rules import CLOCK_DRIFT


#: Clocks are not read more precisely than this, in seconds.
RESOLUTION_S = 0.02


@state
class ClockOffset:
    """The store's clock less the run's own, as an interval.

    A reading of the store's clock falls between two readings of the own clock. Each
    pair of readings narrows the interval.

    Attributes:
        least, most: The offset lies between them.
    """

    least: float = -inf
    most: float = inf
    _at: float = 0.0

    def copy(self) -> "ClockOffset":
        return ClockOffset(self.least, self.most, self._at)

    def observe(self, store_s: float, *, before_s: float, after_s: float) -> bool:
        """Take a reading of the store's clock, and the own clock before and after it.

        Returns:
            Whether one of the clocks was set since the last reading.
        """
        drift_s = CLOCK_DRIFT * max(0.0, before_s - self._at)
        least, most = store_s - after_s, store_s - before_s
        self._at = after_s
        is_set = (
            least > self.most + drift_s + RESOLUTION_S
            or most < self.least - drift_s - RESOLUTION_S
        )
        if not is_set:
            least = max(least, self.least - drift_s)
            most = min(most, self.most + drift_s)
        self.least, self.most = min(least, most), max(least, most)
        return is_set
