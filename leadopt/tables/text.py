"""Small tables for people: as aligned text, as Markdown and as escaped HTML; and how numbers are written in them."""

from collections.abc import Sequence
from datetime import date
from html import escape
from math import exp, isfinite, log10

import numpy as np

NEGLIGIBLE = 0.005
"""Of the logit: odds that change by half a percent."""
_LONG = 200  # bits, which are 60 digits
Cells = Sequence[Sequence[str]]


def markdown(headers: Sequence[str], rows: Cells) -> str:
    """Return an aligned Markdown table; columns whose cells all look like numbers are set right.

    >>> print(markdown(["rep", "leads"], [["Ann", "3"], ["Bo", "12"]]))
    | rep | leads |
    | --- | ----: |
    | Ann |     3 |
    | Bo  |    12 |
    """
    headers, *rows = [[_one_line(cell) for cell in row] for row in [headers, *rows]]
    right = _right(headers, rows)
    widths = [max(3, *(len(row[k]) for row in [headers, *rows])) for k in range(len(headers))]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    lines = [headers, rule, *rows]
    return "\n".join("| " + " | ".join(_pad(row, widths, right)) + " |" for row in lines)


def html(headers: Sequence[str], rows: Cells) -> str:
    """Return an HTML table with every cell escaped."""
    right = _right(headers, rows)
    head = "".join(f"<th>{escape(header)}</th>" for header in headers)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{"right" if r else "left"}">{escape(cell)}</td>'
            for cell, r in zip(row, right, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float, digits: int = 3) -> str:
    """Return a number with thousands separated and about this many digits that matter.

    >>> number(0.12345), number(1234567.8), number(12.5), number(3.0), number(0.0)
    ('0.123', '1,234,568', '12.5', '3', '0')
    """
    if value == 0 or not isfinite(value):
        return "0" if value == 0 else str(value)
    size = abs(value)
    if size < 1e-4:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - int(f"{size:e}".split("e")[1]))
    text = f"{value:,.{min(decimals, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_it_stands(amount: float) -> str:
    """Return an amount in all digits that a table may give it, so that it is found there again.

    >>> as_it_stands(999999999.0), as_it_stands(1e-300), as_it_stands(1234.56)
    ('999,999,999', '1e-300', '1,234.56')
    """
    return f"{amount:,.12g}"


def cell(found: object) -> str:
    """Return a cell as a message shows it: the number alone of numpy's, and how long a number is that nobody reads.

    >>> cell(np.float64(5.5)), cell("web"), cell(None), cell(10**400)
    ('5.5', "'web'", 'nothing', 'a whole number of about 401 digits')
    """
    if found is None:
        return "nothing"
    if isinstance(found, date):
        return str(found)
    plain = found.item() if isinstance(found, np.number | np.bool_ | np.str_) else found
    if isinstance(plain, int) and plain.bit_length() > _LONG:
        return f"a whole number of about {int(plain.bit_length() * log10(2.0)) + 1:,} digits"
    return repr(plain)


def with_day(shown: str, day: date | None) -> str:
    """Return a cell as it stands, and the day that it was read as unless it shows that itself.

    >>> with_day("45000", date(2023, 3, 15)), with_day("'2023-03-15 09:00'", date(2023, 3, 15))
    ('45000, read as 2023-03-15', "'2023-03-15 09:00'")
    """
    told = "" if day is None else date.fromordinal(day.toordinal()).isoformat()
    return shown if told in shown else f"{shown}, read as {told}"


def odds(adds: float) -> str:
    """Return in words what an effect on the logit does to the odds.

    >>> odds(0.4055), odds(-0.2231), odds(2.5), odds(0.001)
    ('raises the odds by 50%', 'lowers the odds by 20%', 'raises the odds 12.2 times', 'hardly matters')
    """
    if abs(adds) <= NEGLIGIBLE:
        return "hardly matters"
    factor = exp(adds)
    change = f"by {percent(abs(factor - 1))}" if factor < 3 else f"{number(factor)} times"
    return f"{'raises' if factor > 1 else 'lowers'} the odds {change}"


def count(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "lead"), count(12345, "lead")
    ('1 lead', '12,345 leads')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def quoted(name: str) -> str:
    r"""Return a name in quotes, as TOML has it.

    >>> print(quoted("Verfügbar"), quoted('Max "now"'))
    "Verfügbar" "Max \"now\""
    """
    import json

    return json.dumps(name, ensure_ascii=False)


def percent(value: float, digits: int = 0) -> str:
    """Return a fraction in percent.

    >>> percent(0.125), percent(0.125, 1)
    ('12%', '12.5%')
    """
    return f"{100 * value:.{digits}f}%"


def _one_line(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").splitlines())


def _right(headers: Sequence[str], rows: Cells) -> list[bool]:
    return [bool(rows) and all(_numeric(row[k]) for row in rows) for k in range(len(headers))]


def _numeric(cell: str) -> bool:
    return (
        not cell or cell == "-" or (cell.lstrip("+-")[:1].isdigit() and not any(c.isalpha() for c in cell if c != "e"))
    )


def _pad(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    return [cell.rjust(width) if r else cell.ljust(width) for cell, width, r in zip(row, widths, right, strict=True)]
