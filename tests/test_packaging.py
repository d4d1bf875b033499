"""What is installed is what is declared."""

import ast
import re
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pytest

import bulkpause


ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "project"
]
#: What aiohttp makes its URLs and headers of, and always brings along.
ALONG_WITH = {"aiohttp": {"multidict", "yarl"}}


#: The first version without each hole that was known when this was written.
MENDED = {
    "CVE-2026-69244": ("aiohttp", "3.14.3"),
    "CVE-2026-7246": ("click", "8.3.3"),
    "CVE-2026-45409": ("idna", "3.15"),
    "CVE-2025-67221": ("orjson", "3.11.6"),
    "CVE-2026-4539": ("pygments", "2.20"),
}


def declared() -> set[str]:
    found = (re.match(r"[A-Za-z0-9_-]+", text) for text in PROJECT["dependencies"])
    names = {match[0] for match in found if match is not None}
    return names.union(*(ALONG_WITH.get(name, set()) for name in names))


def floors() -> dict[str, str]:
    """Give the oldest version of each dependency that may be installed."""
    pairs = (text.split(">=") for text in PROJECT["dependencies"])
    return dict(pairs)


def release(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def imported() -> set[str]:
    """Give the top-level names that the sources import, wherever they do it."""
    names: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"bulkpause"}


def test_the_version_is_the_one_that_is_installed() -> None:
    assert metadata.version("bulkpause") == PROJECT["version"]


def test_nothing_is_imported_that_is_not_declared() -> None:
    assert imported() <= declared()


def test_the_sources_import_something() -> None:
    assert {"aiohttp", "aiolimiter", "click", "orjson"} <= imported()


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    for text in PROJECT["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", text)


@pytest.mark.parametrize("hole", MENDED)
def test_no_version_is_allowed_that_has_a_known_hole(hole: str) -> None:
    name, mended = MENDED[hole]
    assert release(floors()[name]) >= release(mended)


@pytest.mark.parametrize("hole", MENDED)
def test_a_floor_that_rests_on_a_hole_names_it(hole: str) -> None:
    name, _ = MENDED[hole]
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f'  "{name}>='))
    assert hole in line


@pytest.mark.parametrize("name", floors())
def test_what_is_installed_is_no_older_than_its_floor(name: str) -> None:
    assert release(metadata.version(name)) >= release(floors()[name])


def test_types_are_shipped() -> None:
    assert resources.files(bulkpause).joinpath("py.typed").is_file()


def test_there_is_one_console_script() -> None:
    (script,) = metadata.entry_points(
        group="console_scripts", module="bulkpause.cli.app"
    )
    assert (script.name, script.attr) == ("bulkpause", "main")


def test_the_changelog_tells_of_what_is_not_released_yet() -> None:
    headings = re.findall(
        r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert headings[0] == "[Unreleased]"
