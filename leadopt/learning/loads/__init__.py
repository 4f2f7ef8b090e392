"""Conversion by load: where it begins to drop, drawn together with what the weeks were like.

`change_points` and `in_common` have what outcomes say of drops; `sweeps` draws them beside all else that weeks differ
in, family by family (`redraws`).
"""
