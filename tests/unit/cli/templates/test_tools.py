"""Each file is accepted by the tool that its users have."""

import ast
import os
import py_compile
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.support.schedulers import cron_command
from tests.unit.cli.conftest import Call


pytestmark = [pytest.mark.posix_only, pytest.mark.unmeasured]

SCRIPTS = sysconfig.get_path("scripts")
#: The options that change a file, beside none at all.
GIVEN = [
    (),
    (
        *("--name", "nightly-2", "--at", "23:59", "--success", "0,1", "--"),
        *("/data/feed 1.xlsx", "1001", "--reason", 'It\'s 100% "over"; é & <b>'),
        *("--metrics", "/var/lib/node exporter/n.prom", "--grace", "90s"),
        *("--token-file", "/data/to ken", "--canary", "3"),
    ),
]


#: A template, its file, its tool, and a fault that the tool must find.
FAULTS = [
    ("systemd", "j.service", "systemd-analyze verify", "UMask=", "Umask="),
    (
        "systemd",
        "j.service",
        "systemd-analyze verify",
        "UMask",
        "RestartForceExitStatus",
    ),
    ("kubernetes", "j.yaml", "kubernetes-validate --strict", "backoffL", "backofL"),
    ("github-actions", "j.yml", "actionlint", "ubuntu-latest", "ubuntu-lates"),
    ("docker", "Dockerfile", "hadolint", ":3.13-slim-bookworm", ""),
    ("cron", "j.sh", "shellcheck --shell=sh", "for wait in", "for wait on"),
]


def check(tool: str, *arguments: str, folder: Path) -> None:
    """Run a tool, which must find nothing at all to say."""
    path = shutil.which(tool, path=f"{SCRIPTS}:{os.environ['PATH']}")
    if path is None:
        assert tool == "systemd-analyze", f"{tool} is part of the development extra"
        pytest.skip(f"there is no {tool}")
    ended = subprocess.run(
        [path, *arguments],
        capture_output=True,
        cwd=folder,
        env={"PATH": f"{SCRIPTS}:/usr/bin:/bin", "SYSTEMD_LOG_LEVEL": "notice"},
        text=True,
        timeout=120,
        check=False,
    )
    said = "".join(
        line
        for line in (ended.stdout + ended.stderr).splitlines(keepends=True)
        if not line.startswith("INFO ")
    )
    assert (ended.returncode, said) == (0, "")


def save(call: Call, folder: Path, kind: str, name: str, given: tuple[str, ...]) -> str:
    ended = call("template", kind, "--program", "/bin/true", *given)
    assert ended.code == 0, ended.stderr
    (folder / name).write_text(ended.stdout)
    return ended.stdout


@pytest.mark.parametrize("given", GIVEN, ids=["plain", "with options"])
class TestTool:
    def test_systemd_verifies_unit_and_timer(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        names = ("job.service", "job.timer")
        save(call, tmp_path, "systemd", names[0], given)
        save(call, tmp_path, "systemd-timer", names[1], given)
        # Unknown settings are warnings only.
        check("systemd-analyze", "verify", "--man=no", *names, folder=tmp_path)

    def test_kubernetes_schema_accepts_manifests(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        names = ("job.yaml", "indexed.yaml")
        save(call, tmp_path, "kubernetes", names[0], given)
        save(call, tmp_path, "kubernetes-indexed", names[1], given)
        check("kubernetes-validate", "--strict", *names, folder=tmp_path)

    def test_actionlint_accepts_workflow(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        save(call, tmp_path, "github-actions", "job.yml", given)
        check("actionlint", "job.yml", folder=tmp_path)

    def test_hadolint_accepts_dockerfile(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        save(call, tmp_path, "docker", "Dockerfile", given)
        check("hadolint", "Dockerfile", folder=tmp_path)

    def test_shellcheck_accepts_command_of_cron(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        crontab = save(call, tmp_path, "cron", "crontab", given)
        (tmp_path / "job.sh").write_text(f"#!/bin/sh\n{cron_command(crontab)}\n")
        check("shellcheck", "job.sh", folder=tmp_path)

    def test_python_compiles_dag(
        self, call: Call, tmp_path: Path, given: tuple[str, ...]
    ) -> None:
        text = save(call, tmp_path, "airflow", "dag.py", given)
        py_compile.compile(str(tmp_path / "dag.py"), doraise=True)
        assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize(
    ("kind", "name", "tool", "good", "bad"), FAULTS, ids=lambda value: value
)
def test_tool_finds_planted_fault(
    call: Call, tmp_path: Path, kind: str, name: str, tool: str, good: str, bad: str
) -> None:
    text = save(call, tmp_path, kind, name, ())
    assert good in text
    (tmp_path / name).write_text(text.replace(good, bad))
    with pytest.raises(AssertionError):
        check(*tool.split(), name, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(
    "BULKPAUSE_NIGHTLY" not in os.environ, reason="installs Airflow, 300 MB"
)
def test_airflow_loads_dag(call: Call, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    save(call, dags, "airflow", "dag.py", GIVEN[1])
    venv = tmp_path / "venv"
    python = str(venv / "bin" / "python")
    variables = {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    script = (
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(dags)!r})\n"
        "print(bag.import_errors, [*bag.dags])\n"
    )
    for command in (
        ["python3", "-m", "venv", str(venv)],
        [python, "-m", "pip", "install", "--quiet", "apache-airflow==3.3.2"],
        [python, "-m", "airflow", "db", "migrate"],
    ):
        subprocess.run(command, env=os.environ | variables, check=True)
    ended = subprocess.run(
        [python, "-c", script],
        capture_output=True,
        env=os.environ | variables,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "{} ['nightly-2']"
