"""What two files say together, told as one story."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause.journal.codec import (
    Answered,
    Header,
    Sent,
    WalEntry,
    decode_entries,
    encode,
)
from bulkpause.journal.recovery import Recovery, ages_s, recover
from bulkpause.model import Action, Item, Record, Status


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


def test_the_rows_without_an_id_are_kept_once_however_often_they_are_named() -> None:
    wrong = replace(record("", Status.INVALID, "run1"), id=None, error="no id")
    again = replace(wrong, run_id="run2")
    found = recover(
        [wrong, again, replace(wrong, row=2), replace(wrong, error="x")], []
    )
    assert [(one.row, one.error) for one in found.invalid.values()] == [
        (1, "no id"),
        (2, "no id"),
        (1, "x"),
    ]
    assert found.records == {}


def doubts(found: Recovery, id_: str) -> list[bool]:
    return [past.is_in_doubt for past in found.prior_attempts.get(id_, [])]


def test_nothing_says_nothing() -> None:
    found = recover([], [])
    assert (set(found.settled), found.unfinished, found.prior_attempts) == (
        set(),
        {},
        {},
    )
    assert found.is_plan_whole


@pytest.mark.parametrize("status", Status)
def test_a_record_settles_its_id_or_leaves_it_to_a_retry(status: Status) -> None:
    found = recover([record("1", status, "a")], [])
    assert ("1" in found.settled) == status.is_settled
    assert ("1" in found.unfinished) == (not status.is_settled)


def test_the_last_record_of_an_id_holds() -> None:
    failed, paused = (record("1", s, "a") for s in (Status.FAILED, Status.PAUSED))
    assert recover([failed, paused], []).settled == {"1"}


def test_a_row_without_an_id_is_left_out() -> None:
    invalid = Record(id=None, status=Status.INVALID, run_id="a")
    assert recover([invalid], []).records == {}


def test_what_was_planned_and_never_sent_is_taken_up() -> None:
    found = recover([], [header("a", 2), plan("1", "2")])
    assert list(found.unfinished) == ["1", "2"]
    assert found.prior_attempts == {}


def test_a_request_without_an_answer_may_have_been_applied() -> None:
    found = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert [past.error for past in found.prior_attempts["1"]] == ["no_answer_on_record"]
    assert doubts(found, "1") == [True]


@pytest.mark.parametrize("is_in_doubt", [True, False])
def test_an_answer_on_record_says_whether_there_is_a_doubt(is_in_doubt: bool) -> None:
    reply = answered("1", "a", status=503, is_in_doubt=is_in_doubt)
    found = recover([], [header("a"), plan("1"), sent("1", "a"), reply])
    assert doubts(found, "1") == [is_in_doubt]
    assert found.prior_attempts["1"][0].http_status == 503
    assert found.prior_attempts["1"][0].trace_id == "trace"


def test_each_answer_belongs_to_its_request() -> None:
    entries: Entries = [
        header("a"),
        plan("1"),
        sent("1", "a", 1),
        answered("1", "a", 1, status=429, is_in_doubt=False),
        sent("1", "a", 2),
    ]
    assert doubts(recover([], entries), "1") == [False, True]


def test_a_read_back_leaves_no_doubt() -> None:
    look = sent("1", "a", action=Action.READ)
    assert recover([], [header("a"), plan("1"), look]).prior_attempts == {}


def test_a_record_closes_the_attempts_of_its_run() -> None:
    entries: Entries = [header("a"), plan("1"), sent("1", "a")]
    found = recover([record("1", Status.PAUSED, "a")], entries)
    assert (set(found.settled), found.prior_attempts) == ({"1"}, {})


def test_a_record_closes_the_attempts_of_the_runs_before_its_own() -> None:
    entries: Entries = [header("a"), plan("1"), sent("1", "a"), header("b"), plan("1")]
    found = recover([record("1", Status.PAUSED, "b")], entries)
    assert (set(found.settled), found.prior_attempts) == ({"1"}, {})


def test_an_attempt_after_the_record_opens_its_id_again() -> None:
    entries: Entries = [header("b"), plan("1"), sent("1", "b")]
    before: Entries = [header("a"), plan("1"), sent("1", "a")]
    for earlier in (before, before[:0]):
        found = recover(
            [record("1", Status.FAILED, "a", http_status=503)], [*earlier, *entries]
        )
        assert [past.http_status for past in found.prior_attempts["1"]] == [503, None]
        assert doubts(found, "1") == [False, True]
        assert "1" in found.unfinished


def test_only_an_unknown_record_carries_a_doubt() -> None:
    for status in (Status.UNKNOWN, Status.FAILED):
        found = recover([record("1", status, "a")], [])
        assert doubts(found, "1") == [status is Status.UNKNOWN]


def test_the_history_of_a_record_is_carried_on() -> None:
    history = ({"http_status": 500, "trace_id": "t", "error": None, "at": AT},)
    found = recover([record("1", Status.UNKNOWN, "a", history=history)], [])
    assert [past.http_status for past in found.prior_attempts["1"]] == [500, None]


@pytest.mark.parametrize(("run", "next_run"), [("one", "two"), ("two", "one")])
def test_an_id_whose_last_run_was_cut_off_is_in_doubt(run: str, next_run: str) -> None:
    before = record("1", Status.UNKNOWN, run, http_status=500, request_id=f"{run}-1")
    first, last = sent("1", next_run, 1), replace(sent("1", next_run, 2), at=LATER)
    entries: Entries = [header(run), header(next_run, 2), plan("9", "1"), first, last]
    found = recover([before], [*entries, answered("1", next_run, 2, status=502)])
    doubt = Record(
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
    assert found.in_doubt == [doubt]
    assert found.latest == {"1": doubt}


def test_an_attempt_without_a_plan_is_in_doubt_too() -> None:
    (doubt,) = recover([], [header("a"), sent("1", "a")]).in_doubt
    assert (doubt.id, doubt.row, doubt.error) == ("1", None, "no_answer_on_record")


def test_a_run_that_ended_has_the_last_word_on_its_ids() -> None:
    unknown = record("1", Status.UNKNOWN, "one", request_id="one-1")
    found = recover([unknown], [header("one"), plan("1"), sent("1", "one")])
    assert found.in_doubt == []
    assert found.latest == {"1": unknown}


def test_an_attempt_that_was_not_applied_leaves_no_doubt() -> None:
    reply = answered("1", "a", status=503, is_in_doubt=False)
    found = recover([], [header("a"), plan("1"), sent("1", "a"), reply])
    assert (found.in_doubt, found.latest) == ([], {})


def test_what_is_settled_and_not_paused_is_counted() -> None:
    records = [record(status, status, "a") for status in Status]
    assert recover(records, []).not_pausable == 2


@pytest.mark.parametrize(("row", "kept"), [(7, 7), (None, 0)])
def test_an_id_that_is_taken_up_keeps_its_row(row: int | None, kept: int) -> None:
    found = recover([record("1", Status.FAILED, "a", row=row)], [])
    assert found.unfinished == {"1": Item(id="1", row=kept)}


def test_a_plan_that_was_cut_off_is_noticed() -> None:
    whole: Entries = [header("a", 300), plan("1", "2"), plan(*map(str, range(298)))]
    assert recover([], whole).is_plan_whole
    assert not recover([], whole[:2]).is_plan_whole
    assert not recover([], [*whole, plan("one more")]).is_plan_whole
    assert not recover([], [*whole, header("b", 1)]).is_plan_whole
    assert recover([], [*whole, header("b", 1), plan("1")]).is_plan_whole


runs = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from([*Status, None])),
    max_size=6,
)


@given(st.lists(runs, max_size=4))
def test_every_id_of_the_story_is_settled_or_unfinished(
    story: list[list[tuple[str, Status | None]]],
) -> None:
    records: list[Record] = []
    entries: Entries = []
    for number, attempts in enumerate(story):
        run = f"run{number}"
        entries += [header(run), plan(*(id_ for id_, _ in attempts))]
        for nth, (id_, status) in enumerate(attempts):
            entries.append(sent(id_, run, nth))
            if status is not None:
                records.append(record(id_, status, run))
    found = recover(records, entries)
    every = {id_ for attempts in story for id_, _ in attempts}
    assert found.settled | set(found.unfinished) == every
    assert not found.settled & set(found.unfinished)
    last = {one.id: one.status for one in records}
    assert all(last[id_].is_settled for id_ in found.settled)
    open_ids = {id_ for id_, past in found.prior_attempts.items() if past}
    assert open_ids == {id_ for id_ in found.unfinished if id_ in open_ids}


def ages(
    found: Recovery, *, boot_id: str = "boot", longest_s: float = 60
) -> list[float]:
    return ages_s(found, now=NOW, clock_s=110.0, boot_id=boot_id, longest_s=longest_s)


def test_the_age_of_a_request_is_on_the_clock_of_the_boot() -> None:
    found = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(found) == [10.0]


@pytest.mark.parametrize("boot_id", ["another", "other"])
def test_after_a_new_start_of_the_machine_the_wall_clock_counts(boot_id: str) -> None:
    found = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(found, boot_id=boot_id) == [30.0]


def test_the_boot_is_known_again_by_its_name_in_the_file() -> None:
    lines = [encode(entry)[:-1] for entry in (header("a"), sent("1", "a"))]
    assert ages(recover([], decode_entries(lines, "log.wal"))) == [10.0]


def test_the_boot_of_the_last_run_counts() -> None:
    entries: Entries = [header("a", boot_id="before"), header("b"), sent("1", "b")]
    assert ages(recover([], entries)) == [10.0]


def test_what_is_too_old_to_matter_is_left_out() -> None:
    found = recover([], [header("a"), plan("1"), sent("1", "a")])
    assert ages(found, longest_s=10.1) == [10.0]
    assert ages(found, longest_s=10.0) == []


def test_requests_of_a_log_without_its_write_ahead_file_count_too() -> None:
    history = ({"http_status": 500, "trace_id": None, "error": None, "at": AT},)
    one = record("1", Status.PAUSED, "a", history=history, finished_at=LATER)
    assert sorted(ages(recover([one], []))) == [10.0, 30.0]


def test_a_request_that_both_files_know_counts_once() -> None:
    one = record("1", Status.PAUSED, "a", finished_at=LATER, request_id="a-1")
    found = recover([one], [header("a"), plan("1"), sent("1", "a")])
    assert ages(found) == [10.0]


def test_a_request_without_a_time_may_have_been_sent_just_now() -> None:
    history = ({"http_status": 500, "trace_id": None, "error": None, "at": None},)
    one = record("1", Status.PAUSED, "a", history=history, finished_at=LATER)
    assert sorted(ages(recover([one], []))) == [0.0, 10.0]


def test_a_record_without_its_end_says_nothing_of_requests() -> None:
    assert ages(recover([record("1", Status.PAUSED, "a")], [])) == []


def test_a_clock_that_went_back_makes_no_negative_age() -> None:
    later = replace(sent("1", "a"), clock_s=500.0)
    assert ages(recover([], [header("a"), plan("1"), later])) == [0.0]
