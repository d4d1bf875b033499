"""Advise the commands that carry on with a log, each complete and possible now."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from bulkpause._shell import join_command
from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.accounts import log_of
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.options import (
    RETRIED_BY_DEFAULT,
    Options,
    check_command,
    has_secret_proxy,
    list_command,
    resume_command,
    retry_command,
    usual_share,
)
from bulkpause.engine.guard_rails import GuardRails
from bulkpause.engine.policy import Verify
from bulkpause.engine.resume import (
    CHANGE_UNKNOWN,
    CHANGED,
    OVERDUE,
    TIME_AHEAD,
    TIME_UNKNOWN,
    ResumeBody,
    ResumeRules,
)
from bulkpause.errors import SettingsError
from bulkpause.journal.account_names import read_names
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import check_same_endpoint
from bulkpause.model import StopReason
from bulkpause.opened_log import OpenedLog
from bulkpause.ratelimit.budget.place import has_secret
from bulkpause.report.group import LogGroup
from bulkpause.report.headline import ids_of
from bulkpause.report.totals import NOT_ON_RECORD, Totals
from bulkpause.settings import Settings
from bulkpause.vocabulary import SIMULATOR, Action, Status, StopCause


#: Stands for the file or folder of the accounts, which no log names.
ACCOUNTS_PLACEHOLDER = Path("ACCOUNTS_FILE")
#: Stands for the folder of logs that an undo takes back, which its logs do not name.
UNDONE_PLACEHOLDER = Path("FOLDER")
_PLACEHOLDER_NOTE = f"{ACCOUNTS_PLACEHOLDER} stands for the file or folder that its run had as --accounts"
#: A log that was put together or has lost its plan gets no count from later runs.
_PLAN_NOTE = (
    "this log will not say any more how many ids were planned: to be sure of all, pause "
    "the whole list again with another --log"
)
#: A log holds what was sent, and not how its run was guarded.
_OPTIONS_NOTE = (
    "the log does not record options such as --canary, --max-failures, --verify or "
    "--remember: add those of its run"
)


@value(kw_only=False)
class OtherWay:
    """What else can be done about some ids.

    Attributes:
        words: What it is, after the number of ids and before the command.
        command: The command.
        count: How many ids; None if nothing is said of that.
        noun: What they are, if `words` does not say.
    """

    words: str
    command: str
    count: int | None = None
    noun: str | None = None

    def line(self) -> str:
        """Write it for people."""
        if self.count is None:
            return f"{self.words}: {self.command}"
        known = f"{self.count:,}"
        subject = known if self.noun is None else format_count(self.count, self.noun)
        return f"{subject} {self.words}: {self.command}"


@value
class NextSteps:
    """The commands that carry on with a log.

    Attributes:
        retry: Retries the ids that the log knows; None if there is nothing to retry.
        resume: Resumes the log with its input, for ids that are not on record; None
            if all are.
        reason: Why no command can be given although ids are open; None if one can.
        note: What to know about these commands, if anything.
        others: What else can be done about ids that were rejected, that an undo has
            left alone, or whose resume was refused.
        folder: The folder of logs of accounts that the commands are for; None if they are
            for a log.
    """

    retry: str | None = None
    resume: str | None = None
    reason: str | None = None
    note: str | None = None
    others: tuple[OtherWay, ...] = ()
    folder: Path | None = None

    @property
    def command(self) -> str | None:
        """The first command to give."""
        return self.retry or self.resume

    @property
    def needs_note(self) -> bool:
        """Whether a command is given that the note is about."""
        is_of_folder = self.folder is not None and bool(self.others)
        return self.command is not None or is_of_folder

    def lines(self) -> Iterator[str]:
        """Write each command after what it does, and first what to know about them."""
        if self.note is not None and self.needs_note:
            yield self.note
        if self.retry is not None:
            yield f"retry with: {self.retry}"
        if self.resume is not None:
            yield f"resume with its input: {self.resume}"
        yield from (way.line() for way in self.others)
        if self.reason is not None:
            yield self.reason


def steps_of_log(
    log: Path, recovery: Recovery, totals: Totals, now: datetime
) -> NextSteps:
    """Advise from a log alone how to carry on with it."""
    if totals.undone_by:
        return _steps_of_undone(log, recovery, totals)
    has_more = _left_alone(totals) or _refused_resumes(totals) or _rejected(totals)
    is_open = totals.is_unfinished or has_more
    if not (is_open or totals.unread_beside_others):
        return NextSteps()
    account = _account_of(recovery, log)
    endpoint_name = endpoint_on_record(recovery, log)
    if (why := _why_unknown_account(log, recovery, account)) is not None:
        return NextSteps(reason=why if is_open else None)
    if endpoint_name is None:
        return NextSteps(reason=_foreign(recovery) if is_open else None)
    options = _options_on(endpoint_name)
    options = replace(
        options,
        settings=replace(options.settings, reason=_reason_on_record(recovery)),
        action=recovery.action,
        account=account,
        accounts=None if account is None else ACCOUNTS_PLACEHOLDER,
    )
    steps = steps_of_run(log, totals, options, age_s=recovery.age_s(now))
    placeholder = None if account is None else _PLACEHOLDER_NOTE
    notes = filter(None, (steps.note, placeholder, _OPTIONS_NOTE))
    return replace(
        steps,
        folder=None if account is None else log.parent,
        note="; ".join(notes),
        others=(*steps.others, *_unread_on_record_ways(log, totals, options)),
    )


def _steps_of_undone(log: Path, recovery: Recovery, totals: Totals) -> NextSteps:
    """Advise how to take back what an undo of a log has left."""
    endpoint_name = endpoint_on_record(recovery, log)
    if endpoint_name is None:
        return NextSteps()
    options = _options_of_undo(_options_on(endpoint_name), log)
    account, folder = _account_of(recovery, log), None
    if account is not None:
        folder = log.parent
        options = replace(
            options, accounts=ACCOUNTS_PLACEHOLDER, account=account, undone=(folder,)
        )
    own = Path(recovery.undos[-1] if recovery.undos else totals.undone_by or "")
    ways = tuple(_ways_to_undo(own, totals, replace(options, takes_unknown=True)))
    if folder is None or not ways:
        return NextSteps(others=ways)
    return NextSteps(note=_PLACEHOLDER_NOTE, others=ways, folder=folder)


def _ways_to_undo(log: Path, totals: Totals, options: Options) -> Iterator[OtherWay]:
    """Say what may still be paused by us after an undo with a log of its own."""
    if unknown := totals.by_status[Status.UNKNOWN]:
        yield OtherWay(
            words="may be paused by us; resume those that are paused with",
            command=resume_command(log, options),
            count=unknown,
            noun="unknown id",
        )
    if totals.lacks_ids:
        yield OtherWay(
            words="ids that are not on record may be paused by us; resume those of a list "
            "that are paused with",
            command=resume_command(log, replace(options, only=("INPUT",))),
        )


def _why_unknown_account(
    log: Path, recovery: Recovery, account: str | None
) -> str | None:
    """Say why a log does not tell whose it is; None if it does."""
    if account is None and not recovery.is_account_known:
        return _of_unknown_account(log)
    if account is not None and log != log_of(log.parent, account):
        return _misnamed(account)
    return None


def _reason_on_record(recovery: Recovery) -> str | None:
    """Find a `--reason` of its runs: first that of an id that a retry may take."""
    brief = recovery.brief
    by_retry = sorted(
        zip(brief.origins, brief.reasons, strict=True),
        key=lambda pair: pair[0].status is not Status.REJECTED,
    )
    reasons = chain(
        (record.reason for record in recovery.records.values()),
        (reason for _, reason in by_retry),
    )
    return next(filter(None, reasons), None)


def _options_on(endpoint_name: str) -> Options:
    """Give the usual options of a run on an endpoint."""
    is_simulated = endpoint_name == SIMULATOR
    settings = Settings(share=usual_share(is_simulated=is_simulated))
    if not is_simulated:
        settings = replace(settings, base_url=endpoint_name)
    return Options(inputs=(), settings=settings, is_simulated=is_simulated)


def _account_of(recovery: Recovery, log: Path) -> str | None:
    """Find the account of a log, if need be by what its folder says."""
    if recovery.accounts or log.stem not in read_names(log.parent).names:
        return recovery.account
    return log.stem


def merge_steps(
    found: Iterable[NextSteps], *, whole: Collection[Path]
) -> Iterator[NextSteps]:
    """Give what is for a log as it is, and then what is for each folder, once.

    A command for a folder is for all of its accounts, and stands beside their sum.

    Args:
        found: The steps of each log.
        whole: The folders of which all logs are among them.
    """
    folders: dict[Path, list[NextSteps]] = {}
    for steps in found:
        if steps.folder is None:
            yield steps
        else:
            folders.setdefault(steps.folder, []).append(steps)
    for folder, members in folders.items():
        known = (one.note for one in members if one.command is not None)
        notes = [next(known, None) or _PLACEHOLDER_NOTE]
        if folder not in whole:
            notes.append(f"the commands are for all logs of {folder}")
        yield NextSteps(
            retry=next((one.retry for one in members if one.retry), None),
            resume=next((one.resume for one in members if one.resume), None),
            note=sanitize("; ".join(notes)),
            others=_add_up(way for one in members for way in one.others),
            folder=folder,
        )


def _add_up(ways: Iterable[OtherWay]) -> tuple[OtherWay, ...]:
    """Give each way once, with the number of ids that it is for in all accounts."""
    sums: dict[tuple[str, str | None], OtherWay] = {}
    for way in ways:
        key = (way.words, way.noun)
        first = sums.get(key)
        if first is None:
            sums[key] = way
        elif way.count is not None:
            sums[key] = replace(first, count=(first.count or 0) + way.count)
    return tuple(sums.values())


def resume_of_folder(
    folder: Path, logs: Iterable[OpenedLog], *, is_undo: bool = False
) -> str:
    """Write the command that resumes a folder of logs, by what some of them say."""
    found = (endpoint_on_record(log.recovery, log.path) for log in logs)
    name = next(filter(None, found), DEFAULT_BASE_URL)
    options = replace(_options_on(name), accounts=ACCOUNTS_PLACEHOLDER)
    if is_undo:
        options = _options_of_undo(options, UNDONE_PLACEHOLDER)
    return resume_command(folder, options)


def _options_of_undo(options: Options, undone: Path) -> Options:
    """Give the usual options of the undo of a log or folder, on the same endpoint."""
    canary = GuardRails(canary=1)
    return replace(options, action=Action.RESUME, undone=(undone,), guard_rails=canary)


def _of_unknown_account(log: Path) -> str:
    command = join_command(
        ["bulkpause", "retry", str(log.parent), "--accounts", str(ACCOUNTS_PLACEHOLDER)]
    )
    return (
        "if its run had --accounts, retry it and the logs beside it with: "
        f"{command}; if not, pause its list again in another log"
    )


def _misnamed(account: str) -> str:
    return sanitize(
        f"it is the log of the account {account} under another name: move it, and its "
        f".wal if there is one, to {log_of(Path('FOLDER'), account)} to retry it with: "
        f"bulkpause retry FOLDER --accounts {ACCOUNTS_PLACEHOLDER}"
    )


def steps_of_run(
    log: Path,
    totals: Totals,
    options: Options,
    *,
    age_s: float | None = None,
    stopped: StopReason | None = None,
) -> NextSteps:
    """Advise how to carry on with a log, with the options of its run.

    Args:
        log: The log.
        totals: What is open.
        options: The options of the run.
        age_s: The age of the log's last line in seconds; None if it is new.
        stopped: Why the run stopped early, if it did.
    """
    retry = retry_command(log, options) if totals.is_retryable else None
    # This input does not hold what is not on record then: another one does.
    other = (
        replace(options, inputs=()) if totals.open_before[NOT_ON_RECORD] else options
    )
    return NextSteps(
        retry=retry,
        resume=resume_command(log, other, age_s=age_s) if totals.lacks_ids else None,
        note="; ".join(_notes(totals, options, stopped)) or None,
        others=other_ways(log, totals, options),
    )


def steps_without_log(
    log: Path, totals: Totals, options: Options, stopped: StopReason | None
) -> NextSteps:
    """Advise how to carry on with a run that has ended before it wrote its log.

    A retry would find no id.

    Args:
        log: The log that it would have written.
        totals: What is open.
        options: The options of the run.
        stopped: Why the run stopped early, if it did.
    """
    if not totals.is_unfinished:
        return NextSteps()
    return NextSteps(
        resume=resume_command(log, options),
        note="; ".join(_notes(totals, options, stopped)) or None,
    )


def other_ways(log: Path, totals: Totals, options: Options) -> tuple[OtherWay, ...]:
    """Say what else can be done about ids that no plain retry takes, with its command.

    Args:
        log: The log, or the folder of logs of several accounts.
        totals: What is open.
        options: The options of the run.
    """
    finders = (_rejected_ways, _left_alone_ways, _refused_ways, _unread_ways)
    return tuple(way for find in finders for way in find(log, totals, options))


_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_TOKEN_REFUSALS = frozenset({_UNAUTHORIZED, 403})
#: What resumes the ids that were left alone for a reason, and the words for it.
_WAYS = {
    OVERDUE: (
        ("--start-overdue",),
        "their time has passed: start them now, if that is right, with",
    ),
    CHANGED: (
        ("--resume-changed",),
        "changed since their pause: look at them, and resume them all the same with",
    ),
    TIME_UNKNOWN: (
        ("--start-overdue", "--resume-body", "none"),
        "without a known time: resume them without one, if they may start now, with",
    ),
    CHANGE_UNKNOWN: (
        ("--resume-changed",),
        "perhaps changed since their pause: look at them, and resume them anyway with",
    ),
    TIME_AHEAD: (
        ("--resume-body", "time"),
        "their time is ahead: resume them at that time with",
    ),
}


def _left_alone(totals: Totals) -> Counter[str]:
    """Count the ids that an undo has left alone, by the reason."""
    counts: Counter[str] = Counter()
    for cause, group in totals.causes.items():
        if cause.status is Status.NOT_RESUMABLE and cause.error in _WAYS:
            counts[cause.error] += group.count
    return counts


def _rejected(totals: Totals) -> int:
    """Count the ids that the API rejected, in this run or before."""
    return totals.by_status[Status.REJECTED] + totals.open_before[Status.REJECTED]


def _rejected_ways(log: Path, totals: Totals, options: Options) -> Iterator[OtherWay]:
    """Say how to retry what was rejected, which no retry takes by itself."""
    # For some of them, another body is the remedy.
    if (count := _rejected(totals)) and not _refused_resumes(totals):
        retried = (*RETRIED_BY_DEFAULT, Status.REJECTED.value)
        command = retry_command(log, replace(options, retried=retried))
        mend = "rejected: mend what the API says of them"
        if _count(totals, _NOT_FOUND, {Status.REJECTED}) == ids_of(totals):
            mend = "rejected, all not found (404): check the ids, the account and --base-url"
        yield OtherWay(f"{mend}, then retry them too with", command, count)


def _left_alone_ways(log: Path, totals: Totals, options: Options) -> Iterator[OtherWay]:
    retried = (*RETRIED_BY_DEFAULT, Status.NOT_RESUMABLE.value)
    for reason, count in _left_alone(totals).items():
        ways, words = _WAYS[reason]
        plain = replace(options, retried=retried, resume_rules=ResumeRules())
        command = f"{retry_command(log, plain)} {join_command(ways)}"
        yield OtherWay(f"left alone, {words}", command, count, "campaign")


def _refused_resumes(totals: Totals) -> int:
    """Count the ids whose resume got a 400, and whose campaigns are still paused."""
    if totals.operation.action is not Action.RESUME:
        return 0
    return _count(totals, _BAD_REQUEST, {Status.REJECTED, Status.FAILED})


def _count(totals: Totals, http_status: int, statuses: AbstractSet[Status]) -> int:
    """Count the ids that ended so with a response."""
    return sum(
        group.count
        for cause, group in totals.causes.items()
        if cause.http_status == http_status and cause.status in statuses
    )


def _refused_ways(log: Path, totals: Totals, options: Options) -> Iterator[OtherWay]:
    """Say how to try another body, about which the API's public pages differ."""
    if not (count := _refused_resumes(totals)):
        return
    body = options.resume_rules.body
    other = ResumeBody.NOW if body is ResumeBody.NONE else ResumeBody.NONE
    retried = (*RETRIED_BY_DEFAULT, Status.REJECTED.value)
    rules = replace(options.resume_rules, body=other)
    command = retry_command(log, replace(options, retried=retried, resume_rules=rules))
    words = "refused with HTTP 400, perhaps for the body of the request: try another one with"
    yield OtherWay(words, command, count, "campaign")


