"""Why a lead stays in the pool, as a code, a sentence and the smallest change that would place it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.case import Answered, Case
from leadopt.errors import enumerate_some
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import ROUNDING, Limit
from leadopt.tables.cells import Id
from leadopt.tables.text import number


class Reason(Enum):
    """Why a lead was not given to anybody; the value is the code in tables and JSON."""

    NO_ELIGIBLE_REP = "no_eligible_rep"
    EXCLUDED_BY_RULE = "excluded_by_rule"
    ALL_AWAY = "all_away"
    ALL_FULL = "all_full"
    TOO_LARGE = "too_large"
    BELOW_RESERVE = "below_reserve"
    LEFT_BY_METHOD = "left_by_method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned:
    """A lead in the pool.

    Parameters
    ----------
    lead_id
        the lead
    reason
        its code
    because
        the reason in a sentence
    remedy
        what would place it
    changes
        the remedies that are changes of capacities, limits or pins, each as arguments of `Plan.what_if`: each alone
        leads to a best plan that places the lead (where others gain just as much, to one that places them instead)
    """

    lead_id: Id
    reason: Reason
    because: str
    remedy: str
    changes: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """The limits that reps are in, rep by rep: arrays over (n_counts,), and over all limits.

    `usages` are the distinct usages that are no numbers, each as a limit and where it counts.
    """

    rep: Ints
    limit: Ints
    in_set: Ints
    number: Floats
    usages: Sequence[tuple[Limit, Ints]]

    @classmethod
    def of(cls, answer: Answered) -> "_Counts":
        problem = answer.case.problem
        limit = np.array(list(chain.from_iterable(answer.limits_of_reps)), dtype=np.int64)
        counted, limits = problem.counted, problem.limits
        usage = counted.usage_of[limit] if len(limits) else limit
        return cls(
            rep=np.repeat(np.arange(problem.n_reps), [len(around) for around in answer.limits_of_reps]),
            limit=limit,
            in_set=counted.set_of[limit] if len(limits) else limit,
            number=np.array([limits[k].usage if isinstance(limits[k].usage, float) else 0.0 for k in limit.tolist()]),
            usages=[(limits[limit[at[0]]], at) for kind in np.unique(usage[usage > 0]) for at in [_where(usage, kind)]],
        )

    @property
    def alike(self) -> bool:
        """Whether each limit takes the same of every lead."""
        return not self.usages and not self.in_set.any()

    def takes(self, sets: Sequence[Ints | None], members: Ints) -> Floats:
        """Return what some leads take together of each limit with each rep."""
        total = np.zeros(len(self.rep))
        for member in members.tolist():
            each = self.number.copy()
            for limit, at in self.usages:
                each[at] = limit.usage_at(np.full(len(at), member), self.rep[at])
            inside = np.array([leads is None or _is_in(leads, member) for leads in sets], dtype=bool)
            total += np.where(inside[self.in_set], each, 0.0)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Barriers:
    """What stands before each rep, as `full`, `short` and `price` of a `_Way`, float64 or bool (n_reps,).

    Limits without room are listed rep by rep: `short_rep`, `short_limit` and how much more each would have to allow.
    """

    full: Bools
    held: Bools
    price: Floats
    short_rep: Ints
    short_limit: Ints
    lacks: Floats

    @property
    def is_open(self) -> Bools:
        return np.asarray(~(self.full | self.held))

    def short(self, rep: int) -> dict[int, float]:
        """Return the limits without room at a rep."""
        at = slice(*np.searchsorted(self.short_rep, [rep, rep + 1]).tolist())
        return dict(zip(self.short_limit[at].tolist(), self.lacks[at].tolist(), strict=True))

    def limits_at(self, reps: Ints) -> list[int]:
        """Return the limits without room at some reps, in their order, each once."""
        place = np.full(len(self.full), -1)
        place[reps] = np.arange(len(reps))
        at = place[self.short_rep]
        limits = self.short_limit[at >= 0][np.argsort(at[at >= 0], kind="stable")]
        first: Ints = np.sort(np.unique(limits, return_index=True)[1])
        return [int(k) for k in limits[first]]


class Pool:
    """An answer, asked for several leads why they are in the pool.

    What stands before a rep is kept where it is the same for every lead, else of the lead that was asked for last.
    """

    def __init__(self, answer: Answered) -> None:
        self.answer = answer
        self._counts: _Counts | None = None
        self._barriers: dict[tuple[int, int], _Barriers] = {}

    @property
    def case(self) -> Case:
        """The decision."""
        return self.answer.case

    def barriers(self, lead: int) -> _Barriers:
        """Return what stands between a lead, with all who stay together with it, and each rep."""
        if self._counts is None:
            self._counts = _Counts.of(self.answer)
        members = self.case.members(lead)
        key = len(members), -1 if self._counts.alike else int(members[0])
        if key not in self._barriers:
            if not self._counts.alike:
                self._barriers.clear()
            self._barriers[key] = _barriers(self.answer, self._counts, members)
        return self._barriers[key]


def _barriers(answer: Answered, counts: _Counts, members: Ints) -> _Barriers:
    """Return which reps are full for some leads together, what is short there, and what that is worth."""
    problem = answer.case.problem
    lacking = answer.n_leads_of_rep + len(members) - problem.capacity
    price = np.maximum(0, lacking) * answer.capacity_prices
    takes = counts.takes(problem.counted.sets, members)
    upper = np.array([limit.upper for limit in problem.limits])[counts.limit] if problem.limits else np.zeros(0)
    lacks = (answer.used[counts.limit] if problem.limits else upper) + takes - upper
    short = np.flatnonzero((takes > 0) & (lacks > ROUNDING * upper))
    rep, limit = counts.rep[short], counts.limit[short]
    if len(short):
        np.add.at(price, rep, lacks[short] * np.maximum(0.0, answer.limit_prices_of_problem[limit]))
    return _Barriers(
        full=lacking > 0,
        held=np.bincount(rep, minlength=problem.n_reps) > 0,
        price=price,
        short_rep=rep,
        short_limit=limit,
        lacks=lacks[short],
    )


def _where(numbers: Ints, wanted: int) -> Ints:
    return np.flatnonzero(numbers == wanted)


def _is_in(chosen: Ints, index: int) -> bool:
    """Return whether an index is among some that ascend."""
    at = int(np.searchsorted(chosen, index))
    return at < len(chosen) and int(chosen[at]) == index


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What stands between a lead and a rep.

    Parameters
    ----------
    rep
        the rep
    gain
        what the lead would gain there
    full
        whether the rep has no slot left
    short
        the limits without room for the lead, by number, and how much more each would have to allow
    price
        what that slot and that room are worth to the plan
    """

    rep: int
    gain: float
    full: bool
    short: Mapping[int, float]
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """What stands between a lead and several reps, the cheapest first, as arrays over these reps."""

    rep: Ints
    gain: Floats
    barriers: _Barriers

    @property
    def full(self) -> Bools:
        return np.asarray(self.barriers.full[self.rep])

    @property
    def price(self) -> Floats:
        return np.asarray(self.barriers.price[self.rep])

    @property
    def is_open(self) -> Bools:
        return np.asarray(self.barriers.is_open[self.rep])

    def at(self, place: int) -> _Way:
        """Return the way to the rep at a place."""
        rep = int(self.rep[place])
        return _Way(
            rep=rep,
            gain=float(self.gain[place]),
            full=bool(self.barriers.full[rep]),
            short=self.barriers.short(rep),
            price=float(self.barriers.price[rep]),
        )


