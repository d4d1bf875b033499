"""The rules of a shared budget, as a pure function of the state, the time and a call."""

from dataclasses import replace

import pytest

from bulkpause.model import Limit
from bulkpause.ratelimit.budget.rules import (
    LATE_S,
    LEASE_S,
    POLL_S,
    SETTLE_S,
    UNSEEN_S,
    is_in_use,
    new_state,
    step,
    with_limits,
)
from bulkpause.ratelimit.budget.state import (
    Answer,
    Call,
    Resting,
    SharedReset,
    State,
    WindowUse,
)
from bulkpause.vocabulary import Priority


LIMIT = Limit(5, 10.0)
#: What a run uses that has sent nothing.
NOTHING = (WindowUse(),)


class Account:
    """An account with one limit, and the last word of each run on it."""

    def __init__(self, limit: Limit = LIMIT, *, settles: bool = False) -> None:
        self.state: State = new_state((limit,), 0.0, settles=settles)
        self.numbers: dict[str, int] = {}

    def call(self, now: float, call: Call) -> Answer:
        self.state, answer = step(self.state, now, call)
        return answer

    def say(
        self,
        now: float,
        owner: str,
        held: int = 0,
        resting: tuple[Resting, ...] = (),
        **more: object,
    ) -> Answer:
        self.numbers[owner] = self.numbers.get(owner, 0) + 1
        call = Call(
            owner=owner,
            number=self.numbers[owner],
            uses=(WindowUse(held=held, resting=resting),),
            resets=(None,),
        )
        return self.call(now, replace(call, **more))  # type: ignore[arg-type]

    def ask(
        self,
        now: float,
        owner: str,
        held: int = 1,
        resting: tuple[Resting, ...] = (),
        **more: object,
    ) -> Answer:
        return self.say(now, owner, held, resting, **{"asks": 1, **more})


def rested(*instants: float) -> tuple[Resting, ...]:
    return tuple(Resting(instant, instant) for instant in instants)


def test_slots_of_all_runs_add_up() -> None:
    account = Account()
    assert [account.ask(0, "a", held).is_granted for held in (1, 2, 3)] == [True] * 3
    assert account.ask(0, "b", 1).is_granted
    assert account.ask(0, "b", 2).is_granted
    assert not account.ask(0, "b", 3).is_granted
    assert not account.ask(0, "a", 4).is_granted


def test_run_alone_takes_slots_ahead() -> None:
    account = Account()
    # The last of five rests for a moment still; the run's own windows wait for it.
    answer = account.ask(10.99, "a", 5, rested(1.0), asks=5)
    assert (answer.slots, answer.granted) == (5, 5)
    assert account.state.members["a"].held == (5,)
    assert not account.ask(11, "b").is_granted


def test_slots_ahead_that_are_not_named_are_free() -> None:
    account = Account()
    account.ask(0, "a", 5, asks=5)
    account.say(0.1, "a", 1)
    assert account.ask(0.1, "b", 1).is_granted


def test_nothing_is_taken_ahead_beside_another_run() -> None:
    account = Account()
    account.say(0, "b")
    assert account.ask(0, "a", 4, asks=4).slots == 1
    assert account.state.members["a"].held == (1,)


def test_background_run_takes_nothing_ahead() -> None:
    account = Account()
    assert account.ask(0, "a", 4, asks=4, priority=Priority.BACKGROUND).slots == 1


def test_ended_runs_leave_only_free_slots_ahead() -> None:
    account = Account()
    account.say(0, "b", 0, rested(0, 0), leaves=True)
    assert account.ask(1, "a", 5, asks=5).slots == 3


def test_pacing_and_others_elsewhere_bound_slots_ahead() -> None:
    account = Account()
    assert account.ask(0, "a", 4, asks=4, gap_s=0.1).slots == 1
    elsewhere = (WindowUse(held=5, elsewhere=3),)
    assert account.ask(1, "a", uses=elsewhere, asks=5).slots == 2


def test_answered_request_rests_for_the_period() -> None:
    account = Account()
    account.say(1, "a", 0, rested(1, 1, 1, 1, 1))
    answer = account.ask(1, "b")
    assert not answer.is_granted
    assert answer.wait_s == POLL_S
    account.say(10.9, "a", 0, rested(1, 1, 1, 1, 1))
    assert account.ask(10.9, "b").wait_s == pytest.approx(0.1)
    account.say(11, "a", 0, rested(1, 1, 1, 1, 1))
    assert account.ask(11, "b").is_granted


