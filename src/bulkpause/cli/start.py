"""Start the program: handle its signals, then import the rest and run the command."""

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

from bulkpause.cli.signals import SIGNALS, Interrupted


#: New objects after which garbage is looked for. What is imported and read stays to the
#: end: Python's usual 700 cost a tenth of a start, and more of a run without limits.
_GARBAGE_AFTER = 100_000


def main() -> NoReturn:
    """Run the command line and exit."""
    is_imported = False
    gc.set_threshold(_GARBAGE_AFTER)
    try:
        SIGNALS.install()
        # Imports take most of the time until a command begins.
        from bulkpause.cli.app import main as run_command_line  # noqa: PLC0415

        is_imported = True
        SIGNALS.check()
        run_command_line()
    except Interrupted as interrupted:
        SIGNALS.acknowledge()
        if sys.stderr is not None:
            sys.stderr.write(f"{interrupted}\n")
        if not is_imported and "--json" in sys.argv and sys.stdout is not None:
            sys.stdout.write(
                f'{{"error":{{"code":{interrupted.exit_code},'
                f'"message":"{interrupted}","rows":[]}}}}\n'
            )
        _leave(interrupted.exit_code)
    except SystemExit as ending:
        if SIGNALS.is_raised:
            _leave(ending.code)
        raise
    finally:
        SIGNALS.defer_to_end()
        # At the end, Python looks for garbage in all that is left, for a tenth of the
        # time of a `status`. The system takes the memory back in any case.
        gc.freeze()


def _leave(code: object) -> NoReturn:
    """End the process at once: a thread may be importing, which cannot be ended.

    The interpreter would wait for it, and has crashed where both were at their ends.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(code if isinstance(code, int) else 1)