def why_unassigned(pool: Pool, lead: int) -> Unassigned:
    """Return why a lead is in the pool, and what would place it."""
    case = pool.case
    members, reserve = case.members(lead), case.problem.reserve
    if len(members) > 1:  # all go to one rep, or none
        reserve *= len(members)
    gains = case.gains.of(members).sum(axis=0)
    eligible = np.isfinite(gains)
    if not eligible.any():
        return _no_rep(pool, lead)
    present = eligible & ~case.away
    if not present.any():
        names = _names(case, np.flatnonzero(eligible), "and")
        return _because(case, lead, Reason.ALL_AWAY, f"everyone eligible is away: {names}", f"wait for {names}")
    best = float(gains[present].max())
    if best <= reserve:
        return _below_reserve(pool, lead, np.where(present, gains, -np.inf))
    gaining = np.flatnonzero(present & (gains > reserve))
    ways = _ways(pool, lead, gaining, gains[gaining])
    return _too_large(pool, lead, ways) or _no_room(pool, lead, ways)


def _below_reserve(pool: Pool, lead: int, gains: Floats) -> Unassigned:
    """Return the reason of a lead that gains nothing above the reserve; -inf = who cannot have it."""
    case, best, rep = pool.case, float(gains.max()), int(np.argmax(gains))
    n = len(case.members(lead))  # who stays with it counts too
    reserve, lower = number(case.problem.reserve * n), _lower_reserve(pool, lead, gains, n)
    if n == 1 and case.unit == "value" and case.gains.scale[lead] == 0:
        because = f"its value is 0, so that it gains nothing with anybody, and the reserve is {reserve}"
        remedy = f"{lower}; or fill in its value, and leave it empty where it is not known"
        return _because(case, lead, Reason.BELOW_RESERVE, because, remedy)
    because = f"its best gain, {number(best)} with {case.rep_ids[rep]}, is not above the reserve of {reserve}"
    return _because(case, lead, Reason.BELOW_RESERVE, because, lower)