def _unread_ways(log: Path, totals: Totals, options: Options) -> Iterator[OtherWay]:
    """Say how to read what `--verify all` has not read back, as after a stop."""
    is_proof = options.settings.retry_policy.verify is Verify.ALL
    # Each simulator begins anew: there is nothing to read.
    if not (is_proof and totals.operation.stops) or options.is_simulated:
        return
    command = list_command(log, options)
    if totals.unread:
        yield _unread_way(totals.unread, command)
    elif totals.already_done or options.is_retry:
        words = (
            "--verify all reads back only what this run pauses: read what earlier runs "
            "paused with"
        )
        yield OtherWay(words, command)


def _unread_on_record_ways(
    log: Path, totals: Totals, options: Options
) -> Iterator[OtherWay]:
    """Say how to read what a log has no read-back of, where it has some for others."""
    if (unread := totals.unread_beside_others) and not options.is_simulated:
        yield _unread_way(unread, list_command(log, options))


def _unread_way(unread: int, command: str) -> OtherWay:
    return OtherWay("not read back: read them with", command, unread, "paused id")


def _notes(
    totals: Totals, options: Options, stopped: StopReason | None
) -> Iterator[str]:
    if stopped is not None and stopped.cause is StopCause.GUARD_RAIL:
        yield _guard_rail_note(stopped.detail, options)
    yield from _token_notes(totals, options, stopped)
    if totals.operation.stops and not (totals.is_plan_known or totals.is_empty):
        yield _PLAN_NOTE
    if not options.is_simulated and has_secret_proxy(options.settings):
        yield "OCAMBA_PROXY must be set as for this run: its proxy has a password"
    if has_secret(options.settings.share):
        yield "BULKPAUSE_SHARE must be set as for this run: its URL has a password"


