"""Define the group of commands, run one, and exit with its code."""

import sys
from typing import NoReturn

import click

from bulkpause.cli.ending import DeclinedError, Ending
from bulkpause.cli.exit_codes import ExitCode
from bulkpause.cli.help import EXIT_CODES, LazyGroup, block
from bulkpause.cli.json_command import is_json_typed
from bulkpause.cli.output import finish, open_streams
from bulkpause.cli.signals import SIGNALS, Interrupted
from bulkpause.errors import BulkpauseError


_COMMANDS = {
    name: f"bulkpause.cli.syntax.{name}.{name}"
    for name in ("check", "export", "plan", "report", "retry", "run", "status", "undo")
} | {
    "list": "bulkpause.cli.syntax.list_campaigns.list_",
    "simulate": "bulkpause.cli.commands.simulate.simulate",
    "template": "bulkpause.cli.commands.template.template",
}


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "BULKPAUSE",
    },
    lazy=_COMMANDS,
    epilog=block(
        "Examples",
        """
        Plan, then pause:
          bulkpause plan campaigns.csv
          bulkpause run campaigns.csv --log pauses.jsonl
        Without a list: everything that sends, for `run`:
          bulkpause list --status running,scheduled -o running.jsonl
        Retry what is left, whatever stopped the run:
          bulkpause retry pauses.jsonl
        Is anything still running?
          bulkpause status pauses.jsonl
        Try it without a token, on the built-in simulator:
          bulkpause run campaigns.csv --simulate
        """,
    )
    + EXIT_CODES
    + block(
        "Completion, in the startup file of your shell",
        """
        bash  eval "$(_BULKPAUSE_COMPLETE=bash_source bulkpause)"
        zsh   eval "$(_BULKPAUSE_COMPLETE=zsh_source bulkpause)"
        fish  _BULKPAUSE_COMPLETE=fish_source bulkpause | source
        In zsh, put it after compinit.
        """,
    ),
)
@click.version_option(package_name="bulkpause")
def cli() -> None:
    """Pause Ocamba Hood campaigns in bulk, inside the API's rate limits."""


def main() -> NoReturn:
    """Run the command line and exit."""
    open_streams()
    # A command that is not found cannot tell whether it takes `--json`.
    ending = Ending(is_json=is_json_typed(sys.argv[1:]))
    try:
        code = _run_command(ending)
        ending.publish(code)
        finish()
        SIGNALS.defer_to_end()
    except Interrupted as interrupted:  # while the last words were waited for
        SIGNALS.acknowledge()
        code = ExitCode(interrupted.exit_code)
        ending.publish(code)
    sys.exit(int(code))


def _run_command(ending: Ending) -> ExitCode:
    """Run the command that was typed; say why it has no result if it has none."""
    try:
        code = cli(standalone_mode=False, obj=ending)
    except click.ClickException as error:
        return ending.of_usage(error)
    except click.Abort:  # Ctrl-D at the question
        return ending.of_usage(DeclinedError())
    except Interrupted as interrupted:
        SIGNALS.acknowledge()
        return ending.of_signal(ExitCode(interrupted.exit_code), str(interrupted))
    except BulkpauseError as error:
        return ending.of_error(error)
    except Exception as error:  # noqa: BLE001 (Python's own code, 1, is taken)
        return ending.of_bug(error)
    return ending.of_result(ExitCode(code or 0))
