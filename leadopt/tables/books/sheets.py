"""Sheets of a workbook: which one holds the leads, and its cells as text, ready to be typed as a file's are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from leadopt.errors import InvalidInput, enumerate_some
from leadopt.progress import loaded
from leadopt.tables.books.marks import Marks, column_letters, marks_of
from leadopt.tables.reading.grids import header_row
from leadopt.tables.reading.numerals import OWN_DECIMAL
from leadopt.tables.reading.words import folded

if TYPE_CHECKING:
    import polars as pl  # 100 ms, and an extra: imported where a file is met

BOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")

_NAMED = re.compile(rf"(?P<file>.+(?:{'|'.join(map(re.escape, BOOKS))})):(?P<sheet>[^:/\\]+)", re.IGNORECASE)
_SHEET_WORDS = {  # what people call the sheet of a table, the more telling first
    "history": """
        history, past leads, past, closed, historie, verlauf, vergangene, abgeschlossen, abschlüsse,
        historial,
        histórico, historico, historique, passé, 历史, 成交记录, 往期
    """,
    "pins": "pins, pinned, fixed, fest, fijados, fixés, 固定",
    "reps": """
        reps, rep, sales reps, salespeople, sales team, team, sellers, agents, users, owners, advisors,
        account executives,
        vertrieb, vertriebler, verkäufer, mitarbeiter, berater, vendedores, comerciales, equipo, agentes,
        commerciaux, vendeurs, équipe, conseillers, 销售, 销售员, 业务员, 人员, 顾问, 团队
    """,
    "leads": """
        leads, lead, new leads, prospects, opportunities, deals, contacts, anfragen, interessenten, kontakte, chancen,
        prospectos, oportunidades, contactos, pistes, opportunités, 线索, 潜在客户, 客户, 商机
    """,
}

_PUT_AWAY = """
    old, former, ex, archive, archived, archives, backup, bak, copy, removed, deleted, alt, alte, alter, ehemalige,
    archiv, kopie, sicherung, antiguos, antiguas, viejos, viejas, anteriores, archivo, copia, anciens, anciennes,
    ancien, sauvegarde, copie, 备份, 旧, 归档, 离职
"""
_DONE = """
    lost, won, contacted, inactive, verloren, gewonnen, kontaktiert, perdidos, perdidas, ganados, ganadas, perdus,
    perdues, gagnés
"""  # leads like these are no new ones, and may well be history


def split_sheet(path: str) -> tuple[str, str | None]:
    """Return a file and the sheet that is named after it.

    >>> split_sheet("book.xlsx:Leads"), split_sheet("C:/leads.xlsx"), split_sheet("leads.csv")
    (('book.xlsx', 'Leads'), ('C:/leads.xlsx', None), ('leads.csv', None))
    """
    found = _NAMED.fullmatch(path)
    return (path, None) if found is None else (found["file"], found["sheet"])


def kind_of_sheet(name: str) -> str | None:
    """Return which table the name of a sheet speaks of.

    >>> kind_of_sheet("Past leads"), kind_of_sheet("Neue Anfragen"), kind_of_sheet("销售员"), kind_of_sheet("Sheet1")
    ('history', 'leads', 'reps', None)
    """
    plain = folded(name)
    for kind, words in _SHEET_WORDS.items():
        if any(_speaks(plain, word) for word in _folded_words(words)):
            return kind
    return None


def _folded_words(words: str) -> list[str]:
    return [folded(part) for part in words.split(",")]


def _speaks(plain: str, word: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}\b", plain)) or (not word.isascii() and word in plain)


def _closeness(name: str, kind: str) -> int:
    """Return how well a sheet's name says that it is this table: 0 = it speaks of one that was put away."""
    plain = folded(name)
    if plain == kind:
        return 3
    if plain in _folded_words(_SHEET_WORDS[kind]):
        return 2
    return 0 if _is_set_aside(plain, kind) else 1


def _is_set_aside(plain: str, kind: str) -> bool:
    words = _folded_words(_PUT_AWAY) + (_folded_words(_DONE) if kind != "history" else [])
    return any(_speaks(plain, word) for word in words)


def holds_kind(names: Sequence[str], kind: str) -> bool:
    """Return whether one of these sheets is meant to be this table, one that was put away aside.

    >>> holds_kind(["Leads", "Closed deals"], "history"), holds_kind(["Leads", "History old"], "history")
    (True, False)
    """
    return any(kind_of_sheet(name) == kind and _closeness(name, kind) > 0 for name in names)


