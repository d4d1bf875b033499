"""Choose the accounts of a run that people must look at."""

from collections.abc import Iterator, Mapping, Sequence

from bulkpause._text import format_count, sanitize, shorten
from bulkpause.fleet import Fleet
from bulkpause.run_snapshot import RunSnapshot
from bulkpause.vocabulary import StopCause


#: This many accounts are shown; the others are counted.
ACCOUNTS_SHOWN = 3
#: A longer line is cut to this many characters.
_LONGEST_LINE = 120


def accounts_to_look_at(
    fleet: Fleet, states: Mapping[str | None, RunSnapshot]
) -> tuple[str, ...]:
    """Say of accounts that stopped or that wait for their server why, in lines.

    A run of one account has none: its own state is shown.
    """
    if len(fleet.pausers) == 1:
        return ()
    return first_lines(list(_lines(fleet, states)))


def first_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Cut long lines and keep the first ones, and count the others."""
    more = len(lines) - ACCOUNTS_SHOWN
    rest = (f"and {format_count(more, 'more account')}",) if more > 0 else ()
    return (*map(_line, lines[:ACCOUNTS_SHOWN]), *rest)


def _lines(fleet: Fleet, states: Mapping[str | None, RunSnapshot]) -> Iterator[str]:
    for account, pauser in fleet.pausers.items():
        stopped, state = pauser.stopped, states[account]
        if stopped is not None and stopped.cause is not StopCause.SIGNAL:
            yield f"{account}: stopped: {stopped.detail}"
        elif state.is_outage and state.waiting is not None:
            yield f"{account}: waiting for {state.waiting.condition}"


def _line(text: str) -> str:
    return sanitize(shorten(text, _LONGEST_LINE))
