"""Report the result of a run as text and as JSON, with the command that carries on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, field
from itertools import chain
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause._value import value
from bulkpause.cli.display import writes_lines
from bulkpause.cli.exit_codes import FINISHED, ExitCode, gravest
from bulkpause.cli.log_failure import LogFailure
from bulkpause.cli.next_steps import NextSteps, other_ways
from bulkpause.cli.options import (
    Options,
    resume_command,
    retry_command,
    status_command,
)
from bulkpause.cli.output import lost_text, say, show, show_json, stderr, stdout
from bulkpause.engine.policy import Verify
from bulkpause.model import Limit, Sharing, StopReason
from bulkpause.progress.display import Display
from bulkpause.progress.event import Level, Notice
from bulkpause.report import text as report
from bulkpause.report.totals import Totals, join_totals


#: At most this many accounts are shown in the summary; the others are counted.
_ACCOUNTS_SHOWN = 20


@value
class RunResult:
    """The result of a run. Without a log, there was nothing to do.

    Attributes:
        accounts: The results of its accounts, if it has several, by name.
        nothing: Why there was nothing to do, if there was nothing.
        undated: The campaigns that were resumed without a word of the API on when they
            were last changed.
        doubt: Why it is not known what its log leaves open, if the run is not of it; of
            an undo, what it has left out.
    """

    totals: Totals
    code: ExitCode
    log: Path | None
    run_id: str
    limits: Sequence[Limit]
    stopped: StopReason | None = None
    failure: LogFailure | None = None
    sharing: Sharing | None = None
    steps: NextSteps = field(default_factory=NextSteps)
    accounts: Mapping[str | None, "RunResult"] = field(default_factory=dict)
    nothing: str | None = None
    undated: int = 0
    doubt: str | None = None

    def summary_lines(self, options: Options) -> Iterator[str]:
        """Summarise the run for people."""
        yield from report.summary_lines(
            self.totals,
            self.limits,
            reads_back_all=_reads_back_all(options),
        )
        if self.nothing is not None:
            yield sanitize(self.nothing)
        if self.doubt is not None:
            yield sanitize(self.doubt)
        yield from account_lines(self.accounts, stopped=self.stopped)
        if options.is_simulated:
            yield report.simulated_line(self.totals.operation)
        if self.sharing is not None:
            yield from report.sharing_lines(self.sharing)

    def outcome_lines(self) -> Iterator[str]:
        """Say why the run stopped, where its log is, and how to carry on."""
        if self.stopped is not None:
            yield report.stopped_line(self.totals, self.stopped)
        if self.undated:
            yield (
                f"note: the API shows no update_time of "
                f"{format_count(self.undated, 'campaign')}: a change since the pause "
                "could not be seen"
            )
        yield sanitize(f"log: {self.log}")
        for name, one in self.accounts.items():
            if one.failure is not None:
                yield from (f"{name}: {line}" for line in one.failure.lines())
        if self.failure is not None:
            yield from self.failure.lines()
        yield from self.steps.lines()

    def as_dict(self, options: Options) -> dict[str, object]:
        """Give the result in values that JSON can carry."""
        unread = self.totals.unread if _reads_back_all(options) else None
        accounts = {
            str(name): one.as_dict(options) for name, one in self.accounts.items()
        }
        return (
            report.as_object(self.totals, self.limits)
            | {
                "not_read_back": unread,
                "without_update_time": self.undated,
                "doubt": self.doubt,
                "simulated": options.is_simulated,
                "run_id": self.run_id,
                "log": None if self.log is None else str(self.log),
                "exit_code": self.code,
                "stopped": None if self.stopped is None else self.stopped.detail,
                "log_failure": None if self.failure is None else self.failure.as_dict(),
                "next": self.steps.command,
                "sharing": None if self.sharing is None else asdict(self.sharing),
            }
            | ({"accounts": accounts} if options.accounts is not None else {})
        )


def join_results(
    results: Mapping[str | None, RunResult],
    log: Path | None,
    run_id: str,
    options: Options,
    beside: Mapping[str | None, RunResult] | None = None,
) -> RunResult:
    """Make one result of those of all accounts of a run.

    Args:
        results: The results by the name of the account.
        log: The folder of the logs.
        run_id: The name of the run.
        options: The options of the run.
        beside: What accounts have left open that the run is not of.
    """
    beside = beside or {}
    parts = [*results.values(), *beside.values()]
    reasons = {part.stopped for part in results.values()}
    retries = any(part.steps.retry is not None for part in parts)
    resumes = any(part.steps.resume is not None for part in parts)
    totals = join_totals([part.totals for part in parts])
    return RunResult(
        totals=totals,
        code=gravest([ExitCode.ALL_PAUSED, *(part.code for part in parts)]),
        log=log,
        run_id=run_id,
        limits=limits_of_all([part.limits for part in results.values()]),
        stopped=reasons.pop() if len(reasons) == 1 else None,
        steps=NextSteps()
        if log is None
        else NextSteps(
            retry=retry_command(log, options) if retries else None,
            resume=resume_command(log, options) if resumes else None,
            note=next((one.steps.note for one in parts if one.steps.note), None),
            others=other_ways(log, totals, options),
        ),
        accounts={**results, **beside},
        undated=sum(part.undated for part in parts),
    )


def limits_of_all(limits: Sequence[Sequence[Limit]]) -> tuple[Limit, ...]:
    """Add up the limits of several accounts that have the same periods.

    Without some account's, nothing can be said of all: the result is empty.
    """
    requests: Counter[float] = Counter()
    accounts: Counter[float] = Counter()
    for limit in chain.from_iterable(limits):
        requests[limit.period_s] += limit.requests
        accounts[limit.period_s] += 1
    return tuple(
        Limit(count, period_s)
        for period_s, count in requests.items()
        if accounts[period_s] == len(limits)
    )


def account_lines(
    accounts: Mapping[str | None, RunResult], *, stopped: StopReason | None = None
) -> Iterator[str]:
    """Say what came of each account, of those first that are not all paused.

    Args:
        accounts: The results by the name of the account.
        stopped: Why all of them stopped, which is said once, after them.
    """
    idle = [name for name, one in accounts.items() if one.totals.is_empty]
    if len(idle) < 2:
        idle = []
    graver = sorted(
        ((name, one) for name, one in accounts.items() if name not in idle),
        key=lambda pair: pair[1].code == ExitCode.ALL_PAUSED,
    )
    for name, one in graver[:_ACCOUNTS_SHOWN]:
        is_own = one.stopped is not None and one.stopped != stopped
        why = f"; stopped: {one.stopped.detail}" if one.stopped and is_own else ""
        if one.doubt is not None:
            all_of_it = "all of it may still be running: "
            what = all_of_it if one.totals.operation.stops else ""
            yield sanitize(f"{name}: {what}{one.doubt}")
        elif one.totals.rows or one.code is ExitCode.ALL_PAUSED:
            yield sanitize(f"{name}: {one.totals.counts_as_sum()}{why}")
        else:
            yield from (sanitize(f"{name}: {t}") for t in report.open_lines(one.totals))
    if more := graver[_ACCOUNTS_SHOWN:]:
        paused = sum(one.code == ExitCode.ALL_PAUSED for _, one in more)
        accounts_left = format_count(len(more), "more account")
        yield f"and {accounts_left}, {paused} of them all paused"
    if idle:
        yield f"{len(idle):,} accounts: no ids to {_verb(accounts)}"


def _verb(accounts: Mapping[str | None, RunResult]) -> str:
    return next(iter(accounts.values())).totals.operation.verb


def _reads_back_all(options: Options) -> bool:
    return options.settings.retry_policy.verify is Verify.ALL


def print_result(result: RunResult, display: Display, options: Options) -> None:
    """Print the summary. The run is over and on record, whether or not it is read."""
    stderr().end_run()
    # A run that left something open says so at every level.
    level: Level = "info" if result.code in FINISHED else "error"
    facts = result.as_dict(options)
    display.handle(Notice("run.finished", facts, level=level))
    if stdout().isatty() and stderr().isatty():
        stderr().drain()  # the bar is erased before the summary stands in its place
    lost = lost_text(stderr())
    if options.is_json:
        show_json(facts)
    else:
        warnings = () if lost is None else (f"warning: {lost}",)
        show("\n".join((*result.summary_lines(options), *warnings)))
    for notice in _notices_of_output(lost, result.log):
        display.handle(notice)
    if options.is_json or writes_lines(options) or result.log is None:
        return
    for line in result.outcome_lines():
        say(line)


def _notices_of_output(lost: str | None, log: Path | None) -> Iterator[Notice]:
    """Say what could not be shown, where that can still be said."""
    if lost is not None:
        # Standard output has said it to people.
        yield Notice("lines.dropped", {"message": lost}, level="warning")
    if (fault := stdout().fault) is not None:
        remedy = "" if log is None else f"; show it with: {status_command(log)}"
        message = f"the summary could not be written: {fault.strerror}{remedy}"
        fields = {"message": message}
        yield Notice("summary.failed", fields, f"warning: {message}", level="warning")
