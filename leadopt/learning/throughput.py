"""`estimate`: how many leads a rep can follow up before conversion drops, learned from a history with dates."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.effects.logistic import fit_additive
from leadopt.learning.history.bins import quantile_edges
from leadopt.learning.history.past_loads import read_loads
from leadopt.learning.loads.change_points import ChangePoints
from leadopt.learning.loads.sweeps import Leads, Start, sweep
from leadopt.learning.proposed_capacity import LoadLevels, Throughput
from leadopt.progress import Meter, OnProgress
from leadopt.tables.engines import history_table

_SEASON_DAYS = 7  # where leads are counted that are open
_LEVELS = 5  # of load in the table for people
_ENOUGH = 10  # outcomes that must have been at a load for it to count as seen
_ALIKE = 0.1  # offsets on the logit that differ by less are drawn as one


def estimate(
    history: Any,
    *,
    segment_by: Sequence[str] | str | None = None,
    window_days: int | None = 7,
    rep: str = "rep_id",
    converted: str = "converted",
    at: str = "at",
    assigned: str = "assigned_at",
    now: date | datetime | str | None = None,
    rng: int | np.random.Generator = 0,
    on_progress: OnProgress | None = None,
) -> Throughput:
    r"""Return how many leads each rep can follow up before conversion drops, as far as history shows.

    With the load L, the number of leads that the rep had when this one came, the chance of conversion is

    .. math:: \operatorname{sigmoid}(o + a_j - s_j \max(L / c_j - 1, 0)^q)

    with o what such leads are worth (segment, the time when they came, and what a rep's week was like for no reason
    that history knows), a the rep's own level, c the change point, s the slope and q how the fall goes on: it comes at
    once (0), levels off (1/2), is even (1) or sets in slowly (2). Reps' change points and slopes are alike as far as
    the data say; q is everybody's. All is drawn together, so that intervals hold what is not known of any of it;
    `loads` has priors and sources.

    Parameters
    ----------
    history
        one row per past lead, also those that are open still, which are load as well
    segment_by
        columns that say what leads are like: where busy weeks bring worse leads, load must not be blamed. Only what is
        known when a lead comes; None = nothing is known of them
    window_days
        the load is the number of leads that the rep got in so many days, the lead's own the last of them; None = the
        number of leads that it had open, which takes the dates `assigned` and `at` both
    rep, converted, at
        names of the columns of the history
    assigned
        column with the day on which the rep got the lead; without it, windows are of days of outcomes (`at`)
    now
        the day that it is: no lead that counts may be dated later; None = unknown
    rng
        seed or generator of the draws: the same seed, the same answer
    on_progress
        called with a `Progress` at every stage, and while reps are compared

    Returns
    -------
    Throughput
        `.frame()`: a row per rep with the proposed capacity; `.levels`: conversion by load; `.plot()`. It sets nothing

    Raises
    ------
    InvalidInput
        a column is missing, an id, outcome or date cannot be read, or a date lies in the future

    Notes
    -----
    A rep's busy and quiet times are compared with each other, and with the other reps' at the same time: neither who is
    better nor a week of worse leads for all looks like load. What remains confounded are worse leads for those who are
    busy, for no reason in `segment_by`. If all are always busy together, no drop can be seen. 10,000 outcomes of 12
    reps take about two seconds.

    Examples
    --------
    >>> from datetime import date
    >>> rows = [(week, load, k) for week in range(60) for load in [(4, 8, 16)[week % 3]] for k in range(load)]
    >>> history = [
    ...     {"rep_id": "Ann", "converted": k % (2 if load < 16 else 8) == 0, "at": date.fromordinal(737791 + 7 * week)}
    ...     for week, load, k in rows
    ... ]
    >>> estimate(history).frame()[0]["history_shows"]
    'conversion drops beyond 8 leads in 7 days (90% interval 5 to 13)'
    """
    meter = Meter(on_progress)
    meter.enter("read")
    window = _checked_window(window_days)
    segments = _names(segment_by)
    table = history_table(history, ids=(rep,)).held({rep, *segments, converted, at, assigned, "lead_id"})
    past = read_loads(table, segments, window, rep, converted, at, assigned, now)
    used = past.used
    if not used.any():
        return Throughput.empty(past.table, rep, past.notes, window)
    meter.enter("learn")
    reps, of_rep = np.unique(past.rep[used], return_inverse=True)
    load, won = past.load[used], past.won[used]
    rows = [np.flatnonzero(of_rep == number) for number in range(len(reps))]
    season, alone = _seasons(past.day[used], window or _SEASON_DAYS, of_rep)
    families = np.array([_from_0(codes) for codes in (*past.columns[:, used], *season)], dtype=np.int64)
    leads = Leads(
        rep=of_rep,
        families=families.reshape(-1, len(won)),
        season=past.day[used] // (window or _SEASON_DAYS),
        load=load,
        won=won,
    )
    points, offset = sweep(leads, _started(leads), np.random.default_rng(rng), lambda: meter.still("reps"))
    found = Throughput(
        rep_ids=tuple(past.reps[code] for code in reps.tolist()),
        points=points,
        levels_of_reps=tuple(_levels(points, k, load[mine], offset[mine], won[mine]) for k, mine in enumerate(rows)),
        outcomes=np.array([len(mine) for mine in rows], dtype=np.int64),
        usual=np.array([np.median(load[mine]) for mine in rows]),
        most=np.array([np.sort(load[mine])[-min(_ENOUGH, len(mine))] for mine in rows], dtype=np.int64),
        window_days=window,
        rep=rep,
        notes=(*past.notes, *alone),
        like=past.table,
    )
    meter.enter("done")
    return found


def _seasons(day: Ints, length: int, rep: Ints) -> tuple[list[Ints], list[str]]:
    """Return the seasons of each lead as families, and no note; or none and a note, where one rep works at a time.

    Seasons begin twice in their length: what lasts as long from any day on, such as a bad week that runs from Wednesday
    to Tuesday, is nearly the sum of one of each.
    """
    season = day // length
    pairs = np.unique(np.stack([season, rep]), axis=1)
    if np.median(np.unique(pairs[0], return_counts=True)[1]) >= 2:
        shifted = (day + length // 2) // length
        # Where leads come on one day of the season alone, both say the same.
        alike = len(np.unique(np.stack([season, shifted]), axis=1)[0]) == len(np.unique(season))
        return [season] if alike else [season, shifted], []
    return [], ["one rep works at a time, so busy times cannot be told from times of worse leads"]


def _from_0(codes: Ints) -> Ints:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64).reshape(-1)


def _started(leads: Leads) -> Start:
    """Return the base, each family's effects, and the effect of each lead's rep, fitted without load."""
    cells, cell = np.unique(np.stack([*leads.families, leads.rep]), axis=1, return_inverse=True)
    tried, won = (
        np.bincount(cell.reshape(-1), each).astype(np.float64) for each in (np.ones(len(leads.won)), leads.won)
    )
    found = fit_additive(cells, tuple((cells.max(axis=1) + 1).tolist()), tried, won)
    *effects, of_rep = (found.mean[part].copy() for part in found.crossed.slices)
    return Start(base=float(found.mean[0]), effects=effects, of_rep=of_rep[leads.rep])


def _levels(points: ChangePoints, rep: int, load: Ints, offset: Floats, won: Floats) -> LoadLevels:
    """Return a rep's conversion by load, seen and fitted."""
    edges = quantile_edges(load.astype(np.float64), np.ones(len(load)), _LEVELS)
    level = np.searchsorted(edges, load, side="right")
    rows = [np.flatnonzero(level == number) for number in np.unique(level)]
    (loads, offsets), tried = _merged(load, offset)
    fitted = points.rates(rep, loads, offsets)
    place = np.searchsorted(edges, loads, side="right")
    means = [np.average(fitted[place == k], weights=tried[place == k]) for k in np.unique(place)]
    return LoadLevels(
        low=np.array([load[mine].min() for mine in rows]),
        high=np.array([load[mine].max() for mine in rows]),
        tried=np.array([len(mine) for mine in rows]),
        won=np.array([won[mine].sum() for mine in rows]).astype(np.int64),
        fitted=np.array(means),
    )


def _merged(load: Ints, offset: Floats) -> tuple[Floats, Ints]:
    """Return loads and offsets, nearly the same as one, and how many leads have each."""
    return np.unique(np.stack([load, np.round(offset / _ALIKE) * _ALIKE]), axis=1, return_counts=True)


def _names(segment_by: Sequence[str] | str | None) -> tuple[str, ...]:
    names = (segment_by,) if isinstance(segment_by, str) else tuple(segment_by or ())
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InvalidInput(f"segment_by: must be distinct names of columns; found {segment_by!r}")
    return names


def _checked_window(days: object) -> int | None:
    if days is None or (isinstance(days, int) and not isinstance(days, bool) and days >= 1):
        return days
    raise InvalidInput(f"window_days: must be a whole number of days, 1 or more, or None; found {days!r}")
