"""The command `plan`: show what a run would send, its invalid rows and its digest."""

from collections.abc import Sequence

from bulkpause.cli.account_options import (
    accounts_of,
    name_of,
    options_of_account,
    plans_of_accounts,
    with_accounts,
)
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.input_plan import InputPlan, plan_of_inputs
from bulkpause.cli.input_tokens import tokens_of
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options
from bulkpause.cli.output import say, show, show_json
from bulkpause.cli.plan_text import PlanPart, plan_as_dict, plan_lines
from bulkpause.cli.refusal import problem_text, refuse


def show_plan(options: Options) -> ExitCode:
    """Show what a run would send. Sends nothing.

    Raises:
        InputError: An input cannot be read or ordered.
    """
    with Notices(are_held=False) as notices:
        accounts = accounts_of(options, notices)
        whole = plan_of_inputs(
            with_accounts(options, accounts), tokens_of(options, accounts)
        )
    parts = [
        (name_of(account), plan, options_of_account(options, account))
        for account, plan in plans_of_accounts(accounts, whole.plans)
    ]
    if any(one.is_fatal for one in whole.problems):
        refuse(whole.problems)
    if options.is_json:
        show_json(_as_dict(whole, options, parts))
    else:
        _show(whole, options, parts)
    if whole.problems and not options.skips_invalid:
        return ExitCode.INPUT
    return ExitCode.ALL_PAUSED


def _show(whole: InputPlan, options: Options, parts: Sequence[PlanPart]) -> None:
    is_refused = whole.problems and not options.skips_invalid
    for one in whole.problems:
        say(problem_text(one, are_left_out=not is_refused))
    for line in plan_lines(
        whole.plan, whole.sources, whole.digest, options, whole.total, parts
    ):
        show(line)
    if is_refused:
        show("`run` refuses this list: fix these rows or pass --skip-invalid")


def _as_dict(
    whole: InputPlan, options: Options, parts: Sequence[PlanPart]
) -> dict[str, object]:
    found = [problem for one in whole.problems for problem in one.as_dicts()]
    return plan_as_dict(
        whole.plan, whole.sources, whole.digest, options, whole.total, parts
    ) | {"problems": found}
