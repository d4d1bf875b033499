"""Check, show and confirm a run before anything is sent."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from bulkpause._text import format_count, format_duration, sanitize
from bulkpause.api.credentials import TOKEN_VARIABLE, Token, find_token
from bulkpause.cli import hints
from bulkpause.cli.ending import ProblemsError
from bulkpause.cli.input_plan import InputPlan, Source, plan_of_inputs
from bulkpause.cli.log_path import check_readable_log, check_writable_log
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, retry_command
from bulkpause.cli.output import say, stderr
from bulkpause.cli.plan_text import comment_texts, hidden_texts, needed_s, plan_lines
from bulkpause.cli.problems import (
    Problems,
    closing_line,
    problem_lines,
)
from bulkpause.cli.signals import Interrupted
from bulkpause.cli.terminal import TERMINAL
from bulkpause.cli.typed_input import terminal_for_answers
from bulkpause.errors import GuardRailError, SettingsError
from bulkpause.inputs.amounts import Total
from bulkpause.journal.needs import Needs
from bulkpause.journal.reader import LoadedLog, read_log, refuse_existing
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_recent, check_same_endpoint
from bulkpause.model import Record
from bulkpause.plan import Plan
from bulkpause.report.log_status import OLD_S, age_in_words
from bulkpause.report.totals import NOT_ATTEMPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that was checked and that may begin.

    Attributes:
        plan: The ids to send, and counts of the rows that are not sent.
        sources: Where the ids come from; a retry has none.
        total: The sum of the column to sort by; None without an order.
        loaded: What earlier runs left in the log.
        digest: The digest of the whole input, ids that are done included.
    """

    plan: Plan
    sources: tuple[Source, ...]
    total: Total | None = None
    loaded: LoadedLog
    digest: str


def load_log(options: Options, notices: Notices) -> LoadedLog:
    """Read what earlier runs left in the log.

    Raises:
        SettingsError: The path is not one of a log, or the log exists and is not
            resumed, belongs to another endpoint, or is too old to be resumed.
        InputError: The log to retry does not exist.
        LogError: The log cannot be read or is damaged.
    """
    log = options.log
    if log is None:
        return LoadedLog(Recovery(), (None, None))
    if options.is_retry:
        check_readable_log(log)
    check_writable_log(log, is_resumed=options.resume)
    if not options.resume:
        refuse_existing(
            log, remedy="resume it with --resume, or name another with --log"
        )
    now = datetime.now(UTC)
    loaded = read_log(log, needs_of(options, now))
    recovery = loaded.recovery
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    check_recent(recovery, log, now, options.resume_within_s)
    recovery.reopen(options.reopened)
    if options.is_retry:
        _warn_of_age(recovery.age_s(now), log, notices)
    return loaded


def needs_of(options: Options, now: datetime) -> Needs:
    """Say what a run needs of the ids that its log settles."""
    return Needs.of_run(options.reopened, options.settings.longest_period_s, now)


def _warn_of_age(age_s: float | None, log: Path, notices: Notices) -> None:
    if age_s is not None and age_s > OLD_S:
        notices.warn(
            f"the last record of {sanitize(str(log))} is {age_in_words(age_s)} old: "
            "campaigns may have been started again since, and a retry sends open ids "
            "only"
        )


def prepare(options: Options, notices: Notices) -> Prepared:
    """Plan a run of the input, or a retry of the log without one.

    Args:
        options: The options of the command.
        notices: Says what is worth knowing.

    Raises:
        InputError: The input is invalid, or the log to retry does not exist.
        GuardRailError: The input is not the expected one.
        SettingsError: The log cannot be used for this run.
        LogError: The log cannot be read or is damaged.
    """
    loaded = load_log(options, notices)
    recovery = loaded.recovery
    if options.is_retry:
        plan = plan_of_log(options, recovery)
        refuse_unexpected(plan, options)
        return Prepared(plan=plan, sources=(), loaded=loaded, digest=plan.digest)
    whole = plan_of_inputs(options)
    if any(one.is_fatal or not options.skips_invalid for one in whole.problems):
        refuse(whole.problems)
    for one in whole.problems:
        notices.warn(one.headline, text=problem_text(one, prefix="warning: "))
    refuse_unexpected(whole.plan, options)
    for text in (*hidden_texts(whole.sources), *comment_texts(whole.sources)):
        notices.note(text)
    _warn_of_other_input(whole.plan, recovery, options, notices)
    return _prepared(whole, loaded)


