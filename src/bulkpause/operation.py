"""Operation: what a run asks of each campaign, as a value that the stages share.

A further operation is a further value: the engine, the client, the log, the guard rails
and the reports take all that they need to know of it from here.
"""

from dataclasses import dataclass

from bulkpause.model import Action, Status


#: Campaign statuses in which a campaign sends, or will send without being asked again.
#: `active` occurs in the examples of the API's overview only.
SENDING = frozenset({"running", "scheduled", "active"})


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """

    action: Action
    path: str
    applies_to: frozenset[str]
    wanted: frozenset[str]
    done: Status
    already: Status
    inapplicable: Status

    @property
    def verb(self) -> str:
        """What it does, as in "3 to pause"."""
        return self.action.value

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
)
_OPERATIONS = {operation.action: operation for operation in (PAUSE,)}


def operation_of(action: Action) -> Operation:
    """Give the operation with this action.

    Raises:
        KeyError: The action changes nothing.
    """
    return _OPERATIONS[action]
