"""What matching past leads to the same reps, with the same loads, would have brought, and what outcomes say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.counterfactual.overlap import overlap, refusal
from leadopt.evaluate.counterfactual.propensity import log_propensities
from leadopt.evaluate.counterfactual.target import Target
from leadopt.matching import match
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.text import count, number, percent

_MOST_ROUNDS = 200
SURE = 2.576
"""Standard errors beyond which outcomes and model disagree: by luck in one history of a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sought:
    """Where matching sends leads, and with what chance they are won there; arrays (n_rows,), elsewhere -1 and NaN."""

    rep: Ints
    chance: Floats

    @classmethod
    def none(cls, n_rows: int) -> Sought:
        """Return nobody for each row, to be filled in."""
        return cls(rep=np.full(n_rows, -1, dtype=np.int64), chance=np.full(n_rows, np.nan))

    def take(self, rows: Ints | Bools) -> Sought:
        """Return some rows."""
        return Sought(rep=self.rep[rows], chance=self.chance[rows])

    def match(self, model: AffinityModel, leads: Table, reps: Sequence[Id], rep: Ints, rows: Ints) -> None:
        """Fill in some rows: their leads are matched to the reps who had them, each getting as many as before.

        Parameters
        ----------
        model
            fitted, on other outcomes than those of these rows
        leads
            these rows
        reps
            ids that `rep` points into
        rep
            int64 (n_rows,), who had each lead of the history
        rows
            their numbers
        """
        there, place = np.unique(rep[rows], return_inverse=True)
        gains = model.affinity(leads, {model.rep: [reps[code] for code in there]}, value=None)
        chosen = match(gains, np.bincount(place.reshape(-1))).rep_of_lead
        self.rep[rows], self.chance[rows] = there[chosen], gains.at(np.arange(len(rows)), chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What matching would have brought, by chances that were learned from other outcomes.

    Parameters
    ----------
    n_leads, n_moved
        leads that were judged, and how many of them matching gives to somebody else
    deals
        how many of them were won
    promised
        how much more would be won if the chances were right, as a fraction
    came_true
        part of what matching lives on that showed in outcomes: 1 if chances are right, 0 if what a rep adds is the same
        whatever the lead; NaN where chances say so too
    error
        standard error of it
    robust
        deals more by the outcomes of leads which happened to go where matching sends them: the doubly robust estimate
    robust_error
        standard error of it
    refusal
        why outcomes cannot say that, in one sentence; None if they can
    level
        of the interval
    worth
        mean value of a won lead; None where history has no values
    """

    n_leads: int
    n_moved: int
    deals: int
    promised: float
    came_true: float
    error: float
    robust: float
    robust_error: float
    refusal: str | None
    level: float
    worth: float | None = None

    @property
    def share(self) -> float:
        """How much more would be won, as a fraction: as much of what was promised as came true, and no more."""
        return self._borne_out(min(1.0, self.came_true))

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the interval of `share`: at most what was promised, or what outcomes showed where that is more.

        Both ends cut off at the promise would be one number, as if that were sure.
        """
        from statistics import NormalDist

        reach = NormalDist().inv_cdf(0.5 + self.level / 2.0) * self.error
        most = max(1.0, self.came_true)
        return self._borne_out(min(1.0, self.came_true - reach)), self._borne_out(min(most, self.came_true + reach))

    def _borne_out(self, part: float) -> float:
        return max(0.0, self.promised) * max(0.0, part) if np.isfinite(self.came_true) else 0.0

    @property
    def more(self) -> float:
        """How many deals more."""
        return self.share * self.deals

    @property
    def disagree(self) -> bool:
        """Whether outcomes contradict that."""
        return self.refusal is None and abs(self.robust - self.more) > SURE * self.robust_error

    @property
    def in_words(self) -> str:
        """What it would have brought: ``31 deals more than 744 (4.2%, between 1% and 6%), worth 124,000``."""
        more = "1 deal" if round(self.more) == 1 else f"{self.more:,.0f} deals" if self.more >= 0.5 else "no deal"
        between = " and ".join(percent(end, 1) for end in self.interval)
        money = "" if self.worth is None or self.more < 0.5 else f", worth {number(self.more * self.worth)}"
        return f"{more} more than {self.deals:,} ({percent(self.share, 1)}, between {between}){money}"

    def note(self) -> str:
        """Return how that was found, and what outcomes say of it."""
        how = (
            f"Matched block by block by what was learned from other outcomes, as if anybody could have any lead and "
            f"all of a block were there at once, the {count(self.n_leads, 'lead')} judged would have brought "
            f"{self.in_words}: chances promised {percent(max(0.0, self.promised), 1)}, and so much of it came true"
        )
        if self.refusal is not None:
            return f"{how}. Leads that happened to go where matching sends them cannot check that: {self.refusal}."
        low, high = (self.robust + side * SURE * self.robust_error for side in (-1.0, 1.0))
        so = "which contradicts that: do not count on it before a trial" if self.disagree else "which agrees"
        return (
            f"{how}. By the outcomes of those that happened to go where matching sends them, it is {self.robust:+,.0f} "
            f"(99% interval {low:+,.0f} to {high:+,.0f}), {so}."
        )


def matched(
    sought: Sought,
    rep: Ints,
    segment: Ints,
    won: Floats,
    chance: Floats,
    fold: Ints,
    reps: Sequence[Id],
    level: float,
    worth: float | None = None,
) -> Matched:
    r"""Return what matching would have brought, of rows that were judged by what was learned from others.

    With p_i the chance of lead i with the rep who had it, p'_i with the rep whom matching gives it to, w_i 1 over the
    chance of that rep in history where the two are the same and 0 elsewhere, the doubly robust estimate of what
    matching adds is

    .. math:: \sum_i (p'_i - p_i) + \sum_i (w_i - 1) (y_i - p_i).

    With equal loads, only that part d_i of a chance counts which is no sum of what rep and segment bring to a
    block; as much of it came true as the slope of outcomes on it says,

    .. math:: b = 1 + \sum_i d_i (y_i - p_i) / \sum_i d_i^2.

    Parameters
    ----------
    rep, segment
        int64 (n_rows,), who had each lead, and of which kind it was
    won
        float64 (n_rows,), 1 or 0
    chance
        float64 (n_rows,), of each lead with the rep who had it
    fold
        int64 (n_rows,), the block that each row was judged and matched in
    reps
        ids that `rep` points into
    level
        of the interval
    worth
        mean value of a won lead

    References
    ----------
    Dudik, Erhan, Langford & Li (2014), Doubly robust policy evaluation and optimization, Statistical Science 29(4),
    doi:10.1214/14-STS500; Chernozhukov, Demirer, Duflo & Fernandez-Val (2018), Generic machine learning inference on
    heterogeneous treatment effects, sec. 2.2, for the slope.
    """
    expected, target = float(chance.sum()), Target(reps=tuple(reps), rep=sought.rep)
    n_blocks = int(fold.max(initial=0)) + 1
    # Each block by itself: reps come and go, and later blocks were learned from earlier ones.
    who, kind = rep * n_blocks + fold, segment * n_blocks + fold
    weight = target.of(rep) / log_propensities(rep, kind)
    cannot = refusal(overlap(weight, target, rep, segment), None)
    robust = sought.chance - chance + (weight - 1.0) * (won - chance)
    slope, error = _slope(beyond(chance, (who, kind)), won - chance)
    return Matched(
        n_leads=len(won),
        n_moved=int((sought.rep != rep).sum()),
        deals=int(won.sum()),
        promised=float(sought.chance.sum()) / expected - 1.0 if expected > 0.0 else 0.0,
        came_true=slope,
        error=error,
        robust=float(robust.sum()),
        robust_error=float(robust.std() * np.sqrt(len(won))),
        refusal=None if cannot is None else cannot.partition(": ")[2],
        level=level,
        worth=worth,
    )


def mean_worth(table: Table, value: str | None, won: Floats) -> tuple[float | None, list[str]]:
    """Return the mean value of the won rows of a table, None where it does not tell it in one unit; and why not."""
    if value is None or value not in table or not won.any():
        return None, []
    if "currency" in table and len({str(code).strip() for code in table.values("currency") if code is not None}) > 1:
        return None, [f"Values are in several currencies, so nothing is said of {value}."]
    try:
        values = table.take(np.flatnonzero(won > 0.5)).numbers(value, low=0.0, missing=np.nan)
    except InvalidInput as error:
        return None, [f"Nothing is said of {value}: {error}"]
    return (None if np.isnan(values).all() else float(np.nanmean(values))), []


def beyond(chance: Floats, groups: Sequence[Ints]) -> Floats:
    """Return what is left of chances when all that is a sum over groups is taken away (alternating projections)."""
    left, sizes = chance.copy(), [np.maximum(np.bincount(group), 1) for group in groups]
    for _ in range(_MOST_ROUNDS):
        before = left
        for group, size in zip(groups, sizes, strict=True):
            left = left - (np.bincount(group, left, minlength=len(size)) / size)[group]
        if np.abs(left - before).max(initial=0.0) < 1e-9:
            break
    return left


def _slope(expected: Floats, missed: Floats) -> tuple[float, float]:
    """Return which part of what was expected came true, given what was missed, and its robust standard error."""
    square = float((expected**2).sum())
    if square < 1e-12 * max(1, len(expected)):
        return float("nan"), float("inf")
    slope = 1.0 + float((expected * missed).sum()) / square
    error = float(np.sqrt((expected**2 * missed**2).sum())) / square
    return slope, error
