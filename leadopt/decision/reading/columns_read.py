"""Which columns a decision reads: those that a setting names are there, and a line says what was read as what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from leadopt.decision.reading.away import away_notes
from leadopt.decision.reading.units import unlike_values
from leadopt.eligibility import ExcludeRule, MatchRule, SkillsRule
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.limit_rules import LimitRule
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import NEEDED, READ_OF, Kind, clearly, same_header
from leadopt.tables.holder import missing
from leadopt.tables.reading.units import misstated
from leadopt.tables.text import quoted

Tables = Mapping[Kind, Table]
"""The tables that there are: history may be missing."""

_WORDS = ("capacity", "equal", "performance")  # entitlements that are no columns
_BASELINES = ("territory",)  # what no plan needs: nobody is told that it is not there
_WORTH = ("value", "currency")
_USUAL = Columns()
_MAY_BE_ONE = ({"owner", "current_rep"}, {"rep_id", "lead_id"})  # the latter where all tables call their id "ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A column that a setting names.

    Parameters
    ----------
    column
        its name
    setting
        what names it, as a message calls that
    use
        what it is used as, in one word
    tables
        where it is read
    every
        whether each of these tables must have it; else one is enough
    """

    column: str
    setting: str
    use: str
    tables: tuple[Kind, ...]
    every: bool = True


def named_columns(policy: Policy) -> Iterator[Named]:
    """Yield the columns that a policy names beside those of `Columns`; bins are those of columns named elsewhere."""
    for column in policy.segment_by or ():
        yield Named(column=column, setting="segment_by", use="segment", tables=("leads", "history"))
    for column in policy.rep_by:
        yield Named(column=column, setting="rep_by", use="state of reps", tables=("reps", "history"), every=False)
    for column in policy.bins or {}:
        yield Named(column=column, setting="bins", use="bins", tables=("leads", "reps", "history"), every=False)
    for column in policy.score or {}:
        yield Named(column=column, setting="score", use="score", tables=("leads",))
    for rule in policy.eligibility:
        yield from _of_rule(rule)
    for fairness in policy.fairnesses:
        if fairness.entitlement not in _WORDS:
            setting = "fairness.entitlement"
            yield Named(column=fairness.entitlement, setting=setting, use="entitlement", tables=("reps",))
    for limit in policy.limit:
        yield from _of_limit(limit)
    if policy.together is not None:
        yield Named(column=policy.together, setting="together", use="account", tables=("leads",))
    if policy.newcomers is not None and policy.newcomers.protect is not None:
        yield Named(column=policy.newcomers.protect, setting="newcomers.protect", use="protected", tables=("leads",))


def _of_rule(rule: object) -> Iterator[Named]:
    if isinstance(rule, MatchRule):
        yield Named(column=rule.column, setting="eligibility, match", use="match", tables=("leads",))
        yield Named(column=rule.reps_column or rule.column, setting="eligibility, match", use="match", tables=("reps",))
    if isinstance(rule, SkillsRule):
        yield Named(column=rule.needs, setting="eligibility, skills", use="skills", tables=("leads",))
        yield Named(column=rule.has, setting="eligibility, skills", use="skills", tables=("reps",))
    if isinstance(rule, ExcludeRule) and rule.column is not None:
        yield Named(column=rule.column, setting="eligibility, exclude", use="exclude", tables=("leads",))


def _of_limit(limit: LimitRule) -> Iterator[Named]:
    """Yield the columns by which a limit chooses leads and reps, and what it counts; `limit_rules` refuses others."""
    kinds: tuple[tuple[Kind, object], ...] = (("leads", limit.leads), ("reps", limit.reps))
    for kind, chosen in kinds:
        for column in chosen if isinstance(chosen, Mapping) else ():
            yield Named(column=column, setting="limit", use="limit", tables=(kind,))
    if isinstance(limit.each, str):
        yield Named(column=limit.each, setting="limit", use="limit", tables=("reps",))
    yield Named(column=limit.usage, setting="limit", use="limit", tables=("leads",))


def check_needed(policy: Policy, tables: Tables) -> None:
    """Refuse a table without a column that it must have: the ids, and the outcomes of history.

    Raises
    ------
    InvalidInput
        names the column that looks like it, and the line of a policy that would say so
    """
    for kind, table in tables.items():
        for field in NEEDED[kind] if table.columns else ():
            column, shared = getattr(policy.columns.of(kind), field), getattr(policy.columns, field)
            if column not in table:
                others = [one for one in tables.values() if one is not table and shared in one]
                setting = f"columns.{field}" if column != getattr(_USUAL, field) else ""
                alone = kind if others and column == shared else ""
                said = missing(column, table.columns, setting, field=field, table=alone)
                raise InvalidInput(f"{table.name}: {said}")
        _check_once(policy.columns.of(kind), kind, table)


