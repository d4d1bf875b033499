"""The command `template`: what it fills in, refuses and warns of."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from bulkpause.cli.templates.catalog import TEMPLATES
from bulkpause.cli.templates.fill import fill_file
from tests.unit.cli.conftest import Call


TOKEN = "s3cret-token"
KINDS = sorted(TEMPLATES)


@pytest.fixture(autouse=True)
def _usual_api(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable name another API."""
    monkeypatch.delenv("OCAMBA_BASE_URL")


@pytest.mark.parametrize("kind", KINDS)
def test_template_works_without_options_and_holds_no_token(
    call: Call, kind: str
) -> None:
    ended = call("template", kind)
    assert ended.code == 0
    assert "<<" not in ended.stdout
    assert TOKEN not in ended.stdout
    assert ended.stdout.endswith("\n")
    if kind != "systemd-timer":
        assert "campaigns.csv" in ended.stdout
        assert "5 incomplete" in ended.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x.csv", "--canry", "3"], "those of run: No such option '--canry'"),
        (["x.csv", "--timeout", "5"], "'5' is not a valid duration"),
        (["-"], "a scheduled job has no standard input; name a file"),
        (["x.csv", "--log", "a.jsonl"], "names the log of each run; leave --log out"),
        (["x.csv", "--reason", f"is {TOKEN}"], "an option contains the token"),
        (["x.csv", "--reason", "a\nb"], "has a character that a template cannot hold"),
        (["x\x1b[2J.csv"], "has a character that a template cannot hold"),
        (["x.csv", "--simulate", "--base-url", "http://[::1]:1"], "leave one of them"),
        (["x.csv", "--proxy", "http://a:b@p:1"], "set OCAMBA_PROXY"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["systemd", "kubernetes"])
def test_options_that_no_job_can_have_are_refused(
    call: Call, kind: str, words: list[str], message: str
) -> None:
    ended = call("template", kind, "--", *words)
    assert (ended.code, ended.stdout) == (2, "")
    assert message in " ".join(ended.stderr.split())
    assert TOKEN not in ended.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--name", "Nightly"),
        ("--name", "a b"),
        ("--name", "a" * 41),
        ("--at", "24:00"),
        ("--at", "2"),
        ("--success", "1"),
        ("--shards", "0"),
    ],
)
def test_value_that_no_file_can_hold_is_refused(
    call: Call, option: str, value: str
) -> None:
    ended = call("template", "cron", option, value)
    assert (ended.code, ended.stdout) == (2, "")


def test_time_is_that_of_each_scheduler(call: Call) -> None:
    at = ("--at", "3:05")
    assert (
        "OnCalendar=*-*-* 03:05:00\n" in call("template", "systemd-timer", *at).stdout
    )
    assert "\n5 3 * * * log=" in call("template", "cron", *at).stdout
    for kind in ("kubernetes", "github-actions", "airflow"):
        assert "5 3 * * *" in call("template", kind, *at).stdout


@pytest.mark.parametrize(
    ("grace", "stop_s"), [("10s", 40), ("1500ms", 32), ("2m", 150)]
)
def test_time_to_stop_exceeds_grace(call: Call, grace: str, stop_s: int) -> None:
    given = ("--", "x.csv", "--grace", grace)
    assert f"\nTimeoutStopSec={stop_s}\n" in call("template", "systemd", *given).stdout
    manifest = call("template", "kubernetes", *given).stdout
    assert f"terminationGracePeriodSeconds: {stop_s}\n" in manifest
    assert f"--stop-timeout {stop_s} " in call("template", "docker", *given).stdout


def test_files_of_machine_are_absolute(call: Call, tmp_path: Path) -> None:
    given = ("--", "feed.csv", "1001", "--token-file", "token", "--metrics", "m.prom")
    for kind in ("systemd", "cron", "airflow"):
        text = call("template", kind, *given).stdout
        for name in ("feed.csv", "token", "m.prom"):
            assert str(tmp_path / name) in text
        assert "1001" in text
        assert str(tmp_path / "1001") not in text


