"""What is skipped in reading a log changes nothing of what is found.

A line that is taken at a glance says what its decoded record says, a sealed line gives
the record that all checks give, and ids in brief count as their whole records would.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkpause._text import timestamp
from bulkpause.errors import LogError
from bulkpause.journal.ages import ages_s
from bulkpause.journal.codec import (
    Answered,
    Header,
    SealedLines,
    Sent,
    UndoMark,
    WalEntry,
    decode_again,
    decode_records,
    encode,
)
from bulkpause.journal.fold import recover, recover_records
from bulkpause.journal.glance import Glance
from bulkpause.journal.needs import Needs
from bulkpause.journal.record_file import RecordFile
from bulkpause.journal.recovery import Recovery
from bulkpause.log_totals import totals_of_plan
from bulkpause.model import Item, Record
from bulkpause.plan import digest, make_plan
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Action, Status
from tests.support.log_records import with_ids
from tests.support.nightly import IS_NIGHTLY


pytestmark = pytest.mark.unmeasured
MANY = settings(deadline=None, max_examples=20_000 if IS_NIGHTLY else 300)
STARTED = datetime(2026, 7, 1, 8, tzinfo=UTC)
IDS = ["1001", "1002", "1003"]
RUNS = ["a", "b", "c"]
WHOLE = Needs(whole=frozenset(Status))


def often(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Draw one of the values most of the time, else nothing."""
    return st.one_of(values, values, values, st.none())


texts = st.none() | st.text(max_size=8) | st.sampled_from(["paused", '","status":"'])
times = st.integers(0, 300).map(lambda s: timestamp(STARTED + timedelta(seconds=s)))
histories = st.lists(
    st.fixed_dictionaries({
        "http_status": st.sampled_from([429, 500, None]),
        "trace_id": st.none(),
        "error": st.none(),
        "at": times,
    }),
    max_size=2,
).map(tuple)  # fmt: skip
records = st.builds(
    Record,
    id=often(st.sampled_from(IDS)),
    name=texts,
    status=st.sampled_from([Status.PAUSED, *Status]),
    http_status=st.sampled_from([204, 204, 429, 400, None]),
    trace_id=texts,
    title=texts,
    message=texts,
    error=texts,
    campaign_status=st.sampled_from([None, "paused", "draft"]),
    action=st.sampled_from([Action.PAUSE, Action.PAUSE, Action.RESUME]),
    attempts=st.integers(0, 3),
    reads=st.integers(0, 2),
    earlier_status=texts,
    history=st.just(()) | histories,
    reason=texts,
    row=often(st.integers(0, 9)),
    request_id=often(st.sampled_from(["a-1", "b-2"])),
    latency_ms=often(st.floats(0, 1e6)),
    started_at=often(times),
    finished_at=often(times),
    run_id=often(st.sampled_from([*RUNS, *RUNS, "\N{SNOWMAN}"])),
    planned=often(st.integers(0, 9)),
    endpoint=often(st.sampled_from(["https://a", "simulator", "\N{SNOWMAN}"])),
)


PAUSED_AT_ONCE = Record(
    id="1001",
    status=Status.PAUSED,
    http_status=204,
    attempts=1,
    row=1,
    request_id="a-1",
    latency_ms=61.5,
    started_at=timestamp(STARTED),
    finished_at=timestamp(STARTED),
    run_id="a",
    planned=1,
    endpoint="https://a",
)
#: In each of these one field, or two, is unlike that of most records.
NEARLY_USUAL = [
    replace(PAUSED_AT_ONCE, **changes)
    for changes in (
        {},
        {"campaign_status": "paused"},
        {"campaign_status": "paused", "reads": 1},
        {"campaign_status": "paused", "reads": 2},
        {"reads": 1},
        {"http_status": 429},
        {"action": Action.RESUME},
        {"status": Status.RESUMED, "action": Action.RESUME},
        {"status": Status.ALREADY_PAUSED},
        {"attempts": 0, "request_id": None},
        {
            "attempts": 0,
            "request_id": None,
            "campaign_status": "paused",
            "reads": 1,
        },
        {"attempts": 2},
        {"history": ({"http_status": 429, "at": timestamp(STARTED)},)},
        {"latency_ms": None},
        {"started_at": None},
        {"finished_at": None},
        {"reason": "Über \\"},
    )
]