def _lower_reserve(pool: Pool, lead: int, gains: Floats, n: int) -> str:
    """Return how low the reserve must be for the best gain with somebody who has room, else the room it takes too."""
    reps = np.flatnonzero(np.isfinite(gains))
    ways = _ways(pool, lead, reps, gains[reps])
    if ways.is_open.any():
        return f"lower the reserve below {number(float(ways.gain[ways.is_open].max()) / n)}"
    best = ways.at(int(np.argmax(ways.gain)))
    room = _loosen(pool, best) if n == 1 else f"make room for {n} leads at {pool.case.rep_ids[best.rep]}"
    return f"lower the reserve below {number(best.gain / n)} and {room}, or more where other leads gain more there"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Need:
    """What a lead takes of something of which a rep has less, whoever else is there."""

    beyond: float
    takes: float
    has: float
    name: str  # of the limit; empty = hours
    rep: int


def _too_large(pool: Pool, lead: int, ways: _Ways) -> Unassigned | None:
    """Return the reason of a lead that is too large for every rep even if nobody had anything else; None if it fits."""
    case, needs = pool.case, list[_Need]()
    for rep in ways.rep.tolist():
        need = _need(pool, lead, rep)
        if need.beyond <= ROUNDING * need.has:
            return None
        needs.append(need)
    least = min(needs)
    who, lead_id, takes, has = case.rep_ids[least.rep], case.lead_ids[lead], number(least.takes), number(least.has)
    others = ", and no other rep can take it either" if len(needs) > 1 else ""
    if least.name:
        because = f"lead {lead_id} alone takes {takes} of {least.name}, which allows {has}{others}"
        remedy = f"split it, or raise {least.name} to {takes} or more"
    elif len({need.takes for need in needs}) == 1:
        because = f"lead {lead_id} takes {takes} hours, and nobody eligible has more than {has} ({who})"
        remedy = f"split it, or give {who} {takes} hours or more"
    else:  # each at a pace of one's own
        because = f"lead {lead_id} takes {takes} hours of {who}, who has {has}{others}"
        remedy = f"split it, or give {who} {takes} hours or more"
    changes = [_change(pool, first)] if (first := ways.at(0)).short else []
    return _because(case, lead, Reason.TOO_LARGE, because, remedy, changes)


def _need(pool: Pool, lead: int, rep: int) -> _Need:
    """Return what a lead takes of a rep beyond what there is at all, of the limit where that is most."""
    case, limits, around = pool.case, pool.case.problem.limits, pool.answer.limits_of_reps[rep]
    timed = {k for k in around if limits[k].kind is LimitKind.HOURS}
    sizes = [
        _Need(
            beyond=takes - limits[k].upper,
            takes=takes,
            has=limits[k].upper,
            name="" if k in timed else pool.answer.limit_names[k],
            rep=rep,
        )
        for k, takes in case.limits_around(lead, rep, around).items()
        if limits[k].penalty is None and not limits[k].counts_leads
    ]
    if case.hours is not None and not timed:  # slots say the same where every lead takes as long
        takes, has = float(case.hours.effort[lead] * case.hours.pace[rep]), float(case.hours.left[rep])
        sizes.append(_Need(beyond=takes - has, takes=takes, has=has, name="", rep=rep))
    return max(sizes, default=_Need(beyond=0.0, takes=0.0, has=0.0, name="", rep=rep))