def choose_sheet(
    file: str,
    names: Sequence[str],
    shown: Sequence[str],
    kind: str | None,
    asked: str | None,
    charts: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the sheet of a table: the one asked for, the one whose name speaks of it, or the first that is shown.

    A sheet that is called just as the table goes before one whose name only holds a word for it, and one whose name
    speaks of what was put away ("Former reps") is never chosen beside others. `charts` says what those are that have no
    cells, and are none of the names.

    Raises
    ------
    InvalidInput
        no such sheet, or one without cells; the names of several speak of the table; or the first speaks of another
        table, so that none is this one
    """
    known = enumerate_some(map(repr, names))
    if not names:
        kinds = enumerate_some(f"{name!r} is {what}" for name, what in charts.items())
        raise InvalidInput(f"{file}: holds no sheet with cells; {kinds}")
    if asked is not None:
        if asked in charts:
            raise InvalidInput(
                f"{file}: sheet {asked!r} is {charts[asked]}, without cells; those with cells are {known}"
            )
        close = [name for name in names if folded(name) == folded(asked)]
        if asked not in names and len(close) != 1:
            raise InvalidInput(f"{file}: has no sheet {asked!r}; its sheets are {known}")
        return asked if asked in names else close[0]
    visible = list(shown) or list(names)
    hidden = [name for name in names if name not in visible]
    if kind is None or (len(visible) == 1 and not holds_kind(hidden, kind)):
        return visible[0]
    speaking = [name for name in visible if kind_of_sheet(name) == kind]
    best = max((_closeness(name, kind) for name in speaking), default=0)
    found = [name for name in speaking if best and _closeness(name, kind) == best]
    if len(found) > 1:
        raise InvalidInput(
            f"{file}: {len(found)} sheets may be the {kind}: {enumerate_some(map(repr, found))}. Name the one: "
            f"{file}:SHEET, or --sheet {kind}=SHEET; or put their rows into one sheet"
        )
    found += [name for name in visible if kind_of_sheet(name) is None and not _is_set_aside(folded(name), kind)]
    if not found:
        aside = f" (hidden, and so not looked at: {enumerate_some(map(repr, hidden))})" if hidden else ""
        raise InvalidInput(
            f"{file}: no sheet is named as one of {kind}; its sheets are {enumerate_some(map(repr, visible))}{aside}. "
            f"Name it: {file}:SHEET, or --sheet {kind}=SHEET"
        )
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet as text.

    Parameters
    ----------
    name
        of the sheet
    names
        of its columns, "" for a column without one
    grid
        one column of text for each, from the row after the header; null is nothing
    first_row
        the number in the sheet of the grid's first row
    notes
        what was noticed, in words
    """

    name: str
    names: list[str]
    grid: "pl.DataFrame"
    first_row: int
    notes: tuple[str, ...]


def read_sheet(grid: "pl.DataFrame", content: bytes, name: str, wanted: Sequence[str]) -> Sheet:
    """Return a sheet of a workbook whose cells are given as text; `wanted` are names that its header may hold."""
    loaded("polars")
    import polars as pl

    marks = marks_of(content, name)
    rows = grid.head(40).rows()
    header = header_row(rows, wanted) if rows else 0
    names = [(cell or "").strip() for cell in rows[header]] if rows else []
    grid = grid.rename({old: f"{k}" for k, old in enumerate(grid.columns)}).slice(header + 1)
    grid = grid.with_columns(pl.all().str.strip_chars().replace("", None))
    above = sum(map(any, rows[:header]))
    notes = [f"{_count(above, 'row')} above the header left out"] if above else []
    grid, noticed = _with_marks(grid, marks, header + 2)
    return Sheet(name=name, names=names, grid=grid, first_row=header + 2, notes=(*notes, *noticed))


def _with_marks(grid: "pl.DataFrame", marks: Marks, first_row: int) -> tuple["pl.DataFrame", list[str]]:
    """Return the grid with what its marks add, and notes; `first_row` is the number of its first row in the sheet."""
    loaded("polars")
    import polars as pl

    last_row, notes = first_row + grid.height - 1, []
    columns = {name: grid[name].to_list() for name in _touched(grid, marks, first_row)}
    errors = {(row, k): text for (row, k), text in marks.errors.items() if first_row <= row <= last_row}
    for (row, column), text in errors.items():
        if (name := f"{column - marks.first_column}") in columns:
            columns[name][row - first_row] = None if text == "#N/A" else text
    if errors:
        (row, column), text = next(iter(errors.items()))
        notes.append(
            f"{_count(len(errors), 'cell')} with what a failed formula left, {text} in {column_letters(column)}{row}"
            f"{'' if len(errors) == 1 else ' first'}; #N/A counts as missing"
        )
    filled = 0
    for top, bottom, left, _ in marks.merged:
        name = f"{left - marks.first_column}"
        if first_row <= top < bottom <= last_row and name in columns:
            cells = columns[name]
            cells[top - first_row + 1 : bottom - first_row + 1] = [cells[top - first_row]] * (bottom - top)
            filled += 1
    if filled:
        notes.append(f"merged cells: each of their rows has the value ({_count(filled, 'range')})")
    hidden = [row for row in marks.hidden if first_row <= row <= last_row]
    if hidden:
        rows = f"row {hidden[0]} is" if len(hidden) == 1 else f"rows {enumerate_some(hidden)} are"
        notes.append(f"hidden {rows} read like the others; delete what should not count")
    for name, values in columns.items():
        texts = marks.texts.get(int(name) + marks.first_column, set())
        columns[name] = _told_apart(values, {row - first_row for row in texts})
    return grid.with_columns(*(pl.Series(name, values, pl.String) for name, values in columns.items())), notes


def _touched(grid: "pl.DataFrame", marks: Marks, first_row: int) -> list[str]:
    """Return the columns that marks may change: with errors or merged cells, or with text beside numbers."""
    special = {column for _, column in marks.errors} | {left for _, _, left, _ in marks.merged}
    touched = []
    for name in grid.columns:
        column = int(name) + marks.first_column
        n_texts = sum(row >= first_row for row in marks.texts.get(column, ()))
        if column in special or 0 < n_texts < grid.height - grid[name].null_count():
            touched.append(name)
    return touched


def _told_apart(values: Sequence[str | None], texts: set[int]) -> list[str | None]:
    """Return cells of which some are text: numbers with decimals get a mark that is theirs alone."""
    if not any(value is not None and row in texts for row, value in enumerate(values)):
        return list(values)
    return [
        value.replace(".", OWN_DECIMAL)
        if value is not None and row not in texts and re.fullmatch(r"-?\d+\.\d+", value)
        else value
        for row, value in enumerate(values)
    ]


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"
