"""In which order a server counted, by what it said remains.

An answer that leaves fewer than another one was counted after it. So a request was
counted no later than the first answer that tells of a later one.
"""

from bisect import bisect_right

from bulkpause.model import Reply


class Countdown:
    """The answers of one window that were the first to leave so few.

    Args:
        ends_at: When the window ends, roughly.
    """

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self._counts = [float("-inf")]
        self._answered_at = [float("-inf")]

    def latest(self, reply: Reply, *, counted: int) -> float:
        """Say when a request was answered for, by its own answer or a later one's.

        Args:
            reply: The answer to it.
            counted: How many the server had counted, this one included.
        """
        # An answer from before it was sent can not tell of a later one.
        sent_at = reply.answered_at if reply.sent_at is None else reply.sent_at
        index = max(
            bisect_right(self._counts, counted),
            bisect_right(self._answered_at, sent_at),
        )
        told_at = [reply.answered_at, *self._answered_at[index : index + 1]]
        if counted > self._counts[-1]:
            self._counts.append(counted)
            # In order, in whichever order the answers were handed on.
            self._answered_at.append(max(reply.answered_at, self._answered_at[-1]))
        return min(told_at)
