"""Each scheduler passes the options on as they were given, whatever they hold."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkpause.cli.templates.catalog import TEMPLATES
from tests.support.schedulers import (
    Recorder,
    cron_command,
    docker_command,
    github_script,
    kubernetes_command,
    systemd_command,
)
from tests.unit.cli.conftest import Call


pytestmark = pytest.mark.posix_only

#: What means something to one scheduler or another, or to its shell.
REASON = (
    'It\'s 100% "over" for $HOME, `id` & co; #1 <<name>> é 🎉 '
    "${{ secrets.X }} $(JOB_NAME) $$ {{ ds }} {% raw %} %h !"
)
BACKSLASHES = r"a\b \n \" \$ \\"
JOB = {"JOB_NAME": "nightly-29", "JOB_UID": "u1", "JOB_COMPLETION_INDEX": "2"}


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    recorder = Recorder(tmp_path)
    recorder.install()
    return recorder


def printed(call: Call, kind: str, recorder: Recorder, *words: str) -> str:
    options = ("--name", "nightly", "--program", recorder.program)
    ended = call("template", kind, *options, "--", "/data/feed.csv", *words)
    assert ended.code == 0, ended.stderr
    return ended.stdout


def run_systemd(text: str, recorder: Recorder) -> None:
    recorder.run(systemd_command(text), STATE_DIRECTORY="/var/lib/bulkpause")


def run_cron(text: str, recorder: Recorder) -> None:
    command = cron_command(text).replace("/var/lib/bulkpause", str(recorder.folder))
    recorder.run(["/bin/sh", "-c", command])


def run_kubernetes(text: str, recorder: Recorder) -> None:
    recorder.run(kubernetes_command(text, JOB), **JOB)


def run_github(text: str, recorder: Recorder) -> None:
    recorder.run(["bash", "-e", "-c", github_script(text)])


def run_docker(text: str, recorder: Recorder) -> None:
    recorder.run(docker_command(text))


def run_airflow(text: str, recorder: Recorder) -> None:
    (command,) = (
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMAND"
    )
    recorder.run([*ast.literal_eval(command), "--log", "l-2026-11-28.jsonl"])


Run = Callable[[str, Recorder], None]
RUNS: dict[str, Run] = {
    "systemd": run_systemd,
    "cron": run_cron,
    "kubernetes": run_kubernetes,
    "kubernetes-indexed": run_kubernetes,
    "airflow": run_airflow,
    "github-actions": run_github,
    "docker": run_docker,
}


def value_of(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_each_template_but_timer_runs_a_command() -> None:
    assert RUNS.keys() == TEMPLATES.keys() - {"systemd-timer"}


@pytest.mark.parametrize("kind", RUNS)
def test_hostile_reason_arrives_as_it_was_given(
    call: Call, recorder: Recorder, kind: str
) -> None:
    RUNS[kind](printed(call, kind, recorder, "--reason", REASON), recorder)
    (words,) = recorder.calls()
    assert words[:2] == ["run", "/data/feed.csv"]
    assert value_of(words, "--reason") == REASON
    assert "--yes" in words


@pytest.mark.parametrize("kind", sorted(RUNS.keys() - {"cron"}))
def test_backslashes_arrive_as_they_were_given(
    call: Call, recorder: Recorder, kind: str
) -> None:
    RUNS[kind](printed(call, kind, recorder, "--reason", BACKSLASHES), recorder)
    (words,) = recorder.calls()
    assert value_of(words, "--reason") == BACKSLASHES


@pytest.mark.parametrize("kind", sorted(RUNS.keys() - {"airflow"}))
def test_log_is_of_this_run_and_resumed(
    call: Call, recorder: Recorder, kind: str
) -> None:
    RUNS[kind](printed(call, kind, recorder), recorder)
    (words,) = recorder.calls()
    assert "--resume" in words
    assert re.search(
        r"/nightly-(\d{4}-\d\d-\d\d|29|u1-2)\.jsonl$|^nightly\.jsonl$",
        value_of(words, "--log"),
    )


def test_each_pod_of_indexed_job_takes_its_shard(
    call: Call, recorder: Recorder
) -> None:
    run_kubernetes(printed(call, "kubernetes-indexed", recorder), recorder)
    (words,) = recorder.calls()
    assert value_of(words, "--shard") == "3/8"


def test_cron_refuses_backslash(call: Call) -> None:
    ended = call("template", "cron", "--", "/x.csv", "--reason", BACKSLASHES)
    assert ended.code == 2
    assert "cron cannot pass a backslash on" in ended.stderr


def test_cron_refuses_line_that_some_cut(call: Call) -> None:
    ended = call("template", "cron", "--", "/x.csv", "--reason", "x" * 900)
    assert ended.code == 2
    assert "cron reads 998 bytes of a line" in ended.stderr
    assert call("template", "cron", "--", "/x.csv", "--reason", "x" * 300).code == 0
