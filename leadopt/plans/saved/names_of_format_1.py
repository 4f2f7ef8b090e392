"""The kinds of limits in plans that leadopt 0.1.0 saved, which knew them by their names.

This is the only place that reads the name of a limit. Everywhere else `Limit.kind` says what a limit is for.
"""

from collections.abc import Sequence
from dataclasses import replace

from leadopt.errors import enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit
from leadopt.tables.cells import Id

_NEWCOMERS = {
    "newcomer quota": LimitKind.NEWCOMER_QUOTA,
    "newcomer value quota": LimitKind.NEWCOMER_VALUE_QUOTA,
    "newcomer ceiling on hot leads": LimitKind.NEWCOMER_CEILING,
}
_OF_ONE_REP = (
    LimitKind.MINIMUM,
    LimitKind.HOURS,
    LimitKind.FAIRNESS_BAND,
    LimitKind.VALUE_BAND,
    LimitKind.HOT_LEAD_BAND,
    LimitKind.FAIR_SHARE,
    LimitKind.NEWCOMER_MINIMUM,
)
# What 0.1.0 counted by limits of each kind: each lead once, or an amount that leads have.
_AMOUNTS = (LimitKind.HOURS, LimitKind.VALUE_BAND, LimitKind.NEWCOMER_VALUE_QUOTA)
_OF_SOME_LEADS = (LimitKind.HOT_LEAD_BAND, LimitKind.NEWCOMER_CEILING)
_BANDS = (LimitKind.FAIRNESS_BAND, LimitKind.VALUE_BAND, LimitKind.HOT_LEAD_BAND)


def kind_from_name(name: str | None, reps: Sequence[int], rep_ids: Sequence[Id]) -> tuple[LimitKind, int | str | None]:
    """Return the kind of a limit of 0.1.0 and whom it is about, as `Limit.kind` and `Limit.of` have it.

    The name must be exactly what 0.1.0 wrote for these reps; whatever else is called is its user's own.

    Parameters
    ----------
    name
        of the limit
    reps
        indices of its reps
    rep_ids
        of all reps of the plan

    Examples
    --------
    >>> kind_from_name("hours of Bo", [1], ["Ann", "Bo"])
    (<LimitKind.HOURS: 'hours'>, 1)
    >>> kind_from_name("hours of nobody", [], ["Ann", "Bo"])
    (<LimitKind.OWN: 'own'>, None)
    """
    if name in _NEWCOMERS:
        return _NEWCOMERS[name], "newcomers"
    who = enumerate_some(rep_ids[rep] for rep in reps)
    words, of, rest = (name or "").partition(" of ")
    if not reps or not of or rest != who:
        return LimitKind.OWN, None
    if len(reps) > 1:  # reps that compete for the last leads share one
        return (LimitKind.FAIR_SHARE if words == LimitKind.FAIR_SHARE else LimitKind.OWN), None
    # Of two settings of fairness that share the same thing, the second was called "fairness band 2".
    family, _, number = words.rpartition(" ")
    words = family if number.isdecimal() and family in _BANDS else words
    return (LimitKind(words), int(reps[0])) if words in _OF_ONE_REP else (LimitKind.OWN, None)


def with_kinds(limits: Sequence[Limit], rep_ids: Sequence[Id]) -> tuple[Limit, ...]:
    """Return the limits of a plan of 0.1.0 with their kinds, and whom they are about.

    0.1.0 gave no name twice, and each kind its own usage and leads: whatever else has such a name is its user's own.
    """
    found: list[Limit] = []
    named: set[str | None] = set()
    for limit in limits:
        found.append(limit if limit.name in named else _with_kind(limit, rep_ids))
        named.add(limit.name)
    return tuple(found)


def _with_kind(limit: Limit, rep_ids: Sequence[Id]) -> Limit:
    reps = range(len(rep_ids)) if limit.reps is None else limit.reps.tolist()
    kind, of = kind_from_name(limit.name, reps, rep_ids)
    return replace(limit, kind=kind, of=of) if _may_be(kind, limit) else limit


def _may_be(kind: LimitKind, limit: Limit) -> bool:
    """Return whether a limit counts what 0.1.0 counted for a kind; its bounds may have been changed since."""
    if kind is LimitKind.FAIR_SHARE:  # of leads, of hot leads or of value
        return limit.counts_leads or isinstance(limit.usage, Affinity)
    counts = isinstance(limit.usage, Affinity) if kind in _AMOUNTS else limit.counts_leads
    return counts and (limit.leads is not None) == (kind in _OF_SOME_LEADS)
