"""The state of earlier runs is derived from both logs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.journal.ages import ages_s
from bulkpause.journal.codec import (
    Answered,
    Header,
    Remembered,
    Sent,
    WalEntry,
    decode_entries,
    encode,
)
from bulkpause.journal.fold import recover
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Earlier, Item, Record
from bulkpause.plan import Plan, digest
from bulkpause.vocabulary import Action, Status


AT = "2026-07-01T08:00:00.000Z"
LATER = "2026-07-01T08:00:20.000Z"
NOW = datetime(2026, 7, 1, 8, 0, 30, tzinfo=UTC)


Entries = list[WalEntry]


def header(run: str, planned: int = 1, boot_id: str = "boot") -> Header:
    return Header(
        run=run, base_url="https://a", digest="d", planned=planned, boot_id=boot_id
    )


def plan(*names: str) -> tuple[Item, ...]:
    return tuple(Item(id=id_, row=row) for row, id_ in enumerate(names, 1))


def sent(id_: str, run: str, number: int = 1, *, action: Action = Action.PAUSE) -> Sent:
    request_id = f"{run}-{number}"
    return Sent(sent=id_, action=action, request_id=request_id, at=AT, clock_s=100.0)


def answered(
    id_: str, run: str, number: int = 1, *, status: int = 500, is_in_doubt: bool = True
) -> Answered:
    return Answered(
        answered=id_,
        request_id=f"{run}-{number}",
        http_status=status,
        trace_id="trace",
        error=None,
        is_doubtful=is_in_doubt,
    )


def record(id_: str, status: Status, run: str, **values: object) -> Record:
    base = Record(id=id_, status=status, row=1, run_id=run, started_at=AT)
    return replace(base, **values)  # type: ignore[arg-type]


def test_repeated_invalid_row_is_kept_once() -> None:
    wrong = replace(record("", Status.INVALID, "run1"), id=None, error="no id")
    again = replace(wrong, run_id="run2")
    recovery = recover(
        [wrong, again, replace(wrong, row=2), replace(wrong, error="x")], []
    )
    assert [(one.row, one.error) for one in recovery.invalid.values()] == [
        (1, "no id"),
        (2, "no id"),
        (1, "x"),
    ]
    assert recovery.records == {}


def in_doubt(recovery: Recovery, id_: str) -> list[bool]:
    """Say of each prior attempt of an id whether it is in doubt."""
    return [attempt.is_in_doubt for attempt in recovery.prior_attempts.get(id_, [])]


def test_empty_logs_give_empty_recovery() -> None:
    recovery = recover([], [])
    assert (set(recovery.settled), recovery.unfinished, recovery.prior_attempts) == (
        set(),
        {},
        {},
    )


@pytest.mark.parametrize("status", Status)
def test_record_settles_id_or_leaves_it_unfinished(status: Status) -> None:
    recovery = recover([record("1", status, "a")], [])
    assert ("1" in recovery.settled) == status.is_settled
    assert ("1" in recovery.unfinished) == (not status.is_settled)


def test_last_record_of_id_counts() -> None:
    failed, paused = (record("1", s, "a") for s in (Status.FAILED, Status.PAUSED))
    assert recover([failed, paused], []).settled == {"1"}


def test_reworded_invalid_row_of_version_1_counts_once() -> None:
    old = Record(id=None, status=Status.INVALID, row=3, error="is no id", v=1)
    new = replace(old, error="is not a valid id", v=2)
    assert list(recover([old, new], []).invalid.values()) == [new]


def test_invalid_row_is_left_out() -> None:
    invalid = Record(id=None, status=Status.INVALID, run_id="a")
    assert recover([invalid], []).records == {}


def test_planned_id_without_request_is_unfinished() -> None:
    recovery = recover([], [header("a", 2), plan("1", "2")])
    assert list(recovery.unfinished) == ["1", "2"]
    assert recovery.prior_attempts == {}


def test_request_without_response_is_in_doubt() -> None:
    recovery = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert [attempt.error for attempt in recovery.prior_attempts["1"]] == [
        "no_answer_on_record"
    ]
    assert in_doubt(recovery, "1") == [True]


@pytest.mark.parametrize("is_in_doubt", [True, False])
def test_logged_response_says_if_attempt_is_in_doubt(is_in_doubt: bool) -> None:
    reply = answered("1", "a", status=503, is_in_doubt=is_in_doubt)
    recovery = recover([], [header("a"), plan("1"), sent("1", "a"), reply])
    assert in_doubt(recovery, "1") == [is_in_doubt]
    assert recovery.prior_attempts["1"][0].http_status == 503
    assert recovery.prior_attempts["1"][0].trace_id == "trace"


def test_response_is_matched_to_its_request() -> None:
    entries: Entries = [
        header("a"),
        plan("1"),
        sent("1", "a", 1),
        answered("1", "a", 1, status=429, is_in_doubt=False),
        sent("1", "a", 2),
    ]
    assert in_doubt(recover([], entries), "1") == [False, True]


def test_read_back_is_not_a_prior_attempt() -> None:
    read_back = sent("1", "a", action=Action.READ)
    assert recover([], [header("a"), plan("1"), read_back]).prior_attempts == {}


def test_record_closes_attempts_of_its_run() -> None:
    entries: Entries = [header("a"), plan("1"), sent("1", "a")]
    recovery = recover([record("1", Status.PAUSED, "a")], entries)
    assert (set(recovery.settled), recovery.prior_attempts) == ({"1"}, {})


def test_record_closes_attempts_of_earlier_runs() -> None:
    entries: Entries = [header("a"), plan("1"), sent("1", "a"), header("b"), plan("1")]
    recovery = recover([record("1", Status.PAUSED, "b")], entries)
    assert (set(recovery.settled), recovery.prior_attempts) == ({"1"}, {})


def test_attempt_after_record_reopens_id() -> None:
    entries: Entries = [header("b"), plan("1"), sent("1", "b")]
    before: Entries = [header("a"), plan("1"), sent("1", "a")]
    for earlier in (before, before[:0]):
        recovery = recover(
            [record("1", Status.FAILED, "a", http_status=503)], [*earlier, *entries]
        )
        assert [attempt.http_status for attempt in recovery.prior_attempts["1"]] == [
            503,
            None,
        ]
        assert in_doubt(recovery, "1") == [False, True]
        assert "1" in recovery.unfinished


def test_only_unknown_record_is_in_doubt() -> None:
    for status in (Status.UNKNOWN, Status.FAILED):
        recovery = recover([record("1", status, "a")], [])
        assert in_doubt(recovery, "1") == [status is Status.UNKNOWN]


def test_prior_attempts_include_history_of_record() -> None:
    history = ({"http_status": 500, "trace_id": "t", "error": None, "at": AT},)
    recovery = recover([record("1", Status.UNKNOWN, "a", history=history)], [])
    assert [attempt.http_status for attempt in recovery.prior_attempts["1"]] == [
        500,
        None,
    ]


@pytest.mark.parametrize(("run", "next_run"), [("one", "two"), ("two", "one")])
def test_id_of_killed_last_run_is_in_doubt(run: str, next_run: str) -> None:
    before = record("1", Status.UNKNOWN, run, http_status=500, request_id=f"{run}-1")
    first, last = sent("1", next_run, 1), replace(sent("1", next_run, 2), at=LATER)
    entries: Entries = [header(run), header(next_run, 2), plan("9", "1"), first, last]
    recovery = recover([before], [*entries, answered("1", next_run, 2, status=502)])
    expected = Record(
        id="1",
        status=Status.UNKNOWN,
        http_status=502,
        trace_id="trace",
        attempts=3,
        row=2,
        request_id=f"{next_run}-2",
        started_at=AT,
        finished_at=LATER,
        run_id=next_run,
    )
    assert recovery.unrecorded == [expected]
    assert recovery.latest == {"1": expected}


def test_attempt_without_plan_is_in_doubt() -> None:
    (in_doubt_record,) = recover([], [header("a"), sent("1", "a")]).unrecorded
    assert (in_doubt_record.id, in_doubt_record.row, in_doubt_record.error) == (
        "1",
        None,
        "no_answer_on_record",
    )


@pytest.mark.parametrize("records", [[], [record("1", Status.PAUSED, "old")]])
def test_reply_without_its_request_leaves_doubt(records: list[Record]) -> None:
    """The lines before it were lost: whatever is known of the id is older."""
    recovery = recover(records, [answered("1", "a")])
    assert in_doubt(recovery, "1") == [True]
    assert set(recovery.unfinished) == {"1"}
    assert (recovery.known, recovery.latest["1"].status) == (1, Status.UNKNOWN)


def test_reply_without_its_request_is_over_once_recorded() -> None:
    recovery = recover(
        [record("1", Status.PAUSED, "a")], [header("a"), answered("1", "a")]
    )
    assert (recovery.settled, recovery.prior_attempts) == ({"1"}, {})


def test_unknown_record_of_finished_run_is_latest() -> None:
    unknown = record("1", Status.UNKNOWN, "one", request_id="one-1")
    recovery = recover([unknown], [header("one"), plan("1"), sent("1", "one")])
    assert recovery.unrecorded == []
    assert recovery.latest == {"1": unknown}


@pytest.mark.parametrize(
    ("http_status", "status"),
    [
        (400, Status.FAILED),
        (429, Status.FAILED),
        (503, Status.UNKNOWN),
        (404, Status.UNKNOWN),
        (301, Status.UNKNOWN),
    ],
)
def test_sent_id_without_record_fails_only_after_documented_refusal(
    http_status: int, status: Status
) -> None:
    reply = answered("1", "a", status=http_status, is_in_doubt=False)
    recovery = recover([], [header("a"), plan("1"), sent("1", "a"), reply])
    assert [(one.id, one.status) for one in recovery.unrecorded] == [("1", status)]
    assert recovery.latest["1"].http_status == http_status
    assert recovery.not_attempted == []


@pytest.mark.parametrize(("row", "kept"), [(7, 7), (None, 0)])
def test_unfinished_id_keeps_its_row(row: int | None, kept: int) -> None:
    recovery = recover([record("1", Status.FAILED, "a", row=row)], [])
    assert recovery.unfinished == {"1": Item(id="1", row=kept)}


def test_truncated_plan_is_missing_from_record() -> None:
    whole: Entries = [header("a", 300), plan("1", "2"), plan(*map(str, range(3, 301)))]
    assert recover([], whole).not_on_record == 0
    assert recover([], whole[:2]).not_on_record == 298
    assert recover([], whole[:1]).not_on_record == 300


runs = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from([*Status, None])),
    max_size=6,
)


@given(st.lists(runs, max_size=4))
def test_every_id_is_settled_or_unfinished(
    run_attempts: list[list[tuple[str, Status | None]]],
) -> None:
    records: list[Record] = []
    entries: Entries = []
    for number, attempts in enumerate(run_attempts):
        run = f"run{number}"
        entries += [header(run), plan(*(id_ for id_, _ in attempts))]
        for nth, (id_, status) in enumerate(attempts):
            entries.append(sent(id_, run, nth))
            if status is not None:
                records.append(record(id_, status, run))
    recovery = recover(records, entries)
    every = {id_ for attempts in run_attempts for id_, _ in attempts}
    assert recovery.settled | set(recovery.unfinished) == every
    assert not recovery.settled & set(recovery.unfinished)
    last = {one.id: one.status for one in records}
    assert all(last[id_].is_settled for id_ in recovery.settled)
    open_ids = {id_ for id_, attempt in recovery.prior_attempts.items() if attempt}
    assert open_ids == {id_ for id_ in recovery.unfinished if id_ in open_ids}


def ages(
    recovery: Recovery, *, boot_id: str = "boot", longest_s: float = 60
) -> list[float]:
    return ages_s(
        recovery, now=NOW, clock_s=110.0, boot_id=boot_id, longest_s=longest_s
    )


def test_request_age_uses_monotonic_clock_of_boot() -> None:
    recovery = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(recovery) == [10.0]


@pytest.mark.parametrize("boot_id", ["another", "other"])
def test_request_age_uses_wall_clock_after_reboot(boot_id: str) -> None:
    recovery = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(recovery, boot_id=boot_id) == [30.0]


def test_boot_id_is_recognised_after_decoding() -> None:
    lines = [encode(entry)[:-1] for entry in (header("a"), sent("1", "a"))]
    assert ages(recover([], decode_entries(enumerate(lines, 1), "log.wal"))) == [10.0]


def test_boot_id_of_last_run_counts() -> None:
    entries: Entries = [header("a", boot_id="before"), header("b"), sent("1", "b")]
    assert ages(recover([], entries)) == [10.0]


def test_old_request_is_left_out_of_ages() -> None:
    recovery = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(recovery, longest_s=10.1) == [10.0]
    assert ages(recovery, longest_s=10.0) == []


def test_request_ages_come_from_records_alone() -> None:
    history = ({"http_status": 500, "trace_id": None, "error": None, "at": AT},)
    one = record("1", Status.PAUSED, "a", history=history, finished_at=LATER)
    assert sorted(ages(recover([one], []))) == [10.0, 30.0]


def test_request_in_both_logs_counts_once() -> None:
    one = record("1", Status.PAUSED, "a", finished_at=LATER, request_id="a-1")
    recovery = recover([one], [header("a"), plan("1"), sent("1", "a")])
    assert ages(recovery) == [10.0]


def test_request_without_time_has_age_zero() -> None:
    history = ({"http_status": 500, "trace_id": None, "error": None, "at": None},)
    one = record("1", Status.PAUSED, "a", history=history, finished_at=LATER)
    assert sorted(ages(recover([one], []))) == [0.0, 10.0]


def test_record_without_finished_at_adds_no_age() -> None:
    assert ages(recover([record("1", Status.PAUSED, "a")], [])) == []


def test_clock_set_back_gives_age_zero() -> None:
    later = replace(sent("1", "a"), clock_s=500.0)
    assert ages(recover([], [header("a"), plan("1"), later])) == [0.0]


# What the log says of ids that are missing from it


def planned(id_: str, run: str, count: int, **values: object) -> Record:
    return record(id_, Status.PAUSED, run, planned=count, **values)


def plan_of(*names: str, already_done: int = 0) -> Plan:
    return Plan(
        rows=len(names) + already_done,
        items=plan(*names),
        invalid_rows=(),
        duplicate=0,
        already_done=already_done,
    )


def test_empty_log_knows_no_plan() -> None:
    recovery = recover([], [])
    assert (recovery.is_empty, recovery.is_plan_known) == (True, False)
    assert (recovery.not_on_record, recovery.known) == (0, 0)
    assert (recovery.endpoint, recovery.last_run_id) == (None, None)
    assert (recovery.first_at, recovery.last_at, recovery.age_s(NOW)) == (None,) * 3


def test_lost_write_ahead_log_leaves_planned_ids_missing() -> None:
    recovery = recover([planned("1", "a", 5), planned("2", "a", 5)], [])
    assert (recovery.is_empty, recovery.is_plan_known) == (False, True)
    assert (recovery.not_on_record, recovery.known) == (3, 2)
    assert recovery.not_attempted == []


def test_highest_number_of_planned_ids_counts() -> None:
    # Earlier versions counted the ids of each run alone.
    records = [planned("1", "a", 5), planned("2", "b", 1)]
    assert recover(records, []).not_on_record == 3


def test_invalid_row_alone_says_how_many_were_planned() -> None:
    invalid = Record(id=None, status=Status.INVALID, run_id="a", planned=7)
    recovery = recover([invalid], [])
    assert (recovery.not_on_record, recovery.is_empty) == (7, False)


def test_records_of_version_1_know_no_plan() -> None:
    recovery = recover([record("1", Status.PAUSED, "a", v=1)], [])
    assert (recovery.is_plan_known, recovery.is_empty) == (False, False)
    assert recover([], [header("a")]).is_plan_known


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_shortened_log_counts_lost_records(lost: int) -> None:
    records = [planned(id_, "a", 4) for id_ in "1234"]
    assert recover(records[:-lost], []).not_on_record == lost
    assert recover(records, []).not_on_record == 0


def test_plan_in_write_ahead_log_names_missing_ids() -> None:
    entries: Entries = [header("a", 3), plan("1", "2", "3"), sent("1", "a")]
    recovery = recover([planned("2", "a", 3)], entries)
    assert (recovery.not_on_record, recovery.known) == (0, 3)
    assert recovery.not_attempted == [Item(id="3", row=3)]
    assert set(recovery.latest) == {"1", "2"}


@pytest.mark.parametrize("kept", [(), ("1",), ("1", "2")])
def test_missing_plan_lines_count_as_missing_ids(kept: tuple[str, ...]) -> None:
    entries: Entries = [header("a", 4), plan(*kept)]
    assert recover([], entries).not_on_record == 4 - len(kept)
    recorded = [planned("1", "a", 4), planned("3", "a", 4)]
    assert recover(recorded, entries).not_on_record == 4 - len({*kept, "1", "3"})
    old = [replace(one, planned=None, v=1) for one in recorded]
    assert recover(old, entries).not_on_record == 4 - len({*kept, "1", "3"})


def test_ids_sent_without_plan_are_known_and_retried() -> None:
    recovery = recover([], [header("a", 3), sent("1", "a"), sent("2", "a", 2)])
    assert (recovery.known, recovery.not_on_record) == (2, 1)
    assert set(recovery.unfinished) == {"1", "2"}


def test_missing_plan_of_open_ids_counts_once() -> None:
    open_ids = [record(id_, Status.FAILED, "a", planned=2) for id_ in "12"]
    torn = replace(header("b", 2), digest=digest("12"))
    assert recover(open_ids, [torn]).not_on_record == 0
    assert recover(open_ids, [replace(torn, digest="other")]).not_on_record == 2


def test_repeated_run_finds_missing_plan() -> None:
    torn = header("a", 2)
    whole: Entries = [header("b", 2), plan("1", "2")]
    assert recover([], [torn, *whole]).not_on_record == 0
    assert recover([], [replace(torn, digest="x"), *whole]).not_on_record == 2


def test_run_with_records_has_counted_earlier_plans() -> None:
    lost = replace(header("a", 2), digest="another")
    recovery = recover([planned("9", "b", 3)], [lost, header("b"), plan("9")])
    assert (recovery.known, recovery.not_on_record) == (1, 2)


def test_first_run_plans_its_ids() -> None:
    assert recover([], []).count_planned(plan_of("1", "2", "3")) == 3


def test_planned_counts_each_id_of_log_once() -> None:
    entries: Entries = [header("a", 3), plan("1", "2", "3")]
    recovery = recover([planned("1", "a", 3)], entries)
    assert recovery.count_planned(plan_of("2", "3", already_done=1)) == 3
    assert recovery.count_planned(plan_of("3", "4", "5")) == 5


def test_same_input_again_names_missing_ids() -> None:
    whole = plan_of("1", "2", "3")
    first = replace(planned("1", "a", 3), input_digest=whole.digest)
    recovery = recover([first], [])
    assert recovery.not_on_record == 2
    assert recovery.count_planned(whole.without({"1"})) == 3


def test_one_id_changed_makes_another_input() -> None:
    first = replace(planned("1", "a", 3), input_digest=plan_of("1", "2", "3").digest)
    # As many ids as are missing, and one of them is new.
    given = plan_of("1", "2", "4").without({"1"})
    assert recover([first], []).count_planned(given) == 5


def test_record_without_digest_names_no_input() -> None:
    given = plan_of("2", "3", already_done=1)
    assert recover([planned("1", "a", 3)], []).count_planned(given) == 5


def test_input_again_names_ids_missing_beside_others() -> None:
    whole = plan_of("1", "2", "3")
    records = [
        replace(planned("1", "a", 3), input_digest=whole.digest),
        # Another input, of which two ids are missing.
        replace(planned("7", "b", 6), input_digest="another"),
    ]
    assert recover(records, []).count_planned(whole.without({"1"})) == 6


@pytest.mark.parametrize(
    ("names", "already_done", "count"),
    [(("2",), 1, 4), (("7", "8"), 0, 5), ((), 1, 3), ((), 0, 3)],
    ids=["fewer", "other", "settled only", "nothing"],
)
def test_other_input_keeps_missing_ids(
    names: tuple[str, ...], already_done: int, count: int
) -> None:
    recovery = recover([planned("1", "a", 3)], [])
    given = plan_of(*names, already_done=already_done)
    assert recovery.count_planned(given) == count


def test_retry_keeps_missing_ids() -> None:
    records = [planned("1", "a", 4), record("2", Status.FAILED, "a", planned=4)]
    assert recover(records, []).count_planned(plan_of("2")) == 4


def test_invalid_row_names_input_of_its_run() -> None:
    same = plan_of("1", "2")
    invalid = Record(id=None, status=Status.INVALID, run_id="a", row=3, planned=2)
    assert recover([invalid], []).count_planned(same) == 4
    named = replace(invalid, input_digest=same.digest)
    assert recover([named], []).count_planned(same) == 2


def test_repeated_plan_is_not_counted_as_missing() -> None:
    torn = replace(header("a", 2), digest=digest("12"))
    assert recover([], [torn]).count_planned(plan_of("1", "2")) == 2
    assert recover([], [torn]).count_planned(plan_of("3", "4")) == 4
    assert recover([], [torn]).count_planned(plan_of("3")) == 3


def test_second_list_of_run_adds_its_ids() -> None:
    recovery = recover([planned("1", "a", 3)], [header("b", 2)])
    first = plan_of("5", "6")
    total = recovery.count_planned(first)
    assert total == 1 + 2 + 2 + 2
    recovery.begin(first.items, total)
    assert recovery.count_planned(plan_of("6", "7")) == total + 1


@pytest.mark.parametrize("status", Status)
def test_reopened_status_is_unfinished(status: Status) -> None:
    recovery = recover([record("1", status, "a", http_status=404)], [])
    latest = recovery.latest
    recovery.reopen({status})
    recovery.reopen({status})
    assert (recovery.settled, set(recovery.unfinished)) == (frozenset(), {"1"})
    assert [one.http_status for one in recovery.prior_attempts["1"]] == [404]
    assert recovery.latest == latest


def test_other_statuses_are_not_reopened() -> None:
    recovery = recover([record("1", Status.PAUSED, "a")], [])
    recovery.reopen([Status.REJECTED])
    assert recovery.settled == {"1"}


@pytest.mark.parametrize(
    ("http_status", "is_doubt"),
    [(200, True), (204, True), (299, True), (500, True), (502, True), (599, True)]
    + [(status, False) for status in (199, 300, 302, 400, 403, 404, 429, 499, 503)],
)
def test_ambiguous_status_of_history_is_in_doubt(
    http_status: int, is_doubt: bool
) -> None:
    history = ({"http_status": http_status, "trace_id": "t", "error": "e", "at": AT},)
    failed = record("1", Status.FAILED, "a", history=history, http_status=http_status)
    attempts = recover([failed], []).prior_attempts["1"]
    assert [one.is_in_doubt for one in attempts] == [is_doubt, is_doubt]
    assert [one.http_status for one in attempts] == [http_status, http_status]
    assert (attempts[0].error, attempts[0].trace_id) == ("e", "t")
    reply = answered("1", "a", status=http_status, is_in_doubt=False)
    unrecorded = recover([], [header("a"), plan("1"), sent("1", "a"), reply])
    assert in_doubt(unrecorded, "1") == [is_doubt]


@pytest.mark.parametrize(
    ("error", "is_doubt"),
    [("no_answer_on_record", True), ("read_timeout", True), ("dns_failed", False)],
)
def test_lost_answer_of_history_is_in_doubt(error: str, is_doubt: bool) -> None:
    history = ({"http_status": None, "trace_id": None, "error": error, "at": AT},)
    recovery = recover([record("1", Status.FAILED, "a", history=history)], [])
    assert in_doubt(recovery, "1") == [is_doubt, False]


def test_later_request_of_same_run_reopens_id() -> None:
    failed = record("1", Status.FAILED, "a", http_status=503, request_id="a-9")
    entries: Entries = [header("a"), plan("1"), sent("1", "a", 9)]
    assert in_doubt(recover([failed], entries), "1") == [False]
    earlier = sent("1", "a", 8)
    assert in_doubt(recover([failed], [*entries, earlier]), "1") == [False]
    later = sent("1", "a", 10)
    assert in_doubt(recover([failed], [*entries, later]), "1") == [False, True]


def test_request_after_read_back_record_reopens_id() -> None:
    unknown = record("1", Status.UNKNOWN, "b", request_id="a-3")
    entries: Entries = [header("a"), plan("1"), sent("1", "a", 3), header("b")]
    assert recover([unknown], entries).latest == {"1": unknown}
    later = sent("1", "b", 2)
    assert in_doubt(recover([unknown], [*entries, later]), "1") == [True, True]


def test_endpoint_and_run_come_from_last_line() -> None:
    first = planned("1", "a", 1, endpoint="https://a")
    last = planned("2", "b", 2, endpoint="https://b")
    recovery = recover([first, last], [])
    assert (recovery.endpoint, recovery.last_run_id) == ("https://b", "b")
    recovery = recover([first, last], [header("c")])
    assert (recovery.endpoint, recovery.last_run_id) == ("https://a", "c")
    again = planned("1", "d", 2, endpoint="https://d")
    assert recover([first, last, again], []).endpoint == "https://d"


def test_times_span_records_and_requests() -> None:
    one = record("1", Status.PAUSED, "a", started_at=AT, finished_at=AT)
    recovery = recover(
        [one], [header("b"), plan("2"), replace(sent("2", "b"), at=LATER)]
    )
    assert (recovery.first_at, recovery.last_at) == (AT, LATER)
    assert recovery.age_s(NOW) == 10.0
    assert recovery.age_s(NOW.replace(second=0)) == 0.0


def test_times_of_other_zones_compare_as_moments() -> None:
    repaired = "2026-07-01T09:59:00+02:00"
    times = {"started_at": AT, "finished_at": repaired}
    one, two = record("1", Status.PAUSED, "a", **times), record("2", Status.PAUSED, "a")
    recovery = recover([one, replace(two, finished_at=AT)], [])
    assert recovery.last_at == AT
    assert recover([one], []).last_at == "2026-07-01T07:59:00.000Z"


@given(st.lists(runs, max_size=4), st.integers(0, 9))
def test_no_planned_id_is_forgotten(
    run_attempts: list[list[tuple[str, Status | None]]], lost: int
) -> None:
    """Whatever end of the log is lost with its write-ahead log, each id counts."""
    records: list[Record] = []
    names: set[str] = set()
    plans: dict[str, set[str]] = {}
    for number, attempts in enumerate(run_attempts):
        run, wanted = f"run{number}", {id_ for id_, _ in attempts}
        names |= wanted
        plans[run] = set(names)
        for id_, status in attempts:
            if status is not None:
                records.append(
                    record(id_, status, run, planned=len(names), request_id=f"{run}-1")
                )
    left = records[: max(0, len(records) - lost)]
    recovery = recover(left, [])
    on_record = {one.run_id or "" for one in left}
    expected = max((len(plans[run]) for run in on_record), default=0)
    assert recovery.known + recovery.not_on_record == expected


def named(recovery: Recovery) -> dict[str, str | None]:
    return {id_: item.name for id_, item in recovery.unfinished.items()}


def test_retry_keeps_names() -> None:
    records = [
        record("a", Status.FAILED, "1", name="Summer"),
        record("b", Status.FAILED, "1"),
    ]
    planned = tuple(Item(id=id_, row=1, name=f"Plan of {id_}") for id_ in "abcd")
    recovery = recover(records, [header("1", 4), planned, sent("c", "1")])
    assert named(recovery) == {
        "a": "Summer",
        "b": "Plan of b",
        "c": "Plan of c",
        "d": "Plan of d",
    }
    assert recovery.latest["c"].name == "Plan of c"


def test_name_is_kept_without_write_ahead_log() -> None:
    recovery = recover([record("a", Status.FAILED, "1", name="Summer")], [])
    assert named(recovery) == {"a": "Summer"}


def test_header_counts_ids_of_lost_log() -> None:
    entries: Entries = [replace(header("run", planned=0), planned_before=11)]
    recovery = recover([], entries)
    assert (recovery.not_on_record, recovery.planned_so_far) == (11, 11)
    entries = [replace(header("run", planned=2), planned_before=11), plan("1", "2")]
    assert recover([], entries).not_on_record == 9


def test_header_counts_its_own_new_ids() -> None:
    """Of the two ids of a run one is lost. The next one, without a record, adds a third."""
    counting = replace(header("b"), planned_before=2, planned_in_log=3)
    recovery = recover([planned("1", "a", 2)], [counting, plan("9")])
    assert (recovery.known, recovery.not_on_record) == (2, 1)
    assert recovery.count_planned(plan_of("9")) == 3


def test_doubt_how_many_were_planned_is_passed_on() -> None:
    together = [planned("1", "a", 2), planned("2", "a", 2), planned("3", "b", 1)]
    assert not recover(together, []).is_plan_known
    doubting = replace(header("c"), planned_before=3)
    assert not recover(together, [doubting, plan("4")]).is_plan_known
    done = record("4", Status.PAUSED, "c", planned=None)
    assert not recover([*together, done], []).is_plan_known
    # An older program did not say it.
    older = replace(doubting, version=4)
    assert recover([planned("1", "a", 2)], [older, plan("4")]).is_plan_known
    counting = replace(doubting, planned_in_log=2)
    assert not recover(together, [counting, plan("4")]).is_plan_known


def test_plan_that_a_header_counts_is_lost_once() -> None:
    torn = replace(header("a", 2), digest=digest("12"), planned_in_log=2)
    assert recover([], [torn]).not_on_record == 2
    assert recover([], [torn]).count_planned(plan_of("1", "2")) == 2
    assert recover([], [torn]).count_planned(plan_of("3")) == 3
    counting = replace(header("b"), planned_before=2, planned_in_log=3)
    assert recover([], [torn, counting, plan("3")]).not_on_record == 2
    again = replace(torn, run="b", planned_before=2)
    assert recover([], [torn, again, plan("1", "2")]).not_on_record == 0


REMEMBERED = Remembered(
    remembered="1", status="scheduled", scheduled_time="2026-07-01 18:30:00"
)
WAS_SCHEDULED = Earlier(status="scheduled", scheduled_time="2026-07-01 18:30:00")


def test_killed_run_does_not_forget_what_campaign_was() -> None:
    found = recover([], [header("a"), plan("1"), REMEMBERED, sent("1", "a")])
    (record,) = found.unrecorded
    assert (record.status, record.earlier_status) == (Status.UNKNOWN, "scheduled")
    assert record.earlier_scheduled_time == WAS_SCHEDULED.scheduled_time
    # A list that is read again may show our own pause.
    item = Item(id="1", row=1, earlier=Earlier(status="paused"))
    assert found.with_earlier(item).earlier == WAS_SCHEDULED


def test_newer_list_tells_what_unpaused_campaign_is() -> None:
    entries: Entries = [header("a"), plan("1"), REMEMBERED, sent("1", "a")]
    refused = answered("1", "a", status=400, is_in_doubt=False)
    found = recover([], [*entries, refused])
    newer = Item(id="1", row=1, earlier=Earlier(status="running"))
    assert found.with_earlier(newer) == newer
    assert found.with_earlier(Item(id="1", row=1)).earlier == WAS_SCHEDULED


def test_retried_id_keeps_what_its_record_says() -> None:
    record = Record(
        id="1",
        action=Action.RESUME,
        status=Status.FAILED,
        reads=1,
        earlier_status="running",
        paused_at=AT,
    )
    found = recover([record], [])
    assert found.action is Action.RESUME
    assert found.unfinished["1"].earlier == Earlier(status="running", paused_at=AT)
    # Nothing was sent for it, only read.
    assert found.prior_attempts == {"1": []}
    assert found.latest == {"1": record}


def test_lines_of_two_logs_do_not_tell_all_ids() -> None:
    """Of the first log, which planned ten, five ids are missing: nobody would see it."""
    first = [record(f"1{n}", Status.PAUSED, "a", planned=10) for n in range(5)]
    other = [record(f"2{n}", Status.PAUSED, "b", planned=20) for n in range(20)]
    assert recover(first, []).not_on_record == 5
    assert not recover([*first, *other], []).is_plan_known
    assert not recover([*other, *first], []).is_plan_known
    assert recover(other, []).is_plan_known


def test_id_that_was_only_read_is_not_on_record() -> None:
    """Its plan is lost: a read says nothing of what became of it."""
    recorded = record("1", Status.PAUSED, "a", planned=2)
    recovery = recover([recorded], [sent("2", "a", action=Action.READ)])
    assert (recovery.known, recovery.not_on_record) == (1, 1)
    assert recover([recorded], [sent("2", "a")]).not_on_record == 0
