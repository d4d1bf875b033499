"""Each scheduler retries what may pass, and fails at once what would come again."""

import re
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGTERM
from subprocess import PIPE, Popen
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest
import yaml  # type: ignore[import-untyped]

from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.templates.exit_policy import ExitPolicy
from tests.support.posix import end_group
from tests.support.schedulers import (
    Recorder,
    cron_command,
    github_script,
    kubernetes_command,
)
from tests.unit.cli.conftest import Call


pytestmark = pytest.mark.posix_only

RETRIED = {5, 7, 129, 130, 143}
FAILED = {2, 3, 4, 6, 8, 70, 74}
SHELLS = ("cron", "github-actions")


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def printed(call: Call, kind: str, success: str = "0", program: str = "x") -> str:
    options = ("--success", success, "--program", program)
    ended = call("template", kind, *options, "--", "/data/feed.csv")
    assert ended.code == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("success", [{0}, {0, 1}], ids=str)
def test_every_exit_code_has_one_consequence(success: set[int]) -> None:
    policy = ExitPolicy(tuple(map(ExitCode, sorted(success))))
    assert {*policy.success} == success
    assert {*policy.retry} == RETRIED
    assert {*policy.fail} == FAILED | ({1} - success)


def numbers(text: str, setting: str) -> set[int]:
    (line,) = re.findall(rf"^{setting}=(.+)$", text, re.MULTILINE)
    return {int(number) for number in line.split()}


def test_systemd_restarts_what_may_pass(call: Call) -> None:
    unit = printed(call, "systemd")
    assert numbers(unit, "RestartPreventExitStatus") == FAILED | {1}
    assert "\nRestart=on-failure\n" in unit
    forgiving = printed(call, "systemd", "0,1")
    assert numbers(forgiving, "RestartPreventExitStatus") == FAILED
    assert numbers(forgiving, "SuccessExitStatus") == {0, 1}


@pytest.mark.parametrize(
    ("kind", "action"),
    [("kubernetes", "FailJob"), ("kubernetes-indexed", "FailIndex")],
)
def test_kubernetes_fails_what_would_come_again(
    call: Call, kind: str, action: str
) -> None:
    *_, job = yaml.safe_load_all(printed(call, kind))
    spec = job["spec"].get("jobTemplate", job)["spec"]
    rule, disruption = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == action
    assert {*rule["onExitCodes"]["values"]} == FAILED | {1}
    assert disruption["action"] == "Ignore"
    # Kubernetes refuses a policy with any other.
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def run_shell(
    call: Call, recorder: Recorder, kind: str, success: str, *codes: int
) -> tuple[int, str]:
    recorder.install(*codes)
    text = printed(call, kind, success, recorder.program)
    if kind == "github-actions":
        ended = recorder.run(["bash", "-e", "-c", github_script(text)])
    else:
        line = cron_command(text).replace("/var/lib/bulkpause", str(recorder.folder))
        ended = recorder.run(["/bin/sh", "-c", line])
    return ended.returncode, ended.stdout


@pytest.mark.parametrize("kind", SHELLS)
@pytest.mark.parametrize("code", sorted(RETRIED))
def test_shell_repeats_what_may_pass(
    call: Call, recorder: Recorder, kind: str, code: int
) -> None:
    code_at_end, said = run_shell(call, recorder, kind, "0", code, code, 0)
    assert (code_at_end, said) == (0, "")
    assert len(recorder.calls()) == 3
    assert recorder.sleeps() == ["60", "300"]
    assert recorder.calls()[0] == recorder.calls()[2]


@pytest.mark.parametrize("kind", SHELLS)
@pytest.mark.parametrize("code", sorted(FAILED | {1}))
def test_shell_repeats_nothing_that_would_come_again(
    call: Call, recorder: Recorder, kind: str, code: int
) -> None:
    code_at_end, said = run_shell(call, recorder, kind, "0", code, 0)
    assert len(recorder.calls()) == 1
    if kind == "cron":
        assert f"bulkpause ended with {code}: see " in said
    else:
        assert code_at_end == code


@pytest.mark.parametrize("kind", SHELLS)
def test_shell_gives_up_after_four_times(
    call: Call, recorder: Recorder, kind: str
) -> None:
    code_at_end, said = run_shell(call, recorder, kind, "0", *[5] * 9)
    assert len(recorder.calls()) == 4
    assert code_at_end == 5 or "bulkpause ended with 5" in said


@pytest.mark.parametrize("kind", SHELLS)
def test_shell_takes_1_for_success_if_told(
    call: Call, recorder: Recorder, kind: str
) -> None:
    assert run_shell(call, recorder, kind, "0,1", 1) == (0, "")


