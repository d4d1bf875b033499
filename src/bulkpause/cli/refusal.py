"""Refuse inputs with problems, and plans that are not the expected one."""

from collections.abc import Sequence
from typing import NoReturn

from bulkpause._text import format_count
from bulkpause.cli.ending import ProblemsError
from bulkpause.cli.options import Options
from bulkpause.cli.output import say, stderr
from bulkpause.cli.problems import (
    Problems,
    closing_line,
    problem_lines,
)
from bulkpause.errors import GuardRailError
from bulkpause.plan import Plan


def refuse(problems: Sequence[Problems], *, leaves_ids: bool = True) -> NoReturn:
    """Refuse the inputs, and show all that is wrong with them.

    Args:
        problems: What is wrong with them.
        leaves_ids: Whether there are ids in rows with which nothing is wrong.

    Raises:
        ProblemsError: Always.
    """
    if len(problems) == 1 and not problems[0].rows:
        raise ProblemsError(problems[0].headline, problems)
    for one in problems:
        say(problem_text(one))
    raise ProblemsError(closing_line(problems, leaves_ids=leaves_ids), problems)


def problem_text(problems: Problems, *, are_left_out: bool = False) -> str:
    """Describe the problems of an input in lines as wide as standard error is."""
    width = stderr().columns
    return "\n".join(problem_lines(problems, width=width, are_left_out=are_left_out))


def refuse_unexpected(plan: Plan, digest: str, options: Options) -> None:
    """Refuse a plan that is not the one of `--expect` or `--plan`.

    Raises:
        GuardRailError: Its number of ids or its digest differs.
    """
    count = len(plan.items)
    if options.expect is not None and options.expect != count:
        raise GuardRailError(
            f"--expect {options.expect}: there {'is' if count == 1 else 'are'} "
            f"{format_count(count, 'id')} to {options.operation.verb}"
            f"{_in_shard(options)}; nothing was sent. {_expect_remedy(count, options)}"
        )
    if options.digest is not None and options.digest != digest:
        raise GuardRailError(
            f"--plan {options.digest}: the digest of this input is {digest}"
            f"{_in_shard(options)}; nothing was sent. Run `bulkpause plan` with the same "
            "options."
        )


def _expect_remedy(count: int, options: Options) -> str:
    if options.undone:
        return (
            "Check the logs: an undo resumes what they record as paused by bulkpause, "
            f"and nothing else. Then pass --expect {count}."
        )
    return f"Check the list, and then pass --expect {count}."


def _in_shard(options: Options) -> str:
    return "" if options.shard is None else f" in shard {options.shard}"