def test_round_trip_counts_on_its_own_host_only() -> None:
    resting = (Resting(1, 1, 0.2),) * 5
    account = Account()
    account.say(10, "a", 0, resting, host="here")
    assert not account.ask(10.85, "c", host="there").is_granted
    assert account.ask(10.85, "b", host="here").is_granted


def test_slot_that_its_holder_does_not_name_is_free() -> None:
    account = Account()
    account.ask(0, "a", 5)
    assert not account.ask(0, "b").is_granted
    account.say(0, "a", 0)
    assert account.ask(0, "b").is_granted


def test_late_copy_of_a_call_changes_nothing() -> None:
    account = Account()
    account.ask(0, "a", 4)
    copy = Call(owner="a", number=1, uses=NOTHING, resets=(None,), asks=1)
    assert not account.call(0, copy).is_granted
    assert account.state.members["a"].held == (4,)


def test_dead_run_counts_from_the_end_of_its_lease() -> None:
    account = Account()
    account.ask(0, "a", 5)
    assert not account.ask(LEASE_S + 9.9, "b").is_granted
    account.say(LEASE_S + 10, "b")
    assert account.ask(LEASE_S + 10, "b").is_granted


def test_left_run_leaves_what_still_counts() -> None:
    account = Account()
    account.say(0, "a", 2, rested(0, 0, 0), leaves=True)
    assert not account.ask(9.9, "b", 1).is_granted
    assert account.ask(10, "b", 3).is_granted
    account.say(10, "b")
    assert not account.ask(10, "b", 4).is_granted
    assert account.ask(10 + UNSEEN_S, "b", 5).is_granted


def test_resumed_run_replaces_the_one_that_it_restores() -> None:
    account = Account()
    account.ask(0, "old/1", 3)
    restored = rested(0, 0, 0)
    assert account.ask(1, "new/2", 1, restored, replaces=("old",)).is_granted
    assert account.ask(1, "new/2", 2, restored, replaces=("old",)).is_granted


def test_cooldown_holds_for_all_runs() -> None:
    account = Account()
    account.say(0, "a", cooldown_until=7.0)
    answer = account.ask(6.9, "b")
    assert not answer.is_granted
    assert answer.cooldown_until == 7.0
    assert account.ask(7, "b").is_granted


def test_pacing_of_one_run_spaces_all_of_them() -> None:
    account = Account()
    account.say(0, "a", gap_s=0.1)
    assert account.ask(0, "b").is_granted
    account.say(0.05, "a", gap_s=0.1)
    assert account.ask(0.05, "b", 2).wait_s == pytest.approx(0.05)
    assert account.ask(0.1, "b", 2).is_granted


def test_more_used_elsewhere_counts_instead_of_the_others() -> None:
    account = Account()
    account.ask(0, "a", 2)
    use = (WindowUse(held=1, elsewhere=4),)
    assert account.ask(0, "b", uses=use).is_granted
    account.say(0, "b")
    assert not account.ask(0, "b", uses=(WindowUse(held=1, elsewhere=5),)).is_granted


def test_forgetful_store_gives_nothing_before_all_have_called() -> None:
    account = Account(settles=True)
    assert not account.ask(SETTLE_S - 0.01, "a").is_granted
    assert account.ask(SETTLE_S, "a").is_granted


def test_run_that_knows_an_older_state_makes_all_settle() -> None:
    account = Account()
    assert account.ask(0, "b").is_granted
    account.say(0.5, "a", 0, rested(0, 0, 0, 0), born=-5.0)
    assert not account.ask(SETTLE_S - 0.01, "b", 2).is_granted


def test_clock_set_forward_frees_no_slot_early() -> None:
    account = Account()
    account.say(0, "gone", 0, rested(0, 0, 0), leaves=True)
    account.ask(1, "a", 2)
    jump_s = 1000.0
    assert not account.ask(jump_s + 1, "b", saw_step=True).is_granted
    account.say(jump_s + 2, "a", 2, saw_step=True)
    assert not account.ask(jump_s + 9.9, "b").is_granted


def test_clock_set_back_keeps_no_slot_for_long() -> None:
    account = Account()
    account.say(1000, "gone", 0, rested(*[1000.0] * 5), leaves=True)
    assert not account.ask(1, "a").is_granted
    assert account.ask(1 + LIMIT.period_s, "a").is_granted


def test_new_run_waits_if_all_fell_silent_at_once() -> None:
    account = Account()
    account.ask(0, "a", 1)
    late = LEASE_S + 1
    assert not account.ask(late, "b", is_clock_steady=False).is_granted
    assert account.ask(late + SETTLE_S, "b", is_clock_steady=False).is_granted


