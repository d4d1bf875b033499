"""When requests were sent and how each was answered, as far as records tell."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from bulkpause._value import value
from bulkpause.model import Record, Status


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


def requests_of(records: Iterable[Record]) -> Requests:
    """Find the requests of records. A row that was not sent has none.

    A record has no time for a read-back, nor for the last attempt of an id that was
    retried: they count at the end of the id, the attempt before its latency.
    """
    sent: dict[Outcome, list[float]] = {outcome: [] for outcome in Outcome}
    ends: list[tuple[float, Status]] = []
    latencies: list[tuple[float, float]] = []
    for record in records:
        if record.started_at is None or record.finished_at is None:
            continue
        end_s = seconds(record.finished_at)
        ends.append((end_s, record.status))
        # Records of older versions do not say how often their campaigns were read.
        reads = record.reads or record.campaign_status is not None
        if reads:
            sent[Outcome.READ_BACK].extend([end_s] * reads)
        for attempt in record.history:
            at = seconds(attempt.get("at") or record.started_at)
            sent[_OUTCOMES[attempt.get("http_status")]].append(at)
        if record.request_id is None and record.reads:
            continue  # read, and left alone
        last_s = _last_sent_s(record, end_s)
        sent[_OUTCOMES[record.http_status]].append(last_s)
        if record.latency_ms is not None:
            latencies.append((last_s, record.latency_ms))
    latencies.sort()
    return Requests(
        sent_s={outcome: sorted(moments) for outcome, moments in sent.items()},
        done_s=sorted(end_s for end_s, _ in ends),
        changed_s=sorted(end_s for end_s, status in ends if status.is_done),
        answered_s=[moment for moment, _ in latencies],
        latencies_ms=[latency for _, latency in latencies],
    )


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


class _OutcomesByStatus(dict[int | None, Outcome]):
    """The outcomes that were asked for: nearly all requests have the same."""

    def __missing__(self, http_status: int | None) -> Outcome:
        self[http_status] = outcome = outcome_of(http_status)
        return outcome


_OUTCOMES = _OutcomesByStatus()


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
