"""One account's part of a run, from the opening of its log to its result."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bulkpause._text import timestamp
from bulkpause.api.credentials import Token
from bulkpause.cli.account_options import Part
from bulkpause.cli.exit_codes import ExitCode, exit_of_run
from bulkpause.cli.log_failure import (
    check_none_is_missing,
    examine,
    record_of_unrecorded,
)
from bulkpause.cli.next_steps import NextSteps, steps_of_run, steps_without_log
from bulkpause.cli.preflight import needs_of
from bulkpause.cli.result import RunResult
from bulkpause.errors import LogError
from bulkpause.journal.reader import exists, read_recovery, read_run
from bulkpause.log_totals import totals_of_plan
from bulkpause.model import Sharing, StopReason
from bulkpause.pauser import Pauser, note_sent, reuse_loaded_log, without_done
from bulkpause.plan import Plan
from bulkpause.progress.event import Notice
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import StopCause


class AccountRun:
    """What a run sends in one account, and what came of it.

    Args:
        part: What is sent.
        token: The token of the account.
        log: Its log.
        run_id: The name of the run in its records.
        base_url: The address of a simulator; None for that of the options.

    Attributes:
        plan: The ids that are left to send.
        log: The log.
        run_id: The name of the run in its records.
        seen: The totals of this process, should the log lose them.
        pauser: Pauses them.
    """

    def __init__(
        self,
        part: Part,
        token: Token,
        *,
        log: Path,
        run_id: str,
        base_url: str | None = None,
    ) -> None:
        self.name = part.name
        self.plan: Plan = part.plan
        self.log = log
        self._options = part.options
        self.run_id = run_id
        self._recovery = part.loaded.recovery
        self._totals = self._counted_totals()
        self.seen = deepcopy(self._totals)
        settings = part.options.named_settings
        if base_url is not None:
            settings = replace(settings, base_url=base_url, proxy=None)
        self.pauser = Pauser(
            token,
            settings,
            log=log,
            resume=part.options.resume,
            run_id=run_id,
            resume_within_s=part.options.resume_within_s,
            retried=part.options.reopened,
            remember=part.options.remembers,
            action=part.options.action,
            resume_rules=part.options.resume_rules,
            undone=part.undone,
            account=part.name,
            company_id=None if part.account is None else part.account.company_id,
        )
        reuse_loaded_log(self.pauser, part.loaded)

    def begin(self) -> list[Notice]:
        """Count anew what is left, now that no other run can change the log.

        Returns:
            What to say about the log and the budget.
        """
        plan = without_done(self.pauser, self.plan)
        if len(plan.items) < len(self.plan.items):
            self.plan = plan
            needs = needs_of(self._options, datetime.now(UTC))
            self._recovery = read_recovery(self.log, needs)
            self._recovery.reopen(self._options.reopened)
        # Now, since the recovery changes with the run.
        self._totals = self._counted_totals()
        self._totals.since = timestamp(datetime.now(UTC))
        self.seen = deepcopy(self._totals)
        return list(self._notices())

    def _notices(self) -> list[Notice]:
        account = {} if self.name is None else {"account": self.name}
        whose = "" if self.name is None else f"{self.name}: "
        notices = [
            Notice("log.mended", account | {"state": text}, f"warning: {text}")
            for text in self.pauser.warnings
        ]
        if (reason := self.pauser.share_warning) is not None:
            fields, text = account | {"reason": reason}, f"warning: {whose}{reason}"
            notices.append(Notice("budget.unavailable", fields, text))
        return notices

    def _counted_totals(self) -> Totals:
        return totals_of_plan(
            self.plan,
            self._recovery,
            is_retry=self._options.is_retry,
            operation=self._options.operation,
        )

    @property
    def sharing(self) -> Sharing | None:
        """How the account is shared with other runs; None if it is not."""
        return self.pauser.sharing

    def result(self, log_error: LogError | None) -> RunResult:
        """Count the run's records as they are on the disk, and say how to carry on.

        Args:
            log_error: Why the log failed; None if it did not.
        """
        pauser = self.pauser
        try:
            if log_error is not None:
                raise log_error
            totals = self._totals_on_disk()
        except LogError as error:
            return self._result_of_failure(error)
        return RunResult(
            totals=totals,
            code=exit_of_run(totals, pauser.stopped),
            log=self.log,
            run_id=self.run_id,
            limits=pauser.settings.limits,
            stopped=pauser.stopped,
            sharing=pauser.sharing,
            steps=self._steps(totals),
            undated=len(pauser.undated),
        )

    def _steps(self, totals: Totals) -> NextSteps:
        options, stopped = self._options, self.pauser.stopped
        if not exists(self.log):
            return steps_without_log(self.log, totals, options, stopped)
        return steps_of_run(self.log, totals, options, stopped=stopped)

    def _totals_on_disk(self) -> Totals:
        """Count the run's records as they are on the disk.

        Raises:
            LogError: They cannot be read, or some of them are missing.
        """
        totals = add_all(read_run(self.log, self.run_id), deepcopy(self._totals))
        note_sent(self.pauser, totals)
        check_none_is_missing(self.seen, totals, self.log)
        if totals.not_attempted < 0:
            sum_of_counts = totals.counts_as_sum()
            raise RuntimeError(f"the log holds more records than rows: {sum_of_counts}")
        return totals

    def _result_of_failure(self, error: LogError) -> RunResult:
        """Sum up what this process knows: the log does not hold all of it."""
        unrecorded = sorted(self.pauser.unrecorded)
        failure, on_record = examine(
            self.log, self.run_id, self.seen, error, unrecorded=len(unrecorded)
        )
        add_all(
            (record_of_unrecorded(id_, self.run_id) for id_ in unrecorded), self.seen
        )
        return RunResult(
            totals=self.seen,
            code=ExitCode.LOG,
            log=self.log,
            run_id=self.run_id,
            limits=self.pauser.settings.limits,
            stopped=StopReason(StopCause.LOG, str(error)),
            sharing=self.pauser.sharing,
            failure=failure,
            # Only what the log, as it is now, allows.
            steps=NextSteps()
            if on_record is None
            else steps_of_run(self.log, on_record, self._options),
        )
