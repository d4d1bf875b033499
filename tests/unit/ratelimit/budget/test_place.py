"""Tests and benchmarks keep the budgets that they share apart from the user's."""

import os
from pathlib import Path
from tempfile import gettempdir

import pytest

from benchmarks.harness import ENVIRONMENT
from bulkpause.ratelimit.budget.place import budgets_folder


pytestmark = pytest.mark.posix_only


def test_budgets_of_tests_are_kept_apart() -> None:
    assert budgets_folder().is_relative_to(gettempdir())


def test_budgets_of_benchmarks_are_kept_apart() -> None:
    folder = Path(ENVIRONMENT["XDG_STATE_HOME"])
    assert folder.is_relative_to(gettempdir())
    assert folder != Path(os.environ["XDG_STATE_HOME"])
