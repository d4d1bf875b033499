"""Wall: the same refusal for one id after another has a cause that they share.

Such as a token without the permission, a wrong base URL, a login page in front of the
API. The wall stops the run before all ids get that refusal. It reads no clock.
"""

from bulkpause.doubt import NOT_PROCESSED, Doubt
from bulkpause.engine.circuit_breaker import is_server_failure
from bulkpause.engine.policy import is_final_refusal
from bulkpause.model import Reply, StopReason
from bulkpause.operation import Operation
from bulkpause.vocabulary import Status, StopCause


#: Different ids in a row with the same refusal that make a wall.
WALL_IDS = 10
_MAY_PASS = NOT_PROCESSED | {429}


class Wall:
    """Watches the replies to the attempts of a run.

    Args:
        operation: What the run does.

    Attributes:
        ids: The ids in a row that got the same refusal.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.ids: set[str] = set()
        self._http_status: int | None = None
        self._is_first_answer = True
        self._trace_suffix = ""

    @property
    def stands(self) -> bool:
        """Whether enough ids in a row got the same refusal."""
        return len(self.ids) >= WALL_IDS

    @property
    def is_far(self) -> bool:
        """Whether an id was accepted already, and none was refused since.

        To note that another one was accepted changes nothing then.
        """
        return not self.ids and not self._is_first_answer

    def record(self, id_: str, reply: Reply) -> None:
        """Note the reply to an attempt. One that may pass neither adds nor ends."""
        http_status = reply.http_status
        if is_server_failure(reply) or http_status in _MAY_PASS:
            return
        if not is_final_refusal(http_status):
            self._is_first_answer = False
            self.forget()
            return
        if http_status != self._http_status:
            self._is_first_answer = self._is_first_answer and not self.ids
            self.forget()
            self._http_status = http_status
        self.ids.add(id_)
        self._trace_suffix = reply.trace_suffix or self._trace_suffix

    def forget(self) -> None:
        """Begin a new row: this refusal belonged to the ids."""
        self.ids = set()
        self._http_status = None

    def reason(self) -> StopReason:
        """Say why the run stops at a wall, and ask about the common cause."""
        who = (
            "every campaign" if self._is_first_answer else "one campaign after another"
        )
        status = self._http_status or 0
        cause = StopCause.TOKEN if status == 403 else StopCause.REFUSAL
        question = _question(status, self._operation.verb)
        detail = f"{who} gets HTTP {status}: {question}{self._trace_suffix}"
        return StopReason(cause, detail)


def status_at_wall(status: Status, doubt: Doubt, read_back: Reply | None) -> Status:
    """Give the status of an id of a wall that was not seen as wanted.

    A refusal is `failed`: it may pass with its common cause, so that a retry takes it.

    Args:
        status: The status that the id would have by itself.
        doubt: Whether any of our attempts may have been applied.
        read_back: The reply to its last read-back; None if none was sent.
    """
    is_read_in_vain = (
        read_back is not None
        and not is_server_failure(read_back)
        and read_back.campaign_status is None
    )
    is_refused_twice = doubt is Doubt.UNLIKELY and is_read_in_vain
    is_refused = status is Status.REJECTED or is_refused_twice
    return Status.FAILED if is_refused else status


def _question(http_status: int, verb: str) -> str:
    match http_status:
        case 403:
            return f"is the token allowed to {verb} campaigns?"
        case 404 | 405 | 410:
            return "is the base URL right?"
        case status if status < 400:
            return "is the base URL right, or is there a login page in front of it?"
        case _:
            return f"does the API accept {verb}s now, and is the base URL right?"
