import random
import re
from collections import Counter

import pytest

from bulkpause.simulator import Fault, Storm, parse_fault, parse_script
from bulkpause.simulator.faults import EFFECTS, FaultPlan, draw


IDS = [str(number) for number in range(1_000, 3_000)]


def first_faults(plan: FaultPlan, ids: list[str]) -> dict[str, Fault | None]:
    return {campaign_id: plan.next(campaign_id) for campaign_id in ids}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_effect(fault: Fault) -> None:
    assert fault in EFFECTS


@pytest.mark.parametrize("fault", [fault for fault in Fault if "after" in fault])
def test_fault_named_after_acts(fault: Fault) -> None:
    assert EFFECTS[fault].acts


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.RESET_BEFORE, Fault.CUT])
def test_fault_before_acting_does_not_act(fault: Fault) -> None:
    assert not EFFECTS[fault].acts


def test_script_ends_without_fault() -> None:
    plan = FaultPlan({"7": (Fault.LOST, None, Fault.SLOW)}, {}, "seed")

    faults = [plan.next("7") for _ in range(5)]

    assert faults == [Fault.LOST, None, Fault.SLOW, None, None]


def test_each_id_advances_its_own_script() -> None:
    plan = FaultPlan({"7": (Fault.LOST,), "8": (Fault.SLOW,)}, {}, "seed")

    assert [plan.next("8"), plan.next("7")] == [Fault.SLOW, Fault.LOST]


def test_id_with_script_draws_no_fault() -> None:
    plan = FaultPlan({"7": ()}, {Fault.LOST: 1.0}, "seed")

    assert plan.next("7") is None


def test_id_without_script_draws_fault() -> None:
    plan = FaultPlan({"7": ()}, {Fault.LOST: 1.0}, "seed")

    assert plan.next("8") is Fault.LOST


def test_draws_do_not_depend_on_arrival_order() -> None:
    rates = {Fault.LOST: 0.3, Fault.SLOW: 0.3}

    forwards = first_faults(FaultPlan({}, rates, "seed"), IDS)
    backwards = first_faults(FaultPlan({}, rates, "seed"), IDS[::-1])

    assert forwards == backwards


def test_other_seed_draws_other_faults() -> None:
    rates = {Fault.LOST: 0.5}

    first = first_faults(FaultPlan({}, rates, "first"), IDS)
    second = first_faults(FaultPlan({}, rates, "second"), IDS)

    assert first != second


def test_each_request_for_id_draws_again() -> None:
    plan = FaultPlan({}, {Fault.LOST: 0.5}, "seed")

    assert {plan.next("7") for _ in range(64)} == {None, Fault.LOST}


def test_fault_frequency_matches_rate() -> None:
    source = random.Random(1)
    rates = {Fault.LOST: 0.3, Fault.INTERNAL_ERROR: 0.1}

    drawn = Counter(draw(rates, source) for _ in range(10_000))

    assert 2_800 < drawn[Fault.LOST] < 3_200
    assert 900 < drawn[Fault.INTERNAL_ERROR] < 1_100
    assert (
        drawn.total() == drawn[Fault.LOST] + drawn[Fault.INTERNAL_ERROR] + drawn[None]
    )


def test_draws_ignore_order_of_rates() -> None:
    rates = {Fault.LOST: 0.3, Fault.INTERNAL_ERROR: 0.4}
    turned = dict(reversed(rates.items()))

    first = [draw(rates, random.Random(seed)) for seed in range(100)]
    second = [draw(turned, random.Random(seed)) for seed in range(100)]

    assert first == second


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lost=0.3", (Fault.LOST, 0.3)),
        ("500=1", (Fault.INTERNAL_ERROR, 1.0)),
        ("reset-after=0", (Fault.RESET_AFTER, 0.0)),
    ],
)
def test_fault_and_probability_are_parsed(
    text: str, expected: tuple[Fault, float]
) -> None:
    assert parse_fault(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lost", "'lost' is not of the form FAULT=PROBABILITY"),
        ("lots=0.3", "'lots' is not a fault; use one of 500, 500-after"),
        ("lost=", "'' is not a number"),
        ("lost=some", "'some' is not a number"),
        ("lost=1.1", "'1.1' is not between 0 and 1"),
        ("lost=-0.1", "'-0.1' is not between 0 and 1"),
        ("lost=nan", "'nan' is not between 0 and 1"),
    ],
)
def test_malformed_fault_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_fault(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000248=500", ("1000248", (Fault.INTERNAL_ERROR,))),
        ("a_b-1=lost,ok,503", ("a_b-1", (Fault.LOST, None, Fault.UNAVAILABLE))),
    ],
)
def test_script_is_parsed(text: str, expected: tuple[str, tuple[Fault | None]]) -> None:
    assert parse_script(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1000248", "'1000248' is not of the form ID=FAULT,FAULT,..."),
        ("=500", "'=500' is not of the form ID=FAULT,FAULT,..."),
        ("1000248=", "'' is not a fault"),
        ("1000248=500,,lost", "'' is not a fault"),
        ("1000248=500, lost", "' lost' is not a fault"),
    ],
)
def test_malformed_script_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_script(text)


@pytest.mark.parametrize("fault", [fault for fault in Fault if "late" in fault])
def test_fault_named_late_acts_after_response(fault: Fault) -> None:
    assert (EFFECTS[fault].acts, EFFECTS[fault].is_late) == (False, True)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault[0].isdigit()])
def test_fault_named_by_status_has_that_status(fault: Fault) -> None:
    assert EFFECTS[fault].status == int(fault[:3])


@pytest.mark.parametrize(
    ("action", "at_s", "expected"),
    [
        ("pause", 4.9, False),
        ("pause", 5.0, True),
        ("pause", 9.9, True),
        ("pause", 10.0, False),
        ("view", 7.0, False),
        (None, 7.0, False),
    ],
)
def test_storm_meets_its_action_for_its_time(
    action: str | None, at_s: float, expected: bool
) -> None:
    storm = Storm(fault=Fault.RATE_LIMITED, starts_s=5.0, ends_s=10.0, action="pause")

    assert storm.meets(action, at_s) is expected


def test_storm_without_action_meets_every_request() -> None:
    storm = Storm(fault=Fault.RATE_LIMITED)

    assert all(storm.meets(action, 1e9) for action in ("pause", "view", None))
