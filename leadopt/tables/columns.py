"""What the user's columns are called: settings, with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.headers import NOT_READ, READ_OF, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns that leadopt reads; all but the ids (and `converted` in history) may be absent.

    Parameters
    ----------
    lead_id, rep_id
        ids of leads and reps; `rep_id` also says in history who had the lead
    value
        leads: worth if won, 0 or more; history: what was won for, 0 or more, from which missing values are learned
    currency
        leads and history: what the value is in, such as EUR; `Policy.currencies` holds the rates
    capacity
        reps: most leads in this batch; without a `max_open` column it is a ceiling on open work
    available
        reps: true/false or the fraction (0 to 1) of usual capacity that is there; 0 = away
    open_leads, max_open
        reps: leads in work, and the most that may be at any time
    min_leads
        reps: fewest leads in this batch at full availability
    effort
        leads: hours a lead takes at the usual pace
    hours, open_hours
        reps: working time in this batch at full availability, and hours of it that open work takes
    pace
        reps: by which the hours of a lead are multiplied; 1 = usual, 1.5 = takes half as long again
    credit
        reps: leads, value or hot leads owed from earlier batches, negative where too many were had; missing is 0. With
        several settings of fairness, one column for each thing shared: `credit_leads`, `credit_value`, `credit_hot`
    in_fairness
        reps: false for who stays out of fairness: entitled to nothing, and bound by nothing of it; missing is true
    carried
        reps: the part of a lead that a fractional capacity left over last time, from 0; told by `Plan.loads`
    owner
        leads: the rep who owns the account, and gets the lead wherever the rules allow; None = nobody does
    current_rep
        leads: who has the lead now; it stays there unless the plan gains more by `Policy.move_cost` than it costs
    is_newcomer, tenure_days, hired_on
        reps: who is new, by a flag, by days of tenure, or by a date; of whom nothing is said is not new
    territory
        leads and reps: what the territory baseline hands out by
    converted, at
        history: whether the lead was won (missing while open), and when that was settled
    assigned_at
        history: when the rep got the lead; with it and `at`, leads that are open count by how long they are
    count
        history: how many past leads a row stands for, all alike, where somebody has aggregated it; None = one
    leads, reps, history
        names in one table alone, where it calls a column otherwise: ``history={"rep_id": "Owner"}``, in a policy file
        ``[columns.history]`` with ``rep_id = "Owner"``. What comes back has the names of the fields above

    Examples
    --------
    >>> columns = Columns(rep_id="Name", history={"rep_id": "Owner"})
    >>> columns.of("reps").rep_id, columns.of("history").rep_id
    ('Name', 'Owner')
    """

    lead_id: str = "lead_id"
    rep_id: str = "rep_id"
    value: str = "value"
    currency: str = "currency"
    capacity: str = "capacity"
    available: str = "available"
    open_leads: str = "open_leads"
    max_open: str = "max_open"
    min_leads: str = "min_leads"
    effort: str = "effort"
    hours: str = "hours"
    open_hours: str = "open_hours"
    pace: str = "pace"
    credit: str = "credit"
    in_fairness: str = "in_fairness"
    carried: str = "carried"
    owner: str | None = None
    current_rep: str = "current_rep"
    is_newcomer: str = "is_newcomer"
    tenure_days: str = "tenure_days"
    hired_on: str = "hired_on"
    territory: str = "territory"
    converted: str = "converted"
    at: str = "at"
    assigned_at: str = "assigned_at"
    count: str | None = None
    leads: Mapping[str, str] = field(default_factory=dict, hash=False)
    reps: Mapping[str, str] = field(default_factory=dict, hash=False)
    history: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse what is no name of a column."""
        for name in NAMED:
            if not (name in NOT_READ and getattr(self, name) is None):
                _check_name(f"policy.columns.{name}", getattr(self, name))
        for table in READ_OF:
            object.__setattr__(self, table, _own_names(table, getattr(self, table)))
            for name in NOT_READ:
                if getattr(self, name) is None and name in getattr(self, table):
                    object.__setattr__(self, name, getattr(self, table)[name])

    def plain(self) -> dict[str, Any]:
        """Return the settings as plain data, without the tables that have no names of their own.

        Nor with `count` where rows are leads, so that a policy from before there was one keeps its hash.
        """
        return {name: found for name, found in asdict(self).items() if (name in NAMED and name != "count") or found}

    def of(self, table: Kind) -> Columns:
        """Return what the columns of one table are called."""
        return replace(self, **{**getattr(self, table), **{other: {} for other in READ_OF}})

    def renamed(self, table: Kind) -> dict[str, str]:
        """Return the names of one table's own columns, each with the name that all tables share."""
        return {name: getattr(self, shared) for shared, name in getattr(self, table).items()}

    @property
    def written(self) -> tuple[str, str]:
        """What the ids of leads and of reps are called in tables that leadopt writes: as the user calls them.

        Where that is the name of one of leadopt's own columns (`WRITTEN`), or the same for both, it is the usual name.
        """
        lead, rep = (
            usual if own in WRITTEN else own for own, usual in ((self.lead_id, "lead_id"), (self.rep_id, "rep_id"))
        )
        return ("lead_id", "rep_id") if lead == rep else (lead, rep)

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns of ids, in whatever table."""
        own = (getattr(self.of(table), name) for table in READ_OF for name in ("lead_id", "rep_id"))
        return tuple(dict.fromkeys((self.lead_id, self.rep_id, *own)))


WRITTEN = frozenset(
    {
        *("probability", "gain", "runner_up", "runner_up_gain", "reason", "because", "remedy"),
        *("leads", "capacity", "fill", "slot_price", "newcomer", "hours", "hours_there"),
        *("from", "to", "gain_before", "gain_after", "change", "leads_before", "leads_after"),
        *("capacity_before", "capacity_after", "group", "planned", "rank", "score"),
        *("rep_before", "rep_after", "cost", "net", "brings"),
    }
)
"""Columns of leadopt's own in the tables that it writes, beside those of ids."""

NAMED = tuple(name for name in Columns.__dataclass_fields__ if name not in READ_OF)
"""The fields of `Columns` that name one column each."""


def _check_name(setting: str, name: Any) -> None:
    if not isinstance(name, str):
        raise InvalidInput(f"{setting}: must be the name of a column; found {name!r}")


def _own_names(table: Kind, names: Any) -> dict[str, str]:
    where = f"policy.columns.{table}"
    if not isinstance(names, Mapping):
        raise InvalidInput(
            f'{where}: must hold names of columns, such as {{"{READ_OF[table][0]}": "ID"}}; found {names!r}'
        )
    for shared, name in names.items():
        if shared not in READ_OF[table]:
            raise InvalidInput(f"{where}: unknown key {shared!r}{did_you_mean(str(shared), READ_OF[table])}")
        _check_name(f"{where}.{shared}", name)
    if twice := [name for name in names.values() if list(names.values()).count(name) > 1]:
        raise InvalidInput(f'{where}: every column must mean one thing; found "{twice[0]}" for several')
    return dict(names)
