"""Results as rows: dataclasses to the columns of a table, to JSON, and to cells for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np


def columns_of(records: Sequence[Any]) -> dict[str, list[Any]]:
    """Return dataclasses as the columns of a table."""
    rows = [plain(asdict(record)) for record in records]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with None for what is not known or infinite."""
    return {name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in row.items()}


def digits(value: float, decimals: int, sign: str = "") -> str:
    """Return a number for a table, a dash where it is not known."""
    return f"{value:{sign}.{decimals}f}" if np.isfinite(value) else "-"
