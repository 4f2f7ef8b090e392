"""Where a table begins in a sheet or a file: its separator, and the row that names its columns."""

import csv
import re
from collections.abc import Collection, Sequence

SEPARATORS = (",", ";", "\t", "|")

_LOOKED_AT = 40  # rows among which the header is looked for
_WIDE = 0.6  # a row with this share of the widest row's cells may name the columns; a title has fewer
_HINT = re.compile(r"sep=(.)[,;\t]*", re.IGNORECASE)  # what rewrites the file pads the line
_NUMBER = re.compile(r"[\s\d.,:/%€$£()+'-]*\d[\s\d.,:/%€$£()+'-]*")


def hinted_separator(line: str) -> str | None:
    """Return the separator that a first line names for Excel, None where it is no such line.

    >>> hinted_separator("sep=;"), hinted_separator("lead_id;source")
    (';', None)
    """
    found = _HINT.fullmatch(line.strip("\n\"' "))
    return found[1] if found else None


def likely_separator(lines: Sequence[str]) -> str:
    """Return what separates fields: the mark by which most lines have the same number of them.

    >>> likely_separator(["id;value", "1;2,5", "2;3,5"]), likely_separator(["lead_id"])
    (';', ',')
    """
    return max(SEPARATORS, key=lambda mark: _agreement(list(csv.reader(lines, delimiter=mark))))


def _agreement(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    widths = [len(row) for row in rows if any(map(str.strip, row))]
    several = [width for width in widths if width > 1]
    if not several:
        return 0, 0
    usual = max(set(several), key=lambda width: (several.count(width), width))
    return several.count(usual), usual


def header_row(rows: Sequence[Sequence[str | None]], wanted: Collection[str]) -> int:
    """Return which row names the columns: the first that holds a wanted name, else the first that is wide and no data.

    Parameters
    ----------
    rows
        the first rows, blank ones too; a cell without anything is None or blank
    wanted
        names that a header is known to hold

    Examples
    --------
    >>> header_row([["Report", None], [None, None], ["id", "value"], ["7", "8"]], [])
    2
    >>> header_row([["lead_id"], ["7"]], [])
    0
    """
    filled = [[cell.strip() for cell in row if cell is not None and cell.strip()] for row in rows[:_LOOKED_AT]]
    for place, cells in enumerate(filled):
        if set(cells) & set(wanted):
            return place
    widest = max(map(len, filled), default=0)
    wide = [place for place, cells in enumerate(filled) if len(cells) >= max(min(2, widest), _WIDE * widest) and cells]
    first = wide[0] if wide else 0
    named = (place for place in wide if not any(_NUMBER.fullmatch(cell) for cell in filled[place]))
    words = next(named, first)
    # "Date: 2026-01-31" may be wide enough for a header, and is narrower than the one that follows.
    return words if wide and len(filled[words]) > len(filled[first]) else first


def broken_quote(text: str, separator: str) -> int | None:
    r"""Return the line, from 1, of the first field whose quotes are not around all of it, None where there is none.

    >>> broken_quote('id,note\n1,"a, b"\n2,"open\n3,c\n', ","), broken_quote('id,size\n1,12" pipe\n', ",")
    (3, 2)
    """
    ends = rf"(?=[{re.escape(separator)}\n]|\Z)"
    field = re.compile(rf'(?:"(?:[^"]|"")*+"|[^"{re.escape(separator)}\n]*+){ends}')
    at, line = 0, 1
    while at < len(text):
        found = field.match(text, at)
        if found is None:
            return line
        line += text.count("\n", at, found.end() + 1)
        at = found.end() + 1
    return None