def _guard_rail_note(detail: str, options: Options) -> str:
    """Say what to change before a run that a guard rail stopped goes on."""
    if not detail.startswith("--"):  # the company of an account
        place = options.accounts or "the settings"
        return f"correct the token or the company_id in {place} first"
    # `--canary 3: 2 of the first 3 ids not paused`
    option = " ".join(detail.replace(":", "").split()[:2])
    return f"{option} applies to what follows too; leave it out to go on regardless"


def _token_notes(
    totals: Totals, options: Options, stopped: StopReason | None
) -> Iterator[str]:
    """Say that a token was refused: no retry works until there is another one."""
    refusals = {
        cause.http_status
        for cause in totals.causes
        if cause.status is Status.FAILED and cause.http_status in _TOKEN_REFUSALS
    }
    is_stopped = stopped is not None and stopped.cause is StopCause.TOKEN
    if _UNAUTHORIZED in refusals or (is_stopped and not refusals):
        yield (
            "the API refused the token: put a valid one in its place first, and test it "
            f"with: {check_command(options)}"
        )
    elif refusals:
        yield (
            "the API answered 403: the token may not be allowed to "
            f"{totals.operation.verb} these campaigns, see that it is"
        )


def steps_of_group(
    group: LogGroup, logs: Iterable[OpenedLog], now: datetime
) -> list[NextSteps]:
    """Advise for each of several logs, taken together, how to carry on with it.

    A log that a run holds needs nothing now, nor does one whose open ids have a later
    word in another log.

    Args:
        group: The logs together.
        logs: All logs.
        now: The wall clock.
    """
    return [
        steps_of_log(log.path, log.recovery, log.totals, now)
        for log in logs
        if str(log.path) in group.open_logs and not log.is_held
    ]


def endpoint_on_record(recovery: Recovery, log: Path) -> str | None:
    """Find the endpoint that a log belongs to, as far as a command can name it.

    Records of version 1 do not name it, but the run ids tell the two usual ones.
    """
    if recovery.endpoint is None:
        usual = (DEFAULT_BASE_URL, SIMULATOR)
        return next((name for name in usual if _belongs(recovery, name, log)), None)
    if recovery.endpoint == SIMULATOR:
        return SIMULATOR
    try:
        Settings(base_url=recovery.endpoint)
    except SettingsError:
        return None
    return recovery.endpoint


def _belongs(recovery: Recovery, endpoint_name: str, log: Path) -> bool:
    try:
        check_same_endpoint(recovery, endpoint_name, log)
    except SettingsError:
        return False
    return True


def _foreign(recovery: Recovery) -> str:
    name = recovery.endpoint
    if name is None:
        return "its endpoint is not on record: retry it with the --base-url of its run"
    return sanitize(
        f"its endpoint is named {name}: retry it with the program of its run"
    )
