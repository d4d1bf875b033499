"""What the pausers of a fleet share."""

from bulkpause._value import value
from bulkpause.api.connections import Connections
from bulkpause.journal.folders import LateFolders
from bulkpause.journal.sync_group import SyncGroup
from bulkpause.ratelimit.budget.opening import Databases


@value
class SharedMeans:
    """What the pausers of a fleet share.

    Attributes:
        connections: Their connections.
        sync_group: Syncs their logs.
        system: The operating system, which syncs the folder of their logs later.
        databases: The databases of their budgets.
    """

    connections: Connections
    sync_group: SyncGroup
    system: LateFolders
    databases: Databases
