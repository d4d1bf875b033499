"""Check and plan a run before anything is sent."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.accounts import Account
from bulkpause.cli.account_options import (
    Accounts,
    Part,
    accounts_of,
    accounts_with_logs,
    logs_of_accounts,
    name_of,
    options_of_account,
    plans_of_accounts,
    with_accounts,
)
from bulkpause.cli.input_plan import InputPlan, Source, plan_of_inputs
from bulkpause.cli.input_tokens import tokens_of
from bulkpause.cli.log_arguments import is_folder, logs_of
from bulkpause.cli.log_path import (
    EXISTING_REMEDY,
    EXISTING_UNDO_REMEDY,
    check_log_folder,
    check_readable_log,
    check_writable_log,
)
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options, resume_command, retry_command
from bulkpause.cli.plan_text import (
    comment_texts,
    empty_result_texts,
    hidden_texts,
    other_name_texts,
)
from bulkpause.cli.refusal import problem_text, refuse, refuse_unexpected
from bulkpause.engine.resume import ResumeRules
from bulkpause.errors import LogError, SettingsError
from bulkpause.journal.append_file import FileState, state_of
from bulkpause.journal.needs import Needs
from bulkpause.journal.reader import (
    LoadedLog,
    read_log,
    refuse_existing,
    write_ahead_path,
)
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import (
    check_recent,
    check_same_account,
    check_same_action,
    check_same_endpoint,
)
from bulkpause.journal.undone import UndoneError, check_not_undone
from bulkpause.model import Record
from bulkpause.plan import Plan, digest_of, join_plans
from bulkpause.report.log_status import OLD_S, age_in_words
from bulkpause.report.totals import NOT_ATTEMPTED
from bulkpause.vocabulary import Action


# What few runs need is imported on use: these seconds count in an incident.
if TYPE_CHECKING:
    from bulkpause.inputs.amounts import Total


#: The states of a log and of its write-ahead log.
FilesOfLog = tuple[FileState, FileState]


@value
class Prepared:
    """A run that was checked and that may begin.

    Attributes:
        options: The options of the command, with the action of the log if that is
            retried.
        parts: What is sent in each account; a run of one account has one part.
        sources: Where the ids come from; a retry has none.
        total: The sum of the column to sort by; None without an order.
        digest: The digest of the whole input, ids that are done included.
        account_names: The accounts that have a token; None for a run without several.
        unseen: What may be paused by us and an undo leaves out, by the account, or by
            the folder of the logs.
        lost: The accounts whose logs an undo should take back, and are not there.
        left_out: Which ids an undo was to resume that no log records as paused.
        read: The logs that an undo has read, and their states then.
    """

    options: Options
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    total: "Total | None" = None
    digest: str
    account_names: frozenset[str] | None = None
    unseen: Mapping[str | None, str] = field(default_factory=dict)
    read: Mapping[Path, FilesOfLog] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    left_out: str | None = None

    @property
    def plan(self) -> Plan:
        """The ids to send in all accounts, and counts of the rows that are not sent."""
        return join_plans([part.plan for part in self.parts])


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
    if options.account is not None and not os.path.lexists(log.parent):
        return LoadedLog(Recovery(), (None, None))  # the run makes the folder
    check_writable_log(log, is_resumed=options.resume)
    if not options.resume:
        remedy = EXISTING_UNDO_REMEDY if options.undone else EXISTING_REMEDY
        refuse_existing(log, remedy=remedy)
    now = datetime.now(UTC)
    loaded = read_log(log, needs_of(options, now))
    recovery = loaded.recovery
    if not options.is_retry:
        check_same_action(recovery, options.action, log)
    check_not_undone(recovery, log)
    check_same_endpoint(recovery, options.named_settings.endpoint_name, log)
    check_same_account(recovery, options.account, log)
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
    accounts = accounts_of(options, notices)
    prepared = _prepare(accounts, options, notices)
    return replace(prepared, account_names=accounts.names)


def _prepare(accounts: Accounts, options: Options, notices: Notices) -> Prepared:
    if accounts.names is not None and options.log is not None:
        check_log_folder(options.log)
    if options.is_retry:
        return _prepared_retry(accounts, options, notices)
    if options.undone:
        return _prepared_undo(accounts, options, notices)
    # Before the input is read, which may take long.
    loaded = None if accounts.names else load_log(options, notices)
    whole = plan_of_inputs(
        with_accounts(options, accounts), tokens_of(options, accounts)
    )
    _check_problems(whole, options, notices)
    refuse_unexpected(whole.plan, whole.digest, options)
    for texts_of in (hidden_texts, comment_texts, empty_result_texts):
        for text in texts_of(whole.sources):
            notices.note(text)
    for text in other_name_texts(whole.sources):
        notices.warn(text)
    parts = [
        _part(account, plan, options, notices, loaded)
        for account, plan in plans_of_accounts(accounts, whole.plans)
    ]
    return _prepared(options, whole, parts)


def _prepared_undo(accounts: Accounts, options: Options, notices: Notices) -> Prepared:
    from bulkpause.cli.undo_pauses import Undone  # noqa: PLC0415
    from bulkpause.cli.undo_plan import plan_of_undo  # noqa: PLC0415

    logs = logs_of_accounts(accounts, options.undone, options.accounts)
    own = {account: options_of_account(options, account) for account in logs}
    loaded = {account: load_log(own[account], notices) for account in logs}
    parts = [
        Undone(
            name=name_of(account),
            options=own[account],
            logs=logs[account],
            own=loaded[account].recovery,
        )
        for account in logs
    ]
    only = _only(options, accounts, notices) if options.only else None
    lost = _lost_accounts(accounts, options, only)
    read = {log: _files_of(log) for each in logs.values() for log in each}
    undo = plan_of_undo(parts, options, notices, only)
    refuse_unexpected(undo.whole.plan, undo.whole.digest, options)
    sent = [
        Part(
            account=account,
            options=own[account],
            plan=undo.whole.plans[name_of(account)].without(
                loaded[account].recovery.settled
            ),
            loaded=loaded[account],
            undone=undo.marked[name_of(account)],
        )
        for account in logs
        if account is None or undo.whole.plans[account.name].rows
    ]
    unseen = {**undo.unseen, **lost}
    for name, text in unseen.items():
        notices.warn(text if name is None else f"{name}: {text}")
    prepared = _prepared(options, undo.whole, sent)
    folders = set(map(str, options.undone))
    names = frozenset(name for name in lost if name and name not in folders)
    return replace(
        prepared, unseen=unseen, lost=names, left_out=undo.left_out, read=read
    )


def refuse_changed(prepared: Prepared) -> None:
    """Refuse to undo logs that were changed since they were read, as during a question.

    Raises:
        LogError: One was.
    """
    for log, before in prepared.read.items():
        if _files_of(log) != before:
            raise LogError(
                f"{log} was changed or replaced while its undo was planned: what is "
                "paused now is not known; undo it again"
            )


def _files_of(log: Path) -> FilesOfLog:
    return state_of(log), state_of(write_ahead_path(log))


def _lost_accounts(
    accounts: Accounts, options: Options, only: Mapping[str | None, Plan] | None
) -> dict[str | None, str]:
    """Say of the accounts of folders to undo whose logs are missing what to do."""
    if accounts.names is None or options.log is None:
        return {}
    from bulkpause.cli.account_folders import lost_in  # noqa: PLC0415

    there = {log.stem for log in logs_of(options.undone)}
    lost = lost_in(filter(is_folder, options.undone), there)
    shard, folders = options.shard, set(map(str, options.undone))
    command = resume_command(options.log, replace(options, expect=None))
    return {
        name: f"{why}: left out; bring it back, and undo it with: {command}"
        for name, why in lost.items()
        if (shard is None or name in folders or shard.takes(name))
        and (only is None or name in only)
    }


def _only(
    options: Options, accounts: Accounts, notices: Notices
) -> Mapping[str | None, Plan]:
    """Read the ids that an undo was asked to take back alone, by account.

    Raises:
        InputError: They cannot be used.
    """
    options = replace(options, inputs=options.only, shard=None)
    tokens = tokens_of(options, accounts)
    whole = plan_of_inputs(with_accounts(options, accounts), tokens)
    _check_problems(whole, options, notices)
    return {None: whole.plan} if accounts.names is None else whole.plans


def _prepared(options: Options, whole: InputPlan, parts: Sequence[Part]) -> Prepared:
    return Prepared(
        options=options,
        parts=tuple(parts),
        sources=whole.sources,
        total=whole.total,
        digest=whole.digest,
    )


def _check_problems(whole: InputPlan, options: Options, notices: Notices) -> None:
    """Say what is wrong with inputs.

    Raises:
        InputError: It is not what `--skip-invalid` allows.
    """
    if any(one.is_fatal or not options.skips_invalid for one in whole.problems):
        refuse(whole.problems, leaves_ids=bool(whole.plan.items))
    for one in whole.problems:
        text = problem_text(one, are_left_out=True)
        notices.warn(one.headline_of_skipped, text=text)


def _part(
    account: Account | None,
    plan: Plan,
    options: Options,
    notices: Notices,
    loaded: LoadedLog | None,
) -> Part:
    """Plan what is sent in one account, as its log leaves it open."""
    options = options_of_account(options, account)
    loaded = loaded or load_log(options, notices)
    _warn_of_other_input(plan, loaded.recovery, options, notices)
    return Part(
        account=account,
        options=options,
        # The order of the items stays as it is in the whole input.
        plan=plan.without(loaded.recovery.settled),
        loaded=loaded,
    )


def _prepared_retry(accounts: Accounts, options: Options, notices: Notices) -> Prepared:
    parts: list[Part] = []
    undone: list[UndoneError] = []
    for account in accounts_with_logs(accounts, options, notices):
        own = options_of_account(options, account)
        try:
            loaded = load_log(own, notices)
        except UndoneError as error:
            undone.append(error)
            continue
        own = _with_action_of_log(own, loaded)
        plan = plan_of_log(own, loaded.recovery)
        parts.append(Part(account=account, options=own, plan=plan, loaded=loaded))
    if undone and not parts:
        raise undone[0]
    for one in undone:
        notices.warn(f"left out: {one}")
    if len({part.options.action for part in parts}) > 1:
        raise SettingsError(
            f"{options.log} holds logs of pauses and of an undo; retry one log at a time"
        )
    digest = digest_of({part.name: part.plan for part in parts})
    options = parts[0].options if len(parts) == 1 and not accounts.names else options
    if parts:
        options = replace(options, action=parts[0].options.action)
    prepared = Prepared(options=options, parts=tuple(parts), sources=(), digest=digest)
    refuse_unexpected(prepared.plan, digest, options)
    return prepared


def _with_action_of_log(options: Options, loaded: LoadedLog) -> Options:
    """Give the options of a retry, which does again what its log is of.

    Raises:
        SettingsError: Some of them are for an undo, and the log is not of one.
    """
    options = replace(options, action=loaded.recovery.action)
    if options.action is Action.PAUSE and options.resume_rules != ResumeRules():
        raise SettingsError(
            f"{options.log} is the log of pauses: leave out --resume-body, "
            "--start-overdue and --resume-changed; nothing was sent"
        )
    return options


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
