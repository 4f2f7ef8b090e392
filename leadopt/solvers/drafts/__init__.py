"""Allowed answers before any search: every bound of a problem as a row, what room these leave, leads dealt into it.

`rows` has the bounds, `room` an answer in the making, `served` one whose minimums come first, `drafts` the best of
several. Used by `lagrangian` and by `factored`.
"""
