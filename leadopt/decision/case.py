"""A decision in the user's terms: whom the indices of a `Problem` stand for, and on what evidence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.capacity import Hours
from leadopt.decision.reading.accounts import Owned
from leadopt.decision.shares import Shared
from leadopt.eligibility import Verdicts
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.learning.effects.draws import Joint
from leadopt.learning.estimates import Estimates
from leadopt.learning.history.codes import in_words
from leadopt.learning.lead_worth import Valued
from leadopt.learning.past_assignment import PastAssignment
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.tables.cells import Id, as_id
from leadopt.tables.text import odds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class States:
    """What state reps are in, where chances depend on it.

    Parameters
    ----------
    columns
        that describe a rep: team, response time, ...
    levels
        of each rep, one for each column; None = missing
    adds
        what each level alone adds to the logit, float64 (n_reps, n_columns)
    """

    columns: tuple[str, ...]
    levels: tuple[tuple[str | None, ...], ...]
    adds: Floats

    def describe(self, rep: int) -> str:
        """Return a rep's state and what it does in words: ``response_hours=8 to 24 lowers the odds by 40%``."""
        levels, adds = self.levels[rep], self.adds[rep].tolist()
        return ", ".join(
            f"{in_words([column], (level,))} {odds(effect)}"
            for column, level, effect in zip(self.columns, levels, adds, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What history says about the segments of these leads.

    Parameters
    ----------
    segment_by
        the columns that make a segment
    segments
        the level of each column, per segment; None = missing
    segment_of_lead
        int64 (n_leads,)
    estimates
        every segment with every rep
    n_outcomes
        settled outcomes in history
    states
        of the reps; None where chances do not depend on any
    joint
        what draws of all pairs together rest on; None in a plan that was saved before plans held it
    past
        how leads were handed out in history; None in a plan that was saved before plans held it
    """

    segment_by: tuple[str, ...]
    segments: tuple[tuple[str | None, ...], ...]
    segment_of_lead: Ints
    estimates: Estimates
    n_outcomes: int
    states: States | None = None
    joint: Joint | None = field(default=None, repr=False)
    past: PastAssignment | None = None

    def describe(self, segment: int) -> str:
        """Return a segment in words: ``industry=steel, source=web``."""
        return in_words(self.segment_by, self.segments[segment])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """Who had the leads before, and what taking one away costs.

    In the problem, each lead gains `move_cost` more where it was: an answer is worth its gains, less `move_cost` for
    each lead that is taken away, plus `credit`, which is the same for every answer.

    Parameters
    ----------
    previous
        int64 (n_leads,), the rep that had each lead and may keep it, -1 = nobody
    move_cost
        what taking a lead away from its rep costs, in the unit of gains
    gains
        of every pair, without that
    lost
        the leads whose rep is not in reps any more or may not keep them, by index, with that rep's id
    """

    previous: Ints
    move_cost: float
    gains: Affinity
    lost: tuple[tuple[int, Id], ...] = ()

    @property
    def credit(self) -> float:
        """What the problem counts on top if every lead stays where it was."""
        return self.move_cost * int((self.previous >= 0).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explored:
    """What a case is by the estimates, where its problem holds gains that were drawn.

    Parameters
    ----------
    share
        how far the chances were moved from the estimates to the draw, in (0, 1]
    gains
        of every pair by the estimates
    """

    share: float
    gains: Affinity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A problem with its names and its evidence: all that a plan needs to explain itself.

    Parameters
    ----------
    lead_ids, rep_ids
        what the indices of the problem stand for
    problem
        what is solved
    policy
        the settings
    rules
        what each rule of eligibility says about every lead
    evidence
        None if the gains were given, or there is no history
    away, newcomer
        bool (n_reps,)
    territory_of_lead, territory_of_rep
        levels of the territory column; None if a table lacks it
    unit
        what a gain of 1 is: "deals", "value", "leads" or "gain"
    notes
        what was assumed or noticed, in words
    shared
        what the settings of fairness share, and what each rep is entitled to of it
    kept
        who had the leads before; None if nobody asked to keep them
    explored
        the gains by the estimates, where the problem holds drawn ones; None if the policy explores nothing
    valued
        the leads whose value was learned; None if none was
    rates_are_chances
        whether the rates of the gains are chances of conversion though there is no evidence, as from a classifier
    owned
        who owns the leads' accounts; None where owners do not count
    assumed
        what an even share is in proportion to where the reps' table names no capacity, float64 (n_reps,); None where
        it does
    hours
        working time of reps and what leads take of it; None where the tables tell of none
    carried
        float64 (n_reps,), the part of a slot that each rep has left for next time; None where capacities are whole
    """

    lead_ids: tuple[Id, ...]
    rep_ids: tuple[Id, ...]
    problem: Problem
    policy: Policy
    rules: tuple[Verdicts, ...]
    evidence: Evidence | None
    away: Bools
    newcomer: Bools
    territory_of_lead: tuple[str | None, ...] | None
    territory_of_rep: tuple[str | None, ...] | None
    unit: str
    notes: tuple[str, ...]
    shared: tuple[Shared, ...] = ()
    kept: Kept | None = None
    explored: Explored | None = None
    valued: Valued | None = None
    rates_are_chances: bool = False
    owned: Owned | None = None
    assumed: Floats | None = None
    hours: Hours | None = None
    carried: Floats | None = None

    @property
    def gains(self) -> Affinity:
        """What each lead gains with each rep; the problem's affinity may differ, to keep leads or to explore."""
        if self.explored is not None:
            return self.explored.gains
        return self.problem.affinity if self.kept is None else self.kept.gains

    @property
    def gain_words(self) -> str:
        """What gains are called."""
        return gain_words(self)

    @property
    def credit(self) -> float:
        """What the problem counts on top of an answer's worth, whatever the answer."""
        return 0.0 if self.kept is None else self.kept.credit

    @property
    def pool_gain(self) -> float:
        """What a lead in the pool counts: the reserve, or 0 where every lead must be placed."""
        return self.problem.reserve if np.isfinite(self.problem.reserve) else 0.0

    def members(self, lead: int) -> Ints:
        """Return a lead with all who stay together with it, ascending."""
        together = self.problem.together
        return np.array([lead]) if together is None else np.flatnonzero(together == together[lead])

    def gains_of(self, leads: Ints, reps: Ints) -> Floats:
        """Return what each lead gains with the rep at the same place, or in the pool (-1)."""
        return np.where(reps >= 0, self.gains.at(leads, np.maximum(reps, 0)), self.pool_gain)

    def lead(self, lead_id: object) -> int:
        """Return the index of a lead."""
        return _find(self.lead_ids, lead_id, "lead")

    def rep(self, rep_id: object) -> int:
        """Return the index of a rep."""
        return _find(self.rep_ids, rep_id, "rep")

    def answer(self, assignment: Mapping[Any, Any]) -> Ints:
        """Return an assignment from lead ids to rep ids in indices, int64 (n_leads,), -1 = pool."""
        leads = {lead: place for place, lead in enumerate(self.lead_ids)}
        reps = {rep: place for place, rep in enumerate(self.rep_ids)}
        rep_of_lead = np.full(len(leads), -1, dtype=np.int64)
        for lead, rep in assignment.items():
            # The slow look-up names the nearest id of what is unknown.
            rep_of_lead[leads[lead] if lead in leads else self.lead(lead)] = reps[rep] if rep in reps else self.rep(rep)
        return rep_of_lead

    def probability(self, leads: Ints, reps: Ints) -> Floats | None:
        """Return the chance of conversion of each lead with the rep at the same place, None if none is known."""
        if self.evidence is None:
            gains = self.gains
            return gains.rate_at(leads, reps) if self.rates_are_chances else None
        return np.asarray(self.evidence.estimates.probability[self.evidence.segment_of_lead[leads], reps])

    def limit_names(self) -> list[str]:
        """Return what each limit of the problem is called, a number behind a name that something else has too."""
        times = Counter(f"capacity of {rep}" for rep in self.rep_ids)
        found = []
        for k, limit in enumerate(self.problem.limits):
            name = shown = limit.name or f"limit {k}"
            while times[shown]:
                times[name] += 1
                shown = f"{name} ({times[name]})"
            times[shown] += 1
            found.append(shown)
        return found

    def limits_of_reps(self) -> tuple[tuple[int, ...], ...]:
        """Return the limits that some leads of each rep may count in, by number."""
        found: list[list[int]] = [[] for _ in self.rep_ids]
        for k, limit in enumerate(self.problem.limits):
            for rep in range(len(found)) if limit.reps is None else limit.reps.tolist():
                found[rep].append(k)
        return tuple(map(tuple, found))

    def limits_around(self, lead: int, rep: int, among: Sequence[int] | None = None) -> dict[int, float]:
        """Return the limits that a pair counts in, by number, with what it takes of each.

        A lead takes with it all who stay together with it.

        `among` are those that the rep is in, if they are known.
        """
        limits = self.problem.limits
        numbers = [k for k in range(len(limits)) if _holds(limits[k].reps, rep)] if among is None else among
        takes = dict.fromkeys(numbers, 0.0)
        for member in self.members(lead).tolist():
            for k in numbers:
                if _holds(limits[k].leads, member):
                    usage = limits[k].usage
                    takes[k] += usage if isinstance(usage, float) else float(limits[k].usage_at([member], [rep])[0])
        return {k: usage for k, usage in takes.items() if usage > 0}


class _Known(Protocol):
    @property
    def evidence(self) -> Evidence | None: ...
    @property
    def rates_are_chances(self) -> bool: ...
    @property
    def unit(self) -> str: ...


def gain_words(known: _Known) -> str:
    """Return what gains are called: "expected deals"; "value placed" where values are known and no chance."""
    unknown = known.evidence is None and not known.rates_are_chances and known.unit not in ("gain", "leads")
    return f"{known.unit} placed" if unknown else f"expected {known.unit}"


def _holds(chosen: Ints | None, index: int) -> bool:
    if chosen is None:
        return True
    place = int(np.searchsorted(chosen, index))
    return place < len(chosen) and int(chosen[place]) == index


def _find(ids: Sequence[Id], wanted: object, kind: str) -> int:
    key = as_id(wanted)
    for place, known in enumerate(ids):
        if known == key:
            return place
    # A command line only has text: "17" is lead 17 where ids are whole numbers.
    for place, known in enumerate(ids):
        if str(known) == str(wanted):
            return place
    raise InvalidInput(
        f"{kind} {wanted!r} is not in this plan{did_you_mean(str(wanted), [str(known) for known in ids])}"
    )
