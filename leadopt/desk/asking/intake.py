"""Tables of leads and reps as rows that can be taken in, each by itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadopt.desk.asking.cells import Faults, days, each, level, levels, numbers
from leadopt.desk.asking.columns import As, of_leads, of_reps
from leadopt.desk.people.contacts import MAIL, PHONE, column_of, mail_of, phone_of
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.records import Level
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.rules.ownership import CapRules
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_id, as_set, is_missing
from leadopt.tables.currencies import currency_code, rates_of
from leadopt.tables.reading.reader import Reading

NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A row of a table of leads.

    Parameters
    ----------
    id
        what the user calls the lead; None = nothing
    levels
        what the log holds
    reps
        columns that name reps, as the user calls these
    account
        name of its account
    mail, phone
        as they are the same however they are written
    no_contact
        whether consent was withdrawn
    data
        all columns, for the table of persons
    blank
        columns without a cell here that are to be emptied where something is known
    """

    id: Id | None
    levels: Mapping[str, Level] = field(default_factory=dict)
    reps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    account: str | None = None
    mail: str | None = None
    phone: str | None = None
    no_contact: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepRow:
    """A row of a table of reps.

    Parameters
    ----------
    id
        what the user calls the rep; None = nothing
    facts
        of `max_open`, `team`, `tags` and `hired_on` those that the row tells, or that are to be emptied
    levels
        the same of columns that the policy reads; None = to be emptied
    data
        all columns, for the table of persons
    blank
        as of `LeadRow`
    """

    id: Id | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()


def table_of(data: Any, name: str, policy: Policy) -> Table:
    """Return a user's table, its columns under the names that all tables share; one lead or rep may be a dict."""
    rows = [data] if isinstance(data, Mapping) and not any(isinstance(cell, list) for cell in data.values()) else data
    reading = Reading(formats=policy.formats, outcomes=policy.outcomes)
    table = Table(rows, name, reading, ids=policy.columns.ids)
    return table.called(policy.columns.renamed("reps" if name == "reps" else "leads"))


def lead_rows(
    table: Table, policy: Policy, rules: Rules, *, nameless: bool = False, clear: Collection[str] = ()
) -> tuple[list[LeadRow], Faults]:
    """Return the rows of a table of leads, and what is wrong with some of them.

    `nameless` ones have no ids; blank cells of columns to `clear` empty what is known.
    """
    faults: Faults = {}
    ids = [None] * table.n_rows if nameless else ids_of(table, policy.columns.lead_id, "a lead", faults)
    held = {name: kind for name, kind in of_leads(policy, rules).items() if name in table}
    plain = {name: levels(table, name) for name, kind in held.items() if kind is As.LEVEL}
    plain |= {name: list(numbers(table, name, faults)) for name, kind in held.items() if kind is As.NUMBER}
    reps = {name: table.values(name) for name, kind in held.items() if kind is As.REPS}
    accounts = {name: levels(table, name) for name, kind in held.items() if kind is As.ACCOUNT}
    if policy.currencies is not None and policy.columns.currency in table:
        each(table, policy.columns.currency, lambda part: _rates(part, policy), faults)
    mails, phones = _column(table, MAIL), _column(table, PHONE)
    gone = _flags(table, NO_CONTACT, faults)
    data = _data(table)
    rows = [
        LeadRow(
            id=ids[row],
            levels={name: cells[row] for name, cells in plain.items()},
            reps={name: tuple(sorted(as_set(cells[row]))) for name, cells in reps.items()},
            account=_first(accounts, row),
            mail=mail_of(mails[row]),
            phone=phone_of(phones[row]),
            no_contact=gone[row],
            data=data[row],
            blank=frozenset(name for name in clear if name not in data[row]),
        )
        for row in range(table.n_rows)
    ]
    return rows, faults


def cleared_of_leads(table: Table, given: str | Collection[str], policy: Policy, rules: Rules) -> tuple[str, ...]:
    """Return the columns of leads to clear by the names that all tables share, or refuse one that cannot be."""
    accounts = {name for name, kind in of_leads(policy, rules).items() if kind is As.ACCOUNT}
    stay = {policy.columns.lead_id, NO_CONTACT, *accounts}
    why = "ids, accounts and a consent that was withdrawn stay until another one is told"
    return _cleared(table, given, policy.columns.renamed("leads"), stay, why)


def cleared_of_reps(table: Table, given: str | Collection[str], policy: Policy) -> tuple[str, ...]:
    """Return the same of reps."""
    return _cleared(table, given, policy.columns.renamed("reps"), {policy.columns.rep_id}, "it says who the rep is")


def _cleared(
    table: Table, given: str | Collection[str], shared: Mapping[str, str], stay: Collection[str], why: str
) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    found = tuple(shared.get(name, name) for name in names)
    for name, column in zip(names, found, strict=True):
        if column not in table:
            raise InvalidInput(f"clear: {table.name} has no column {name!r}{did_you_mean(name, table.columns)}")
        if column in stay:
            raise InvalidInput(f"clear: {name!r} cannot be emptied: {why}")
    return found


