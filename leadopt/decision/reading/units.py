"""Columns whose headers state another unit than they are read in: told, as nothing is converted by a header."""

from collections.abc import Iterator, Mapping

from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.currencies import currency_code
from leadopt.tables.headers import READ_OF, Kind
from leadopt.tables.reading.numerals import read_numbers
from leadopt.tables.reading.units import alike_currencies, misstated, unit_of, unlike
from leadopt.tables.text import quoted

_MOST_TEXTS = 20_000  # distinct amounts whose signs are looked at


def unit_notes(policy: Policy, tables: Mapping[Kind, Table], *, worth: bool = True) -> list[str]:
    """Return a note for each column that is read in another unit than its header states.

    Parameters
    ----------
    tables
        as the user has them
    worth
        whether values are read
    """
    return list(_notes(policy, tables, worth))


def _notes(policy: Policy, tables: Mapping[Kind, Table], worth: bool) -> Iterator[str]:
    values = dict[Kind, str]()
    for kind, table in tables.items():
        columns = policy.columns.of(kind)
        for field in READ_OF[kind]:
            header = getattr(columns, field)
            if header not in table or (field in ("value", "currency") and not worth):
                continue
            if (why := misstated(field, header)) is not None:
                yield f"column {quoted(header)} of {kind} is read as {field}, but {why}: give it in that"
            if field == "value":
                values[kind] = header
                yield from currency_notes(kind, table, header, columns.currency)
    if "leads" in values and "history" not in tables and (unit := unit_of(values["leads"])).scale:
        yield f"values are read as they stand, {unit} ({quoted(values['leads'])}): so are gains, reserve and costs"
    if len(values) == 2 and (said := unlike_values(values["leads"], values["history"])) is not None:
        yield f"{said}: a value that a lead lacks is learned in the unit of history; give both in one"


def unlike_values(leads: str, history: str) -> str | None:
    """Return what two headers of values say if their amounts cannot be compared, None if they can.

    >>> unlike_values("Value (k EUR)", "Amount EUR")
    'values are in thousands EUR in leads ("Value (k EUR)") and in EUR in history ("Amount EUR")'
    >>> unlike_values("Value", "Amount EUR")
    """
    mine, theirs = unit_of(leads), unit_of(history)
    if not unlike(mine, theirs):
        return None
    ones, others = (str(unit) if str(unit) != "in" else "in units" for unit in (mine, theirs))
    return f"values are {ones} in leads ({quoted(leads)}) and {others} in history ({quoted(history)})"


def currency_notes(kind: Kind, table: Table, header: str, currency: str) -> Iterator[str]:
    """Yield what cells say of their currency that the header of values contradicts."""
    stated = unit_of(header).currency
    if stated is None:
        return
    texts = table.texts(header)
    found = read_numbers(texts).currency if texts and len(texts) <= _MOST_TEXTS else {}
    wrong = [text for text, code in found.items() if not alike_currencies(stated, code)]
    if wrong:
        yield f"column {quoted(header)} of {kind} is in {stated} by its header, and holds {wrong[0].strip()!r}"
    if currency in table and kind == "leads":
        codes = dict.fromkeys(currency_code(cell) for cell in table.values(currency))
        if other := [code for code in codes if not alike_currencies(stated, code)]:
            yield f"column {quoted(header)} of {kind} is in {stated} by its header, and {currency} holds {other[0]}"
