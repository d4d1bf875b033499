"""Printed commands are complete, and statuses to retry are checked."""

import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bulkpause._shell import join_command
from bulkpause.cli.app import cli
from bulkpause.cli.given_options import options_of
from bulkpause.cli.options import (
    RETRIABLE,
    RETRIED_BY_DEFAULT,
    Options,
    parse_retried,
    resume_command,
    retry_command,
)
from bulkpause.engine.guard_rails import GuardRails, Tolerance
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.inputs.layout import Format, HiddenRows, Layout
from bulkpause.inputs.ordering import DecimalMark, Order
from bulkpause.model import Limit
from bulkpause.settings import Settings
from bulkpause.vocabulary import Priority, Status


LOG = Path("pauses.jsonl")


def options_with(settings: Settings | None = None, **given: Any) -> Options:
    return Options(inputs=(), settings=settings or Settings(share="auto"), **given)


@pytest.mark.parametrize(
    ("settings", "options", "words"),
    [
        ({}, {}, ""),
        ({}, {"is_confirmed": True}, " --yes"),
        ({"share": "none"}, {"is_simulated": True}, " --simulate"),
        ({"share": "none"}, {}, " --share none"),
        ({"share": "-x.sqlite"}, {}, " --share ./-x.sqlite"),
        ({"share": "valkey://host/0"}, {}, " --share valkey://host/0"),
        ({"share": "valkey://me:word@host/0"}, {}, ""),
        ({"priority": Priority.URGENT}, {}, " --priority urgent"),
        ({"base_url": "http://127.0.0.1:1"}, {}, " --base-url http://127.0.0.1:1"),
        ({}, {"token_file": Path("my token")}, " --token-file 'my token'"),
        ({"limits": (Limit(20, 2.0),)}, {}, " --burst 20/2s --steady none"),
        ({"limits": ()}, {}, " --burst none --steady none"),
        (
            {"limits": (Limit(300, 60.0), Limit(20, 1.0))},
            {},
            " --burst 20/1s --steady 300/60s",
        ),
        ({"max_in_flight": 2}, {}, " --max-in-flight 2"),
        ({"reason": "It's over"}, {}, " --reason 'It'\"'\"'s over'"),
        ({"retry_policy": RetryPolicy(verify=Verify.ALL)}, {}, " --verify all"),
        ({"proxy": "http://proxy:3128"}, {}, " --proxy http://proxy:3128"),
        ({"proxy": "http://jane:word@proxy:3128"}, {}, ""),
        ({"trust_env": True}, {}, " --trust-env"),
    ],
    ids=str,
)
def test_printed_command_repeats_options_of_run(
    settings: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    of_run = options_with(Settings(**{"share": "auto", **settings}), **options)
    retry = retry_command(LOG, of_run)
    assert retry == f"bulkpause retry pauses.jsonl{words}"
    resume = resume_command(LOG, of_run)
    assert resume == f"bulkpause run INPUT --log pauses.jsonl --resume{words}"


def test_retry_command_quotes_log_name() -> None:
    command = retry_command(Path("my; log"), options_with())
    assert shlex.split(command) == ["bulkpause", "retry", "my; log"]


def test_retry_command_names_log_called_dash() -> None:
    command = retry_command(Path("-"), options_with())
    assert command.startswith("bulkpause retry ./-")


def test_retry_command_keeps_statuses_beside_usual_ones() -> None:
    command = retry_command(LOG, options_with(retried=("rejected",)))
    assert command == (
        "bulkpause retry pauses.jsonl --status failed,unknown,not_attempted,rejected"
    )
    assert "--status" not in retry_command(LOG, options_with(retried=("failed",)))


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(None, ""), (3600.0, ""), (90_000.0, " --resume-within 26h")],
)
def test_resume_command_admits_age_of_log(age_s: float | None, words: str) -> None:
    command = resume_command(LOG, options_with(), age_s=age_s)
    assert command == f"bulkpause run INPUT --log pauses.jsonl --resume{words}"


@pytest.mark.parametrize("text", ["paused", "invalid", "gone", "", "failed,paused"])
def test_status_that_cannot_be_retried_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="cannot be retried; choose from failed, "):
        parse_retried(text)


def test_every_status_but_done_can_be_retried() -> None:
    assert parse_retried(",".join(RETRIABLE)) == RETRIABLE
    done = {Status.PAUSED, Status.RESUMED}
    assert {*Status} - {*RETRIABLE} == {*done, Status.INVALID}


def test_only_final_statuses_are_reopened() -> None:
    assert options_with(retried=RETRIED_BY_DEFAULT).reopened == frozenset()
    every = options_with(retried=RETRIABLE)
    assert every.reopened == {
        Status.REJECTED,
        Status.NOT_PAUSABLE,
        Status.ALREADY_PAUSED,
        Status.NOT_RESUMABLE,
        Status.ALREADY_RUNNING,
    }


def test_resume_command_repeats_inputs() -> None:
    layout = Layout(
        column="my id",
        name_column="Campaign",
        format=Format.CSV,
        sheet="-May",
        hidden_rows=HiddenRows.SKIP,
        has_multiline_cells=True,
        takes_any_id=True,
    )
    options = Options(
        inputs=("-x.csv", "-", "1001"),
        settings=Settings(share="auto"),
        layout=layout,
        order=Order("spend", is_descending=True),
        decimal_mark=DecimalMark.COMMA,
        skips_invalid=True,
    )
    assert shlex.split(resume_command(LOG, options)) == [
        *("bulkpause", "run", "./-x.csv", "-", "1001"),
        *("--column", "my id", "--name-column", "Campaign", "--format", "csv"),
        *("--sheet=-May", "--hidden-rows", "skip"),
        *("--multiline-cells", "--any-id", "--skip-invalid"),
        *("--order-by", "spend:desc", "--decimal-mark", "comma"),
        *("--log", "pauses.jsonl", "--resume"),
    ]