def _ways(pool: Pool, lead: int, reps: Ints, gains: Floats) -> _Ways:
    """Return what stands between a lead and some reps, the cheapest first."""
    barriers = pool.barriers(lead)
    order = np.argsort(barriers.price[reps] - np.where(np.isfinite(gains), gains, 0.0), kind="stable")
    return _Ways(rep=reps[order], gain=gains[order], barriers=barriers)


def _no_rep(pool: Pool, lead: int) -> Unassigned:
    case = pool.case
    verdicts = [rule.allowed[rule.kind_of_lead[lead]] for rule in case.rules]
    described = [allowed for rule, allowed in zip(case.rules, verdicts, strict=True) if not rule.excludes]
    fitting = _all_of(described, case.problem.n_reps)
    if fitting.any() and len(described) < len(verdicts):
        reps = np.flatnonzero(fitting)
        because = f"the only reps who fit are excluded: {_names(case, reps, 'and')}"
        remedy = f"remove the exclusion of {_names(case, reps, 'or')}{_then_room(pool, lead, reps)}"
        return _because(case, lead, Reason.EXCLUDED_BY_RULE, because, remedy)
    if not case.rep_ids:
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, "there are no reps", "add a rep")
    asks = [rule.words[rule.kind_of_lead[lead]] for rule in case.rules]
    failing = [ask for ask, allowed in zip(asks, verdicts, strict=True) if not allowed.all()]
    if not failing:
        because = "no rep is eligible by the given affinity"
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, "give it a gain with some rep")
    because = f"no rep meets: {'; '.join(failing)}"
    drops = _droppable(pool, lead)
    remedy = (
        " or ".join(
            f'drop the rule "{ask}" for this lead (then {_names(case, reps, "or")} could take it)'
            f"{_then_room(pool, lead, reps)}"
            for ask, reps in drops[:1]
        )
        or "give a rep what the lead asks for, or drop these rules for it"
    )
    return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, remedy)


def _droppable(pool: Pool, lead: int) -> list[tuple[str, Ints]]:
    """Return each rule that alone bars some reps, in words, with these reps; rules that open a way come first."""
    case, found = pool.case, []
    verdicts = [rule.allowed[rule.kind_of_lead[lead]] for rule in case.rules]
    for k, rule in enumerate(case.rules):
        others = _all_of([allowed for other, allowed in enumerate(verdicts) if other != k], case.problem.n_reps)
        if len(reps := np.flatnonzero(others & ~verdicts[k])):
            found.append((rule.words[rule.kind_of_lead[lead]], reps))
    return sorted(found, key=lambda item: not len(_with_room(pool, lead, item[1])))


def _with_room(pool: Pool, lead: int, reps: Ints) -> Ints:
    """Return which of some reps are there and could take a lead right away."""
    case = pool.case
    return np.asarray(reps[pool.barriers(lead).is_open[reps] & ~case.away[reps]])


def _then_room(pool: Pool, lead: int, reps: Ints) -> str:
    """Return what else it takes where a rule is not all that bars a lead from these reps."""
    case = pool.case
    there = reps[~case.away[reps]]
    if not len(there):
        return f" and wait for {_names(case, reps, 'or')}, who {'is' if len(reps) == 1 else 'are'} away"
    gains = _would_gain(case, lead, there)
    if (gains <= case.problem.reserve).all():
        return f" and lower the reserve below {number(float(gains.max()))}"
    ways = _ways(pool, lead, there, gains)
    if (ways.is_open & ~(ways.gain <= case.problem.reserve)).any():
        return ""
    nearest = ways.at(0)
    if np.isnan(nearest.gain):
        return f" and make room: {_loosen(pool, nearest)}, or more where other leads gain more there"
    ahead = nearest.gain - nearest.price < case.problem.reserve
    return f" and {_loosen(pool, nearest)}{', by more than one lead takes, as others gain more there' if ahead else ''}"


def _would_gain(case: Case, lead: int, reps: Ints) -> Floats:
    """Return what a lead would gain with reps that a rule bars it from; NaN where the gains were given."""
    if case.evidence is not None:
        chance = case.evidence.estimates.probability[case.evidence.segment_of_lead[lead], reps]
        return np.asarray(chance * case.gains.scale[lead])
    return np.full(len(reps), np.nan if case.unit == "gain" else case.gains.scale[lead])