#: Of these most lines are taken, also one after the other, and are not all of one kind.
nearly_usual = st.builds(
    replace,
    st.sampled_from([PAUSED_AT_ONCE, *NEARLY_USUAL]),
    id=st.sampled_from(IDS),
    run_id=st.sampled_from(RUNS),
    planned=st.integers(1, 3),
    endpoint=st.sampled_from(["https://a", 'https://b,"v":3']),
    reason=st.sampled_from([None, "over", 'Küche "zu"\\', ',"v":3']),
)


def unsealed(line: bytes) -> bytes:
    """Give a line without its checksum, so that all of its fields are checked."""
    fields = orjson.loads(line)
    del fields["crc32"]
    return orjson.dumps(fields)


@MANY
@given(records)
def test_sealed_line_gives_checked_record(record: Record) -> None:
    line = encode(record)[:-1]
    (checked,) = decode_records([(1, unsealed(line))], "log")
    (sealed,) = decode_records([(1, line)], "log")
    assert sealed == decode_again(line) == checked == record
    assert decode_again(unsealed(line)) == record
    whole, hand_made = line + b"\n", unsealed(line) + b"\n"
    assert SealedLines().decode([whole, whole]) == [record, record]
    assert SealedLines().decode([whole, hand_made]) is None
    assert encode(sealed)[:-1] == line


def test_line_without_newer_keys_is_decoded_again() -> None:
    line = b'{"id":"1001","status":"paused","history":[]}'
    for again in (line, line[:-1] + b',"v":2}'):
        (checked,) = decode_records([(1, again)], "log")
        assert vars(decode_again(again)).items() <= vars(checked).items()
        assert decode_again(again) == checked


def file_of(lines: list[bytes]) -> RecordFile:
    return RecordFile(lambda: iter(lines), "log", is_paired=False)


@MANY
@given(
    st.lists(nearly_usual | records, max_size=6),
    st.frozensets(st.sampled_from([Status.REJECTED, Status.ALREADY_PAUSED])),
    st.none() | times,
)
def test_glance_finds_what_decoding_finds(
    written: list[Record], whole: frozenset[Status], since: str | None
) -> None:
    lines = [encode(record) for record in written]
    glanced, decoded = Totals(), Totals()
    found, expected = (
        recover_records(source, Needs(whole=whole, since=since, tally=tally))
        for source, tally in ((file_of(lines), glanced), (written, decoded))
    )
    assert found == expected
    assert with_sorted_latencies(glanced) == with_sorted_latencies(decoded)


@MANY
@given(st.lists(st.sampled_from(NEARLY_USUAL) | records, max_size=6), st.booleans())
def test_sealed_lines_are_folded_as_their_records(
    written: list[Record], is_for_long: bool
) -> None:
    lines = [encode(record) for record in written]
    needs = replace(WHOLE, is_for_long=is_for_long)
    assert recover_records(file_of(lines), needs) == recover_records(written, needs)


@MANY
@given(st.integers(0, 130), st.lists(st.tuples(records, st.booleans()), max_size=6))
def test_batches_of_lines_are_folded_as_their_records(
    before: int, last: list[tuple[Record, bool]]
) -> None:
    usual = list(map(encode, with_ids(PAUSED_AT_ONCE, range(before))))
    odd = [
        unsealed(encode(one)) + b"\n" if is_odd else encode(one) for one, is_odd in last
    ]
    for lines in (usual + odd, odd + usual):
        decoded = list(file_of(lines))
        assert recover_records(file_of(lines), WHOLE) == recover_records(decoded, WHOLE)


@MANY
@given(
    st.integers(0, 130),
    st.sampled_from(NEARLY_USUAL),
    st.integers(0, 150).map(lambda n: [str(n)]) | st.just([]),
    st.none() | times,
)
def test_glance_at_batches_finds_what_decoding_finds(
    count: int, alike: Record, again: list[str], since: str | None
) -> None:
    written = with_ids(alike, [*range(count), *again, *range(200, 264)])
    glanced, decoded = Totals(), Totals()
    found, expected = (
        recover_records(source, Needs(since=since, tally=tally))
        for source, tally in (
            (file_of(list(map(encode, written))), glanced),
            (written, decoded),
        )
    )
    assert found == expected
    assert with_sorted_latencies(glanced) == with_sorted_latencies(decoded)