DURATIONS = st.integers(1, 3_600_000).map(lambda ms: ms / 1000)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1
).filter(lambda text: text.strip() and len(text) < 100)
LIMITS = st.builds(
    Limit, st.integers(1, 10_000), st.integers(10, 86_400_000).map(lambda ms: ms / 1000)
)
SETTINGS = st.builds(
    Settings,
    base_url=st.sampled_from(["https://api.ocamba.com", "https://x.example/v1"]),
    reason=st.none() | NAMES,
    limits=st.lists(LIMITS, max_size=2, unique_by=lambda limit: limit.period_s).map(
        tuple
    ),
    max_in_flight=st.none() | st.integers(1, 1_000),
    timeout_s=DURATIONS,
    retry_policy=st.builds(
        RetryPolicy,
        max_attempts=st.integers(1, 1_000),
        verify=st.sampled_from(Verify),
        give_up_after_s=DURATIONS,
    ),
    proxy=st.sampled_from([None, "http://proxy.example:3128"]),
    trust_env=st.booleans(),
    share=st.sampled_from(
        ["auto", "none", "my budgets.sqlite", "valkey://host:6379/0?name=us"]
    ),
    priority=st.sampled_from(Priority),
)
TOLERANCES = st.builds(Tolerance, count=st.integers(0, 999)) | st.builds(
    Tolerance, percent=st.integers(0, 100_000).map(lambda parts: parts / 1000)
)
GUARD_RAILS = st.builds(
    GuardRails,
    canary=st.integers(0, 10**9),
    max_failures=st.none() | TOLERANCES,
    deadline_s=st.none() | DURATIONS,
)
OPTIONS = st.fixed_dictionaries(
    {
        "settings": SETTINGS,
        "guard_rails": GUARD_RAILS,
        "log": st.sampled_from([Path("my log.jsonl"), Path("./-x"), Path("it's")]),
        "token_file": st.none() | st.just(Path("-my token")),
        "grace_s": DURATIONS,
        "progress": st.sampled_from(["auto", "bar", "lines", "none"]),
        "log_level": st.sampled_from(["info", "debug"]),
        "metrics": st.none() | st.just(Path("-my job.prom")),
        "is_confirmed": st.booleans(),
        "is_json": st.booleans(),
    }
)
INPUT_OPTIONS = st.fixed_dictionaries(
    {
        "inputs": st.lists(
            st.sampled_from(["a b.csv", "-", "1001", "it's $HOME"]), min_size=1
        ).map(tuple),
        "layout": st.builds(
            Layout,
            format=st.none() | st.sampled_from(Format),
            column=st.none() | NAMES,
            name_column=st.none() | NAMES,
            sheet=st.none() | NAMES,
            hidden_rows=st.none() | st.sampled_from(HiddenRows),
            has_multiline_cells=st.booleans(),
            takes_any_id=st.booleans(),
        ),
        "order": st.none() | st.builds(Order, NAMES, st.booleans()),
        "decimal_mark": st.none() | st.sampled_from(DecimalMark),
        "expect": st.none() | st.integers(0),
        "digest": st.none() | st.just("0123456789abcdef"),
        "skips_invalid": st.booleans(),
        "resume_within_s": DURATIONS,
    }
)


def parsed(command: str) -> Options:
    """Read a printed command as a shell and the program do."""
    program, name, *words = shlex.split(command)
    # A command that is used without its parent has no `-h`, and keeps none.
    parent = click.Context(cli, **cli.context_settings)
    found = cli.get_command(parent, name)
    assert found is not None
    context = found.make_context(name, words, parent=parent)
    given = context.params
    if name == "retry":
        given = {**given, "inputs": (), "resume": True, "resume_within": None}
    assert program == "bulkpause"
    return options_of(given)


def comparable(options: Options) -> Options:
    """Leave out the order of the limits, which means nothing."""
    limits = tuple(sorted(options.settings.limits, key=str))
    return replace(options, settings=replace(options.settings, limits=limits))


def is_plain(options: Options) -> bool:
    """Tell whether `shlex` reads the command: it does not know `$'…'`."""
    return resume_command(LOG, options).isprintable() and "$'" not in resume_command(
        LOG, options
    )


@given(OPTIONS)
def test_retry_command_parses_to_same_options(given: dict[str, Any]) -> None:
    options = Options(inputs=(), resume=True, **given)
    assume(is_plain(options))
    command = retry_command(given["log"], options)
    assert comparable(parsed(command)) == comparable(options)


@given(OPTIONS, INPUT_OPTIONS)
def test_resume_command_parses_to_same_options(
    given: dict[str, Any], of_input: dict[str, Any]
) -> None:
    options = Options(resume=True, **given, **of_input)
    assume(is_plain(options))
    command = resume_command(given["log"], options)
    assert comparable(parsed(command)) == comparable(options)


@pytest.mark.parametrize("shell", ["bash"])
def test_command_with_control_characters_is_inert_and_runs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    names = ["a\x1b[2J\nb", "it's \\ \u202e", "\udcff"]
    command = join_command(["bulkpause", *names])
    assert command.isprintable()
    echo = command.replace("bulkpause", "printf '%s|'", 1)
    ended = subprocess.run([shell, "-c", echo], capture_output=True, check=True)
    assert ended.stdout == os.fsencode("".join(f"{name}|" for name in names))
