"""The command `plan`: show what a run would send, its invalid rows and its digest."""

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.input_plan import InputPlan, plan_of_inputs
from bulkpause.cli.options import Options
from bulkpause.cli.output import say, show, show_json
from bulkpause.cli.plan_text import plan_as_dict, plan_lines
from bulkpause.cli.preflight import problem_text, refuse


def show_plan(options: Options) -> ExitCode:
    """Show what a run would send. Sends nothing.

    Raises:
        InputError: An input cannot be read or ordered.
    """
    whole = plan_of_inputs(options)
    if any(one.is_fatal for one in whole.problems):
        refuse(whole.problems)
    if options.is_json:
        show_json(_as_dict(whole, options))
    else:
        _show(whole, options)
    if whole.problems and not options.skips_invalid:
        return ExitCode.INPUT
    return ExitCode.ALL_PAUSED


def _show(whole: InputPlan, options: Options) -> None:
    plan = whole.plan
    is_refused = whole.problems and not options.skips_invalid
    for one in whole.problems:
        say(problem_text(one, prefix="" if is_refused else "warning: "))
    for line in plan_lines(plan, whole.sources, plan.digest, options, whole.total):
        show(line)
    if is_refused:
        show("`run` refuses this list: fix these rows or pass --skip-invalid")


def _as_dict(whole: InputPlan, options: Options) -> dict[str, object]:
    plan = whole.plan
    found = [problem for one in whole.problems for problem in one.as_dicts()]
    return plan_as_dict(plan, whole.sources, plan.digest, options, whole.total) | {
        "problems": found
    }
