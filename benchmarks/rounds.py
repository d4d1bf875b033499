"""Measurements taken in turn, so that what slows the machine down slows all of them."""

from collections.abc import Callable, Mapping
from statistics import median


Figures = Mapping[str, tuple[float, ...]]


def in_turn(measures: Mapping[str, Callable[[], float]], rounds: int) -> Figures:
    """Take each measure once in every round."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: tuple(values) for name, values in found.items()}


def ratio(figures: Figures, name: str, base: str) -> float:
    """Give the median over the rounds of one measure in units of another."""
    pairs = zip(figures[name], figures[base], strict=True)
    return median(one / unit for one, unit in pairs)
