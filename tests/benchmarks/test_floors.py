"""The check of ratios fails for what has become slow, and for nothing else."""

import pytest

from benchmarks.wall_clock.floors import FLOORS, TOLERANCE, Floor, fallen, format_row


pytestmark = pytest.mark.unmeasured

FLOOR = Floor(measure="plan", unit="csv", reached=2.0)


@pytest.mark.parametrize(
    ("plan_s", "falls"),
    [
        ((2.0, 2.0, 2.0), False),
        ((2.5, 2.5, 2.5), False),
        ((2.6, 2.6, 2.6), True),
        ((0.1, 0.1, 0.1), False),
        ((2.0, 9.0, 2.0), False),
        ((2.0, 9.0, 9.0), True),
    ],
    ids=["reached", "at the most", "past it", "faster", "one outlier", "two of three"],
)
def test_median_past_tolerance_falls(plan_s: tuple[float, ...], falls: bool) -> None:
    samples = {"plan": plan_s, "csv": (1.0, 1.0, 1.0)}

    assert fallen(samples, [FLOOR]) == ((FLOOR,) if falls else ())
    assert ("too slow" in format_row(samples, FLOOR)) is falls


def test_slow_machine_slows_unit_too() -> None:
    samples = {"plan": (2.0, 20.0, 200.0), "csv": (1.0, 10.0, 100.0)}

    assert fallen(samples, [FLOOR]) == ()


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.measure)
def test_each_floor_can_be_broken(floor: Floor) -> None:
    slow_s = floor.reached * TOLERANCE + 0.01

    assert fallen({floor.unit: (1.0,), floor.measure: (slow_s,)}, [floor]) == (floor,)
