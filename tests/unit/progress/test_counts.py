"""Records are counted by status, and the latest failures are kept."""

from bulkpause.model import Record
from bulkpause.progress.counts import RecordCounts
from bulkpause.vocabulary import Status


def counted() -> RecordCounts:
    counts = RecordCounts()
    for number in range(5):
        counts.add(Record(id=str(number), status=Status.FAILED))
        counts.add(Record(id=f"p{number}", status=Status.ALREADY_PAUSED))
    return counts


def test_statuses_are_counted_in_fixed_order() -> None:
    counts = counted()
    assert list(counts.by_status.items()) == [("already_paused", 5), ("failed", 5)]


def test_only_latest_failures_are_kept() -> None:
    ids = [line.partition(" ")[0] for line in counted().failures]
    assert ids == ["2", "3", "4"]
