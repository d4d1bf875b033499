"""The words that runs, logs and reports share, and the version of a record's shape.

Apart from `model`, whose values take much longer to import: what must start fast, such
as `status`, imports this alone.
"""

from enum import StrEnum


class Action(StrEnum):
    """The purpose of a request: to change a campaign, or to read its status.

    `operation.Operation` says what a change is about.
    """

    PAUSE = "pause"
    RESUME = "resume"
    READ = "view"


class Status(StrEnum):
    """The result of an id. Exactly one holds for each row that a run handled."""

    #: 204, or read back as paused after an attempt that may have been applied.
    PAUSED = "paused"
    #: Refused, read back as paused, and no attempt of ours can have done it.
    ALREADY_PAUSED = "already_paused"
    #: Refused, and read back in a status in which the campaign sends nothing.
    NOT_PAUSABLE = "not_pausable"
    #: 204 for a resume, or read back as running or scheduled after such an attempt.
    RESUMED = "resumed"
    #: Seen running or scheduled, and no attempt of ours can have done it.
    ALREADY_RUNNING = "already_running"
    #: Left alone: seen in a status that no resume changes, changed since our pause, or
    #: its time has passed. `error` says which.
    NOT_RESUMABLE = "not_resumable"
    #: Refused for good. The campaign may still be running.
    REJECTED = "rejected"
    #: Not changed by us, for a cause that may pass: attempts used up, a 403, a wall, a
    #: 400 that was not read back.
    FAILED = "failed"
    #: In doubt: an attempt may have been applied, and no read-back settled it.
    UNKNOWN = "unknown"
    #: The row has no valid id. Never sent.
    INVALID = "invalid"

    #: The campaign is paused.
    is_paused: bool
    #: The campaign is as the operation wants it, whoever brought it there.
    is_done: bool
    #: The campaign was seen in a status to which the operation does not apply.
    is_inapplicable: bool
    #: A retry may still change it.
    is_retryable: bool
    #: It counts against `--max-failures`.
    is_failure: bool
    #: The id needs nothing more, paused or not.
    is_settled: bool

    def __init__(self, value: str) -> None:
        # Set once: a summary of a million records reads them for each.
        self.is_paused = value in {"paused", "already_paused"}
        self.is_retryable = value in {"failed", "unknown"}
        self.is_failure = self.is_retryable or value == "rejected"
        self.is_done = self.is_paused or value in {"resumed", "already_running"}
        self.is_inapplicable = value in {"not_pausable", "not_resumable"}
        is_final = self.is_inapplicable or value == "rejected"
        self.is_settled = self.is_done or is_final


class TransportError(StrEnum):
    """Why an attempt got no valid HTTP response."""

    DNS = "dns_failed"
    TLS = "tls_failed"
    REFUSED = "connection_refused"
    PROXY = "proxy_failed"
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    RESET = "connection_reset"
    HANG_UP = "connection_closed"
    MALFORMED = "malformed_answer"


class StopCause(StrEnum):
    """The kind of event that stopped a run early."""

    SIGNAL = "signal"
    #: The API rejected the token, or the token lacks the permission.
    TOKEN = "token"  # noqa: S105 (not a password)
    #: For too long, the API could not be reached or sent no usable response.
    OUTAGE = "outage"
    #: The API refuses one id after another in the same way.
    REFUSAL = "refusal"
    GUARD_RAIL = "guard_rail"
    LOG = "log"


class Priority(StrEnum):
    """Which of the runs on one account go first."""

    #: Leaves a fifth of each limit free.
    BACKGROUND = "background"
    NORMAL = "normal"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """A higher rank goes first."""
        return list(Priority).index(self)


#: The length and the characters of an id.
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
#: The name of the simulator's endpoint in logs. Its address differs each time.
SIMULATOR = "simulator"
#: The version of a record's shape. 1 had no `v`, `name`, `account`, `action`,
#: `planned` and `endpoint`, 2 no `reads` and nothing of a resume. A new key, action or status needs a new version: an older
#: program then refuses the log instead of calling it damaged.
RECORD_VERSION = 3
