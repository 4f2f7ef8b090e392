"""Rows that are no leads and no reps: totals, remarks and repeated headers, as reports and spreadsheets have them."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.tables import Table
from leadopt.tables.cells import as_number, is_missing
from leadopt.tables.cells.coded import Coded
from leadopt.tables.ids import alike
from leadopt.tables.reading.numerals import read_numbers
from leadopt.tables.text import count

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
_MOST = 12  # rows at the end that may be footers
_FEWEST = 2  # rows above, from which a sum of them is no accident
_WIDE = 3  # columns of a table, and words of a sentence, from which one alone in a row is a remark
_CLOSE = 1e-9
_COUNT = re.compile(r"[\s:.,;()\[\]#n=\d]+$")  # "Total (2)", "Total 2025"
_NAMES = {"sum", "suma"}  # of people, too: "Sum Li"
_LATIN = "|".join(sorted((re.escape(word) for word in _TOTALS - _NAMES if word[0].isascii()), key=len)[::-1])
_HAN = "|".join(re.escape(word) for word in _TOTALS if not word[0].isascii())
_BEGINS = re.compile(rf"(?:(?:{_LATIN})\b|(?:{_HAN}))\W*(?P<of>.*)", re.DOTALL)
_ENDS = re.compile(rf"(?P<of>.*?)\W*(?:\b(?:{_LATIN})|(?:{_HAN}))\W*", re.DOTALL)
_MAYBE = re.compile("tota|sum|somm|gesamt|计|总|汇", re.IGNORECASE)  # what every word for a total holds: searched fast
_REMARK = re.compile(
    r"©|\(c\) ?\d{4}|copyright|confidential|do not distribute|all rights reserved|vertraulich|alle rechte|confidencial"
    r"|confidentiel|tous droits|版权|机密|^(?:generated|printed|exported|created|filtered|prepared|run) (?:by|on|at)\b"
    r"|^(?:erstellt|exportiert|gedruckt) (?:von|am)\b|^(?:generado|exportado|impreso) (?:por|el)\b"
    r"|^(?:généré|exporté|imprimé) (?:par|le)\b|^(?:stand|as of|état au|date|datum|fecha)\W.*\d\D\d"
    r"|^(?:导出|制表|打印)",
    re.IGNORECASE,
)


def without_footer(table: Table, column: str) -> tuple[Table, list[str]]:
    """Return a table without totals, remarks at its end and headers within it, and notes; what only may be one stays.

    A row at the end is a total if its id is a word for one, or missing, and it holds nothing else but words for a total
    and numbers, of which one is the sum of the rows above where there is no such word; and also if its id is such a
    word and one of its numbers is the sum. A sentence alone in a row is a remark below the table. Anywhere, a row is a
    total if its id holds a word for one, all else in it are numbers, and one of them is the sum of the rows above or of
    those since the last total, or what is left of its id stands in the row above ("Ann Total"); and a row in which each
    cell is the name of its column repeats the header.

    Parameters
    ----------
    table
        with the user's rows
    column
        of ids
    """
    if column not in table:
        return table, []
    if table.stays:
        return table, _doubtful_cells(table, column)
    if not table.n_rows:
        return table, []
    ids = table.coded(column)
    gone = _headers(table, column, ids)
    sums = _Sums(table, column, gone)
    gone |= _totals(table, column, ids, gone, sums)
    tail = range(max(0, table.n_rows - _MOST - len(gone)), table.n_rows)
    last = [row for row in tail if row not in gone][-_MOST:]
    for row in reversed(last):
        what = _footer(table, column, row, sums)
        if what is None:
            break
        gone[row] = what
    if not gone:
        return table, []
    kept = np.array([row for row in range(table.n_rows) if row not in gone], dtype=np.int64)
    return table.take(kept), _told(table, gone)


def _doubtful_cells(table: Table, column: str) -> list[str]:
    """Return a note on ids in an engine that are words for a total: no order of rows could show that one is a sum."""
    found = [one for _, one in _speaking(sorted(table.texts(column))) if _of_what(one) is not None or _is_word(one)]
    return [
        f'{table.name}.{column}: "{one}" counts as an id, as rows have no order in an engine: leave it out there '
        "if it is a total"
        for one in found
    ]


def doubtful_ids(table: Table, column: str, ids: Sequence[Any]) -> list[str]:
    """Return a note for each id that is a word for a total, in a table from which those that are sure were left out."""
    return [
        f'{table.name}.{column}, {table.row_name(row)}: "{one}" counts as an id: remove the row if it is a total'
        for row, one in _speaking(ids)
        if _is_word(one) or (_of_what(one) is not None and _is_bare(table, column, row))
    ]


def _speaking(ids: Sequence[Any]) -> list[tuple[int, str]]:
    """Return the rows whose ids may hold a word for a total, with these; among a million others it takes no time."""
    texts = [one for one in (ids.cells if isinstance(ids, Coded) else ids) if isinstance(one, str)]
    whole = "\n".join(texts)
    if whole.isascii() and not _MAYBE.search(whole):
        return []
    may = {one for one in texts if not one.isascii() or _MAYBE.search(one)}
    return [(row, ids[row]) for row in Coded.of(ids).rows_of(may)]


def _is_bare(table: Table, column: str, row: int) -> bool:
    """Return whether a row holds numbers, and nothing else beside its id but words for a total."""
    cells = [cell for name, cell in _cells(table, row).items() if name != column and not _is_blank(cell)]
    return bool(cells) and all(_is_word(cell) or not _is_text(cell) or _is_number(cell) for cell in cells)


def _told(table: Table, gone: dict[int, str]) -> list[str]:
    headers = [row for row, what in gone.items() if what == _HEADER]
    notes = []
    for row, what in sorted(gone.items()):
        if what != _HEADER:
            notes.append(f"{table.name}, {table.row_name(row)}: {what}: left out")
        elif row == headers[0]:
            more = f", as {'does' if len(headers) == 2 else 'do'} {count(len(headers) - 1, 'more row')}"
            said = f"{_HEADER}{more.replace('more rows', 'rows more') if len(headers) > 1 else ''}"
            notes.append(f"{table.name}, {table.row_name(row)}: {said}: left out")
    return notes


_HEADER = "repeats the header"


def _headers(table: Table, column: str, ids: Coded) -> dict[int, str]:
    """Return the rows whose cells are the names of their columns, as files put together have them."""
    name = alike(column)
    ways = {
        one
        for one in filter(_is_text, ids.cells)
        if len(one) >= len(name) and one[-1:].casefold() in (name[-1:], " ", "\u00a0") and alike(one) == name
    }
    return {
        row: _HEADER
        for row in ids.rows_of(ways)
        if all(_is_blank(cell) or (isinstance(cell, str) and alike(cell) == alike(own))
            for own, cell in _cells(table, row).items())
    }  # fmt: skip


def _cells(table: Table, row: int) -> dict[str, Any]:
    line = table.take(np.array([row]))
    return {name: line.values(name)[0] for name in table.columns}


class _Sums:
    """The numbers of a table's columns, and in which a row is a sum of those above."""

    def __init__(self, table: Table, column: str, gone: dict[int, str]) -> None:
        self._table, self._column, self._amounts = table, column, dict[str, Floats]()
        self._counts = np.ones(table.n_rows, dtype=bool)
        self._counts[list(gone)] = False

    def leave_out(self, row: int) -> None:
        """Count a row in no sum: it is one."""
        self._counts[row] = False

    def of(self, row: int, since: int = 0) -> str | None:
        """Return the first column in which a row holds the sum of the rows from `since` to above it."""
        if row - since < _FEWEST:
            return None
        for name, cell in _cells(self._table, row).items():
            if name == self._column or _is_blank(cell) or (isinstance(cell, str) and not _is_number(cell)):
                continue
            amounts = self._numbers(name)
            total, above = amounts[row], amounts[since:row][self._counts[since:row]]
            known = above[np.isfinite(above)]
            summed = np.isfinite(total) and total != 0 and abs(known.sum() - total) <= _CLOSE * abs(total)
            if summed and np.count_nonzero(known) >= _FEWEST:
                return name
        return None

    def _numbers(self, name: str) -> Floats:
        if name not in self._amounts:
            self._amounts[name] = _amounts(self._table, name)
        return self._amounts[name]