KUBERNETES = {"JOB_NAME": "n", "JOB_UID": "u", "JOB_COMPLETION_INDEX": "0"}


@pytest.mark.parametrize("kind", ["kubernetes", "kubernetes-indexed"])
@pytest.mark.parametrize(("code", "end"), [(0, 0), (1, 0), (5, 5), (143, 143)])
def test_container_takes_1_for_success_if_told(
    call: Call, recorder: Recorder, kind: str, code: int, end: int
) -> None:
    recorder.install(code)
    text = printed(call, kind, "0,1")
    ended = recorder.run(kubernetes_command(text, KUBERNETES), **KUBERNETES)
    assert (ended.returncode, ended.stderr) == (end, "")
    assert len(recorder.calls()) == 1


SLOW = """#!/bin/sh
trap 'echo stopping; sleep 0.2; exit 143' TERM
echo started
while :; do sleep 0.05; done
"""


def test_container_passes_signal_on_and_waits(call: Call, tmp_path: Path) -> None:
    text = printed(call, "kubernetes", "0,1")
    (tmp_path / "bulkpause").write_text(SLOW)
    (tmp_path / "bulkpause").chmod(0o700)
    command = kubernetes_command(text, KUBERNETES)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    process = Popen(command, stdout=PIPE, env=path, text=True, start_new_session=True)
    with process, ExitStack() as stack:
        stack.callback(end_group, process.pid)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(SIGTERM)
        assert process.stdout.readline() == "stopping\n"
        assert process.wait(timeout=60) == 143


class FailedError(Exception):
    """The task failed, and may be retried."""


class FailedAtOnceError(FailedError):
    """The task failed, and must not be retried."""


class EndedHook:
    """A process that has ended with a code."""

    codes: list[int] = []  # noqa: RUF012 (Airflow makes the instance)
    commands: list[list[str]] = []  # noqa: RUF012
    variables: dict[str, str] = {}  # noqa: RUF012

    def run_command(self, command: list[str], env: dict[str, str]) -> SimpleNamespace:
        self.commands.append(command)
        self.variables.update(env)
        return SimpleNamespace(exit_code=self.codes.pop(0))


class Operator:
    def __init__(self, **given: Any) -> None:
        tasks.append((self, given))


class Dag:
    def __init__(self, dag_id: str, **given: Any) -> None:
        dags.append((dag_id, given))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


tasks: list[tuple[Operator, dict[str, Any]]] = []
dags: list[tuple[str, dict[str, Any]]] = []


def run_dag(text: str, patch: pytest.MonkeyPatch, code: int) -> str:
    """Run the task of a DAG file with the names that it imports of Airflow."""
    connection = SimpleNamespace(get=lambda name: SimpleNamespace(password="s3cret"))
    modules: dict[str, dict[str, object]] = {
        "airflow.providers.standard.hooks.subprocess": {"SubprocessHook": EndedHook},
        "airflow.sdk": {
            "DAG": Dag,
            "BaseOperator": Operator,
            "Connection": connection,
        },
        "airflow.sdk.exceptions": {
            "AirflowException": FailedError,
            "AirflowFailException": FailedAtOnceError,
        },
    }
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        patch.setitem(sys.modules, name, module)
    patch.setattr(EndedHook, "codes", [code])
    exec(compile(text, "dag.py", "exec"), {})  # noqa: S102 (our own file)
    task: Any = tasks[-1][0]
    moment = datetime(2026, 11, 28, 2, tzinfo=UTC)
    log: str = task.execute({"dag_run": SimpleNamespace(run_after=moment)})
    return log


def test_airflow_retries_what_may_pass(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = printed(call, "airflow")
    log = "/var/lib/bulkpause/bulkpause-2026-11-28T020000.jsonl"
    assert run_dag(text, monkeypatch, 0) == log
    assert EndedHook.commands[-1][-3:] == ["--log", log, "--resume"]
    assert EndedHook.variables["OCAMBA_TOKEN"] == "s3cret"
    for code in RETRIED:
        with pytest.raises(FailedError) as raised:
            run_dag(text, monkeypatch, code)
        assert raised.type is FailedError
    for code in FAILED | {1}:
        with pytest.raises(FailedAtOnceError, match=f"bulkpause ended with {code}: "):
            run_dag(text, monkeypatch, code)
    assert dags[-1][1]["max_active_runs"] == 1
    assert tasks[-1][1]["retries"] == 4


def test_airflow_takes_1_for_success_if_told(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_dag(printed(call, "airflow", "0,1"), monkeypatch, 1)
