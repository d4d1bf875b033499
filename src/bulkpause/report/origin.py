"""When and by what a report was made."""

from collections.abc import Sequence

from bulkpause._value import value
from bulkpause.model import Limit


@value
class Origin:
    """When and by what a report was made, and what it advises.

    Attributes:
        made_at: The moment, in words.
        version: The version of bulkpause.
        limits: The rate limits of an account.
        commands: The commands that carry on with the logs.
        advice: What else can be done, in words with a command.
        doubts: What may be missing beside the logs.
    """

    made_at: str
    version: str
    limits: Sequence[Limit] = ()
    commands: Sequence[str] = ()
    advice: Sequence[str] = ()
    doubts: Sequence[str] = ()
