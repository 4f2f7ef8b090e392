"""`backtest`: would what earlier outcomes say have foretold later ones, and does it matter who gets the lead?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.backtests.account_column import account_column
from leadopt.evaluate.backtests.between_reps import came_true, tests
from leadopt.evaluate.backtests.heterogeneity import Heterogeneity
from leadopt.evaluate.backtests.losses import (
    Difference,
    auc,
    brier_scores,
    calibration,
    difference,
    log_losses,
)
from leadopt.evaluate.backtests.method_scores import Backtest, Score
from leadopt.evaluate.backtests.out_of_fold import GLOBAL, Foretold, foretold
from leadopt.evaluate.backtests.rows_judged import left_out_notes, scheme
from leadopt.evaluate.backtests.verdict import Claim, Grounds, Verdict, nothing_known, one_rep, verdict
from leadopt.evaluate.counterfactual.matched import Matched, matched, mean_worth
from leadopt.evaluate.history.combinations import crossed
from leadopt.evaluate.history.counted_once import DEAL, counted_once
from leadopt.evaluate.history.records import Records, checked_columns, read_records
from leadopt.evaluate.history.segments import asked_segments, check_known_before
from leadopt.learning.estimates import check_level
from leadopt.learning.history.checks import check_segments
from leadopt.learning.past_assignment import past_assignment
from leadopt.progress import Meter, OnProgress, telling
from leadopt.tables.cells import is_number
from leadopt.tables.columns import Columns
from leadopt.tables.dates import latest_day
from leadopt.tables.engines import history_table
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from leadopt.tables.reading.reader import reading_of
from leadopt.tables.text import count

WORTHWHILE = 0.25
LEAST_GAIN = 0.005
"""Deals more, as a fraction, that are worth having: 5 of 1,000."""
_LAZY = (
    "of a lazy history only columns that are named are read: whether rows repeat an event is told by their dates, and "
    f"not by all that they have in common (a column {DEAL}, or group, names events)."
)


def backtest(
    history: Any,
    *,
    segment_by: Sequence[str] | str | None = None,
    known_before: Sequence[str] | str = (),
    half_life_days: float | str | None = None,
    rep: str = "rep_id",
    converted: str = "converted",
    at: str = "at",
    assigned: str = "assigned_at",
    lead_id: str = "lead_id",
    group: str | None = DEAL,
    value: str | None = "value",
    folds: int = 5,
    level: float = 0.9,
    worthwhile: float = WORTHWHILE,
    least_gain: float = LEAST_GAIN,
    now: date | datetime | str | None = None,
    formats: Formats | None = None,
    outcomes: Outcomes | None = None,
    rng: int | np.random.Generator = 0,
    on_progress: OnProgress | None = None,
) -> Backtest:
    r"""Return whether earlier outcomes foretell later ones, and whether it matters who gets the lead.

    Where history has dates, its first half is only learned from; the other half is cut into `folds` blocks of time,
    each judged by what was learned from all before it (rolling origin). Without dates, rows are drawn into folds by
    lot, each judged by what was learned from the others.

    Where history also says when leads were assigned, blocks are of leads that were assigned one after the other, and
    each is judged by what was known when its first lead came: outcomes until then, and that others were open, which all
    estimates take for won as likely as the model does at their age. Judged are leads so old that 9 of 10 like them
    are settled (`Records.mature`): among younger ones, those that end quickly would count for all.

    Judged on the same rows are `AffinityModel` (rep x segment) and simpler estimates: the global rate, the rep alone,
    the segment alone, rep + segment (effects that add up on the logit, shrunk like the model's), and raw rates of cells
    of rep and segment, (k + 1/2) / (n + 1). Differences of log-loss are paired, row by row. Rows of one rep and segment
    share one estimate and so its error: each such cell counts as one observation (`losses.difference`).

    A gain is claimed where it is above 0 and reps (or their pairs with a column) differ by more than chance
    (`heterogeneity`, at 1%), or where its interval lies above 0 and they may differ (at 10%), if the model foretells
    better than each of the simpler ones. Where history has dates, reps are compared within periods of about 20 leads
    that came at the same time (`history.periods`), and only with reps who had leads then (`history.teams`).
    "Use it" takes more: matched to the same reps with the same loads by what was learned from other outcomes, the leads
    judged would have brought `least_gain` more deals (`counterfactual.matched`). That it does not matter is claimed
    only where neither is so and a difference worth knowing would have shown; else nobody can tell yet, and the verdict
    says how many outcomes it takes. Each verdict says what to do, how past leads were handed out as far as history
    shows, and of what it claims how strong a hidden quality of leads would have to be to explain it
    (`learning.past_assignment`).

    Parameters
    ----------
    history
        table with a row for each past lead; rows without an outcome are left out, those without a rep are learned from
        and not judged
    segment_by
        column or columns of a lead that conversion may depend on; () = the rep alone, None = those that `assign` finds
        (`decision.reading.segments`). Name what is known when a lead arrives: what is learned later, such as its stage
        or the reason why it was lost, would foretell too well, and is refused where it shows
    known_before
        columns of `segment_by` that are known when a lead arrives though they tell outcomes as if they were not
    half_life_days
        as of `AffinityModel`, for all estimates. None of them reckons with a level that drifts: it moves all alike
    rep, converted, at, assigned, lead_id
        names of columns; the date in `at` is when the outcome was known, that in `assigned` when the rep got the lead
    group
        column of deals or accounts whose rows belong together: no fold splits them, rows of one rep and segment that
        repeat each other count as often as they tell anything of their own (`history.counted_once`), and reps have to
        differ beyond what accounts do. Where history has no `deal_id`, a column by which outcomes are alike beyond
        chance is taken for one, and noted (`account_column`); rows of one moment, or alike in all columns, are looked
        at for copies. Accounts that no column tells cannot be seen. None = rows stand for themselves
    value
        column of history with what a won lead was worth, for what a gain is worth in money; None, or a history without
        it = deals alone
    folds
        2 or more
    level
        of the intervals
    worthwhile
        what would be worth knowing, as a standard deviation between reps (or pairs) on the logit: at 0.25, odds that
        differ by 28%
    least_gain
        what would be worth having: deals more by matching, as a fraction of those that were won
    now
        no outcome may be later; None = today
    formats, outcomes
        how text is read as dates and numbers, and which words mean won, lost or open, as in a policy; None = as the
        columns tell
    rng
        seed or generator of the folds drawn by lot
    on_progress
        called with a `Progress` for each fold

    Returns
    -------
    Backtest
        `.verdict`, `.frame()`, `.intervals`, `.calibration`, `.plot()`, `.to_json()`

    Raises
    ------
    InvalidInput
        a setting is wrong; a column is missing, or seems to be filled in after the outcome; an id, an outcome or a date
        cannot be read or lies in the future; an outcome stands twice under one id of a lead

    Notes
    -----
    Time is that of fitting the model and four simpler ones in each fold, and of tests whose cost grows with the cube of
    the number of reps and segments. What is measured is association: if good reps were given good leads within a
    segment, both look better than they are, and only a trial tells.

    References
    ----------
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4), on rolling
    origins. doi:10.1016/S0169-2070(00)00065-0

    Examples
    --------
    >>> record = [("ann", "web", 90), ("ann", "fair", 20), ("bob", "web", 20), ("bob", "fair", 90)]
    >>> history = [{"rep_id": r, "source": s, "converted": i < won} for r, s, won in record for i in range(120)]
    >>> found = backtest(history, segment_by="source")
    >>> found.verdict.decision
    'use it'
    >>> [(score.method, round(score.log_loss, 2)) for score in found.scores[:2]]
    [('rep x source', 0.52), ('rep + source', 0.69)]
    """
    asked, insisted = checked_columns(segment_by), checked_columns(known_before, "known_before")
    check_segments(asked, rep, converted)
    _check_settings(folds, level, worthwhile, least_gain, group)
    meter = Meter(on_progress)
    meter.enter("read")
    history = history_table(history, reading=reading_of("backtest", formats, outcomes), ids=(rep, lead_id))
    called = Columns(lead_id=lead_id, rep_id=rep, converted=converted, at=at, assigned_at=assigned)
    asked, noticed = asked_segments(history, None if segment_by is None else asked, called)
    if history.stays and group is not None and group not in history:
        noticed += (_LAZY,)
    also = tuple(name for name in (group, value) if name is not None)
    records = read_records(history, segment_by=asked, columns=called, now=latest_day(now), also=also)
    if group == DEAL and group not in records.table:
        column, said = account_column(records, called, also)
        group, noticed = column or group, (*noticed, *said)
    grouped = group is not None and group in records.table
    records, together = counted_once(records, group, (lead_id, rep, converted))
    check_known_before(records, asked, insisted)
    model = AffinityModel(
        segment_by=records.columns,
        half_life_days=half_life_days,
        drift=False,  # a level that drifts moves all estimates alike, and says nothing of who should get which lead
        rep=rep,
        converted=converted,
        at=at,
        assigned=assigned,
        now=now,
    )
    with telling(meter):
        found = foretold(records, together, folds, model, rng, meter)
    meter.enter("compare")
    losses = {name: log_losses(chance, found.won) for name, chance in found.chances.items()}
    differences = _differences(found, losses, level, folds)
    # Reps whose leads are young have more of the outcomes that come quickly, be they no different.
    differ, never_met = tests(*_mature(records, together if grouped else None), found.names, worthwhile)
    worth, unread = mean_worth(records.table, value, records.won)
    gained = _matched(found, level, worth)
    past = past_assignment(
        records.rep, tuple(zip(records.columns, records.levels, strict=True)), np.ones(records.n_rows), records.won
    )
    grounds = Grounds(
        past=past,
        rate=float(records.won.mean()) if records.n_rows else 0.0,
        beside=tuple(one for one in differences.values() if one.method == found.names.full),
        matched=gained,
        least_gain=least_gain,
    )
    return Backtest(
        verdict=_verdict(found, differences, differ, grounds, level, grouped),
        scheme=scheme(found, called),
        scores=_scores(found, losses),
        differences=tuple(differences.values()),
        tests=differ,
        bins=calibration(found.chances[found.names.full], found.won, level=level),
        level=level,
        n_judged=int(found.judged.sum()),
        segment_by=records.columns,
        notes=(*noticed, *left_out_notes(found, called, asked), *never_met, *unread),
        past=past,
        matched=gained,
        chances=found.chances,
        won=found.won,
        fold=found.fold_judged,
        cell=found.cell,
        like=records.table,
    )


def _mature(records: Records, deals: Ints | None) -> tuple[Records, Ints | None]:
    rows = np.flatnonzero(records.mature())
    return records.take(rows), None if deals is None else deals[rows]


def _scores(found: Foretold, losses: Mapping[str, Floats]) -> tuple[Score, ...]:
    """Return how well each kind of estimate foretold the rows judged; none where no row was."""
    if not found.judged.any():
        return ()
    return tuple(
        Score(
            method=name,
            log_loss=float(losses[name].mean()),
            brier=float(brier_scores(chance, found.won).mean()),
            auc=auc(chance, found.won, found.fold_judged),
        )
        for name, chance in found.chances.items()
    )


def _matched(found: Foretold, level: float, worth: float | None) -> Matched | None:
    """Return what the leads judged would have brought matched to the same reps; None where nothing tells them apart."""
    if found.names.segment is None or not found.judged.any():
        return None
    records, rows = found.records, found.judged
    given = found.sought.take(rows), records.rep[rows], crossed(records.levels[:, rows])[1]
    return matched(*given, found.won, found.chances[found.names.full], found.fold_judged, records.reps, level, worth)


def _differences(found: Foretold, losses: Mapping[str, Floats], level: float, n_folds: int) -> dict[str, Difference]:
    """Return the comparisons: what the verdict rests on first, then the model over all the rest."""
    if not found.judged.any():
        return {}
    names, cell, by_lot = found.names, found.cell, 0 if found.by_time else n_folds
    pairs = [(names.full, name) for name in losses if name != names.full]
    if names.segment is not None:
        pairs = [pairs[0], (names.both, names.segment), *pairs[1:]]
    compared = (
        difference(one, other, losses[one], losses[other], cell, level=level, folds_by_lot=by_lot)
        for one, other in pairs
    )
    return {f"{one.method} over {one.over}": one for one in compared}


def _verdict(
    found: Foretold,
    differences: Mapping[str, Difference],
    differ: tuple[Heterogeneity, ...],
    grounds: Grounds,
    level: float,
    grouped: bool,
) -> Verdict:
    records, judged, names = found.records, found.judged, found.names
    n, wins = records.n_rows, int(records.won.sum())
    if n and wins in (0, n):
        every = f"{'the only outcome is' if n == 1 else f'all of {n:,} outcomes are'} {'won' if wins else 'lost'}"
        return nothing_known(f"{every}, so every estimate is the same")
    if not judged.any():
        return nothing_known(f"nothing can be judged among {count(n, 'outcome')}")
    if len(np.unique(records.rep[judged])) == 1 and len(np.unique(records.rep[records.rep >= 0])) == 1:
        return one_rep(str(records.reps[records.rep[judged][0]]))
    who = differences[f"{names.full} over {names.segment or GLOBAL}"]
    reps = Claim(what=names.rep, gain=who, tests=differ[:1], sure=not grouped and came_true(found, who, level))
    if names.segment is None or not records.levels.any():
        return verdict(reps, None, grounds)
    gain, pairs = differences[f"{names.full} over {names.both}"], differ[1:]
    columns, together = (pairs, None) if len(pairs) == 1 else (pairs[:-1], pairs[-1])
    of_pairs = Claim(
        what=names.full, gain=gain, tests=columns, together=together, sure=not grouped and came_true(found, gain, level)
    )
    return verdict(reps, of_pairs, grounds)


def _check_settings(folds: Any, level: Any, worthwhile: Any, least_gain: Any, group: Any) -> None:
    if not (group is None or isinstance(group, str)):
        raise InvalidInput(f"group: must name a column, or be None where rows stand for themselves; found {group!r}")
    if not (is_number(folds) and folds == folds // 1 and folds >= 2):
        raise InvalidInput(f"folds: must be a whole number, 2 or more; found {folds!r}")
    check_level(level)
    if not (is_number(worthwhile) and 0.0 < worthwhile < np.inf):
        raise InvalidInput(f"worthwhile: must be a positive standard deviation on the logit; found {worthwhile!r}")
    if not (is_number(least_gain) and 0.0 <= least_gain < np.inf):
        raise InvalidInput(f"least_gain: must be a fraction of deals, 0 or more, such as 0.005; found {least_gain!r}")
