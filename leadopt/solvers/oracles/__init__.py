"""Questions that pricing asks of all leads at once: who is open at these prices, and how much does each rep get?

`oracle` says which questions there are, and how answers of parts of the leads are put together; `pruning` answers by
looking at rows of gains, `envelopes` by the upper envelope of a line a rep, without a look at single leads. Others use
`Oracle`, `SlopedOracle`, `RowOracle` and `EnvelopeOracle`.
"""
