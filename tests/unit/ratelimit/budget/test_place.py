"""Where budgets are kept: those of tests and benchmarks, and those of users."""

import os
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import NoReturn

import platformdirs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.harness import ENVIRONMENT
from bulkpause.ratelimit.budget.place import (
    budgets_folder,
    state_folder_without_platformdirs,
)
from bulkpause.ratelimit.budget.store import UnusablePlaceError


pytestmark = pytest.mark.posix_only


def test_budgets_of_tests_are_kept_apart() -> None:
    assert budgets_folder().is_relative_to(gettempdir())


def test_budgets_of_benchmarks_are_kept_apart() -> None:
    folder = Path(ENVIRONMENT["XDG_STATE_HOME"])
    assert folder.is_relative_to(gettempdir())
    assert folder != Path(os.environ["XDG_STATE_HOME"])


@pytest.mark.skipif(sys.platform != "linux", reason="others ask platformdirs")
@given(
    st.dictionaries(
        st.sampled_from(["XDG_STATE_HOME", "HOME", "ANDROID_DATA"]),
        st.text("/~.a ", max_size=5),
    )
)
@example({"HOME": "//"})
@example({"XDG_STATE_HOME": "~/a", "HOME": "/a/"})
def test_state_folder_is_that_of_platformdirs(variables: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_STATE_HOME", "HOME", "ANDROID_DATA"):
            patch.delenv(name, raising=False)
        for name, text in variables.items():
            patch.setenv(name, text)
        found = state_folder_without_platformdirs()
        asked = platformdirs.user_state_path("bulkpause", appauthor=False)
    assert found in {None, asked}
    is_plain = variables.get("XDG_STATE_HOME", "").startswith("/")
    assert found is not None or not is_plain or "ANDROID_DATA" in variables


@pytest.mark.parametrize("version", ["that raises", "that raises nothing"])
def test_user_without_home_has_no_place(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    def relative(_program: str, *, appauthor: bool) -> Path:
        return Path("~/.local/state", str(appauthor))

    def homeless(_program: str, *, appauthor: bool) -> NoReturn:
        raise RuntimeError(appauthor)

    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    ask = homeless if version == "that raises" else relative
    monkeypatch.setattr(platformdirs, "user_state_path", ask)
    with pytest.raises(UnusablePlaceError, match="no home directory"):
        budgets_folder()
