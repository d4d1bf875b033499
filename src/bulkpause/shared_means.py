"""What the pausers of a fleet share."""

from bulkpause._value import value
from bulkpause.api.connections import Connections
from bulkpause.journal.folders import LateFolders
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.ratelimit.budget.opening import Databases
from bulkpause.ratelimit.turns import Turns


@value
class SharedMeans:
    """What the pausers of a fleet share.

    Attributes:
        connections: Their connections.
        sync_group: Syncs their logs.
        system: The operating system, which syncs the folder of their logs later.
        databases: The databases of their budgets.
        turns: Their turns to send.
    """

    connections: Connections
    sync_group: SyncGroup
    system: LateFolders
    databases: Databases
    turns: Turns
