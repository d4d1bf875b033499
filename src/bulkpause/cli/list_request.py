"""Hold the options of `list` as one value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bulkpause._value import value
from bulkpause.cli.given_options import options_of
from bulkpause.cli.options import Options
from bulkpause.listing.filters import Filters
from bulkpause.operation import SENDING


#: The statuses that `--in` may be asked for: it counts all in which a campaign sends.
_RUNNING = frozenset({"running", "scheduled"})
#: Parameters that a run has too, for something else.
_OWN = frozenset({"status", "name", "format"})
#: Files of these names are no text, or text of another kind.
_OTHER_FORMATS = frozenset(
    {".xlsx", ".xlsm", ".xls", ".ods", ".gz", ".zip", ".tsv", ".html", ".pdf"}
)


@value
class ListRequest:
    """What the command is to list, and where to write it.

    Attributes:
        options: The API, the token and the rate limits.
        filters: What the campaigns must be like.
        chooses_here: Whether all campaigns are read and chosen here.
        trusts_filter: Whether the API's filter is taken at its word.
        logs: Result logs to compare with; empty to write the list itself.
        output: The file to write; None for standard output.
        may_overwrite: Whether the file may exist.
        is_csv: Whether it is CSV and not JSON lines.
    """

    options: Options
    filters: Filters
    chooses_here: bool = False
    trusts_filter: bool = False
    logs: tuple[Path, ...] = ()
    output: Path | None = None
    may_overwrite: bool = False
    is_csv: bool = False


def list_request_of(given: Mapping[str, Any]) -> ListRequest:
    """Make one value of the parameters of the command.

    Raises:
        UsageError: They say too little, or contradict each other.
    """
    filters = Filters(
        statuses=given["status"] or (),
        labels=given["label"],
        name=given["name"],
        created_after=given["created_after"],
        created_before=given["created_before"],
    )
    _check(filters, given)
    logs = (*given["in"], *given["more_logs"])
    output: Path | None = given["output"]
    is_csv_name = output is not None and output.suffix.lower() == ".csv"
    return ListRequest(
        options=options_of(_without_own(given)),
        # Every id of a log is looked up: a filter could hide that it runs.
        filters=Filters() if logs else filters,
        chooses_here=given["filter_here"],
        trusts_filter=given["trust_filter"],
        logs=logs,
        output=output,
        may_overwrite=given["overwrite"],
        is_csv=given["format"] == "csv" or (given["format"] is None and is_csv_name),
    )


def _misplaced(log: Path) -> str:
    """Say what a word may have been meant for: a status, or a log."""
    word = str(log)
    if word.replace(",", "").replace("_", "").isalpha() and not log.exists():
        return f"a status comes after --status: --status {word}"
    return f"a log to compare with comes after --in: --in {word}"


def _without_own(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the parameters that mean something else to a run."""
    others = {name: given[name] for name in given if name not in _OWN}
    # An input that is none: a list is no retry of a log.
    return {**others, "inputs": ("-",)}


def _check(filters: Filters, given: Mapping[str, Any]) -> None:
    if given["in"]:
        statuses = frozenset(filters.statuses)
        has_others = given["all"] or filters != Filters(statuses=filters.statuses)
        if has_others or (statuses and not _RUNNING <= statuses <= SENDING):
            raise click.UsageError(
                "--in takes no filter but --status running,scheduled, which it always "
                "looks for: another one would leave out campaigns of the log that run"
            )
        return
    if given["more_logs"]:
        raise click.UsageError(_misplaced(given["more_logs"][0]))
    after, before = filters.created_after, filters.created_before
    if after is not None and before is not None and after >= before:
        raise click.UsageError(
            "no campaign is created both after --created-after and before "
            "--created-before: give the earlier time to --created-after"
        )
    if filters.is_empty is not given["all"]:
        raise click.UsageError(
            "name a filter, such as --status running,scheduled, or all campaigns with "
            "--all"
            if filters.is_empty
            else "--all takes no filter; leave one of them out"
        )
    if given["trust_filter"] and (given["filter_here"] or given["all"]):
        raise click.UsageError(
            "--trust-filter is for a filter that the API applies: leave it out with "
            "--filter-here and --all"
        )
    _check_output(given)


def _check_output(given: Mapping[str, Any]) -> None:
    output: Path | None = given["output"]
    if output is not None and output.suffix.lower() in _OTHER_FORMATS:
        raise click.UsageError(
            f"--output {output}: a list is CSV or JSON lines; name a file that ends in "
            ".csv or .jsonl"
        )
    if given["json"] and output is None:
        raise click.UsageError(
            "standard output has the list, which is JSON lines without --json: leave "
            "that out, or name a file for the list with --output"
        )
    if given["overwrite"] and given["output"] is None:
        raise click.UsageError("--overwrite is for the file of --output")
