"""Printed commands are complete, and statuses to retry are checked."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from bulkpause.cli.options import (
    RETRIABLE,
    RETRIED_BY_DEFAULT,
    Options,
    parse_retried,
    resume_command,
    retry_command,
)
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.errors import SettingsError
from bulkpause.inputs.layout import Format, HiddenRows, Layout
from bulkpause.inputs.ordering import DecimalMark, Order
from bulkpause.model import Limit, Priority, Status
from bulkpause.settings import Settings


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


def test_every_status_but_paused_can_be_retried() -> None:
    assert parse_retried(",".join(RETRIABLE)) == RETRIABLE
    assert {*Status} - {*RETRIABLE} == {Status.PAUSED, Status.INVALID}


def test_only_final_statuses_are_reopened() -> None:
    assert options_with(retried=RETRIED_BY_DEFAULT).reopened == frozenset()
    every = options_with(retried=RETRIABLE)
    assert every.reopened == {
        Status.REJECTED,
        Status.NOT_PAUSABLE,
        Status.ALREADY_PAUSED,
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
        *("--column=my id", "--name-column=Campaign", "--format=csv", "--sheet=-May"),
        *("--hidden-rows=skip", "--order-by=spend:desc", "--decimal-mark=comma"),
        *("--multiline-cells", "--any-id", "--skip-invalid"),
        *("--log", "pauses.jsonl", "--resume"),
    ]
