"""The same where millions of leads share few rows of rates: no look at each lead.

`oracle` answers by envelopes of lines, `annealing` prices with soft choices, `newton` follows the prices where it is
cold, `rounding` gives leads away whole, `repairs` mends what is left. Used by `Milp`.
"""