def _check_once(columns: Columns, kind: Kind, table: Table) -> None:
    """Refuse a column that is two things at once; who owns a lead may well be who has it now."""
    meant = dict[str, str]()
    for field in READ_OF[kind]:
        column = getattr(columns, field)
        other = meant.setdefault(column, field) if column is not None and column in table else field
        if other != field and {field, other} not in _MAY_BE_ONE:
            raise InvalidInput(
                f"{table.name}: column {quoted(column)} cannot be both {other} and {field}: name another for one of "
                f"them under [columns] in a policy file, Policy(columns=Columns({field}=...))"
            )


def check_named(policy: Policy, tables: Tables, *, worth: bool = True) -> list[str]:
    """Refuse a column that the policy names and no table has where it would be read; return what else is noticed.

    Parameters
    ----------
    policy
        the settings
    tables
        as the user has them, before their columns are called by the names that all tables share
    worth
        whether values of leads are read: they are not where gains are given

    Raises
    ------
    InvalidInput
        names the column, the setting and the nearest column that there is
    """
    there: dict[Kind, Table] = {kind: table for kind, table in tables.items() if table.columns}
    notes = list[str]()
    for name in NAMED:
        if worth or name not in _WORTH:
            notes += _check_field(policy, name, there, [kind for kind in tables if kind not in there])
    # A rule may name a column as the user calls it, or as all tables do.
    called: dict[Kind, Table] = {kind: table.called(policy.columns.renamed(kind)) for kind, table in there.items()}
    _check_formats(policy, called, all_given=len(there) == len(READ_OF))
    for named in named_columns(policy):
        if named.use not in ("entitlement", "limit"):  # `fairness` and `limit_rules` know what else may be meant
            notes += _check_setting(named, called)
    return notes


def _check_formats(policy: Policy, tables: Tables, *, all_given: bool) -> None:
    """Refuse a column of `Formats` that no table has; one of a table that is not given may be there another time."""
    asked = {setting: getattr(policy.formats, setting) for setting in ("dates", "decimal")}
    named = [(f"formats.{name}", key) for name, keys in asked.items() if isinstance(keys, Mapping) for key in keys]
    for setting, key in named:
        kind, _, column = key.partition(".")
        if any(key in table for table in tables.values()):
            continue
        if column and kind in READ_OF:
            own = [table for name, table in tables.items() if name == kind]
            if own and column not in own[0]:
                _refuse(column, setting, own)
            continue
        near = any(same_header(key, table.columns) is not None for table in tables.values())
        if all_given or near or (column and any(column in table for table in tables.values())):
            _refuse(key, setting, list(tables.values()))


def _check_field(policy: Policy, field: str, tables: Tables, nameless: Sequence[Kind]) -> list[str]:
    """Refuse a field of `Columns` that was changed from its default and is in no table.

    Tables without columns, such as an empty list, cannot tell.
    """
    columns, shared = policy.columns, getattr(policy.columns, field)
    own = {kind: getattr(columns, kind)[field] for kind in tables if field in getattr(columns, kind)}
    for kind, column in own.items():
        tables[kind].require(column, f"columns.{kind}.{field}")
    readers: list[Kind] = [kind for kind in tables if field in READ_OF[kind] and kind not in own]
    if shared == getattr(_USUAL, field) or not readers:
        return []
    has = [kind for kind in readers if _has(tables[kind], field, shared)]
    if not has and not own and not any(field in READ_OF[kind] for kind in nameless):
        _refuse(shared, f"columns.{field}", [tables[kind] for kind in readers])
    if not has or field in _BASELINES:
        return []
    return [
        f'column "{shared}" (columns.{field}) is in {" and ".join(has)} and not in {kind}: '
        f"if {kind} calls it otherwise, set columns.{kind}.{field}"
        for kind in readers
        if kind not in has
    ]


def _has(table: Table, field: str, column: str) -> bool:
    kinds = ("", "_leads", "_value", "_hot") if field == "credit" else ("",)
    return any(f"{column}{kind}" in table for kind in kinds)


