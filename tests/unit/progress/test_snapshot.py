"""The state of a run at one moment."""

from dataclasses import replace

from tests.support.progress import MIDWAY, START


def test_finished_ids_are_summed_over_statuses() -> None:
    assert START.finished == 0
    assert MIDWAY.finished == 100
    assert replace(MIDWAY, in_flight=0, accepted=9).finished == 100
