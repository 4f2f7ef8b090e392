"""Loads made more even by exchanges that lose nothing and keep every limit, until none of these saves anything.

Of a rep a that should have a lead less, and a rep b (or the pool) that should have one more:

1. leads of a go to b, as many as fit;
2. two leads of a go to b for one that comes back;
3. a lead of a goes to a third place c, and one of c goes to b;
4. a lead of a goes to b, which passes one on to c for another one; or a does.

Leads that are alike count once, so that few of each rep stand for all of them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.solvers.optimal.standing import Standing
from leadopt.solvers.optimal.unevenness import Unevenness

_FEW, _FEWER = 16, 12  # leads of a rep that are tried in twos and in threes
_SAME = 1e-9  # relative
_ATTEMPT = 400  # changes that could be looked at while one attempt is set up
_AT_ONCE = 1_000  # leads of a rep that are looked at

_Parts = list[tuple[Ints, int]]  # leads, and where they go
_Ways = tuple[Callable[[int, int], bool], ...]


@dataclass(slots=True, kw_only=True)
class Exchanges:
    """A search for exchanges.

    Parameters
    ----------
    standing
        the answer, which is changed
    unevenness
        what is to become less
    kind_of_lead
        int64 (n_leads,), the same for leads that are alike in all that counts; -1 for those that stay
    open
        bool (n_leads, n_reps + 1), which places each lead may have in an answer that is as good; None = any
    may_pool
        whether there may be one more lead in the pool in an answer that is as good
    least
        what the unevenness cannot be below
    rng
        draws whom to try first
    work
        changes that may still be looked at
    in_time
        whether there is time left
    """

    standing: Standing
    unevenness: Unevenness
    kind_of_lead: Ints
    open: Bools | None
    may_pool: bool
    least: float
    rng: "np.random.Generator"
    work: int
    in_time: Callable[[], bool]
    _tried: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _drawn: dict[tuple[int, int, int, int], tuple[int, Ints]] = field(default_factory=dict)
    _version: Counter[int] = field(default_factory=Counter)

    def run(self) -> None:
        """Exchange leads until nothing more is saved, or work or time is over."""
        simple, others = (self._passed, self._two_for_one), (self._through, self._made_room)
        while (
            self._first(simple, self._pairs(), remembered=True)
            or self._first(simple, self._pairs())
            or (self.may_fall and self._first(others, self._pairs(lots=False)))
        ):
            pass

    @property
    def may_fall(self) -> bool:
        """Whether loads might be more even still."""
        return float(self.unevenness.total(self.standing.n_leads_of_rep[:-1])) > self.least * (1.0 + _SAME)

    def _first(self, ways: _Ways, pairs: Iterator[tuple[int, int]], remembered: bool = False) -> bool:
        """Make the first exchange that is found, between those who are farthest apart first."""
        for a, b in pairs:
            versions = self._version[a], self._version[b]
            if remembered and self._tried.get((a, b)) == versions:
                continue
            for way in ways:
                if self.work <= 0 or not self.in_time():
                    return False
                if way(a, b):
                    return True
            if remembered:
                self._tried[a, b] = versions
        return False

    def _pairs(self, lots: bool = True) -> Iterator[tuple[int, int]]:
        loads = self.standing.n_leads_of_rep[:-1]
        saved = self.unevenness.passes(loads, lots)
        saved[:, :-1][:, loads >= self.standing.problem.capacity] = 0.0
        if not self.may_pool:
            saved[:, -1] = 0.0
        a, b = np.nonzero(saved > 0)
        for place in np.argsort(-saved[a, b], kind="stable").tolist():
            yield int(a[place]), int(b[place])

    def _passed(self, a: int, b: int) -> bool:
        """Pass as many leads of a on to b as save something and fit."""
        standing, rows = self.standing, self.standing.around(a, b)
        leads = self._of(a, b)
        self.work -= _ATTEMPT + len(leads)
        if not len(leads):
            return False
        gain, change = standing.moved(leads, a, b, rows)
        can = standing.allows(rows, change, gain)
        leads, gain, change = leads[can], gain[can], change[can]
        if not len(leads):
            return False
        # Whoever takes least first: most fit then.
        order = np.argsort(np.abs(change).sum(axis=1), kind="stable")
        loads = standing.n_leads_of_rep
        most = self.unevenness.most_passed(int(loads[a]), int(loads[b]), a, b)
        room = len(leads) if b == standing.problem.n_reps else int(standing.problem.capacity[b] - loads[b])
        order = order[: min(most, room)]
        fits = standing.allows(rows, np.cumsum(change[order], axis=0), np.cumsum(gain[order]))
        n = len(order) if fits.all() else max(1, int(np.argmin(fits)))
        return self._made([(leads[order[:n]], b)])

    def _two_for_one(self, a: int, b: int) -> bool:
        ours, theirs = self._some(a, b, _FEWER, 2), self._some(b, a, _FEW)
        self.work -= _ATTEMPT
        if len(ours) < 2 or not len(theirs):
            return False
        rows = self.standing.around(a, b)
        first, second = np.triu_indices(len(ours), 1)
        gain, change = self.standing.moved(ours, a, b, rows)
        pair = gain[first] + gain[second], change[first] + change[second]
        at = self._together(rows, pair, self.standing.moved(theirs, b, a, rows))
        if at is None:
            return False
        return self._made([(ours[[first[at[0]], second[at[0]]]], b), (theirs[at[1:]], a)])

    def _through(self, a: int, b: int) -> bool:
        """Pass a lead of a on to a third place, and one from there to b."""
        for c in self._others(a, b):
            ours, theirs = self._some(a, c, _FEW), self._some(c, b, _FEW)
            if not (len(ours) and len(theirs)):
                continue
            rows = self.standing.around(a, b, c)
            at = self._together(rows, self.standing.moved(ours, a, c, rows), self.standing.moved(theirs, c, b, rows))
            if at is not None:
                return self._made([(ours[at[:1]], c), (theirs[at[1:]], b)])
        return False

    def _made_room(self, a: int, b: int) -> bool:
        """Pass a lead of a on to b, and swap one of a or b for one of a third place."""
        ours = self._some(a, b, _FEWER)
        return len(ours) > 0 and any(self._swapped(a, b, one, c, ours) for c in self._others(a, b) for one in (b, a))

    def _swapped(self, a: int, b: int, one: int, c: int, ours: Ints) -> bool:
        away, back = self._some(one, c, _FEWER), self._some(c, one, _FEWER)
        if not (len(away) and len(back)):
            return False
        rows = self.standing.around(a, b, c)
        moved = [self.standing.moved(*move, rows) for move in ((ours, a, b), (away, one, c), (back, c, one))]
        at = self._together(rows, *moved, apart=(ours, away))
        return at is not None and self._made([(ours[at[:1]], b), (away[at[1:2]], c), (back[at[2:]], one)])

    def _together(
        self, rows: Ints, *parts: tuple[Floats, Floats], apart: tuple[Ints, Ints] | None = None
    ) -> Ints | None:
        """Return which of each part, all made together, lose nothing and keep every limit; None if nothing does.

        The leads `apart` of the first two parts must not be the same.
        """
        sizes = [len(gain) for gain, _ in parts]
        gain, change = parts[0]
        for more, other in parts[1:]:
            gain = (gain[:, None] + more).reshape(-1)
            change = (change[:, None, :] + other).reshape(len(gain), len(rows))
        self.work -= _ATTEMPT + len(gain)
        fits = self.standing.allows(rows, change, gain)
        if apart is not None:
            fits &= np.broadcast_to((apart[0][:, None] != apart[1])[:, :, None], sizes).reshape(-1)
        first = int(np.argmax(fits))
        return np.array(np.unravel_index(first, sizes)) if fits[first] else None

    def _others(self, a: int, b: int) -> Iterator[int]:
        for c in self.rng.permutation(self.standing.problem.n_reps + 1).tolist():
            if self.work <= 0 or not self.in_time():
                return
            if c not in (a, b):
                yield c

    def _of(self, rep: int, there: int) -> Ints:
        """Return the leads of a rep that may go somewhere else, or some of many, in an order that is drawn."""
        leads = self.standing.leads_of(rep)
        if len(leads) > _AT_ONCE:
            leads = leads[np.unique(self.rng.integers(len(leads), size=_AT_ONCE))]
        may = self.kind_of_lead[leads] >= 0
        return self.rng.permutation(leads[may if self.open is None else may & self.open[leads, there]])

    def _some(self, rep: int, there: int, most: int, of_each: int = 1) -> Ints:
        """Return a few leads of a rep that may go somewhere else, drawn, at most so many of each kind."""
        known = rep, there, most, of_each
        if self._drawn.get(known, (-1,))[0] != self._version[rep]:
            leads = self._of(rep, there)
            order = np.argsort(self.kind_of_lead[leads], kind="stable")
            kinds = self.kind_of_lead[leads[order]]
            few = order[np.arange(len(order)) - np.searchsorted(kinds, kinds) < of_each]
            self._drawn[known] = self._version[rep], leads[np.sort(few)][: most * of_each]
        return self._drawn[known][1]

    def _made(self, parts: _Parts) -> bool:
        for leads, there in parts:
            for rep in {there, *self.standing.rep_of_lead[leads].tolist()}:
                self._version[rep] += 1
            self.standing.move(leads, there)
        return True
