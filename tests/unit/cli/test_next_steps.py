"""What is advised from a log can be done now, as printed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bulkpause._text import timestamp
from bulkpause.api.endpoint import DEFAULT_BASE_URL
from bulkpause.cli.next_steps import (
    NextSteps,
    steps_of_log,
    steps_of_run,
    steps_without_log,
)
from bulkpause.cli.options import Options
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.resume import ResumeBody, ResumeRules
from bulkpause.journal.fold import recover
from bulkpause.journal.needs import WHOLE
from bulkpause.journal.recovery import Recovery
from bulkpause.journal.run_id import new_run_id
from bulkpause.log_totals import complete_totals
from bulkpause.model import Record, StopReason
from bulkpause.report.totals import Totals
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action, Status, StopCause


LOG = Path("pauses.jsonl")
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOST = "https://api.example"
RETRY = f"bulkpause retry pauses.jsonl --base-url {HOST}"
OPEN_AND_REJECTED = " --status failed,unknown,not_attempted,rejected"
OPTIONS_NOTE = (
    "the log does not record options such as --canary, --max-failures, --verify or "
    "--remember: add those of its run"
)
RESUME = "bulkpause run INPUT --log pauses.jsonl --resume"


def record(
    id_: str,
    status: Status,
    *,
    endpoint: str | None = HOST,
    planned: int | None = 2,
    age: timedelta = timedelta(0),
    **fields: Any,
) -> Record:
    at = timestamp(NOW - age)
    return Record(
        id=id_,
        status=status,
        planned=planned,
        endpoint=endpoint,
        started_at=at,
        finished_at=at,
        **{"run_id": new_run_id(NOW, endpoint or HOST), **fields},
    )


def steps(recovery: Recovery) -> NextSteps:
    return steps_of_log(LOG, recovery, totals_of(recovery), NOW)


def lines_of_others(found: NextSteps) -> list[str]:
    return [way.line() for way in found.others]


def totals_of(recovery: Recovery) -> Totals:
    totals = Totals()
    totals.by_status.update(recovery.brief.count_by_status())
    return complete_totals(totals, recovery)


def log_of(first: Status, second: Status | None = None, **fields: Any) -> Recovery:
    found = [record("1", first, **fields)]
    if second is not None:
        found.append(record("2", second, **fields))
    return recover(found, [])


def version_1(host: str) -> dict[str, Any]:
    """Give the fields of a record of version 1."""
    run_id = new_run_id(NOW, host)
    return {"run_id": run_id, "endpoint": None, "planned": None, "v": 1}


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_open_id_is_retried(status: Status) -> None:
    found = steps(log_of(Status.PAUSED, status))
    assert (found.retry, found.resume) == (RETRY, None)
    assert list(found.lines()) == [OPTIONS_NOTE, f"retry with: {RETRY}"]


@pytest.mark.parametrize("status", [Status.PAUSED, Status.NOT_PAUSABLE])
def test_nothing_is_advised_that_does_nothing(status: Status) -> None:
    found = steps(log_of(Status.PAUSED, status))
    assert (found.command, list(found.lines())) == (None, [])


def test_missing_id_needs_input() -> None:
    found = steps(log_of(Status.PAUSED))
    assert (found.retry, found.resume) == (None, f"{RESUME} --base-url {HOST}")
    both = steps(log_of(Status.FAILED))
    assert (both.command, both.resume) == (RETRY, f"{RESUME} --base-url {HOST}")


def test_old_log_is_resumed_with_its_age() -> None:
    found = steps(log_of(Status.PAUSED, age=timedelta(hours=49)))
    assert found.resume == f"{RESUME} --resume-within 50h --base-url {HOST}"


def test_empty_log_needs_input() -> None:
    assert steps(Recovery()).command == RESUME


def test_simulated_log_is_retried_on_simulator() -> None:
    found = steps(log_of(Status.FAILED, Status.PAUSED, endpoint="simulator"))
    assert found.command == "bulkpause retry pauses.jsonl --simulate"


@pytest.mark.parametrize(
    ("host", "words"), [(DEFAULT_BASE_URL, ""), ("simulator", " --simulate")]
)
def test_endpoint_of_version_1_is_found_by_run_id(host: str, words: str) -> None:
    found = steps(log_of(Status.FAILED, **version_1(host)))
    assert found.retry == f"bulkpause retry pauses.jsonl{words}"
    assert found.resume == f"{RESUME}{words}"


def test_unknown_endpoint_of_version_1_is_said() -> None:
    found = steps(log_of(Status.FAILED, **version_1(HOST)))
    assert found.command is None
    assert list(found.lines()) == [
        "its endpoint is not on record: retry it with the --base-url of its run"
    ]


def test_endpoint_name_that_is_no_url_is_said() -> None:
    found = steps(log_of(Status.FAILED, endpoint="sta\x1bging"))
    assert found.command is None
    (line,) = found.lines()
    assert line.startswith("its endpoint is named sta\N{REPLACEMENT CHARACTER}ging: ")


@pytest.mark.parametrize(
    ("detail", "option"),
    [
        ("--canary 3: 1 of the first 3 ids not paused", "--canary 3"),
        ("--max-failures 2.5%: 9 of 40 ids failed, last id 7", "--max-failures 2.5%"),
        ("--deadline 0.8s has passed, last id 10", "--deadline 0.8s"),
    ],
)
def test_guard_rail_that_stopped_run_is_named(detail: str, option: str) -> None:
    totals = totals_of(log_of(Status.FAILED, Status.FAILED))
    stopped = StopReason(StopCause.GUARD_RAIL, detail)
    found = steps_of_run(
        LOG, totals, Options(inputs=(), settings=Settings()), stopped=stopped
    )
    assert next(iter(found.lines())) == (
        f"{option} applies to what follows too; leave it out to go on regardless"
    )


def test_secret_proxy_is_needed_and_not_printed() -> None:
    settings = Settings(proxy="http://jane:s3cret@proxy.example", share="auto")
    totals = totals_of(log_of(Status.FAILED, Status.FAILED))
    lines = list(
        steps_of_run(LOG, totals, Options(inputs=(), settings=settings)).lines()
    )
    assert lines == [
        "OCAMBA_PROXY must be set as for this run: its proxy has a password",
        "retry with: bulkpause retry pauses.jsonl",
    ]


def test_secret_place_to_share_is_needed_and_not_printed() -> None:
    settings = Settings(share="valkey://jane:s3cret@store.example/0")
    totals = totals_of(log_of(Status.FAILED, Status.FAILED))
    found = steps_of_run(LOG, totals, Options(inputs=(), settings=settings))
    assert list(found.lines()) == [
        "BULKPAUSE_SHARE must be set as for this run: its URL has a password",
        "retry with: bulkpause retry pauses.jsonl",
    ]


def test_rejected_id_has_next_step() -> None:
    found = list(steps(log_of(Status.PAUSED, Status.REJECTED)).lines())
    statuses = "failed,unknown,not_attempted,rejected"
    assert found == [
        (
            "1 rejected: mend what the API says of them, then retry them too with: "
            f"bulkpause retry pauses.jsonl --status {statuses} --base-url {HOST}"
        )
    ]


def test_ids_that_are_all_not_found_have_a_hint() -> None:
    missing, other = (record(id_, Status.REJECTED, http_status=404) for id_ in "12")
    assert rejected_line(missing, other).startswith(
        "2 rejected, all not found (404): check the ids, the account and --base-url"
    )
    other = record("2", Status.PAUSED)
    assert rejected_line(missing, other).startswith(
        "1 rejected: mend what the API says"
    )


def rejected_line(*records: Record) -> str:
    totals = Totals()
    for one in records:
        totals.add(one)
    totals.rows = len(records)
    found = steps_of_log(LOG, recover(list(records), []), totals, NOW)
    (line,) = lines_of_others(found)
    return line


def log_of_resume(status: Status, http_status: int = 400) -> Recovery:
    refused = record(
        "1", status, planned=1, action=Action.RESUME, http_status=http_status
    )
    return recover([refused], [], WHOLE)


@pytest.mark.parametrize("status", [Status.REJECTED, Status.FAILED])
def test_refused_resume_is_tried_with_another_body(status: Status) -> None:
    [line] = lines_of_others(steps(log_of_resume(status)))
    assert line == (
        "1 campaign refused with HTTP 400, perhaps for the body of the request: try "
        f"another one with: {RETRY.replace(' --base', OPEN_AND_REJECTED + ' --base')} "
        "--resume-body none"
    )
    others = lines_of_others(steps(log_of_resume(status, http_status=404)))
    assert not any("body" in line for line in others)
    pause = recover([record("1", status, planned=1, http_status=400)], [], WHOLE)
    assert not any("body" in line for line in lines_of_others(steps(pause)))


def test_body_that_was_refused_is_not_tried_again() -> None:
    options = Options(
        inputs=(),
        settings=Settings(base_url=HOST),
        action=Action.RESUME,
        resume_rules=ResumeRules(body=ResumeBody.NONE),
    )
    totals = totals_of(log_of_resume(Status.REJECTED))
    found = steps_of_run(LOG, totals, options)
    assert lines_of_others(found)[0].endswith("--resume-body now")


def test_reason_on_record_is_kept() -> None:
    found = steps(log_of(Status.FAILED, reason="it is over"))
    assert found.retry == f"{RETRY} --reason 'it is over'"


def test_reason_of_rejected_alone_is_kept() -> None:
    records = [
        record("1", Status.PAUSED, reason="another"),
        record("2", Status.REJECTED, reason="it is over"),
    ]
    recovery = recover(records, [])
    assert not recovery.records
    (way,) = steps(recovery).others
    assert way.command.endswith(f" --base-url {HOST} --reason 'it is over'")


TOKEN_NOTE = (
    "the API refused the token: put a valid one in its place first, and test it with: "
    f"bulkpause check --base-url {HOST}"
)


def test_refused_token_has_next_step() -> None:
    refused = record("1", Status.FAILED, planned=1, http_status=401)
    note = steps(recover([refused], [])).note
    assert note == f"{TOKEN_NOTE}; {OPTIONS_NOTE}"
    denied = record("1", Status.FAILED, planned=1, http_status=403)
    note = steps(recover([denied], [])).note
    assert note is not None
    assert note.startswith(
        "the API answered 403: the token may not be allowed to pause"
    )


def test_token_refused_before_first_pause_has_next_step() -> None:
    options = Options(inputs=("a.csv",), settings=Settings(base_url=HOST, share="auto"))
    stopped = StopReason(StopCause.TOKEN, "company_id 9 could not be checked: (401)")
    found = steps_of_run(LOG, Totals(rows=1), options, stopped=stopped)
    assert found.note == TOKEN_NOTE


def test_run_that_wrote_no_log_is_repeated() -> None:
    options = Options(
        inputs=("a.csv",),
        settings=Settings(base_url=HOST, share="auto"),
        accounts=Path("x.toml"),
    )
    stopped = StopReason(StopCause.GUARD_RAIL, "a: campaign 1 belongs to the company 2")
    found = steps_without_log(Path("day"), Totals(rows=1), options, stopped)
    assert list(found.lines()) == [
        "correct the token or the company_id in x.toml first",
        (
            "resume with its input: bulkpause run a.csv --log day --resume "
            f"--base-url {HOST} --accounts x.toml"
        ),
    ]
    assert steps_without_log(LOG, Totals(), options, None) == NextSteps()


def options_of_proof(**fields: Any) -> Options:
    policy = RetryPolicy(verify=Verify.ALL)
    return Options(
        **{
            "inputs": (),
            "settings": Settings(base_url=HOST, share="auto", retry_policy=policy),
            **fields,
        }
    )


def test_ids_not_read_back_have_next_step() -> None:
    totals = totals_of(log_of(Status.PAUSED, Status.PAUSED))
    totals.unread = 2
    [line] = lines_of_others(steps_of_run(LOG, totals, options_of_proof()))
    assert line == (
        "2 paused ids not read back: read them with: bulkpause list --in pauses.jsonl "
        f"--base-url {HOST}"
    )


def test_earlier_pauses_are_no_part_of_proof() -> None:
    for options, done in (
        (options_of_proof(), 0),
        (options_of_proof(inputs=("a.csv",)), 2),
    ):
        found = steps_of_run(LOG, Totals(rows=2, already_done=done), options)
        [line] = lines_of_others(found)
        assert line.startswith(
            "--verify all reads back only what this run pauses: read"
        )
    new = options_of_proof(inputs=("a.csv",))
    assert steps_of_run(LOG, Totals(rows=2), new).others == ()
    simulated = options_of_proof(is_simulated=True)
    assert steps_of_run(LOG, Totals(), simulated).others == ()
