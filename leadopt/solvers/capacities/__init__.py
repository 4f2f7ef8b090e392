"""Prices of slots for many leads, and the exact finish: what `Auction` and `Envelope` have in common.

`bids` lets leads bid for slots (`pair_bids` where few pairs are eligible), `samples` sells to a part of them first,
`descent` takes Newton steps, `free_leads` is what pins leave, and `finish` settles who has one choice left in a box of
prices and solves the rest exactly. Where gains tie, `newton` breaks ties for the steps, and `exchanges` makes the
answer exact by moves of leads between reps.
Others use `sampled_prices`, `boxes_by_samples`, `descend`, `Remainder`, `Box` and `finish`.
"""