@pytest.mark.parametrize("at", ["2026-07-01T12:00:00.000+05:00", None])
def test_batch_with_unusual_time_tells_its_times(at: str | None) -> None:
    written = [PAUSED_AT_ONCE, replace(PAUSED_AT_ONCE, id="1002", started_at=at)]
    found = recover_records(file_of([encode(one) for one in written]), WHOLE)
    first = STARTED if at is None else STARTED - timedelta(hours=1)
    assert (found.first_at, found.last_at) == (timestamp(first), timestamp(STARTED))


@pytest.mark.parametrize("number", [1, 64, 65, 100])
@pytest.mark.parametrize("needs", [WHOLE, Needs()], ids=["whole", "brief"])
def test_damaged_line_of_a_batch_is_named(number: int, needs: Needs) -> None:
    lines = list(map(encode, with_ids(PAUSED_AT_ONCE, range(100))))
    lines[number - 1] = lines[number - 1].replace(b'"id":"', b'"id":"\xff')
    with pytest.raises(LogError, match=f"line {number} is damaged"):
        recover_records(file_of(lines), needs)


def test_later_batch_has_last_word_on_an_id() -> None:
    ids = [*map(str, range(1001, 1201)), "1001"]
    written = [replace(PAUSED_AT_ONCE, id=id_) for id_ in ids]
    written[-1] = replace(written[-1], status=Status.FAILED)
    found = recover_records(file_of([encode(one) for one in written]), WHOLE)
    assert found == recover_records(written, WHOLE)
    assert (found.lines, len(found.latest)) == (201, 200)
    assert found.latest["1001"].status is Status.FAILED


def test_mark_among_records_is_taken() -> None:
    mark = UndoMark(undone_by="undo.jsonl", run_id="b", at=timestamp(STARTED))
    lines = [encode(PAUSED_AT_ONCE), encode(mark)]
    found = recover_records(file_of(lines), WHOLE)
    assert (found.undos, found.lines) == (["undo.jsonl"], 2)
    assert found.records == {"1001": PAUSED_AT_ONCE}


@MANY
@given(
    st.lists(st.sampled_from(NEARLY_USUAL) | records, max_size=6),
    st.just("") | times,
)
def test_totals_of_many_are_those_one_by_one(written: list[Record], since: str) -> None:
    one_by_one = Totals(since=since)
    for record in written:
        one_by_one.add(record)
    together = with_sorted_latencies(add_all(written, Totals(since=since)))
    assert together == with_sorted_latencies(one_by_one)


def with_sorted_latencies(totals: Totals) -> dict[str, object]:
    totals.latencies_ms = type(totals.latencies_ms)("d", sorted(totals.latencies_ms))
    return totals.as_dict()


def test_most_lines_are_taken_at_a_glance() -> None:
    paused = replace(PAUSED_AT_ONCE, name='A "sale", größer', trace_id="t")
    refused = replace(
        paused, status=Status.ALREADY_PAUSED, http_status=400, campaign_status="paused"
    )
    seen_paused = replace(paused, campaign_status="paused", reads=1)
    for record in (paused, refused, seen_paused):
        assert decoded_of(encode(record), Needs()) == []
    for record in (paused, seen_paused):
        assert decoded_of(encode(record), Needs(tally=Totals())) == []


def decoded_of(line: bytes, needs: Needs) -> list[Record]:
    """Give the records of a line that is not taken."""
    return list(file_of([line]).decode_batches(Glance(Recovery(), needs).left_of))