def _check_setting(named: Named, tables: Tables) -> list[str]:
    readers = [kind for kind in named.tables if kind in tables]
    lacking = [kind for kind in readers if named.column not in tables[kind]]
    if len(lacking) == len(readers) > 1 or (named.every and lacking):
        both = (
            '; a rule may name both: column = "..." for leads, reps_column = "..." for reps'
            if named.use == "match"
            else ""
        )
        _refuse(named.column, named.setting, [tables[kind] for kind in (lacking if named.every else readers)], both)
    if lacking == ["reps"] and named.use == "state of reps":
        return [f'reps has no column "{named.column}" ({named.setting}): each rep counts as in most of history']
    return []


def _refuse(column: str, setting: str, tables: Sequence[Table], mend: str = "") -> None:
    """Raise `InvalidInput` for a column that these tables lack."""
    columns = list(dict.fromkeys(name for table in tables for name in table.columns))
    where = " and ".join(table.name for table in tables)
    raise InvalidInput(f"{where}: {missing(column, columns, setting)}{mend}")


def read_note(policy: Policy, tables: Tables, segments: Sequence[str], *, worth: bool = True) -> str:
    """Return in one line which columns were read as what, and which were not used.

    Parameters
    ----------
    tables
        as the user has them
    segments
        the columns that chances are learned by, whether the policy names them or not
    """
    read, rest = [], []
    for kind, table in tables.items():
        uses = _uses(policy, kind, table, segments, worth)
        if uses:
            read.append(f"{kind} {', '.join(f'{_line(column)}{use}' for column, use in uses.items())}")
        if unused := [_line(column) for column in table.columns if column not in uses]:
            rest.append(f"{enumerate_some(unused)} ({kind})")
    return f"columns read: {'; '.join(read) or 'none'}. Not used: {', '.join(rest) or 'none'}"


def _line(header: str) -> str:
    return " ".join(header.split())


def _uses(policy: Policy, kind: Kind, table: Table, segments: Sequence[str], worth: bool) -> dict[str, str]:
    """Return what each column of a table was read as, as it stands behind its name."""
    columns = policy.columns.of(kind)
    fields = [name for name in READ_OF[kind] if worth or name not in _WORTH]
    uses = dict[str, str]()
    for name in fields:
        column = getattr(columns, name)
        if column in table:
            uses[column] = "" if column == name else f" as {name}"
    for named in named_columns(policy):
        if kind in named.tables and named.column in table:
            uses.setdefault(named.column, f" as {named.use}")
    for column in segments if kind in ("leads", "history") else ():
        if column in table:
            uses.setdefault(column, " as segment")
    for owed in ("leads", "value", "hot"):
        if kind == "reps" and (column := f"{columns.credit}_{owed}") in table:
            uses.setdefault(column, " as credit")
    return uses


def unread_notes(policy: Policy, tables: Tables, *, worth: bool = True) -> list[str]:
    """Return a note for each column that looks like a known one and was not read, with the setting that would read it.

    Of columns that a setting names nothing is said, nor where the known one is there.
    """
    unread = [note for kind, table in tables.items() for note in _unread_of(policy, kind, table, tables, worth)]
    reps = tables.get("reps")
    return unread if reps is None else [*unread, *away_notes(reps, _uses(policy, "reps", reps, (), worth))]


def _unread_of(policy: Policy, kind: Kind, table: Table, tables: Tables, worth: bool) -> Iterator[str]:
    columns = policy.columns.of(kind)
    absent = [
        name
        for name in READ_OF[kind]
        if name not in _BASELINES and (worth or name not in _WORTH) and not _has(table, name, getattr(columns, name))
    ]
    named = _uses(policy, kind, table, (), worth)
    for name, header in clearly([column for column in table.columns if column not in named], absent).items():
        shared = getattr(policy.columns, name)
        others = [one for one in tables.values() if one is not table and shared in one]
        setting = f"columns.{kind}.{name}" if others else f"columns.{name}"
        # Quoted as in TOML: a header of a spreadsheet may have a line break.
        if (why := misstated(name, header)) is not None:
            yield f"column {quoted(header)} of {kind} looks like {name} and was not read: {why}; give it in that"
            continue
        mine = policy.columns.of("leads").value if (name, kind) == ("value", "history") else ""
        beside = mine if "leads" in tables and mine in tables["leads"] else ""
        if beside and (said := unlike_values(beside, header)) is not None:
            yield f"column {quoted(header)} of {kind} was not read: {said}; give both in one unit"
            continue
        yield f"column {quoted(header)} of {kind} looks like {name} and was not read: set {setting} = {quoted(header)}"