def _prepared(whole: InputPlan, loaded: LoadedLog) -> Prepared:
    return Prepared(
        # The order of the items stays as it is in the whole input.
        plan=whole.plan.without(loaded.recovery.settled),
        sources=whole.sources,
        total=whole.total,
        loaded=loaded,
        digest=whole.plan.digest,
    )


def plan_of_log(options: Options, recovery: Recovery) -> Plan:
    """Plan the ids of a log whose last status is to be retried."""
    latest = recovery.latest
    items = tuple(
        item
        for id_, item in recovery.unfinished.items()
        if _status_name(latest.get(id_)) in options.retried
    )
    return Plan(
        rows=len(items), items=items, invalid_rows=(), duplicate=0, already_done=0
    )


def _status_name(record: Record | None) -> str:
    return NOT_ATTEMPTED if record is None else record.status.value


def _warn_of_other_input(
    whole: Plan, recovery: Recovery, options: Options, notices: Notices
) -> None:
    settled, latest = recovery.settled, recovery.latest
    missing = recovery.planned.keys() - settled
    missing.difference_update(item.id for item in whole.items)
    if missing:
        retry = "" if options.log is None else retry_command(options.log, options)
        notices.warn(
            "the input differs from the log's plan: "
            f"{format_count(len(missing), 'id')} missing; pause them with: {retry}"
        )
    new = sum(
        not (item.id in settled or item.id in latest or item.id in recovery.planned)
        for item in whole.items
    )
    if (lost := recovery.not_on_record - new) > 0:
        notices.warn(
            f"the log lacks {format_count(lost, 'planned id')} that the input does not "
            "hold either; they may still be running"
        )


def refuse(problems: Sequence[Problems]) -> NoReturn:
    """Refuse the inputs, and show all that is wrong with them.

    Raises:
        ProblemsError: Always.
    """
    if len(problems) == 1 and not problems[0].rows:
        raise ProblemsError(problems[0].headline, problems)
    for one in problems:
        say(problem_text(one))
    raise ProblemsError(closing_line(problems), problems)


def problem_text(problems: Problems, *, prefix: str = "") -> str:
    """Describe the problems of an input in lines as wide as standard error is."""
    return "\n".join(problem_lines(problems, width=stderr().columns, prefix=prefix))


def refuse_unexpected(plan: Plan, options: Options) -> None:
    """Refuse a plan that is not the one of `--expect` or `--plan`.

    Raises:
        GuardRailError: Its number of ids or its digest differs.
    """
    count = len(plan.items)
    if options.expect is not None and options.expect != count:
        raise GuardRailError(
            f"--expect {options.expect}: there {'is' if count == 1 else 'are'} "
            f"{format_count(count, 'id')} to pause; nothing was sent. Check the list, and "
            f"then pass --expect {count}."
        )
    if options.digest is not None and options.digest != plan.digest:
        raise GuardRailError(
            f"--plan {options.digest}: the digest of this input is {plan.digest}; nothing "
            "was sent. Run `bulkpause plan` with the same options."
        )


def token_of(options: Options, notices: Notices) -> Token:
    """Find the token of a run. The simulator needs none.

    Raises:
        TokenError: There is no token, or it is not valid.
    """
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    words = (*options.inputs, options.settings.reason or "")
    if any(token.reveal() in word for word in words):
        raise SettingsError(
            "an INPUT or --reason contains the token, which would be sent and recorded "
            f"there; leave it out, and set {TOKEN_VARIABLE} alone; nothing was sent"
        )
    if warning:
        notices.warn(warning)
    return token


def confirm(prepared: Prepared, options: Options) -> bool:
    """Show the plan and ask, unless `--yes` was given or there is nothing to send.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    plan = prepared.plan
    if options.is_confirmed or not plan.items:
        return True
    with terminal_for_answers(options.inputs) as is_there:
        if is_there:
            return _ask(prepared, options)
    campaigns = format_count(len(plan.items), "campaign")
    raise click.UsageError(
        f"{campaigns} would be paused on {options.host}, but there is no terminal to "
        f"ask on; add --yes: {hints.with_yes(sys.argv[1:])}"
    )


def _ask(prepared: Prepared, options: Options) -> bool:
    plan = prepared.plan
    for line in plan_lines(
        plan, prepared.sources, prepared.digest, options, prepared.total
    ):
        say(line)
    campaigns = format_count(len(plan.items), "campaign")
    needed = format_duration(needed_s(plan, options))
    question = f"Pause {campaigns} on {options.host}, in about {needed}?"
    TERMINAL.forget_typed(sys.stdin)
    try:
        return click.confirm(question, err=True)
    except Interrupted:
        say()  # the question has the line
        raise
