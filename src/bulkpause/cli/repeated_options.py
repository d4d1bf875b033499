"""Refuse an option that takes one value and is given several: the last would hold.

Nobody would see that the others were dropped: a log that is not compared, a filter that
is not applied.
"""

from collections import Counter
from collections.abc import Sequence

import click


#: The metavar of options whose one value is a list.
LISTED = "STATUSES"


class OneValueCommand(click.Command):
    """A command whose options keep every value that they are given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            self._refuse_repeated(ctx, args)
        return super().parse_args(ctx, args)

    def _refuse_repeated(self, ctx: click.Context, words: Sequence[str]) -> None:
        """Refuse options whose earlier values would be dropped.

        Raises:
            UsageError: There is one.
        """
        _, _, given = self.make_parser(ctx).parse_args(list(words))
        for option, count in Counter(given).items():
            if count > 1 and isinstance(option, click.Option) and _is_single(option):
                raise click.UsageError(_complaint(option, count), ctx)


def _is_single(option: click.Option) -> bool:
    return not (option.multiple or option.is_flag or option.count)


def _complaint(option: click.Option, count: int) -> str:
    once = "give it once"
    if option.metavar == LISTED:
        once = "give it once, with commas between the values"
    name = max(option.opts, key=len)
    return f"{name} is given {count} times, and only the last one would count: {once}"