def test_higher_priority_goes_first() -> None:
    account = Account()
    account.ask(0, "nightly", 2, priority=Priority.NORMAL)
    account.ask(0, "incident", 1, priority=Priority.URGENT, demand=3)
    answer = account.ask(0, "nightly", 3, priority=Priority.NORMAL)
    assert not answer.is_granted
    assert answer.waits_for == "a run that goes first on this account"
    assert account.ask(0, "incident", 2, priority=Priority.URGENT).is_granted


def test_run_that_asks_for_nothing_holds_nobody_up() -> None:
    account = Account()
    account.say(0, "incident", priority=Priority.URGENT, demand=100)
    assert account.ask(0, "nightly", 5).is_granted


def test_background_leaves_a_fifth_free() -> None:
    account = Account()
    assert account.ask(0, "a", 4, priority=Priority.BACKGROUND).is_granted
    assert not account.ask(0, "a", 5, priority=Priority.BACKGROUND).is_granted
    assert account.ask(0, "b", 1).is_granted
    only = Account(Limit(1, 1.0))
    assert only.ask(0, "a", 1, priority=Priority.BACKGROUND).is_granted


def test_run_with_fewer_slots_of_late_is_next() -> None:
    account = Account()
    account.ask(0, "b", 1)
    for held in (1, 2, 3, 4):
        account.ask(0, "a", held)
    assert not account.ask(1, "a", 5).is_granted
    assert not account.ask(1, "b", 2).is_granted
    # One slot of "a" becomes free, and it asks first.
    assert not account.ask(1.1, "a", 4).is_granted
    assert account.ask(1.2, "b", 2).is_granted


def test_slot_is_not_kept_for_a_run_that_does_not_come() -> None:
    account = Account()
    account.ask(0, "a", 4)
    account.ask(0, "b", 1)
    wait_s = account.ask(0, "b", 2).wait_s
    assert account.ask(wait_s + LATE_S + 0.01, "a", 4).is_granted


def reset_at(earliest: float, latest: float, *, confirmed: bool | None) -> SharedReset:
    return SharedReset(
        earliest=earliest, latest=latest, is_confirmed=confirmed, highest_count=5
    )


def test_confirmed_reset_frees_the_slots_of_all() -> None:
    account = Account()
    known = (reset_at(4.0, 5.0, confirmed=True),)
    account.say(3, "a", 0, rested(*[3.0] * 5), resets=known)
    assert account.ask(4.5, "b").wait_s == pytest.approx(POLL_S)
    assert account.ask(4.9, "b").wait_s == pytest.approx(0.1)
    assert account.ask(5.0, "b").is_granted


def test_unconfirmed_reset_is_tested_by_one_request() -> None:
    account = Account()
    known = (reset_at(4.0, 5.0, confirmed=None),)
    old = rested(*[3.0] * 4)
    account.say(3, "a", 0, old, resets=known)
    account.say(3, "b", 0, rested(3))
    assert account.ask(5, "b", 1, rested(3)).is_granted
    assert not account.ask(5.1, "a", 1, old).is_granted
    # The test succeeds.
    account.say(
        5.2, "b", 0, rested(3, 5.2), resets=(replace(known[0], is_confirmed=True),)
    )
    assert account.ask(5.2, "a", 1).is_granted


@pytest.mark.parametrize(
    "told",
    [reset_at(4.0, 5.0, confirmed=False), reset_at(8.0, 8.5, confirmed=True)],
    ids=["refuted", "contradiction"],
)
def test_refuted_reset_frees_nothing(told: SharedReset) -> None:
    account = Account()
    account.say(3, "a", 0, rested(*[3.0] * 5), resets=(reset_at(4, 5, confirmed=True),))
    account.say(3.5, "b", resets=(told,))
    assert not account.ask(5.0, "b").is_granted


def test_answer_names_the_other_runs() -> None:
    account = Account()
    account.say(0, "r1/x", since="2026-11-28T10:00:00Z", priority=Priority.URGENT)
    (other,) = account.say(0, "r2/y").companions
    assert (other.run_id, other.priority, other.since) == (
        "r1",
        Priority.URGENT,
        "2026-11-28T10:00:00Z",
    )
    assert account.say(LEASE_S, "r2/y").companions == ()


def test_other_limits_take_over_what_still_counts() -> None:
    account = Account()
    account.say(0, "a", 1, rested(0, 0), leaves=True)
    assert not is_in_use(account.state, 1)
    account.state = with_limits(account.state, (Limit(4, 20.0),), 1)
    assert account.ask(1, "b", 1).is_granted
    account.say(1, "b")
    assert not account.ask(1, "b", 2).is_granted
