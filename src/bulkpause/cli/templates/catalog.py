"""The templates by name, each with the values of its file."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from bulkpause._value import value
from bulkpause.cli.options import Options
from bulkpause.cli.templates.exit_policy import join_codes
from bulkpause.cli.templates.fill import Values, fill_file
from bulkpause.cli.templates.job import (
    Job,
    is_path,
    paths_not_below,
    shares_file,
    with_absolute_paths,
    with_inputs_below,
)
from bulkpause.cli.templates.quoting import (
    check_crontab,
    for_cron,
    for_docker,
    for_github,
    for_kubernetes,
    for_python,
    for_shell,
    for_systemd,
    for_systemd_command,
    for_yaml,
)
from bulkpause.errors import SettingsError


_STATE = "/var/lib/bulkpause"
_TOKEN_FILE = "/etc/bulkpause/ocamba-token"  # noqa: S105 (a path)
_CONTAINER_TOKEN_FILE = "/run/secrets/bulkpause/ocamba-token"  # noqa: S105 (a path)
#: Where a container has its lists.
CONTAINER_INPUTS = "/in"
_CONTAINER_STATE = "/state"
#: Runs a command, passes SIGTERM on, once, and takes 0 and 1 for success. A wait that
#: the signal ends is repeated.
_FORGIVING = (
    'trap \'if [ -z "$pid" ]; then late=1; else kill -TERM "$pid"; fi\' TERM; '
    '{command} & pid=$!; if [ -n "$late" ]; then kill -TERM "$pid"; fi; '
    'wait "$pid"; code=$?; '
    'while kill -0 "$pid" 2>/dev/null; do wait "$pid"; code=$?; done; '
    'case $code in {success}) exit 0 ;; esac; exit "$code"'
)


@value(kw_only=False)
class Template:
    """A file to print.

    Attributes:
        file: Its name in this package.
        default_input: The INPUT if the options name none.
        values: Gives what its places hold.
        check: Raises a `SettingsError` if no scheduler would read the file.
        takes_accounts: Whether it has a place for the tokens of several accounts.
    """

    file: str
    default_input: str
    values: Callable[[Job], Values]
    check: Callable[[str], None] = lambda _: None
    takes_accounts: bool = False

    def fill(self, job: Job) -> str:
        """Fill in the file for a job.

        Raises:
            SettingsError: The format cannot hold a text of the job.
        """
        if job.options.accounts is not None and not self.takes_accounts:
            raise SettingsError(
                "this template has no place for the tokens of several accounts; take "
                "systemd, cron or airflow, or a job for each account without --accounts"
            )
        usual: Values = {
            "exit_codes": [*job.exit_policy.lines()],
            "name": job.name,
            "stop_s": str(job.stop_s),
        }
        text = fill_file(self.file, {**usual, **self.values(job)})
        self.check(text)
        return text


def _systemd(job: Job) -> Values:
    local, policy = _local(job), job.exit_policy
    command = for_shell(local.words(program=job.program))
    log = f'"$STATE_DIRECTORY/{job.name}-$(date +%F){job.log_suffix}"'
    accounts = job.options.accounts
    token_file = _token_file(local, _TOKEN_FILE)
    return {
        "command": for_systemd_command(f"exec {command} --log {log} --resume"),
        "success": join_codes(policy.success, " "),
        "fail": join_codes(policy.fail, " "),
        "credential": for_systemd(f"ocamba-token:{token_file}")
        if accounts is None
        else [],
        "token_note": f"Put the token into {token_file}, which only root needs to read."
        if accounts is None
        else "The unit's user must be able to read the accounts and their token files.",
        "log_suffix": job.log_suffix,
        "writable": [*_writable_lines(local.options)],
    }


def _writable_lines(options: Options) -> Iterator[str]:
    files = {
        "--metrics": options.metrics,
        "--share": Path(options.settings.share) if shares_file(options) else None,
    }
    for option, file in files.items():
        if file is not None:
            yield f"# For {option}; the user must be allowed to write there."
            yield f"ReadWritePaths={for_systemd(f'-{file.parent}')}"


def _timer(job: Job) -> Values:
    return {"hour": f"{job.hour:02}", "minute": f"{job.minute:02}"}


def _cron(job: Job) -> Values:
    local = _local(job)
    token_file = _token_file(local, _TOKEN_FILE)
    words = local.words(program=job.program, token_file=token_file)
    return {
        "command": for_cron(for_shell(words)),
        "retry": join_codes(job.exit_policy.retry, "|"),
        "schedule": job.cron_schedule,
        "state": _STATE,
        "success": join_codes(job.exit_policy.success, "|"),
        "log_suffix": job.log_suffix,
        "token_note": f"the token into {token_file}"
        if local.options.accounts is None
        else "the tokens where the accounts name them",
    }


def _kubernetes(job: Job) -> Values:
    log = ["--log", "/state/$(JOB_NAME).jsonl", "--resume"]
    words = [for_kubernetes(word) for word in _container_words(job)]
    command = [*words, *map(for_yaml, log)]
    if len(job.exit_policy.success) > 1:
        command = [*map(for_kubernetes, _shell(job, '"$@"')), *command]
    return {**_manifest(job), "command": command}


def _indexed(job: Job) -> Values:
    run = (
        f'"$@" --shard "$((JOB_COMPLETION_INDEX + 1))/{job.shards}" '
        f'--log "/state/{job.name}-$JOB_UID-$JOB_COMPLETION_INDEX.jsonl" --resume'
    )
    words = [*_shell(job, run), *_container_words(job)]
    return {
        **_manifest(job),
        "command": [*map(for_kubernetes, words)],
        "shards": str(job.shards),
    }


def _shell(job: Job, command: str) -> list[str]:
    """Begin a command that a shell runs, with the words that follow it."""
    success = job.exit_policy.success
    script = (
        _FORGIVING.format(command=command, success=join_codes(success, "|"))
        if len(success) > 1
        else f"exec {command}"
    )
    return ["/bin/sh", "-c", script, "sh"]


def _manifest(job: Job) -> Values:
    token_file = PurePosixPath(_container_token_file(job))
    elsewhere = paths_not_below(job.options, CONTAINER_INPUTS)
    lists = [
        f"--from-file={word}"
        for word in job.options.inputs
        if is_path(word) and word not in elsewhere
    ]
    return {
        "lists": for_shell(lists or ["--from-literal=none="]),
        "package": for_shell([job.requirement]),
        "fail": join_codes(job.exit_policy.fail, ", "),
        "image": for_yaml(job.image),
        "schedule": for_yaml(job.cron_schedule),
        "token_folder": for_yaml(str(token_file.parent)),
        "token_key": token_file.name,
    }


def _container_words(job: Job) -> list[str]:
    options = with_inputs_below(job.options, CONTAINER_INPUTS, _CONTAINER_STATE)
    inside = replace(job, options=options)
    return inside.words(token_file=_container_token_file(job))


def _airflow(job: Job) -> Values:
    local, policy = _local(job), job.exit_policy
    token_file = local.options.token_file
    words = local.words(token_file=None if token_file is None else str(token_file))
    return {
        "command": [for_python(word) for word in words],
        "retry": join_codes(policy.retry, ", "),
        "schedule": for_python(job.cron_schedule),
        "state": _STATE,
        "log_suffix": job.log_suffix,
        "success": join_codes(policy.success, ", "),
    }


def _github(job: Job) -> Values:
    token_file = job.options.token_file
    words = job.words(token_file=None if token_file is None else str(token_file))
    return {
        "command": for_github(for_shell(words)),
        "log": f"{job.name}.jsonl",
        "package": for_shell([job.requirement]),
        "retry": join_codes(job.exit_policy.retry, "|"),
        "schedule": for_yaml(job.cron_schedule),
        "success": join_codes(job.exit_policy.success, "|"),
    }


def _docker(job: Job) -> Values:
    command = for_shell(_container_words(job))
    log = f'"/state/{job.name}-$(date -u +%F).jsonl"'
    script = f"exec {command} --log {log} --resume"
    return {
        "command": for_docker(["/bin/sh", "-c", script]),
        "image": job.image,
        "package": for_shell([job.requirement]),
        "token_file": _container_token_file(job),
    }


def _local(job: Job) -> Job:
    return replace(job, options=with_absolute_paths(job.options))


def _container_token_file(job: Job) -> str:
    """Give the token file of a container, below the usual folder unless it is absolute."""
    given = PurePosixPath(_token_file(job, _CONTAINER_TOKEN_FILE))
    usual = PurePosixPath(_CONTAINER_TOKEN_FILE)
    return str(given if given.is_absolute() else usual.with_name(given.name))


def _token_file(job: Job, usual: str) -> str:
    given = job.options.token_file
    return usual if given is None else str(given)


TEMPLATES = {
    "systemd": Template(
        "systemd.service",
        "/etc/bulkpause/campaigns.csv",
        _systemd,
        takes_accounts=True,
    ),
    "systemd-timer": Template(
        "systemd.timer", "/etc/bulkpause/campaigns.csv", _timer, takes_accounts=True
    ),
    "cron": Template(
        "crontab",
        "/etc/bulkpause/campaigns.csv",
        _cron,
        check_crontab,
        takes_accounts=True,
    ),
    "kubernetes": Template("kubernetes.yaml", "campaigns.csv", _kubernetes),
    "kubernetes-indexed": Template(
        "kubernetes-indexed.yaml", "campaigns.csv", _indexed
    ),
    "airflow": Template(
        "airflow.py.txt",
        "/etc/bulkpause/campaigns.csv",
        _airflow,
        takes_accounts=True,
    ),
    "github-actions": Template("github-actions.yml", "campaigns.csv", _github),
    "docker": Template("Dockerfile", "campaigns.csv", _docker),
}