def _totals(table: Table, column: str, ids: Coded, gone: dict[int, str], sums: _Sums) -> dict[int, str]:
    """Return the rows, wherever they stand, that are surely totals of those above."""
    found, since = dict[int, str](), 0
    for row, one in _speaking(ids):
        if row in gone or _of_what(one) is None or not _is_bare(table, column, row):
            continue
        summed = sums.of(row, since) or sums.of(row)
        above = next((k for k in range(row - 1, -1, -1) if k not in gone and k not in found), None)
        named = _of_what(ids[row]) or ""
        group = above is not None and named and named in map(_plain, _cells(table, above).values())
        if summed or group:
            found[row] = f'"{ids[row]}" is a total{f", its {summed} is the sum of the rows above" if summed else ""}'
            sums.leave_out(row)
            since = row + 1
    return found


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str)


def _plain(cell: Any) -> str:
    return alike(str(cell)) if not is_missing(cell) else ""


def _of_what(text: str) -> str | None:
    """Return what a total is of by its name, "" for all, None where the name is not that of a total.

    >>> _of_what("Ann Total"), _of_what("Subtotal: Norte"), _of_what("Total (2)"), _of_what("华东小计"), _of_what("Ann")
    ('ann', 'norte', '2)', '华东', None)
    """
    plain = alike(text)
    found = _BEGINS.fullmatch(plain) or _ENDS.fullmatch(plain)
    return None if found is None else found["of"].strip()


