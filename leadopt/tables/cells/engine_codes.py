"""Columns of an engine as numbers: its own codes where it has some or finds them fast."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.tables.cells.coded import Coded, compacted
from leadopt.tables.cells.meaning import blanked

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met


def coded(series: "nw.Series[Any]") -> Coded:
    """Return a column of an engine with each of its cells once; null, NaN and NaT are None."""
    found = engine_codes(series)
    if found is None:
        return Coded.of(values_of(series))
    first, code = compacted(*found)
    return Coded(values_of(series[first.tolist()]), code)


def engine_codes(series: "nw.Series[Any]") -> tuple[Ints, int] | None:
    """Return a number for each row that only rows of the same cell share, and one above all; None = none is at hand.

    A missing cell has one of its own.
    """
    if series.implementation.is_polars():
        return _codes_of_polars(series)
    if series.implementation.is_pandas():
        return _codes_of_pandas(series)
    return _codes_of_arrow(series) if series.implementation.is_pyarrow() else None


def _codes_of_polars(series: "nw.Series[Any]") -> tuple[Ints, int] | None:
    import narwhals.stable.v2 as nw

    if series.dtype in (nw.String, nw.Boolean):
        series = series.cast(nw.Categorical if series.dtype == nw.String else nw.UInt8)
    elif not (isinstance(series.dtype, nw.Categorical | nw.Enum | nw.Date) or series.dtype.is_integer()):
        return None
    physical = series.to_native().to_physical()
    low, high = (int(end or 0) for end in (physical.min(), physical.max()))
    if not -(2**62) < low <= high < 2**62:
        return None
    known = physical.cast(int).fill_null(high + 1) if physical.null_count() else physical
    return known.to_numpy().astype(np.int64) - low, high - low + 2


def _codes_of_pandas(series: "nw.Series[Any]") -> tuple[Ints, int] | None:
    import narwhals.stable.v2 as nw

    if series.dtype == nw.Object:  # of which equal ones may be read in two ways, such as 1 and True
        return None
    code, cells = series.to_native().factorize()
    return np.where(code < 0, len(cells), code).astype(np.int64), len(cells) + 1


def _codes_of_arrow(series: "nw.Series[Any]") -> tuple[Ints, int] | None:
    import narwhals.stable.v2 as nw

    if not (series.dtype in (nw.String, nw.Boolean, nw.Date) or series.dtype.is_integer()) or not len(series):
        return None
    whole = series.to_native().combine_chunks().dictionary_encode()
    n = len(whole.dictionary)
    return np.asarray(whole.indices.fill_null(n).to_numpy(zero_copy_only=False), dtype=np.int64), n + 1


def values_of(series: "nw.Series[Any]") -> list[Any]:
    """Return the cells of an engine's column; null, NaN and NaT are None."""
    values = blanked(cells_of(series))
    if not series.is_null().any():
        return values
    missing = series.is_null().to_numpy()  # in pandas also what has no sign of its own, like a complex NaN
    return [None if gone else value for gone, value in zip(missing, values, strict=True)]


def cells_of(series: "nw.Series[Any]") -> list[Any]:
    """Return the cells of an engine's column; a moment beyond the years that Python has is its text."""
    try:
        return list(series.to_list())
    except (OverflowError, ValueError):
        import narwhals.stable.v2 as nw

        return list(series.cast(nw.String).to_list())
