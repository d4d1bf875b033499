"""What a scheduler does after each exit code: succeed, retry, or fail at once."""

from collections.abc import Iterator

from bulkpause._value import value
from bulkpause.cli.exit_codes import ExitCode


_MEANINGS = {
    ExitCode.ALL_PAUSED: "every id is paused",
    ExitCode.SOME_NOT_PAUSABLE: "some ids cannot be paused",
    ExitCode.USAGE: "usage",
    ExitCode.INPUT: "input",
    ExitCode.TOKEN: "token",
    ExitCode.INCOMPLETE: "incomplete",
    ExitCode.LOG: "log or disk",
    ExitCode.LOG_HELD: "log in use",
    ExitCode.GUARD_RAIL: "guard rail",
    ExitCode.BUG: "bug",
    ExitCode.OUTPUT: "output lost",
    ExitCode.HUNG_UP: "SIGHUP",
    ExitCode.INTERRUPTED: "SIGINT",
    ExitCode.TERMINATED: "SIGTERM",
}
#: A later run may do what this one did not.
_RETRIED = (
    ExitCode.INCOMPLETE,
    ExitCode.LOG_HELD,
    ExitCode.HUNG_UP,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
)


@value(kw_only=False)
class ExitPolicy:
    """Sorts the exit codes by what follows them.

    Attributes:
        success: The codes of a job that is done: 0, and 1 if that was asked for.
    """

    success: tuple[ExitCode, ...] = (ExitCode.ALL_PAUSED,)

    @property
    def retry(self) -> tuple[ExitCode, ...]:
        """The codes after which the same command may do more."""
        return _RETRIED

    @property
    def fail(self) -> tuple[ExitCode, ...]:
        """The codes after which the same command would end in the same way."""
        others = {*self.success, *self.retry}
        return tuple(code for code in ExitCode if code not in others)

    def lines(self) -> Iterator[str]:
        """Write the table for people."""
        yield f"Success: {_listed(self.success)}"
        yield f"Retried: {_listed(self.retry)}"
        yield f"Failed at once: {_listed(self.fail)}"


def join_codes(codes: tuple[ExitCode, ...], separator: str) -> str:
    """Write exit codes as numbers."""
    return separator.join(str(code.value) for code in codes)


def _listed(codes: tuple[ExitCode, ...]) -> str:
    return ", ".join(f"{code.value} {_MEANINGS[code]}" for code in codes)
