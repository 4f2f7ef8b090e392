"""Fairness in full: the worst-off share as large as can be, then the next, as limits.

`counts` does so for numbers of leads by flows, `programs` for values by linear and integer programs. Others use
`leximin.leximin`.
"""
