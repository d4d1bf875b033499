"""The installed package matches what pyproject.toml declares."""

import ast
import re
import subprocess
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
#: Packages of URLs and headers that aiohttp always installs.
ALONG_WITH = {"aiohttp": {"multidict", "yarl"}}


#: The first version without each vulnerability known in November 2026.
FIXED = {
    "CVE-2026-69244": ("aiohttp", "3.14.3"),
    "CVE-2026-7246": ("click", "8.3.3"),
    "CVE-2026-45409": ("idna", "3.15"),
    "CVE-2025-67221": ("orjson", "3.11.6"),
    "CVE-2026-4539": ("pygments", "2.20"),
}


#: The extra of each package that is imported where it is needed, and nowhere else.
EXTRAS = {
    "jinja2": "report",
    "prometheus_client": "metrics",
    "python_calamine": "xlsx",
    "redis": "valkey",
}


def names_in(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9_-]+", text) for text in requirements)
    return {match[0].replace("-", "_") for match in found if match is not None}


def declared() -> set[str]:
    names = names_in(PROJECT["dependencies"])
    return names.union(*(ALONG_WITH.get(name, set()) for name in names))


def lower_bounds() -> dict[str, str]:
    """Give the oldest allowed version of each dependency."""
    pairs = (text.split(">=") for text in PROJECT["dependencies"])
    return dict(pairs)


def release(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def modules_below(folder: str) -> set[str]:
    """Give the modules that the files below a folder import, wherever they do it."""
    modules: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                modules.add(node.module)
    return modules


def imported() -> set[str]:
    """Give the names of the packages that the sources import."""
    names = {name.partition(".")[0] for name in modules_below("src")}
    return names - set(sys.stdlib_module_names) - {"bulkpause"}


def test_declared_version_is_installed() -> None:
    assert metadata.version("bulkpause") == PROJECT["version"]


def test_every_imported_package_is_declared() -> None:
    assert imported() - EXTRAS.keys() <= declared()


@pytest.mark.parametrize(("package", "extra"), EXTRAS.items())
def test_package_of_an_extra_is_declared_there(package: str, extra: str) -> None:
    assert package in imported()
    assert package in names_in(PROJECT["optional-dependencies"][extra])
    assert package not in declared()


def test_sources_import_main_dependencies() -> None:
    assert {"aiohttp", "aiolimiter", "click", "orjson"} <= imported()


def test_dependencies_have_only_lower_bounds() -> None:
    for text in PROJECT["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", text)


@pytest.mark.parametrize("vulnerability", FIXED)
def test_lower_bounds_exclude_known_vulnerabilities(vulnerability: str) -> None:
    name, fixed = FIXED[vulnerability]
    assert release(lower_bounds()[name]) >= release(fixed)


@pytest.mark.parametrize("vulnerability", FIXED)
def test_lower_bound_names_its_vulnerability(vulnerability: str) -> None:
    name, _ = FIXED[vulnerability]
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f'  "{name}>='))
    assert vulnerability in line


@pytest.mark.parametrize("name", lower_bounds())
def test_installed_version_meets_lower_bound(name: str) -> None:
    assert release(metadata.version(name)) >= release(lower_bounds()[name])


def test_package_ships_type_marker() -> None:
    assert resources.files(bulkpause).joinpath("py.typed").is_file()


def test_package_has_one_console_script() -> None:
    (script,) = metadata.entry_points(
        group="console_scripts", module="bulkpause.cli.start"
    )
    assert (script.name, script.attr) == ("bulkpause", "main")


def test_package_runs_as_module(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bulkpause", "--version"],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(f"version {PROJECT['version']}\n")


def test_importing_package_imports_no_aiohttp() -> None:
    script = "import bulkpause, sys; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_changelog_begins_with_unreleased_changes() -> None:
    headings = re.findall(
        r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert headings[0] == "[Unreleased]"


def imports_of(folder: str) -> set[str]:
    """Give the modules of this repository that the files below a folder import."""
    ours = ("benchmarks.", "bulkpause", "tests.")
    return {name for name in modules_below(folder) if name.startswith(ours)}


def test_testkit_imports_bulkpause_only() -> None:
    imported = imports_of("tests/testkit")
    assert "tests.testkit.server_model" in imported
    assert all(
        name.startswith(("bulkpause.", "tests.testkit.")) or name == "bulkpause"
        for name in imported
    )


def test_benchmarks_import_no_tests_but_testkit() -> None:
    of_tests = {n for n in imports_of("benchmarks") if n.startswith("tests.")}
    assert of_tests
    assert all(name.startswith("tests.testkit.") for name in of_tests)
