"""Whether reps, and their pairs with segments, differ among leads of the same time; and who never has leads then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import enumerate_some
from leadopt.evaluate.backtests.heterogeneity import ALPHA, Additive, Heterogeneity, Null, heterogeneity
from leadopt.evaluate.backtests.losses import Difference, difference
from leadopt.evaluate.backtests.out_of_fold import Foretold, Names
from leadopt.evaluate.backtests.simpler_models import families
from leadopt.evaluate.backtests.within_periods import Within
from leadopt.evaluate.counterfactual.matched import beyond
from leadopt.evaluate.history.combinations import crossed
from leadopt.evaluate.history.periods import habits, periods, shifts
from leadopt.evaluate.history.records import Records
from leadopt.evaluate.history.teams import teams

_A_PERIOD, _MOST_PERIODS = 100, 24  # outcomes of a period of time, whose level may be its own
_ROWS, _ROWS_OF_GAINS = 20, 10
"""Outcomes of a period within which reps are compared, and of a level of a segment there; the same where a gain is
asked for. A twentieth of what outcomes tell is lost. With 10 for tests of pairs, 24 of 40 histories of 1,500 outcomes
show pairs that differ by .5 in place of 29; of 60 in which segments change places with the months, 0 in place of 1."""
_ROWS_OF_SHIFTS = 5  # of hours, days or weeks, by which reps are seen to work at one time or not
_MOST_PERIODS_FINE, _MOST_MOVING = 5_000, 500  # beyond, periods hold more outcomes: the time goes with the cube
_LEAST_APART = 0.05  # of leads; a group with fewer makes no difference to what is said of all


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """When leads came, as families of effects; int64 (n_rows,) each, from 0.

    Parameters
    ----------
    coarse
        periods of 100 outcomes and more, whose levels are shrunk
    fine
        periods of about 20 outcomes
    moving
        days of the week, hours of the day, and each column's levels in periods of their own, in which each of all
        levels has some outcomes on average
    """

    coarse: Ints
    fine: Ints
    moving: tuple[Ints, ...]

    @classmethod
    def of(cls, time: Floats, columns: Sequence[Ints], n_rows: int) -> Times:
        """Return the times of rows, in seconds since 1970, with these levels of segment columns, int64 (n_rows,)."""
        n = len(time)
        size = max(n_rows, n / _MOST_MOVING) * max(1, sum(int(levels.max(initial=0)) + 1 for levels in columns))
        period = periods(time, size)
        moving = [crossed(np.stack([period, levels]))[1] for levels in columns] if period.any() else []
        fine = periods(time, max(_ROWS, n / _MOST_PERIODS_FINE))
        return cls(coarse=_equal_parts(time), fine=fine, moving=(*habits(time), *moving))


def times_of(records: Records, n_rows: int) -> Times | None:
    """Return when leads came: when they were assigned, else when they were settled; None without dates."""
    return None if records.time is None else Times.of(_came(records, records.time), list(records.levels), n_rows)


def _came(records: Records, time: Floats) -> Floats:
    return time if records.began is None else np.where(np.isnan(records.began), time, records.began)


def additive_model(
    records: Records, families: Sequence[Ints], n_rows: int, deals: Ints | None = None, apart: Sequence[Ints] = ()
) -> Additive:
    """Return the model of outcomes by these families, within the times at which leads came, where history has dates.

    Deals (or accounts), int64 (n_rows,), add what rows of one have in common; None = rows stand for themselves. What
    families in `apart` differ by is left out. Of periods and levels of a segment, each has `n_rows` on average.
    """
    times = times_of(records, n_rows)
    shared = [] if deals is None else [np.unique(deals, return_inverse=True)[1].reshape(-1)]
    if times is None:
        return Null.of([*families, *shared], records.won)
    null = Null.of([*families, *shared, times.coarse], records.won)
    return Within.of(null, times.fine, [*times.moving, *apart])


def tests(
    records: Records, deals: Ints | None, names: Names, worthwhile: float
) -> tuple[tuple[Heterogeneity, ...], tuple[str, ...]]:
    """Return whether reps differ within segments, then whether pairs with each column (and with all) do beyond that.

    Where history has dates, within periods too, and among reps who have leads at the same time: reps come and go, and
    levels move. With it comes a note on reps who do not. `deals` are as of `additive_model`.
    """
    named = np.flatnonzero(records.rep >= 0)
    records, deals = records.take(named), None if deals is None else deals[named]
    rep, columns, segment = records.rep, records.columns, families(records, rep=False, segment=True)
    labels = [*columns, *([", ".join(columns)] if len(columns) > 1 else [])]
    team = _teams(records)
    apart = [team] if team.any() else []
    model = additive_model(records, segment, _ROWS, deals, apart)
    found, notes = [heterogeneity(f"{names.rep}s", rep, model, wanted=worthwhile)], tuple[str, ...]()
    if (team > 0).sum() >= _LEAST_APART * len(team) and apart:  # how far groups differ is nobody's to know
        of_rep = np.full(len(records.reps), -1)
        of_rep[rep] = team
        found = [replace(found[0], told_apart=False, needed=None)]
        notes = (_at_other_times(records, of_rep, names),)
    if not labels:
        return tuple(found), notes
    kinds = [crossed(np.stack([team, levels]))[1] for levels in records.levels] if apart else []
    both = additive_model(records, [rep, *segment], _ROWS, deals, kinds)  # one fit for all pairs
    for label, level in zip(labels, segment, strict=True):
        pair = rep * (level.max(initial=0) + 1) + level
        what, alpha = f"pairs of {names.rep} and {label}", ALPHA / len(labels)
        found.append(heterogeneity(what, pair, both, wanted=worthwhile, alpha=alpha))
    return tuple(found), notes


def _teams(records: Records) -> Ints:
    """Return the team of each row, by who has leads in the same hours, days or weeks; all 0 without dates."""
    if records.time is None or not records.n_rows:
        return np.zeros(records.n_rows, dtype=np.int64)
    return teams(records.rep, shifts(_came(records, records.time), _ROWS_OF_SHIFTS))[records.rep]


def came_true(found: Foretold, gain: Difference, level: float) -> bool:
    r"""Return whether what one estimate says beyond another came true among leads of the same time; yes without dates.

    With d_i what one chance exceeds the other by, less what periods explain of it (and reps, where pairs are asked
    for), and p the chance by the other, the interval of the mean of :math:`d_i (y_i - p_i)` has to lie above 0.
    """
    records, rows = found.records.take(np.flatnonzero(found.judged)), found.judged
    times = times_of(records, _ROWS_OF_GAINS)
    if times is None:
        return True
    team = _teams(records)
    groups = [times.fine, *times.moving, *(crossed(np.stack([team, levels]))[1] for levels in [team, *records.levels])]
    if gain.over == found.names.both:
        groups.append(crossed(np.stack([records.rep, found.fold[rows]]))[1])
    more = beyond(found.chances[gain.method] - found.chances[gain.over], groups)
    told = more * (found.won - found.chances[gain.over])
    return difference(gain.method, gain.over, np.zeros(len(told)), told, found.cell, level=level).low > 0.0


def _at_other_times(records: Records, team: Ints, names: Names) -> str:
    most = 4
    who = [
        enumerate_some((records.reps[rep] for rep in np.flatnonzero(team == one)), most)
        for one in range(int(team.max()) + 1)
    ]
    return (
        f"{len(who)} groups of {names.rep}s had their leads at different times ({enumerate_some(who, most)}): which "
        f"group wins more cannot be told from what the times were like, so {names.rep}s are compared within groups "
        "alone. Leads of all in the same weeks, best by lot, would tell."
    )


def _equal_parts(time: Floats) -> Ints:
    """Return the period of each row, from 0: as many as the history bears, of as many outcomes each."""
    n = int(np.clip(len(time) // _A_PERIOD, 1, _MOST_PERIODS))
    earlier = np.searchsorted(np.sort(time), time, side="left")
    return np.asarray(earlier * n // max(1, len(time)), dtype=np.int64)
