"""The summary for tickets and chat says what the page says, and nothing in it is live."""

from bulkpause.model import Item, Record
from bulkpause.report.group import LogGroup, RunWords
from bulkpause.report.log_status import LogStatus
from bulkpause.report.markdown import MARKER, markdown_of
from bulkpause.report.origin import Origin
from bulkpause.report.totals import Totals, add_all
from bulkpause.vocabulary import Status
from tests.support.result_logs import ENDPOINT, RUN, record


ORIGIN = Origin(
    made_at="2026-11-27 09:00:00 UTC",
    version="1.0",
    commands=["bulkpause retry a.jsonl"],
    advice=["1 rejected: retry it with: bulkpause retry a.jsonl --status rejected"],
)


def group_of(*sample: Record) -> LogGroup:
    totals = add_all(sample, Totals(rows=len(sample) + 1))
    status = LogStatus(
        log="a.jsonl",
        totals=totals,
        endpoint=ENDPOINT,
        is_simulated=False,
        is_held=False,
        first_at=sample[0].started_at,
        last_at=sample[-1].finished_at,
        age_s=60.0,
        run_id=RUN,
    )
    return LogGroup(
        status=status,
        logs=["a.jsonl"],
        records=sample,
        not_attempted=[(Item(id="9", row=9), "a.jsonl")],
        runs=[
            RunWords(run_id=None, log="a.jsonl", ids=1),
            RunWords(run_id=RUN, log="a.jsonl", ids=len(sample)),
        ],
    )


def test_summary_has_headline_counts_causes_and_command() -> None:
    refused = record(
        2, Status.REJECTED, name="Sale", title="Not found.", trace_id="t-1"
    )
    assert markdown_of([group_of(record(1), refused)], ORIGIN).splitlines() == [
        (
            "## bulkpause: 2 of 3 campaigns may still be running, as of 2026-11-27 "
            "08:00:02 UTC"
        ),
        "",
        "- 2 may still be running: 1 rejected, 1 not attempted.",
        "- 1 of the paused ids was accepted (204) and not read back.",
        "- Campaigns may have been started again since the times given here.",
        "",
        "**By status**",
        "",
        "- 1 rejected",
        "- 1 not attempted",
        "- 1 paused",
        "",
        "**Results other than paused or resumed, by cause**",
        "",
        "- 1 rejected: `HTTP 404, Not found`, such as `1002 Sale`; trace_id `t-1`",
        "",
        "**Logs and runs**",
        "",
        f"- 1 id from `a.jsonl`, not sent, on `{ENDPOINT}`",
        f"- 2 ids from `a.jsonl`, run `{RUN}`, on `{ENDPOINT}`",
        "",
        "**To carry on**",
        "",
        "- `bulkpause retry a.jsonl`",
        f"- `{ORIGIN.advice[0]}`",
        "",
        "Made at 2026-11-27 09:00:00 UTC by bulkpause 1.0.",
    ]


def test_hostile_words_cannot_leave_their_quotes() -> None:
    words = "`](http://x) @all <img src=x>\n# heading `` ``` | a"
    refused = record(1, Status.REJECTED, name=words, title=words, trace_id=words)
    text = markdown_of([group_of(refused)], ORIGIN)
    line = next(line for line in text.splitlines() if "trace_id" in line)
    assert line.count("`") == 6
    outside = "".join(line.split("`")[::2])
    assert not any(word in outside for word in ("http", "@", "<", "#", "|"))


def test_summary_begins_with_its_marker() -> None:
    assert markdown_of([group_of(record(1))], ORIGIN).startswith(MARKER)


def test_name_of_file_is_not_escaped() -> None:
    one = group_of(record(1))
    one.status.totals.undone_by = "/logs/my_day.undo.jsonl"
    text = markdown_of([one], ORIGIN)
    assert "see /logs/my_day.undo.jsonl" in text
    assert "/logs" not in text.splitlines()[0]
