"""Rules that somebody's tables would allow, as lines of a policy file to be switched on."""

import re
from collections.abc import Iterator

from leadopt.cli.policy_columns import Found, Tables
from leadopt.cli.policy_text import quoted
from leadopt.tables import Table

_MOST_LEVELS = 50
_KNOWN = 0.8  # of the leads' levels that reps must have, for two columns to hold the same kind of thing
_ACCOUNT_WORDS = """
    account accounts company companies customer client organization organisation firma unternehmen kunde konto empresa
    cuenta cliente entreprise compte société societe 公司 客户 企业
"""
_ACCOUNTS = frozenset(_ACCOUNT_WORDS.split())  # in headers of columns that say whose lead it is
_BY_TENURE = ("is_newcomer", "tenure_days", "hired_on")


def segments(tables: Tables, found: Found) -> list[str]:
    """Return the columns that leads and history share and that hold 2 to 50 categories, as `assign` finds them."""
    if "history" not in tables:
        return []
    leads, history = tables["leads"], tables["history"]
    reserved = {
        header for kind in ("leads", "history") for name, header in found.columns[kind].items() if name != "territory"
    }
    return [
        column
        for column in leads.columns
        if column in history and column not in reserved and _is_category(leads, history, column)
    ]


def _is_category(leads: Table, history: Table, column: str) -> bool:
    return leads.is_categorical(column) and 2 <= history.n_levels(column) <= _MOST_LEVELS


def near_segments(tables: Tables, found: Found) -> Iterator[tuple[str, str]]:
    """Yield columns of leads and history that are called otherwise and hold the same categories."""
    if "history" not in tables:
        return
    leads, history = tables["leads"], tables["history"]
    for mine in leads.columns:
        if mine in history or mine in found.columns["leads"].values() or not leads.is_categorical(mine):
            continue
        levels = _levels(leads, mine)
        for theirs in history.columns:
            if theirs in leads or theirs in found.columns["history"].values() or not history.is_categorical(theirs):
                continue
            if 2 <= history.n_levels(theirs) <= _MOST_LEVELS and _are_among(levels, _levels(history, theirs)):
                yield mine, theirs
                break


def eligibility(tables: Tables, found: Found) -> Iterator[str]:
    """Yield a block of lines for each rule by which the tables could say who may get what, most likely first."""
    leads, reps = tables["leads"], tables["reps"]
    ids = {found.columns["leads"].get("lead_id"), found.columns["reps"].get("rep_id")}
    numbers = {header for name, header in found.columns["reps"].items() if name != "territory"}
    for mine in leads.columns:
        if mine in ids or not leads.is_categorical(mine):
            continue
        needs = {skill for skills in leads.sets(mine) for skill in skills}
        for theirs in sorted(reps.columns, key=lambda column: column != mine):
            if theirs in numbers | ids:
                continue
            has = reps.sets(theirs)
            if any(len(skills) > 1 for skills in has) and _are_among(needs, set().union(*has)):
                yield _skills(mine, theirs)
                break
            if reps.is_categorical(theirs) and _are_among(_levels(leads, mine), _levels(reps, theirs)):
                yield _match(mine, theirs)
                break


def _match(mine: str, theirs: str) -> str:
    other = "" if mine == theirs else f"\nreps_column = {quoted(theirs)}"
    return f'# A lead goes to reps of its own {mine}.\n[[eligibility]]\nrule = "match"\ncolumn = {quoted(mine)}{other}'


def _skills(mine: str, theirs: str) -> str:
    return (
        f"# A rep must have what a lead needs: {mine} among {theirs}.\n"
        f'[[eligibility]]\nrule = "skills"\nneeds = {quoted(mine)}\nhas = {quoted(theirs)}'
    )


def settings(tables: Tables, found: Found) -> Iterator[str]:
    """Yield a block of lines for each setting of the whole policy that these tables would allow."""
    for column in _accounts(tables["leads"], found):
        yield f"# Leads of one {column} stay together, with one rep.\ntogether = {quoted(column)}"
    if "open_leads" in found.columns["reps"]:
        yield "# Level what each rep has with the open leads, in place of what each gets now.\nbalance_open = true"
    if "current_rep" in found.columns["leads"]:
        yield "# What taking a lead away from the rep who has it must bring, in the unit of gains.\nmove_cost = 0.1"


def _accounts(leads: Table, found: Found) -> Iterator[str]:
    """Yield columns that name an account by their header, and hold some of them several times."""
    known = set(found.columns["leads"].values())
    for column in leads.columns:
        words = set(re.findall(r"\w+", column.casefold()))
        named = words & _ACCOUNTS or any(word in column for word in _ACCOUNTS if not word.isascii())
        if named and column not in known and 1 < leads.n_levels(column) < leads.n_rows:
            yield column


def limits(tables: Tables, found: Found) -> Iterator[str]:
    """Yield a block of lines for a limit of the reps of one level: of the first column that divides them."""
    reps = tables["reps"]
    known = {header for name, header in found.columns["reps"].items() if name != "territory"}
    for column in reps.columns:
        levels = list(dict.fromkeys(level for level in reps.levels(column) if level is not None))
        if column not in known and reps.is_categorical(column) and 2 <= len(levels) < reps.n_rows:
            yield (
                f"# How many leads the reps of one {column} may get together; each = true counts each rep alone.\n"
                f"[[limit]]\nreps = {{ {quoted(column)} = {quoted(str(levels[0]))} }}\nmost = {tables['leads'].n_rows}"
            )
            return


def knows_newcomers(found: Found) -> bool:
    """Return whether the reps say who is new."""
    return any(name in found.columns["reps"] for name in _BY_TENURE)


def _levels(table: Table, column: str) -> set[str]:
    return {level.strip().casefold() for level in table.levels(column) if level is not None}


def _are_among(some: set[str], others: set[str]) -> bool:
    """Return whether two sets of levels are of one kind: two at least in common, and nearly all of one in the other."""
    mine, theirs = ({level.casefold() for level in levels} for levels in (some, others))
    return len(mine & theirs) >= 2 and len(mine & theirs) >= _KNOWN * len(mine)
