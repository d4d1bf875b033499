"""When requests were sent and how each was answered, as far as records tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import repeat

from bulkpause.model import Record


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
    Outcome.NO_RESPONSE: "no usable response (5xx, timeout, no connection)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
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


def requests_of(records: Iterable[Record]) -> Requests:
    """Find the requests of records. A row that was not sent has none.

    A record has no time for a read-back, nor for the last attempt of an id that was
    retried: they count at the end of the id, the attempt before its latency.
    """
    sent: defaultdict[int | None, list[float]] = defaultdict(list)
    reads: list[float] = []
    done: list[float] = []
    changed: list[float] = []
    latencies: list[tuple[float, float]] = []
    for record in records:
        if record.started_at is None or record.finished_at is None:
            continue
        end_s = seconds(record.finished_at)
        done.append(end_s)
        if record.status.is_done:
            changed.append(end_s)
        reads.extend(repeat(end_s, _reads_of(record)))
        for attempt in record.history:
            at = seconds(attempt.get("at") or record.started_at)
            sent[attempt.get("http_status")].append(at)
        if record.request_id is None and record.reads:
            continue  # read, and left alone
        last_s = _last_sent_s(record, end_s)
        sent[record.http_status].append(last_s)
        if record.latency_ms is not None:
            latencies.append((last_s, record.latency_ms))
    latencies.sort()
    return Requests(
        sent_s=_by_outcome(sent, reads),
        done_s=sorted(done),
        changed_s=sorted(changed),
        answered_s=[moment for moment, _ in latencies],
        latencies_ms=[latency for _, latency in latencies],
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


def _reads_of(record: Record) -> int:
    """Tell how often a campaign was read; records of older versions do not say it."""
    return record.reads or record.campaign_status is not None


def _last_sent_s(record: Record, end_s: float) -> float:
    """Tell when the last attempt was sent, from the start or the end of its id."""
    if not record.history:
        return seconds(record.started_at or "")
    return end_s - (record.latency_ms or 0.0) / 1000


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
