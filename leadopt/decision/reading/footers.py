"""Rows that are no leads and no reps: totals and footers, as reports and spreadsheets have them at their end."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.tables import Table
from leadopt.tables.cells import as_number, is_missing
from leadopt.tables.ids import alike
from leadopt.tables.reading.numerals import read_numbers

_TOTALS = frozenset(
    alike(word)
    for word in (
        *("total", "totals", "grand total", "sub total", "subtotal", "sum"),
        *("合计", "总计", "小计", "总和", "共计", "汇总"),
        *("summe", "gesamt", "gesamtsumme", "insgesamt", "zwischensumme", "endsumme"),
        *("suma", "suma total", "total general", "totales", "subtotales"),
        *("somme", "total général", "totaux", "sous-total"),
    )
)
_MOST = 3  # rows at the end that may be footers
_FEWEST = 2  # rows above, from which a sum of them is no accident
_WIDE = 3  # columns of a table, and words of a sentence, from which one alone in a row is a remark
_CLOSE = 1e-9


def without_footer(table: Table, column: str) -> tuple[Table, list[str]]:
    """Return a table without totals at its end, and notes; what only may be one stays.

    A row at the end is a total if its id is a word for one, or missing, and it holds nothing else but words for a total
    and numbers, of which one is the sum of the rows above where there is no such word; and also if its id is such a
    word and one of its numbers is the sum. A sentence alone in a row is a remark below the table.

    Parameters
    ----------
    table
        with the user's rows
    column
        of ids
    """
    if column not in table or not table.n_rows:
        return table, []
    last = list(range(max(0, table.n_rows - _MOST), table.n_rows))
    tail = table.take(np.array(last))
    n_rows, notes = table.n_rows, list[str]()
    for row in reversed(last):
        cells = {name: tail.values(name)[row - last[0]] for name in table.columns}
        what = _footer(table, column, row, cells)
        if what is None:
            break
        notes.append(f"{table.name}, {table.row_name(row)}: {what}: left out")
        n_rows = row
    return (table.head(n_rows) if notes else table), notes[::-1]


def doubtful_ids(table: Table, column: str, ids: Sequence[Any]) -> list[str]:
    """Return a note for each id that is a word for a total, in a table from which those that are sure were left out."""
    return [
        f'{table.name}.{column}, {table.row_name(row)}: "{one}" counts as an id: remove the row if it is a total'
        for row, one in enumerate(ids)
        if _is_word(one)
    ]


def _footer(table: Table, column: str, row: int, cells: dict[str, Any]) -> str | None:
    """Return what a row is that is no lead and no rep, in words, None where it may be one."""
    filled = [cell for cell in cells.values() if not _is_blank(cell)]
    if len(filled) == 1 and len(cells) >= _WIDE and isinstance(filled[0], str) and len(filled[0].split()) >= _WIDE:
        return f'"{filled[0]}" stands alone, a remark below the table'
    if not (_is_word(cells[column]) or _is_blank(cells[column])):
        return None
    texts = [cell for cell in filled if isinstance(cell, str)]
    named, bare = any(map(_is_word, texts)), all(_is_word(text) or _is_number(text) for text in texts)
    summed = _summed(table, column, row, cells)
    # Whoever had no rep may still have been won: without a word for it, no row of history is a total.
    kind = table.name
    sure = bare if named else bare and summed is not None and kind != "history"
    if not sure and not (_is_word(cells[column]) and summed is not None):
        return None
    word = next((text for text in (cells[column], *texts) if _is_word(text)), None)
    what = "a row without an id" if word is None else f'"{word}"'
    return f"{what} is a total{f', its {summed} is the sum of the rows above' if summed else ''}"


def _is_blank(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and not cell.strip())


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and alike(cell).rstrip(" :.") in _TOTALS


def _summed(table: Table, column: str, row: int, cells: dict[str, Any]) -> str | None:
    """Return the first column in which a row holds the sum of the rows above it."""
    if row < _FEWEST:
        return None
    for name, cell in cells.items():
        if name == column or _is_blank(cell) or (isinstance(cell, str) and not _is_number(cell)):
            continue
        amounts = _amounts(table, name)[: row + 1]
        total, known = amounts[-1], amounts[:-1][np.isfinite(amounts[:-1])]
        summed = np.isfinite(total) and total != 0 and abs(known.sum() - total) <= _CLOSE * abs(total)
        if summed and np.count_nonzero(known) >= _FEWEST:
            return name
    return None


def _amounts(table: Table, column: str) -> Floats:
    """Return the numbers of a column, however they are written, NaN for what is none."""
    spelled = read_numbers(table.texts(column)).value
    cells = (spelled.get(cell) if isinstance(cell, str) else as_number(cell) for cell in table.values(column))
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))
