"""When requests were sent and how each was answered, as far as records tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import repeat
from typing import NamedTuple, Self

from bulkpause._value import value
from bulkpause.model import PriorAttempt, Record
from bulkpause.report.page.moments import seconds_of


class Outcome(StrEnum):
    """How a request was answered. The order is that of the bars, from below."""

    ACCEPTED = "accepted"
    READ_BACK = "read_back"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    NO_RESPONSE = "no_response"

    @property
    def label(self) -> str:
        """The outcome in words."""
        return _LABELS[self]


_LABELS = {
    Outcome.ACCEPTED: "accepted",
    Outcome.READ_BACK: "read",
    Outcome.REFUSED: "refused (3xx, 4xx)",
    Outcome.RATE_LIMITED: "rate-limited (429)",
    Outcome.NO_RESPONSE: "no usable response on record (5xx, timeout, no connection)",
}


@value
class Requests:
    """The requests of some records. Moments are seconds since 1970, in order.

    Attributes:
        sent_s: When the requests with each outcome were sent.
        done_s: When each result was on record: the last record of an id.
        changed_s: When each of those was whose campaign was as wanted then.
        answered_s: When the last attempt of each id was sent that was answered.
        latencies_ms: The latency of each of these attempts.
    """

    sent_s: Mapping[Outcome, Sequence[float]]
    done_s: Sequence[float]
    changed_s: Sequence[float]
    answered_s: Sequence[float]
    latencies_ms: Sequence[float]

    @property
    def count(self) -> int:
        """The number of requests."""
        return sum(map(len, self.sent_s.values()))


def requests_of(
    records: Iterable[Record],
    *,
    results: Iterable[Record] | None = None,
    unrecorded: Iterable[PriorAttempt] = (),
    replaced: Iterable[Record] = (),
) -> Requests:
    """Find the requests of records. A row that was not sent has none.

    A record has no time for a read-back, nor for the last attempt of an id that was
    retried: they count at the end of the id, the attempt before its latency.

    Args:
        records: The records.
        results: The last record of each id; None if these are the records.
        unrecorded: The attempts of ids that were sent and have no record since.
        replaced: Earlier records of the same log, whose attempts later ones repeat,
            but not their reads.
    """
    found = _Found()
    timed = _Timed.of(records)
    found.add_all(timed)
    found.add_results(timed if results is None else _Timed.of(results))
    for one in unrecorded:
        if one.at is not None:
            found.sent[one.http_status] += seconds_of([one.at])
    for record in replaced:
        if record.finished_at is not None:
            found.add_reads(record, *seconds_of([record.finished_at]))
    return found.requests()


class _Timed(NamedTuple):
    """Records that were begun and ended, and when: seconds since 1970."""

    records: Sequence[Record]
    starts_s: Sequence[float]
    ends_s: Sequence[float]

    @classmethod
    def of(cls, records: Iterable[Record]) -> Self:
        """Leave out what was not sent."""
        sent = [
            one
            for one in records
            if one.started_at is not None and one.finished_at is not None
        ]
        starts_s = seconds_of(one.started_at or "" for one in sent)
        return cls(sent, starts_s, seconds_of(one.finished_at or "" for one in sent))


class _Found:
    """Collects the requests of records, in any order."""

    def __init__(self) -> None:
        self.sent = defaultdict[int | None, list[float]](list)
        self._reads: list[float] = []
        self._done: list[float] = []
        self._changed: list[float] = []
        self._latencies: list[tuple[float, float]] = []

    def add_all(self, timed: _Timed) -> None:
        """Add the requests of records."""
        for record, start_s, end_s in zip(*timed, strict=True):
            if record.history or record.reads or record.campaign_status is not None:
                self._add_several(record, start_s, end_s)
            else:
                self._add_last(record, start_s)

    def add_results(self, timed: _Timed) -> None:
        """Add when each of these ended, which are the last records of their ids."""
        self._done += timed.ends_s
        self._changed += [
            end_s
            for record, end_s in zip(timed.records, timed.ends_s, strict=True)
            if record.status.is_done
        ]

    def _add_several(self, record: Record, start_s: float, end_s: float) -> None:
        """Add the requests of a record that has several, or was only read."""
        self.add_reads(record, end_s)
        for attempt in record.history:
            at = attempt.get("at")
            at_s = start_s if at is None else seconds_of([at])[0]
            self.sent[attempt.get("http_status")].append(at_s)
        if record.request_id is None and record.reads:
            return  # read, and left alone
        latency_s = (record.latency_ms or 0.0) / 1000
        self._add_last(record, end_s - latency_s if record.history else start_s)

    def _add_last(self, record: Record, at_s: float) -> None:
        self.sent[record.http_status].append(at_s)
        if record.latency_ms is not None:
            self._latencies.append((at_s, record.latency_ms))

    def add_reads(self, record: Record, end_s: float) -> None:
        """Add the reads of a campaign; records of older versions do not count them."""
        reads = record.reads or record.campaign_status is not None
        if reads:
            self._reads.extend(repeat(end_s, reads))

    def requests(self) -> Requests:
        """Put all in order."""
        self._latencies.sort()
        return Requests(
            sent_s=_by_outcome(self.sent, self._reads),
            done_s=sorted(self._done),
            changed_s=sorted(self._changed),
            answered_s=[moment for moment, _ in self._latencies],
            latencies_ms=[latency for _, latency in self._latencies],
        )


def _by_outcome(
    sent: Mapping[int | None, Sequence[float]], reads: Sequence[float]
) -> dict[Outcome, list[float]]:
    """Put the moments of attempts, by HTTP status, and of reads in order."""
    by_outcome: dict[Outcome, list[float]] = {outcome: [] for outcome in Outcome}
    by_outcome[Outcome.READ_BACK].extend(reads)
    for http_status, moments in sent.items():
        by_outcome[outcome_of(http_status)].extend(moments)
    return {outcome: sorted(moments) for outcome, moments in by_outcome.items()}


def outcome_of(http_status: int | None) -> Outcome:
    """Tell the outcome of an attempt from its response; None for a transport error."""
    if http_status is None or http_status < 200 or http_status >= 500:
        return Outcome.NO_RESPONSE
    if http_status == 429:
        return Outcome.RATE_LIMITED
    return Outcome.ACCEPTED if http_status < 300 else Outcome.REFUSED