class Course:
    """The lines that runs write to both logs, as `Journal` would, up to a kill."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[WalEntry] = []
        self.settled: set[str] = set()
        self.seconds = 0
        self.requests = 0

    def begin(self, run: str, ids: list[str]) -> None:
        header = Header(
            run=run,
            base_url="https://a",
            digest=digest(ids),
            planned=len(ids),
            planned_before=len({record.id for record in self.records}),
            boot_id="boot",
        )
        items = tuple(Item(id=id_, row=row) for row, id_ in enumerate(ids, 1))
        self.entries += [header, items]

    def send(self, run: str, id_: str, action: Action) -> str:
        self.seconds += 7
        self.requests += 1
        request_id = f"{run}-{self.requests}"
        self.entries.append(
            Sent(
                sent=id_,
                action=action,
                request_id=request_id,
                at=self.now,
                clock_s=float(self.seconds),
            )
        )
        return request_id

    def answer(self, id_: str, request_id: str, http_status: int) -> None:
        self.entries.append(
            Answered(
                answered=id_,
                request_id=request_id,
                http_status=http_status,
                trace_id=None,
                error=None,
                is_doubtful=http_status == 502,
            )
        )

    def record(self, run: str, id_: str, request_id: str, status: Status) -> None:
        self.records.append(
            Record(
                id=id_,
                status=status,
                http_status=204 if status is Status.PAUSED else 400,
                row=1,
                request_id=request_id,
                started_at=self.now,
                finished_at=self.now,
                run_id=run,
                planned=len(IDS),
                endpoint="https://a",
            )
        )

    @property
    def now(self) -> str:
        return timestamp(STARTED + timedelta(seconds=self.seconds))


@st.composite
def courses(draw: st.DrawFn) -> Course:
    course = Course()
    for run in RUNS[: draw(st.integers(1, len(RUNS)))]:
        last = {record.id: record.status for record in course.records}
        reopened = draw(st.sampled_from([set(), {Status.REJECTED}]))
        open_ids = [
            id_
            for id_ in IDS
            if id_ not in last or not last[id_].is_settled or last[id_] in reopened
        ]
        for _ in range(draw(st.sampled_from([1, 1, 2]))):
            ids = draw(st.permutations(open_ids))[: draw(st.integers(0, len(IDS)))]
            course.begin(run, ids)
            for id_ in ids:
                draw_end_of(draw, course, run, id_)
    if draw(st.booleans()) and draw(st.booleans()):
        course.entries = []  # a log that was copied without its write-ahead log
    return course


def draw_end_of(draw: st.DrawFn, course: Course, run: str, id_: str) -> None:
    """Draw what becomes of an id until its run ends or is killed."""
    request_id = ""
    for _ in range(draw(st.integers(0, 2))):
        request_id = course.send(run, id_, Action.PAUSE)
        if draw(st.booleans()):
            course.answer(id_, request_id, draw(st.sampled_from([400, 502, 503])))
    if request_id and draw(st.booleans()):
        course.send(run, id_, Action.READ)
    if request_id and draw(st.sampled_from([True, True, False])):
        status = draw(st.sampled_from([Status.PAUSED, Status.PAUSED, *SENT_STATUSES]))
        course.record(run, id_, request_id, status)


SENT_STATUSES = [status for status in Status if status is not Status.INVALID]


@MANY
@given(courses(), st.lists(st.sampled_from([*IDS, "1009"]), unique=True))
def test_ids_in_brief_count_as_their_records(course: Course, ids: list[str]) -> None:
    now = datetime.fromisoformat(course.now)
    needs = Needs.of_run((), 20.0, now)
    brief = recover(course.records, course.entries, needs)
    whole = recover(course.records, course.entries, WHOLE)
    assert view_of(brief, now) == view_of(whole, now)
    plan = make_plan(Item(id=id_, row=1) for id_ in ids).without(whole.settled)
    assert brief.count_planned(plan) == whole.count_planned(plan)
    for is_retry in (False, True):
        found, expected = (
            totals_of_plan(plan, recovery, is_retry=is_retry)
            for recovery in (brief, whole)
        )
        assert found == expected


def view_of(recovery: Recovery, now: datetime) -> dict[str, object]:
    """Give all that a run, `status` and `retry` take from a recovery."""
    statuses = recovery.brief.count_by_status()
    statuses.update(record.status for record in recovery.latest.values())
    return {
        "statuses": statuses,
        "settled": set(recovery.settled),
        "unfinished": dict(recovery.unfinished),
        "not attempted": recovery.not_attempted,
        "unrecorded": recovery.unrecorded,
        "prior attempts": recovery.prior_attempts,
        "known": recovery.known,
        "not on record": recovery.not_on_record,
        "planned": (recovery.planned_so_far, recovery.is_plan_known),
        "run": (recovery.endpoint, recovery.last_run_id, recovery.is_empty),
        "times": (recovery.first_at, recovery.last_at),
        "ages": sorted(
            ages_s(
                recovery,
                now=now,
                clock_s=(now - STARTED).total_seconds(),
                boot_id="boot",
                longest_s=20.0,
            )
        ),
    }
