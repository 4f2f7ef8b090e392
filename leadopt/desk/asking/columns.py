"""Which columns of leads and reps the log holds, and as what: those that policy or rules name, and no others."""

from collections.abc import Iterable, Mapping
from enum import Enum

from leadopt.decision.reading.columns_read import named_columns
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables.headers import READ_OF

_IDS_OF_LEADS = ("lead_id", "current_rep")
_OWN_OF_REPS = ("rep_id", "max_open", "open_leads", "open_hours", "credit", "carried", "hired_on")
_NUMBERS = ("value", "effort")


class As(Enum):
    """As what a column is held."""

    LEVEL = "level"  # text, a number, true or false
    NUMBER = "number"
    REPS = "reps"  # ids of reps: random ones in the log
    ACCOUNT = "account"  # the random id of an account


def of_leads(policy: Policy, rules: Rules) -> dict[str, As]:
    """Return the columns of leads that the log holds, by the names that all tables share.

    With `segment_by=None` no column is held for what it says about conversion: columns that could be segments are
    found in a history, so they are named in the policy by whoever has one (`Desk.import_` does).
    """
    columns = policy.columns
    held = dict.fromkeys(rules.columns, As.LEVEL)
    for named in named_columns(policy):
        if "leads" in named.tables:
            held[named.column] = As.REPS if named.use == "exclude" else As.LEVEL
    for name in READ_OF["leads"]:
        column = getattr(columns, name)
        if column is not None and name not in _IDS_OF_LEADS:
            held[column] = As.NUMBER if name in _NUMBERS else As.REPS if name == "owner" else As.LEVEL
    for column in (policy.together, rules.sticky.by):
        if column is not None:
            held[column] = As.ACCOUNT
    for word in ("leads", "value", "gain", "effort", "hours"):  # what a limit counts by, unless it is a column
        if word not in columns_named(policy, _NUMBERS):
            held.pop(word, None)
    return held


def columns_named(policy: Policy, fields: Iterable[str]) -> tuple[str, ...]:
    """Return what some columns of leads are called."""
    return tuple(getattr(policy.columns, name) for name in fields)


def of_reps(policy: Policy) -> Mapping[str, As]:
    """Return the columns of reps that the log holds beside caps, team, tags and the day of hiring."""
    columns = policy.columns
    held = {named.column: As.LEVEL for named in named_columns(policy) if "reps" in named.tables}
    for name in READ_OF["reps"]:
        if name not in _OWN_OF_REPS:
            held[getattr(columns, name)] = As.LEVEL
    for word in ("capacity", "equal", "performance"):  # entitlements that are no columns, unless a column is called so
        if word != columns.capacity:
            held.pop(word, None)
    return held
