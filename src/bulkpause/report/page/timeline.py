"""Divide the time of a log into bins, without the long spells in which nothing happens.

A log may hold a run and its retry two days later. Each spell of work has bins of its
own, one after the other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice, pairwise
from operator import sub
from typing import Self

from bulkpause._value import value


#: A longer time without a request separates two spells. An outage that a run waits
#: out is shorter.
_IDLE_S = 600.0
_MOST_SPELLS = 8
#: By second up to 12 minutes, by minute up to 12 hours.
_BINS_S = (1.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0)
_MOST_BINS = 720
_UNITS = {
    1.0: "second",
    60.0: "minute",
    600.0: "10 minutes",
    3600.0: "hour",
    21_600.0: "6 hours",
    86_400.0: "day",
}


@value(kw_only=False, slots=False)
class Timeline:
    """Spells of work, cut into bins that are numbered through.

    Attributes:
        starts_s: When each spell begins: seconds since 1970.
        sizes: The number of bins of each spell.
        bin_s: The length of a bin in seconds.
    """

    starts_s: tuple[float, ...]
    sizes: tuple[int, ...]
    bin_s: float

    @classmethod
    def of(cls, moments_s: Sequence[float]) -> Self:
        """Cover some moments, which are in order: seconds since 1970."""
        spells, bin_s = _spells_and_bin(moments_s)
        # In step with the clock, as people read it.
        starts = tuple(start // bin_s * bin_s for start, _ in spells)
        sizes = tuple(
            int((end - start) // bin_s) + 1
            for start, (_, end) in zip(starts, spells, strict=True)
        )
        return cls(starts, sizes, bin_s)

    @property
    def bins(self) -> int:
        """The number of all bins."""
        return sum(self.sizes)

    @property
    def unit(self) -> str:
        """The length of a bin in words."""
        return _UNITS[self.bin_s]

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """The number of the first bin of each spell."""
        return tuple(accumulate(self.sizes, initial=0))[:-1]

    def spell_of(self, number: int) -> int:
        """Give the spell of a bin."""
        return bisect_right(self.firsts, number) - 1

    def start_s(self, number: int) -> float:
        """Give the moment at which a bin begins."""
        spell = self.spell_of(number)
        return self.starts_s[spell] + (number - self.firsts[spell]) * self.bin_s

    def places(self, moments_s: Sequence[float]) -> list[int]:
        """Cut moments, which are in order, into bins.

        Returns:
            For each bin, the place of its first moment, and the number of all moments
            at the end. What is outside all bins counts to the nearest one before it.
        """
        inner = [
            bisect_left(moments_s, self.start_s(number))
            for number in range(1, self.bins)
        ]
        return [0, *inner, len(moments_s)]

    def count(self, moments_s: Sequence[float]) -> list[int]:
        """Count the moments in each bin. They are in order."""
        return [after - before for before, after in pairwise(self.places(moments_s))]


def _spells_and_bin(
    moments_s: Sequence[float],
) -> tuple[list[tuple[float, float]], float]:
    """Choose the shortest bin of which there are not too many."""
    if not moments_s:
        return [(0.0, 0.0)], _BINS_S[0]
    pauses = list(_pauses(moments_s))
    for bin_s in _BINS_S:
        idle_s = max(_IDLE_S, 2 * bin_s)
        long = [(pause_s, number) for pause_s, number in pauses if pause_s > idle_s]
        spells = _spells(moments_s, long)
        length_s = sum(end - start for start, end in spells)
        if length_s <= _MOST_BINS * bin_s or bin_s == _BINS_S[-1]:
            return spells, bin_s
    raise AssertionError("the last bin takes all")


def _pauses(moments_s: Sequence[float]) -> Iterator[tuple[float, int]]:
    """Find long times without any moment, each with the number of the next moment."""
    between = map(sub, islice(moments_s, 1, None), moments_s)
    for number, pause_s in enumerate(between, 1):
        if pause_s > _IDLE_S:
            yield pause_s, number


def _spells(
    moments_s: Sequence[float], pauses: Iterable[tuple[float, int]]
) -> list[tuple[float, float]]:
    """Divide moments at the longest pauses."""
    longest = sorted(pauses, reverse=True)[: _MOST_SPELLS - 1]
    cuts = [0, *sorted(number for _, number in longest), len(moments_s)]
    return [(moments_s[start], moments_s[end - 1]) for start, end in pairwise(cuts)]