def _footer(table: Table, column: str, row: int, sums: _Sums) -> str | None:
    """Return what a row is that is no lead and no rep, in words, None where it may be one."""
    cells = _cells(table, row)
    filled = [cell for cell in cells.values() if not _is_blank(cell)]
    if len(filled) == 1 and isinstance(filled[0], str) and _is_remark(filled[0], len(cells)):
        return f'"{filled[0]}" stands alone, a remark below the table'
    if not (_is_word(cells[column]) or _is_blank(cells[column])):
        return None
    texts = [cell for cell in filled if isinstance(cell, str)]
    named, bare = any(map(_is_word, texts)), all(_is_word(text) or _is_number(text) for text in texts)
    summed = sums.of(row)
    # Whoever had no rep may still have been won: without a word for it, no row of history is a total.
    kind = table.name
    sure = bare if named else bare and summed is not None and kind != "history"
    if not sure and not (_is_word(cells[column]) and summed is not None):
        return None
    word = next((text for text in (cells[column], *texts) if _is_word(text)), None)
    what = "a row without an id" if word is None else f'"{word}"'
    return f"{what} is a total{f', its {summed} is the sum of the rows above' if summed else ''}"


def _is_remark(text: str, n_columns: int) -> bool:
    return bool(_REMARK.search(text.strip())) or (n_columns >= _WIDE and len(text.split()) >= _WIDE)


def _is_blank(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and not cell.strip())


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and _COUNT.sub("", alike(cell)) in _TOTALS


def _amounts(table: Table, column: str) -> Floats:
    """Return the numbers of a column, however they are written, NaN for what is none."""
    spelled = read_numbers(table.texts(column)).value
    cells = (spelled.get(cell) if isinstance(cell, str) else as_number(cell) for cell in table.values(column))
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))
