"""Make the records of ids whose first attempt was accepted from one another.

Of a long list nearly all are of this kind, and differ in few of their fields.
"""

from typing import Any

from bulkpause._text import timestamp
from bulkpause.engine.job import Job
from bulkpause.engine.run_context import RunContext
from bulkpause.model import Record, record_without_init


class RecordsWithoutPast:
    """Makes records of accepted attempts as `Job.record` does, in a third of the time.

    What it skips is the search for other attempts and reads, and the fields that all of
    these records have in common.

    Args:
        context: The run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        #: The fields of the first one, which nobody else has.
        self._alike: dict[str, Any] | None = None

    def record(self, job: Job) -> Record:
        """Make the record of a job whose last attempt was accepted (204)."""
        if not job.has_one_request or job.item.earlier is not None:
            return job.record(self._context.operation.done, self._context)
        if self._alike is None:
            first = job.record(self._context.operation.done, self._context)
            self._alike = vars(Record(**vars(first)))
        fields = self._alike.copy()
        item, attempt = job.item, job.attempts[0]
        fields["id"], fields["name"], fields["row"] = item.id, item.name, item.row
        reply = attempt.reply
        fields["trace_id"] = reply.trace_id
        fields["title"], fields["message"] = reply.title, reply.message
        fields["request_id"] = attempt.request_id
        fields["latency_ms"] = attempt.latency_ms
        fields["started_at"] = attempt.started_at
        fields["finished_at"] = timestamp(self._context.now())
        return record_without_init(fields)
