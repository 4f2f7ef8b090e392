"""Rates of rows with reps, however they are held: `FullRows`, a matrix, or `SparseRows`, the eligible pairs alone.

`rows.Rows` is what can be asked of both. `Affinity` is the door: others take rows from it, or list the eligible pairs
of a matrix that is made block by block (`sparse_rows.few_pairs`).
"""
