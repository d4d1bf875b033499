"""Settings and hooks that apply to every test."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Generator

import pytest
from hypothesis import settings


# How long an example takes depends on the machine.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out on Windows what needs POSIX."""
    without_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
    for item in items:
        if item.get_closest_marker("posix_only") is not None:
            item.add_marker(without_posix)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the shared budgets of the tests apart from those of the user."""
    folder = tempfile.mkdtemp(prefix="state-of-tests-")
    os.environ["XDG_STATE_HOME"] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test be that is marked so, its threads, and the children that it starts."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    if tracer is None or item.get_closest_marker("unmeasured") is None:
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        patch.delenv("COVERAGE_PROCESS_START", raising=False)
        sys.settrace(None)
        threading.settrace(None)
        try:
            return (yield)
        finally:
            sys.settrace(tracer)
            threading.settrace(of_threads)
