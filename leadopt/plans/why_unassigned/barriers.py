"""What stands between a lead in the pool and each rep: slots and limits without room, and what that room is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.problem.problem import ROUNDING, Limit


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
class Barriers:
    """What stands before each rep, as `full`, `short` and `price` of a `Way`, float64 or bool (n_reps,).

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
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
        what that slot and that room are worth to the plan; inf where the lead alone takes more than a limit allows
    """

    rep: int
    gain: float
    full: bool
    short: Mapping[int, float]
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What stands between a lead and several reps, the cheapest first, as arrays over these reps."""

    rep: Ints
    gain: Floats
    barriers: Barriers

    @property
    def full(self) -> Bools:
        return np.asarray(self.barriers.full[self.rep])

    @property
    def price(self) -> Floats:
        return np.asarray(self.barriers.price[self.rep])

    @property
    def is_open(self) -> Bools:
        return np.asarray(self.barriers.is_open[self.rep])

    def at(self, place: int) -> Way:
        """Return the way to the rep at a place."""
        rep = int(self.rep[place])
        return Way(
            rep=rep,
            gain=float(self.gain[place]),
            full=bool(self.barriers.full[rep]),
            short=self.barriers.short(rep),
            price=float(self.barriers.price[rep]),
        )


class Pool:
    """An answer, asked for several leads why they are in the pool.

    What stands before a rep is kept where it is the same for every lead, else of the lead that was asked for last.
    """

    def __init__(self, answer: Answered) -> None:
        self.answer = answer
        self._counts: _Counts | None = None
        self._barriers: dict[tuple[int, int], Barriers] = {}

    @property
    def case(self) -> Case:
        """The decision."""
        return self.answer.case

    def barriers(self, lead: int) -> Barriers:
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


def ways_to(pool: Pool, lead: int, reps: Ints, gains: Floats) -> Ways:
    """Return what stands between a lead and some reps, the cheapest first."""
    barriers = pool.barriers(lead)
    order = np.argsort(barriers.price[reps] - np.where(np.isfinite(gains), gains, 0.0), kind="stable")
    return Ways(rep=reps[order], gain=gains[order], barriers=barriers)


def _barriers(answer: Answered, counts: _Counts, members: Ints) -> Barriers:
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
        # Room for who is too large even alone has no price: it is room for others, too, who are too large now.
        hard = np.array([_bars(problem.limits[k], len(members)) for k in limit.tolist()])
        price[rep[hard & (takes[short] - upper[short] > ROUNDING * upper[short])]] = np.inf
    return Barriers(
        full=lacking > 0,
        held=np.bincount(rep, minlength=problem.n_reps) > 0,
        price=price,
        short_rep=rep,
        short_limit=limit,
        lacks=lacks[short],
    )


def _bars(limit: Limit, n_members: int) -> bool:
    """Return whether a limit leaves out who is too large for it (`fitting`): where all take the same it has a price."""
    return limit.penalty is None and (n_members > 1 or not isinstance(limit.usage, float))


def _where(numbers: Ints, wanted: int) -> Ints:
    return np.flatnonzero(numbers == wanted)


def _is_in(chosen: Ints, index: int) -> bool:
    """Return whether an index is among some that ascend."""
    at = int(np.searchsorted(chosen, index))
    return at < len(chosen) and int(chosen[at]) == index