def _no_room(pool: Pool, lead: int, ways: _Ways) -> Unassigned:
    """Return the reason of a lead that somebody could gain from; `ways` are to these reps, the cheapest first."""
    case = pool.case
    if len(case.members(lead)) > 1:
        return _no_room_together(pool, lead, ways)
    if ways.is_open.any():
        free = _names(case, ways.rep[ways.is_open], "or")
        because = "this method found nobody for it"
        return _because(case, lead, Reason.LEFT_BY_METHOD, because, f"{free} could take it")
    if ways.full.all():
        because = f"all eligible reps are full: {_names(case, ways.rep, 'and')}"
    else:
        held = ways.rep[~ways.full]
        names = _limits_at(pool, ways, held)
        because = f"{_names(case, held, 'and')} can take no more under: {names}"
    remedies, changes = _room_for(pool, lead, ways)
    return _because(case, lead, Reason.ALL_FULL, because, "; or ".join(remedies), changes)


def _no_room_together(pool: Pool, lead: int, ways: _Ways) -> Unassigned:
    """Return the reason of a lead that stays with others: room for all is needed, and prices prove nothing of it."""
    case, first = pool.case, ways.at(0)
    n = len(case.members(lead))
    all_of_them = f"all {n} leads of its {case.policy.together or 'group'}"
    if ways.is_open.any():
        free = _names(case, ways.rep[ways.is_open], "or")
        return _because(
            case, lead, Reason.LEFT_BY_METHOD, f"this plan leaves out {all_of_them}", f"{free} could take them"
        )
    limits, names = pool.answer.limit_names, _limits_at(pool, ways, ways.rep[~ways.full])
    under = f" under: {names}" if names else ""
    room = int(case.problem.capacity[first.rep] - pool.answer.n_leads_of_rep[first.rep])
    more = [f"{n - room} more slot{'s' * (n - room != 1)}"] if first.full else []
    more += [f"room under {enumerate_some([limits[k] for k in first.short], 3)}"] if first.short else []
    remedy = f"give {case.rep_ids[first.rep]} {' and '.join(more)}, or more where other leads gain more there"
    because = f"{_names(case, ways.rep, 'and')} cannot take {all_of_them}{under}"
    return _because(case, lead, Reason.ALL_FULL, because, f"{remedy}; or let its leads go one by one")


def _limits_at(pool: Pool, ways: _Ways, reps: Ints) -> str:
    """Return what limits have no room at some reps, in words."""
    return enumerate_some([pool.answer.limit_names[k] for k in ways.barriers.limits_at(reps)], 3)


def _room_for(pool: Pool, lead: int, ways: _Ways) -> tuple[list[str], list[Mapping[str, Any]]]:
    r"""Return what would place the lead: room where it is next in line, else much room, a pin, the end of a rule.

    It is next in line where it gains as much as the room it needs is worth, :math:`gain_{ij} - reserve \ge \sum price`:
    no answer could make more of that room.
    """
    case = pool.case
    noise = 1e-9 * float(np.abs(ways.gain).max())
    places = np.flatnonzero(ways.gain - ways.price >= case.problem.reserve - noise)
    if next_in_line := [way for way in map(ways.at, places.tolist()) if not _own_come_first(pool, lead, way)]:
        remedies, changes = [_room_at(pool, next_in_line)], [_change(pool, way) for way in next_in_line]
    else:
        remedies, changes = _beside_others(pool, lead, ways)
    return [*remedies, *_open_by_rule(pool, lead)], changes


def _own_come_first(pool: Pool, lead: int, way: _Way) -> bool:
    """Return whether room there goes to leads of its owners first: what_if places as many of them as can be anew."""
    owned, limits = pool.case.owned, pool.case.problem.limits
    if owned is None:
        return False
    waiting = (owned.owner >= 0) & (pool.answer.rep_of_lead != owned.owner)
    waiting[pool.case.members(lead)] = False
    reps = np.unique(owned.owner[waiting])
    held = [reps if (chosen := limits[k].reps) is None else np.intersect1d(reps, chosen) for k in way.short]
    return bool((reps == way.rep).any()) or any(len(found) > 0 for found in held)


