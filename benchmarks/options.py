"""What is written on the command line."""

import re
from collections.abc import Callable, Iterable

import click

from bulkpause.model import Limit


PERIODS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def limits_of(text: str) -> tuple[Limit, ...]:
    """Read limits such as `10/1s,150/1m`."""
    found = [re.fullmatch(r"(\d+)/(\d+)(ms|s|m|h)", part) for part in text.split(",")]
    limits = [
        Limit(int(match[1]), int(match[2]) * PERIODS_S[match[3]])
        for match in found
        if match
    ]
    if len(limits) < len(found):
        raise click.BadParameter(f"{text!r} is not like 10/1s,150/1m")
    return tuple(limits)


def sizes_of(text: str) -> tuple[int, ...]:
    """Read numbers with commas between."""
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text):
        raise click.BadParameter(f"{text!r} is not like 10,50")
    return tuple(map(int, text.split(",")))


def names_of(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Make a reader of known names with commas between, or `all`."""
    every = tuple(known)

    def names(text: str) -> tuple[str, ...]:
        found = every if text == "all" else tuple(text.split(","))
        if unknown := ", ".join(repr(name) for name in found if name not in every):
            raise click.BadParameter(f"{unknown}: not one of {', '.join(every)}")
        return found

    return names
