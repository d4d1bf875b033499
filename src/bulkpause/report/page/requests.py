"""When requests were sent and how each was answered, as far as records tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import repeat

from bulkpause._value import value
from bulkpause.model import PriorAttempt, Record


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
        done_s: When each record was made.
        changed_s: When each of those was made whose campaign was as wanted then.
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
    unrecorded: Iterable[PriorAttempt] = (),
    replaced: Iterable[Record] = (),
) -> Requests:
    """Find the requests of records. A row that was not sent has none.

    A record has no time for a read-back, nor for the last attempt of an id that was
    retried: they count at the end of the id, the attempt before its latency.

    Args:
        records: The records.
        unrecorded: The attempts of ids that were sent and have no record since.
        replaced: Earlier records of the same log, whose attempts later ones repeat,
            but not their reads.
    """
    found = _Found()
    for record in records:
        if record.started_at is not None and record.finished_at is not None:
            found.add(record, record.started_at, seconds(record.finished_at))
    for one in unrecorded:
        if one.at is not None:
            found.sent[one.http_status].append(seconds(one.at))
    for record in replaced:
        if record.finished_at is not None:
            found.add_reads(record, seconds(record.finished_at))
    return found.requests()


class _Found:
    """Collects the requests of records, in any order."""

    def __init__(self) -> None:
        self.sent = defaultdict[int | None, list[float]](list)
        self._reads: list[float] = []
        self._done: list[float] = []
        self._changed: list[float] = []
        self._latencies: list[tuple[float, float]] = []

    def add(self, record: Record, started_at: str, end_s: float) -> None:
        """Add what a record tells."""
        self._done.append(end_s)
        if record.status.is_done:
            self._changed.append(end_s)
        self.add_reads(record, end_s)
        for attempt in record.history:
            at = seconds(attempt.get("at") or started_at)
            self.sent[attempt.get("http_status")].append(at)
        if record.request_id is None and record.reads:
            return  # read, and left alone
        last_s = (
            end_s - (record.latency_ms or 0.0) / 1000
            if record.history
            else seconds(started_at)
        )
        self.sent[record.http_status].append(last_s)
        if record.latency_ms is not None:
            self._latencies.append((last_s, record.latency_ms))

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


def seconds(moment: str) -> float:
    """Give a moment of a log in seconds since 1970."""
    if len(moment) == _LENGTH and moment[-1] == "Z":
        return _MINUTES[moment[:_MINUTE]] + float(moment[_MINUTE:-1])
    return datetime.fromisoformat(moment).timestamp()


#: The length of a moment as logs have it, and of its part up to the minute.
_LENGTH = len("2026-07-01T08:00:00.000Z")
_MINUTE = len("2026-07-01T08:00:")


class _SecondsByMinute(dict[str, float]):
    """The minutes that were asked for: hundreds of records have the same."""

    def __missing__(self, minute: str) -> float:
        self[minute] = at = datetime.fromisoformat(f"{minute}00Z").timestamp()
        return at


_MINUTES = _SecondsByMinute()