def rep_rows(table: Table, policy: Policy, rules: Rules, *, clear: Collection[str] = ()) -> tuple[list[RepRow], Faults]:
    """Return the rows of a table of reps, and what is wrong with some of them.

    A column that is not there tells nothing, nor does a blank cell, unless it is of a column to `clear`.
    """
    faults: Faults = {}
    ids = ids_of(table, policy.columns.rep_id, "a rep", faults)
    named = rules.caps.open  # as it is by itself, it means the column that the policy reads caps from
    caps = named if isinstance(named, str) and named != CapRules().open else policy.columns.max_open
    most = numbers(table, caps, faults) if caps in table else [None] * table.n_rows
    teams = levels(table, "team") if "team" in table else [None] * table.n_rows
    tags = [tuple(sorted(as_set(cell))) for cell in table.values("tags")] if "tags" in table else [()] * table.n_rows
    hired = days(table, policy.columns.hired_on, rules.calendar, faults)
    columns = {"max_open": caps, "team": "team", "tags": "tags", "hired_on": policy.columns.hired_on}
    empty = {fact for fact, column in columns.items() if column in clear}
    held = {name: levels(table, name) for name in of_reps(policy) if name in table}
    _check_amounts(table, policy, faults)
    data = _data(table)
    for row, cap in enumerate(most):
        if cap is not None and cap != int(cap):
            rule = f"must be a whole number, 0 or more; found {cap:g}"
            faults.setdefault(row, f"{table.name}.{caps}, {table.row_name(row)}: {rule}")
    facts = [
        {
            "max_open": None if most[row] is None else int(most[row] or 0),
            "team": None if teams[row] is None else str(level(teams[row])),
            "tags": tags[row],
            "hired_on": hired[row],
        }
        for row in range(table.n_rows)
    ]
    rows = [
        RepRow(
            id=ids[row],
            facts={name: told for name, told in facts[row].items() if told not in (None, ()) or name in empty},
            levels={name: cells[row] for name, cells in held.items() if cells[row] is not None or name in clear},
            data=data[row],
            blank=frozenset(name for name in clear if name not in data[row]),
        )
        for row in range(table.n_rows)
    ]
    return rows, faults


def _rates(table: Table, policy: Policy) -> list[float]:
    """Return the rate of each value's currency; one without is refused."""
    codes = [None if cell is None else currency_code(cell) for cell in table.values(policy.columns.currency)]
    return list(rates_of(f"{table.name}.{policy.columns.currency}", codes, policy.currencies))


def _check_amounts(table: Table, policy: Policy, faults: Faults) -> None:
    """Find what no plan could read of reps: one such cell would stand in the way of all others."""
    columns = policy.columns
    for column in (columns.capacity, columns.min_leads, columns.hours, columns.pace):
        if column in table:
            numbers(table, column, faults)
    if columns.available in table:
        each(table, columns.available, lambda part: part.fractions(columns.available).tolist(), faults)


def ids_of(table: Table, column: str, what: str, faults: Faults) -> list[Id | None]:
    """Return the ids of a column; where there is none, or what can be none, that row is at fault."""
    table.require(column)
    cells = table.values(column)
    ids = [as_id(cell) for cell in cells]
    for row, key in enumerate(ids):
        if key is None:
            found = "nothing" if cells[row] is None else repr(cells[row])
            rule = f"the id of {what} must be text or a whole number; found {found}"
            faults.setdefault(row, f"{table.name}.{column}, {table.row_name(row)}: {rule}")
    return ids


def _column(table: Table, words: tuple[str, ...]) -> list[Any]:
    name = column_of(table.columns, words)
    return [None] * table.n_rows if name is None else table.values(name)


def _flags(table: Table, column: str, faults: Faults) -> list[bool]:
    """Return a column of true and false; missing is false."""
    if column not in table:
        return [False] * table.n_rows
    known = [cell is not None for cell in table.values(column)]
    shares = each(table, column, lambda part: part.fractions(column).tolist(), faults)
    return [there and bool(share) for there, share in zip(known, shares, strict=True)]


def _first(columns: Mapping[str, list[Level]], row: int) -> str | None:
    """Return the first account that is there."""
    return next((str(cells[row]) for cells in columns.values() if cells[row] is not None), None)


def _data(table: Table) -> list[dict[str, Any]]:
    columns = {name: [_plain(cell) for cell in table.values(name)] for name in table.columns}
    return [
        {name: cells[row] for name, cells in columns.items() if cells[row] is not None} for row in range(table.n_rows)
    ]


def _plain(cell: Any) -> Any:
    """Return a cell as JSON holds it; None = it is blank."""
    if is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
        return None
    value = cell.item() if hasattr(cell, "item") else cell
    return value if isinstance(value, str | bool | int | float) else str(value)
