"""Share the rate limits of one account between all runs that use it.

A store keeps one state for each account. In a step, a run says how much of each limit
it uses itself and gets back whether it may send. `rules` decides, as a pure function of
the state, the store's clock and what the run said. `sqlite`, `valkey` and `memory` make
a step atomic and know no rule. `member` is a run's side of it.

What all runs have said adds up to the account, so that nothing needs repair: a run that
got no answer says everything again, a store that lost its memory is told again, and
what a dead run said last counts until it would have been forgotten anyway.
"""