def _room_at(pool: Pool, ways: Sequence[_Way]) -> str:
    """Return the room that would do, slots of several reps in one phrase."""
    slots = [way.rep for way in ways if way.full and not way.short][:3]
    phrases = [f"one more slot for {_names(pool.case, np.array(slots), 'or')}"] if slots else []
    held = [way for way in ways if way.short][: 3 - len(slots)]
    return "; or ".join(dict.fromkeys([*phrases, *(_loosen(pool, way) for way in held)]))


def _loosen(pool: Pool, way: _Way) -> str:
    names = enumerate_some([pool.answer.limit_names[k] for k in way.short], 3)
    slot = f"one more slot for {pool.case.rep_ids[way.rep]}" if way.full else ""
    return " and ".join(filter(None, [slot, f"loosen {names}" if names else ""]))


def _change(pool: Pool, way: _Way) -> Mapping[str, Any]:
    """Return the room at one rep as arguments of `Plan.what_if`."""
    names, limits = pool.answer.limit_names, pool.case.problem.limits
    # A hair more than is lacking, lest rounding leaves the lead outside; a limit that counts leads stays whole.
    bounds = {
        names[k]: {
            "upper": limits[k].upper
            + (lacks if limits[k].counts_leads else lacks + ROUNDING * (limits[k].upper + lacks))
        }
        for k, lacks in way.short.items()
    }
    change: dict[str, Any] = {"limits": bounds} if bounds else {}
    return change | ({"capacity": {pool.case.rep_ids[way.rep]: 1}} if way.full else {})


def _beside_others(pool: Pool, lead: int, ways: _Ways) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Return the remedies of a lead that others are ahead of: much room, or a pin at its cost."""
    case, first = pool.case, ways.at(0)
    ahead = "its own leads come first there" if _own_come_first(pool, lead, first) else "other leads gain more there"
    if first.short:
        more = f"{_loosen(pool, first)}, by more than one lead takes, as {ahead}"
    else:
        nearest = [rep for rep in ways.rep[:2].tolist() if not ways.barriers.held[rep]]
        names = _names(case, np.array(nearest), "or")
        more = f"several more slots for {names}{_caps_then(pool, lead, first)}, as {ahead}"
    if pool.answer.exchange is None:
        return [more], []
    costs = pool.answer.exchange.move_costs(lead)[ways.rep]
    cheapest = int(np.argmin(costs))
    if not np.isfinite(costs[cheapest]):
        return [more], []
    rep = case.rep_ids[ways.rep[cheapest]]
    pin = f"pin it to {rep}, which costs {number(float(costs[cheapest]))}"
    return [more, pin], [{"pins": {case.lead_ids[lead]: rep}}]


def _caps_then(pool: Pool, lead: int, way: _Way) -> str:
    """Return the limits that would hold next where a rep gets several more slots, in words."""
    answer, limits = pool.answer, pool.case.problem.limits
    around = pool.case.limits_around(lead, way.rep, answer.limits_of_reps[way.rep])
    next_ = [
        k
        for k, takes in around.items()
        if limits[k].penalty is None
        and np.isfinite(limits[k].upper)
        and limits[k].upper - float(answer.used[k]) < 2.0 * takes
    ]
    return f" and more room under {enumerate_some([answer.limit_names[k] for k in next_], 3)}" if next_ else ""


def _open_by_rule(pool: Pool, lead: int) -> list[str]:
    """Return the rule whose end alone would place a lead with somebody who has room, where its gain is known."""
    case = pool.case
    for ask, reps in _droppable(pool, lead):
        room = _with_room(pool, lead, reps)
        room = room[_would_gain(case, lead, room) > case.problem.reserve]
        if len(room):
            return [f'drop the rule "{ask}" for this lead (then {_names(case, room, "or")} could take it)']
    return []


def _because(
    case: Case, lead: int, reason: Reason, because: str, remedy: str, changes: Sequence[Mapping[str, Any]] = ()
) -> Unassigned:
    return Unassigned(
        lead_id=case.lead_ids[lead], reason=reason, because=because, remedy=remedy, changes=tuple(changes)
    )


def _all_of(masks: Sequence[Bools], n_reps: int) -> Bools:
    return np.asarray(np.logical_and.reduce([np.ones(n_reps, dtype=bool), *masks]))


def _names(case: Case, reps: Ints, last: str) -> str:
    if len(reps) > 4:
        return enumerate_some([case.rep_ids[rep] for rep in reps[:3].tolist()], 3, of=len(reps))
    names = [str(case.rep_ids[rep]) for rep in reps]
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nobody"
