"""What holds for every test."""

import sys
from collections.abc import Generator

import pytest
from hypothesis import settings


# How long an example takes is the machine's affair, and no promise of ours.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test be that is marked so: coverage would take more time than the test."""
    tracer = sys.gettrace() if item.get_closest_marker("unmeasured") else None
    if tracer is None:
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