def test_unit_may_write_metrics_and_reads_credential(call: Call) -> None:
    given = ("--", "/x.csv", "--token-file", "/t o", "--metrics", "/n e/m.prom")
    unit = call("template", "systemd", *given).stdout
    assert 'ReadWritePaths="-/n e"\n' in unit
    assert 'LoadCredential="ocamba-token:/t o"\n' in unit
    assert "--token-file" not in unit
    assert "ReadWritePaths" not in call("template", "systemd").stdout


def test_container_finds_list_and_token_where_they_are_mounted(call: Call) -> None:
    given = ("--", "lists/feed.csv", "--token-file", "/secrets/t")
    *_, job = yaml.safe_load_all(call("template", "kubernetes", *given).stdout)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert (mounts["lists"], mounts["token"]) == ("/in", "/secrets")
    assert "/in/feed.csv" in container["command"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("kind", ["systemd", "cron", "airflow"])
def test_accounts_have_folder_of_logs_and_no_token(
    call: Call, tmp_path: Path, kind: str
) -> None:
    text = call("template", kind, "--", "/feed.csv", "--accounts", "acc.toml").stdout
    assert str(tmp_path / "acc.toml") in text
    assert "--token-file" not in text
    assert "LoadCredential" not in text
    assert "jsonl" not in text


@pytest.mark.parametrize("kind", ["kubernetes", "docker", "github-actions"])
def test_accounts_without_place_for_tokens_are_refused(call: Call, kind: str) -> None:
    ended = call("template", kind, "--", "feed.csv", "--accounts", "acc.toml")
    assert (ended.code, ended.stdout) == (2, "")
    assert "no place for the tokens of several accounts" in ended.stderr


def test_pod_finds_relative_token_and_writes_metrics(call: Call) -> None:
    given = ("--", "in/feed.xlsx", "--token-file", "tok", "--metrics", "x.prom")
    text = call("template", "kubernetes", *given).stdout
    assert "-lists --from-file=in/feed.xlsx\n" in text
    assert "# The image needs 'bulkpause[metrics,xlsx]==" in text
    *_, job = yaml.safe_load_all(text)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts["token"] == "/run/secrets/bulkpause"
    words = container["command"]
    assert words[words.index("--token-file") + 1] == "/run/secrets/bulkpause/tok"
    assert words[words.index("--metrics") + 1] == "/state/x.prom"


def test_file_of_this_folder_is_warned_of_in_dag(call: Call, tmp_path: Path) -> None:
    said = call("template", "airflow", "--", "feed.csv").stderr
    assert f"warning: feed.csv is {tmp_path / 'feed.csv'} for the workers" in said
    assert call("template", "airflow", "--", "/feed.csv").stderr == ""


def test_forgotten_dashes_are_suggested(call: Call) -> None:
    ended = call("template", "systemd", "feed.csv", "--canary", "3")
    assert ended.code == 2
    assert "bulkpause template systemd -- feed.csv --canary 3" in ended.stderr


def test_extras_that_options_need_are_installed(call: Call) -> None:
    given = ("--", "feed.xlsx", "--metrics", "m.prom")
    for kind in ("docker", "github-actions"):
        assert "'bulkpause[metrics,xlsx]==" in call("template", kind, *given).stdout
        assert "install" in call("template", kind).stdout
        assert "bulkpause==" in call("template", kind).stdout


def test_unit_that_cannot_see_files_is_warned_of(call: Call) -> None:
    given = ("--program", "/opt/b/bin/bulkpause", "--", "/home/ann/feed.csv")
    ended = call("template", "systemd", *given)
    assert ended.code == 0
    assert ended.stderr == (
        "warning: the unit does not see /home/ann/feed.csv; put it elsewhere, as below "
        "/opt or /etc\n"
    )


@pytest.mark.parametrize("kind", ["docker", "kubernetes", "kubernetes-indexed"])
def test_list_that_container_cannot_see_is_warned_of(call: Call, kind: str) -> None:
    shared = ("--share", "valkey://cache:6379/0")
    ended = call("template", kind, "--", "/etc/b/feed.csv", "x/a.csv", *shared)
    assert ended.code == 0
    assert ended.stderr == (
        "warning: the container sees /etc/b/feed.csv only if its image or another "
        "volume has it; name the list without its folder to have it in /in\n"
    )
    assert "--from-file=/etc" not in ended.stdout
    assert call("template", kind, "--", "/in/a.csv", *shared).stderr == ""


@pytest.mark.parametrize("kind", ["docker", "kubernetes", "kubernetes-indexed"])
@pytest.mark.parametrize("second", ["fr/x.csv", "/in/x.csv"])
def test_lists_of_one_name_are_refused(call: Call, kind: str, second: str) -> None:
    ended = call("template", kind, "--", "de/x.csv", second)
    assert (ended.code, ended.stdout) == (2, "")
    assert f"'de/x.csv' and '{second}' are both /in/x.csv" in ended.stderr


def test_list_outside_of_repository_is_warned_of(call: Call) -> None:
    given = ("--", "/etc/feed.csv", "a/../../b.csv", "a/../c.csv", "1001")
    said = call("template", "github-actions", *given).stderr
    assert said.count("warning: the workflow does not see ") == 2
    assert "does not see /etc/feed.csv; put it into the repository" in said
    assert "does not see a/../../b.csv; put it" in said


def test_help_names_every_template(call: Call) -> None:
    page = call("template", "--help").stdout
    _, _, names = page.partition("Names:\n")
    table = names.partition("\n\n")[0].splitlines()
    assert sorted(line.split()[0] for line in table) == KINDS


def test_pods_that_share_no_budget_are_warned_of(call: Call) -> None:
    ended = call("template", "kubernetes-indexed", "--", "feed.csv")
    assert "add --share valkey://HOST:PORT/0" in ended.stderr
    shared = ("--", "feed.csv", "--share", "valkey://cache:6379/0")
    ended = call("template", "kubernetes-indexed", *shared)
    assert ended.stderr == ""
    assert '- "valkey://cache:6379/0"' in ended.stdout
    assert "bulkpause[valkey]==" in call("template", "docker", *shared).stdout


def test_unit_may_write_shared_budget(call: Call, tmp_path: Path) -> None:
    unit = call("template", "systemd", "--", "/x.csv", "--share", "b/budget").stdout
    assert f'ReadWritePaths="-{tmp_path}/b"\n' in unit
    assert f"--share {tmp_path}/b/budget" in unit


def test_password_of_server_is_left_out(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKPAUSE_SHARE", "valkey://:pa55@cache:6379/0")
    ended = call("template", "kubernetes-indexed", "--", "x.csv")
    assert "pa55" not in ended.stdout + ended.stderr
    assert "BULKPAUSE_SHARE has a password" in ended.stderr


def test_password_of_proxy_is_left_out(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCAMBA_PROXY", "http://ann:pa55@proxy:3128")
    ended = call("template", "cron", "--", "/x.csv")
    assert "pa55" not in ended.stdout + ended.stderr
    assert "OCAMBA_PROXY has a password" in ended.stderr


def test_variables_of_options_do_not_get_in(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKPAUSE_RUN_REASON", "mine")
    assert "mine" not in call("template", "cron", "--", "/x.csv").stdout


def test_place_without_value_is_a_bug() -> None:
    with pytest.raises(KeyError):
        fill_file("crontab", {})


def test_base_url_of_shell_is_said(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCAMBA_BASE_URL", "https://staging.example")
    ended = call("template", "cron", "--", "/etc/feed.csv")
    assert "--base-url https://staging.example" in ended.stdout
    assert ended.stderr == (
        "note: the job has --base-url https://staging.example, from OCAMBA_BASE_URL of "
        "this shell; unset that, or give another --base-url, for another one\n"
    )
    given = ("--", "/etc/feed.csv", "--base-url", "https://api.example")
    assert call("template", "cron", *given).stderr == ""
