"""Operation: what a run asks of each campaign, as a value that the stages share.

A further operation is a further value: the engine, the client, the log, the guard rails
and the reports take all that they need to know of it from here.
"""

from bulkpause._value import value
from bulkpause.vocabulary import Action, Status


#: Campaign statuses in which a campaign sends, or will send without being asked again.
#: `active` occurs in the examples of the API's overview only.
SENDING = frozenset({"running", "scheduled", "active"})
#: Campaign statuses in which a campaign sends nothing, and neither a pause nor a resume
#: changes it. Every word that is not known leaves open whether it sends.
#: https://docs.ocamba.com/api/hood/v1.0/reference/update-campaigns-by_id
NOT_SENDING = frozenset({"draft", "sent", "canceled", "cancelled"})
#: Campaign statuses in which a campaign surely sends nothing.
QUIET = NOT_SENDING | {"paused"}
#: The campaign statuses whose meaning is known.
KNOWN_STATUSES = SENDING | QUIET


def status_word(text: str | None) -> str:
    """Give the campaign status that a text of the API means; "" for none."""
    return (text or "").strip().casefold()


@value
class Operation:
    """A change of campaigns: its request, what it applies to, and its statuses.

    Attributes:
        action: Its name in requests and logs.
        path: The end of the path of its request.
        applies_to: Campaign statuses that it changes.
        wanted: Campaign statuses that it brings about.
        done: The status of an id that we changed.
        already: The status of an id that was as wanted before.
        inapplicable: The status of an id whose campaign cannot be changed so.
        reads_first: Whether each campaign is read before, since the request may do harm.
        stops: Whether it ends the sending: if no id is open, nothing is running.
        open_words: What is true of an id that is not known to be done.
        doubt_words: What is true of an id in doubt.
        others_words: What may be true of ids that are not on record.
        may_move_on: Whether a campaign may go on by itself from what is wanted to a
            status in which it sends nothing, as a resumed one that is `sent` then.
    """

    action: Action
    path: str
    applies_to: frozenset[str]
    wanted: frozenset[str]
    done: Status
    already: Status
    inapplicable: Status
    stops: bool
    open_words: str
    doubt_words: str
    others_words: str
    reads_first: bool = False
    may_move_on: bool = False

    @property
    def own_statuses(self) -> frozenset[Status]:
        """The statuses that no other operation gives."""
        return frozenset({self.done, self.already, self.inapplicable})

    @property
    def verb(self) -> str:
        """What it does, as in "3 to pause"."""
        return self.action.value

    @property
    def noun(self) -> str:
        """What a log of it holds, as in "the log of pauses"."""
        return f"{self.action.value}s"

    @property
    def participle(self) -> str:
        """What it has done, as in "3 paused"."""
        return self.done.value


PAUSE = Operation(
    action=Action.PAUSE,
    path="/pause",
    applies_to=SENDING,
    wanted=frozenset({"paused"}),
    done=Status.PAUSED,
    already=Status.ALREADY_PAUSED,
    inapplicable=Status.NOT_PAUSABLE,
    stops=True,
    open_words="may still be running",
    doubt_words="may be paused or may be running",
    others_words="may still be running",
)
RESUME = Operation(
    action=Action.RESUME,
    path="/resume",
    applies_to=frozenset({"paused"}),
    wanted=SENDING,
    done=Status.RESUMED,
    already=Status.ALREADY_RUNNING,
    inapplicable=Status.NOT_RESUMABLE,
    stops=False,
    open_words="not known to be resumed",
    doubt_words="may be resumed or may be paused",
    others_words="may not be resumed",
    reads_first=True,
    may_move_on=True,
)
_OPERATIONS = {operation.action: operation for operation in (PAUSE, RESUME)}


_OWN_STATUSES = frozenset[Status]().union(
    *(operation.own_statuses for operation in _OPERATIONS.values())
)


def statuses_of(operation: Operation) -> tuple[Status, ...]:
    """List the statuses that an id may have after an operation."""
    others = _OWN_STATUSES - operation.own_statuses
    return tuple(status for status in Status if status not in others)


def operation_of(action: Action) -> Operation:
    """Give the operation with this action.

    Raises:
        KeyError: The action changes nothing.
    """
    return _OPERATIONS[action]
