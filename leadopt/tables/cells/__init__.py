"""What one cell means, and columns as the distinct cells they hold: whatever is read of cells is read of each once.

Others ask this door for what a cell means, and `coded` for columns; `engine_codes` alone knows how engines hold them.
"""

from leadopt.tables.cells.meaning import (
    Id,
    as_duration,
    as_id,
    as_level,
    as_moment,
    as_number,
    as_outcome,
    as_set,
    as_share,
    blanked,
    day_of,
    each_once,
    in_utc,
    is_hashable,
    is_missing,
    is_number,
    is_numeral,
    kind_of,
)

__all__ = [
    "Id",
    "as_duration",
    "as_id",
    "as_level",
    "as_moment",
    "as_number",
    "as_outcome",
    "as_set",
    "as_share",
    "blanked",
    "day_of",
    "each_once",
    "in_utc",
    "is_hashable",
    "is_missing",
    "is_number",
    "is_numeral",
    "kind_of",
]
