"""What is installed is what is declared."""

import ast
import re
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import bulkpause


ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "project"
]
#: What aiohttp makes its URLs and headers of, and always brings along.
ALONG_WITH = {"aiohttp": {"multidict", "yarl"}}


def declared() -> set[str]:
    found = (re.match(r"[A-Za-z0-9_-]+", text) for text in PROJECT["dependencies"])
    names = {match[0] for match in found if match is not None}
    return names.union(*(ALONG_WITH.get(name, set()) for name in names))


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


def test_types_are_shipped() -> None:
    assert resources.files(bulkpause).joinpath("py.typed").is_file()


def test_there_is_one_console_script() -> None:
    (script,) = metadata.entry_points(group="console_scripts", module="bulkpause.cli")
    assert (script.name, script.attr) == ("bulkpause", "main")


def test_the_changelog_tells_of_what_is_not_released_yet() -> None:
    headings = re.findall(
        r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert headings[0] == "[Unreleased]"
