"""Leads that change reps at random among themselves, within eligibility and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.evaluate.trials.exchanges import Chain, Classes, Units, mixed
from leadopt.evaluate.trials.ways import drawn_exactly, few_enough
from leadopt.problem.groups import Groups
from leadopt.tables.text import count

_CHAINS = 4
_FIRST_ROUNDS, _MOST_ROUNDS = 32, 1_024
_MOST_MOVES = 2_000_000  # of all chains together: half a minute, where limits are looked at
_SLACK = 1e-9  # what limits may be exceeded by as amounts are added up in another order
_EQUAL = "Every allowed way for the leads at random to change reps was equally likely."
_MIXED = 1.1  # of the potential scale reduction: what Gelman et al. (2013) call near 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixing:
    """How leads were shuffled.

    Parameters
    ----------
    n_fixed
        drawn leads that stay where they are in every allowed way, as nobody else who has some of the drawn leads may
        have them
    n_exact
        drawn leads of which every allowed way was as likely as any other, exactly
    n_by_chain
        drawn leads that a Markov chain shuffled
    rounds
        of the chains that went on longest; 0 = there was none
    reduction
        the largest potential scale reduction of them, 1 = fully mixed
    n_limits
        limits that count more than leads, at which exchanges stop
    """

    n_fixed: int = 0
    n_exact: int = 0
    n_by_chain: int = 0
    rounds: int = 0
    reduction: float = 1.0
    n_limits: int = 0

    @classmethod
    def of(cls, parts: Sequence[Mixing]) -> Mixing:
        """Return how all parts together were mixed: as badly as the worst."""
        return cls(
            n_fixed=sum(part.n_fixed for part in parts),
            n_exact=sum(part.n_exact for part in parts),
            n_by_chain=sum(part.n_by_chain for part in parts),
            rounds=max((part.rounds for part in parts), default=0),
            reduction=max((part.reduction for part in parts), default=1.0),
            n_limits=max((part.n_limits for part in parts), default=0),
        )

    def times(self, n_leads: int) -> Mixing:
        """Return the same for units of so many leads each."""
        counts = self.n_fixed * n_leads, self.n_exact * n_leads, self.n_by_chain * n_leads
        return replace(self, n_fixed=counts[0], n_exact=counts[1], n_by_chain=counts[2])

    def describe(self) -> tuple[str, ...]:
        """Return in words how far leads at random are those of any allowed way."""
        said = []
        if self.n_fixed:
            said.append(
                f"{count(self.n_fixed, 'lead')} at random stay with the rep of the plan in every allowed way: nobody "
                "else who has some of these leads may have them."
            )
        if self.n_exact and not self.n_by_chain:
            said.append("Of the others, every allowed way was equally likely." if self.n_fixed else _EQUAL)
        if self.n_by_chain:
            how = f"by {count(self.rounds, 'round')} of a Markov chain"
            scale = f"potential scale reduction {self.reduction:.2f}, 1 = mixed"
            if self.is_mixed:
                said.append(
                    f"{count(self.n_by_chain, 'lead')} at random were mixed {how}, until all allowed ways that "
                    f"exchanges reach were equally likely ({scale})."
                )
            else:
                said.append(
                    f"{count(self.n_by_chain, 'lead')} at random are NOT fully mixed {how} ({scale}): some went "
                    "where the plan has them more often than by lot, so that the trial shows less than the whole lift."
                )
        if self.n_limits and self.n_by_chain:
            said.append(
                f"{count(self.n_limits, 'limit')} beside loads stopped exchanges that would have broken one, so "
                "that ways that no single exchange reaches were left out."
            )
        return tuple(said)

    @property
    def is_mixed(self) -> bool:
        """Whether the chains forgot where they began."""
        return self.reduction <= _MIXED


def shuffled(case: Any, rep_of_lead: Ints, among: Ints, rng: np.random.Generator) -> Ints:
    """Return an answer in which some leads changed reps among themselves, as `shuffle` does."""
    return shuffle(case, rep_of_lead, among, rng)[0]


def shuffle(case: Any, rep_of_lead: Ints, among: Ints, rng: np.random.Generator) -> tuple[Ints, Mixing]:
    """Return an answer in which some leads changed reps among themselves at random, and how far they mixed.

    All ways are equally likely in which each rep has as many of these leads as before, everyone may have what he gets,
    leads that stay together do so, and no hard limit breaks that kept before. Leads are taken apart into parts that no
    lead connects: within a part of leads that all may go to the same reps, it is the lot; in a small one, ways are
    counted (`ways`); in others a Markov chain goes on until it has forgotten where it began (`exchanges`).

    Parameters
    ----------
    case
        a `Case`
    rep_of_lead
        the answer before, int64 (n_leads,)
    among
        int64, the leads that change, all of them placed; those that stay together all or none
    rng
        generator
    """
    answer, found = rep_of_lead.copy(), list[Mixing]()
    units = _units(case, np.sort(among))
    size = np.array([len(members) for members in units], dtype=np.int64)
    for n_leads in np.unique(size).tolist():  # units of one size alone can change and leave all loads as they are
        some = [units[k] for k in np.flatnonzero(size == n_leads)]
        allowed, rep = _may_go(case, some), answer[[members[0] for members in some]]
        tallies = Tallies.of(case, answer, some)
        after, parts = _changed(allowed, rep, rng) if tallies is None else _changed_within(allowed, rep, rng, tallies)
        for members, to in zip(some, after.tolist(), strict=True):
            answer[members] = to
        found += [part.times(n_leads) for part in parts]
    return answer, Mixing.of(found)


def _units(case: Any, among: Ints) -> list[Ints]:
    """Return leads with those that stay together with them, by their first."""
    if case.problem.together is None:
        return [among[k : k + 1] for k in range(len(among))]
    groups = Groups.of(case.problem.together)
    return [groups.members(one) for one in dict.fromkeys(groups.of_lead[among].tolist())]


def _may_go(case: Any, units: Sequence[Ints]) -> Bools:
    """Return which reps may have all leads of each unit, bool (n_units, n_reps)."""
    affinity = case.problem.affinity
    rows, kind = np.unique(affinity.row[np.array(units)], axis=0, return_inverse=True)
    possible = affinity.may(rows.reshape(-1)).reshape(*rows.shape, affinity.n_reps)
    return np.asarray(possible.all(axis=1)[kind.reshape(-1)])


def _loose(allowed: Bools, rep: Ints) -> tuple[Ints, Bools]:
    """Return the units that may change, and the reps that each may go to: those who have other such units."""
    free, options = np.arange(len(rep)), allowed
    while len(free):
        held = np.zeros(allowed.shape[1], dtype=bool)
        held[rep[free]] = True
        options = allowed[free] & held
        still = options.sum(axis=1) > 1
        if still.all():
            break
        free = free[still]
    return free, options


def _changed(allowed: Bools, rep: Ints, rng: np.random.Generator) -> tuple[Ints, list[Mixing]]:
    """Return the reps of units after they changed, and how each part of them was mixed."""
    free, options = _loose(allowed, rep)
    after, found = rep.copy(), [Mixing(n_fixed=len(rep) - len(free))]
    if not len(free):
        return after, found
    patterns, kind = np.unique(options, axis=0, return_inverse=True)
    kind, part = kind.reshape(-1), _parts(patterns)
    for one in np.unique(part).tolist():
        here = np.flatnonzero(part[kind] == one)
        held = np.flatnonzero(patterns[part == one].any(axis=0))
        classes, of_unit = np.unique(patterns[kind[here]][:, held], axis=0, return_inverse=True)
        reps, mixing = _part(classes, of_unit.reshape(-1), np.searchsorted(held, rep[free[here]]), rng)
        after[free[here]] = held[reps]
        found.append(mixing)
    return after, found


def _parts(patterns: Bools) -> Ints:
    """Return the part of each pattern of reps: those that share a rep, at one or more removes, are of one part."""
    part = np.arange(len(patterns))
    for has in patterns.T[patterns.any(axis=0)]:
        joined = np.unique(part[has])
        part[np.isin(part, joined)] = joined[0]
    return part


def _part(classes: Bools, of_unit: Ints, at: Ints, rng: np.random.Generator) -> tuple[Ints, Mixing]:
    """Return where the units of a part are after they changed, all classes of them connected by reps."""
    n, loads = len(at), np.bincount(at, minlength=classes.shape[1])
    if len(classes) == 1:
        return rng.permutation(at), Mixing(n_exact=n)
    options = [np.flatnonzero(row).tolist() for row in classes]
    if few_enough(loads.tolist()):
        return drawn_exactly([options[c] for c in of_unit], loads.tolist(), rng), Mixing(n_exact=n)
    counts = np.zeros(classes.shape, dtype=np.int64)
    np.add.at(counts, (of_unit, at), 1)
    chains = [Classes(options, counts, rng) for _ in range(_CHAINS)]
    mixing = _mixed(chains, n)
    after = at.copy()
    for c, has in enumerate(chains[0].counts):
        after[of_unit == c] = rng.permutation(np.repeat(np.arange(len(has)), has))
    return after, mixing


def _changed_within(allowed: Bools, rep: Ints, rng: np.random.Generator, tallies: Tallies) -> tuple[Ints, list[Mixing]]:
    """Return the reps of units after they changed as far as limits let them, and how they were mixed."""
    free, options = _loose(allowed, rep)
    after, fixed = rep.copy(), Mixing(n_fixed=len(rep) - len(free), n_limits=len(tallies.kept))
    if not len(free):
        return after, [fixed]
    lists = [np.flatnonzero(row).tolist() for row in options]
    chains = [Units(lists, rep[free], rng, tallies.copy(free).move) for _ in range(_CHAINS)]
    mixing = _mixed(chains, len(free))
    after[free] = chains[0].rep
    return after, [fixed, mixing]


def _mixed(chains: Sequence[Chain], n_units: int) -> Mixing:
    """Let chains go on until they have mixed, or as long as is worth it, and return how far that was."""
    rounds = went = _FIRST_ROUNDS
    most = max(_FIRST_ROUNDS, min(_MOST_ROUNDS, _MOST_MOVES // (len(chains) * max(1, n_units))))
    reduction = mixed(chains, rounds)
    while reduction > _MIXED and went < most:
        rounds = min(2 * rounds, most - went)
        reduction, went = mixed(chains, max(rounds, 8)), went + rounds
    return Mixing(n_by_chain=n_units, rounds=went, reduction=reduction)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tallies:
    """How much is used of each hard limit that counts more than the leads of a rep, and so may change.

    Parameters
    ----------
    case
        a `Case`
    leads
        the first lead of each unit that may move
    kept
        the limits, by number
    kept_of
        those that each rep counts in
    low, high
        the least and the most that may be used of each; what is broken already must not get worse
    used
        how much is
    """

    case: Any
    leads: list[int]
    kept: tuple[int, ...]
    kept_of: list[list[int]]
    low: dict[int, float]
    high: dict[int, float]
    used: dict[int, float]
    known: dict[tuple[int, int], dict[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Any, answer: Ints, units: Sequence[Ints]) -> Tallies | None:
        """Return the tallies of an answer, None where loads alone tell what limits use."""
        limits = case.problem.limits
        kept = [k for k, limit in enumerate(limits) if limit.penalty is None and not _counts_every_lead(limit)]
        if not kept:
            return None
        used = {k: float(case.problem.load(limits[k], answer)) for k in kept}
        everyone = range(case.problem.n_reps)
        held = {k: set(everyone if limits[k].reps is None else limits[k].reps.tolist()) for k in kept}
        return cls(
            case=case,
            leads=[int(members[0]) for members in units],
            kept=tuple(kept),
            kept_of=[[k for k in kept if rep in held[k]] for rep in everyone],
            low={k: min(limits[k].lower, used[k]) for k in kept},
            high={k: max(limits[k].upper, used[k]) for k in kept},
            used=used,
        )

    def copy(self, free: Ints) -> Tallies:
        """Return tallies of their own for some of the units."""
        return replace(self, leads=[self.leads[k] for k in free], used=dict(self.used), known=self.known)

    def move(self, units: list[int], old: list[int], new: list[int]) -> bool:
        """Return whether units may move, and count them where they go if so."""
        changes: dict[int, float] = {}
        for unit, left, come in zip(units, old, new, strict=True):
            for rep, sign in ((left, -1.0), (come, 1.0)):
                for k, usage in self._takes(self.leads[unit], rep).items():
                    changes[k] = changes.get(k, 0.0) + sign * usage
        after = {k: self.used[k] + change for k, change in changes.items()}
        if not all(self.low[k] - _SLACK <= used <= self.high[k] + _SLACK for k, used in after.items()):
            return False
        self.used.update(after)
        return True

    def _takes(self, lead: int, rep: int) -> dict[int, float]:
        if (lead, rep) not in self.known:
            self.known[lead, rep] = self.case.limits_around(lead, rep, self.kept_of[rep])
        return self.known[lead, rep]


def _counts_every_lead(limit: Any) -> bool:
    """Return whether every lead uses the same of a limit, whose usage then follows from the loads alone."""
    return limit.leads is None and isinstance(limit.usage, float)
