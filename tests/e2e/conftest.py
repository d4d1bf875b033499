"""End-to-end tests run the installed program and judge by the simulator's ledger.

They are slow, since each one starts child processes. The marker `smoke` keeps one for
each promise and exit code in the quick run.
"""

from pathlib import Path

import pytest

from tests.support.budgets import server
from tests.support.fixtures import program, serve, start


__all__ = ["program", "serve", "server", "start"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests below this folder as slow, but for the smoke tests.

    They use terminals, signals and modes, as POSIX has them.
    """
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        item.add_marker(pytest.mark.posix_only)
        if item.get_closest_marker("smoke") is None:
            item.add_marker(pytest.mark.slow)
