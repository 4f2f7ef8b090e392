"""What a sheet holds beside its values: hidden rows, merged cells, failed formulas, and which numbers are text."""

import io
import re
import zipfile
from dataclasses import dataclass, field
from xml.etree import ElementTree as Tree

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
_ERROR = re.compile(rb"<(?:\w+:)?c\b([^>]*\bt=\"e\"[^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<", re.DOTALL)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_REFERENCE = re.compile(rb"\br=\"([A-Z]+)(\d+)\"")
_NUMBER = re.compile(rb"\br=\"(\d+)\"")
_TEXT = re.compile(rb"\bt=\"(?:s|str|inlineStr)\"")
_HIDDEN = re.compile(rb"\bhidden=\"(?:1|true)\"")
_WITHOUT_CELLS = {"chartsheet": "a chart", "dialogsheet": "a dialog", "xlMacrosheet": "a sheet of macros"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What stands beside the values of a sheet; rows and columns are counted from 1, as in the sheet.

    Parameters
    ----------
    hidden
        rows that are not shown
    merged
        cells that are one: first and last row, first and last column
    errors
        what a formula that failed left in a cell, such as "#DIV/0!"
    texts
        cells that hold text, by column, whatever it spells
    first_column
        the first that holds anything
    """

    hidden: tuple[int, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    texts: dict[int, set[int]] = field(default_factory=dict)
    first_column: int = 1


def marks_of(content: bytes, sheet: str) -> Marks:
    """Return the marks of a sheet of an .xlsx file; none of a file of another kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            xml = book.read(_path_of(book, sheet))
    except (zipfile.BadZipFile, KeyError, Tree.ParseError):
        return Marks()
    hidden = [number for row in _ROW.findall(xml) if _HIDDEN.search(row) and (number := _NUMBER.search(row))]
    texts: dict[int, set[int]] = {}
    first = 0
    for cell in _CELL.findall(xml):
        reference = _REFERENCE.search(cell)
        if reference is not None and not cell.endswith(b"/"):  # a cell without anything in it is only formatted
            column = column_number(reference[1].decode())
            first = min(first or column, column)
            if _TEXT.search(cell):
                texts.setdefault(column, set()).add(int(reference[2]))
    return Marks(
        hidden=tuple(int(number[1]) for number in hidden),
        merged=tuple(
            (int(top), int(bottom), column_number(left.decode()), column_number(right.decode()))
            for left, top, right, bottom in _MERGED.findall(xml)
        ),
        errors={
            (int(place[2]), column_number(place[1].decode())): text.decode(errors="replace")
            for cell, text in _ERROR.findall(xml)
            if (place := _REFERENCE.search(cell))
        },
        texts=texts,
        first_column=first or 1,
    )


def charts_of(content: bytes) -> dict[str, str]:
    """Return what those sheets of an .xlsx file are that have no cells, by their names: "a chart"."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            kinds = {name: _local(part.get("Type", ""), "/") for name, part in _parts_of(book).items()}
    except (zipfile.BadZipFile, KeyError, Tree.ParseError):
        return {}
    return {name: _WITHOUT_CELLS[kind] for name, kind in kinds.items() if kind in _WITHOUT_CELLS}


def _path_of(book: zipfile.ZipFile, sheet: str) -> str:
    """Return where a sheet's values stand in the archive."""
    target = _parts_of(book)[sheet].attrib["Target"]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _parts_of(book: zipfile.ZipFile) -> dict[str, Tree.Element]:
    """Return the relation of each sheet, by the sheet's name: of which type it is, and where it stands."""
    relations = {each.get("Id"): each for each in Tree.fromstring(book.read("xl/_rels/workbook.xml.rels")).iter()}
    return {
        element.attrib["name"]: relations[value]
        for element in Tree.fromstring(book.read("xl/workbook.xml")).iter()
        if _local(element.tag) == "sheet"
        for name, value in element.attrib.items()
        if _local(name) == "id" and name != "id"
    }


def _local(name: str, after: str = "}") -> str:
    return name.rpartition(after)[2]


def column_number(letters: str) -> int:
    """Return the number of a column.

    >>> column_number("A"), column_number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """Return the letters of a column.

    >>> column_letters(1), column_letters(28)
    ('A', 'AB')
    """
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
