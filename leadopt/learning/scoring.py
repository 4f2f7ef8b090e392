"""Lead scores from weights that a person states; tiers from scores, by share or by threshold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput, LeadoptWarning, did_you_mean
from leadopt.learning.scores import Scores
from leadopt.tables import Table
from leadopt.tables.cells import as_level, is_number
from leadopt.tables.ids import alike

Weights = Mapping[str, float | Mapping[str, float]]

_MOST = 1e100  # more could not be added up


def score(leads: Any, weights: Weights) -> Floats:
    r"""Return each lead's score in [0, 1], float64 (n_leads,).

    .. math:: score_i = \frac{\sum_c points_c(i)}{\sum_c \max points_c}

    Parameters
    ----------
    leads
        any table that `leadopt.assign` takes
    weights
        for each column either points per level (a level that is not listed, or missing, gets 0), or one number: the
        points of the largest value of a numeric column, where the smallest gets 0 and the rest lies between

    Raises
    ------
    InvalidInput
        a missing column, negative points, or no points at all

    Warns
    -----
    LeadoptWarning
        no lead has any of the levels that give points in a column, or nothing at all in it

    Examples
    --------
    >>> leads = {"budget": ["yes", "no", "yes"], "visits": [0, 5, 10]}
    >>> score(leads, {"budget": {"yes": 3}, "visits": 1})
    array([0.75 , 0.125, 1.   ])
    """
    values, notes = noted_score(leads if isinstance(leads, Table) else Table(leads, "leads"), weights)
    if notes:
        import warnings

        warnings.warn("; ".join(notes), LeadoptWarning, stacklevel=2)
    return values


def noted_score(table: Table, weights: Weights) -> tuple[Floats, list[str]]:
    """Return what `score` returns, and in words where no lead has a level that gives points."""
    points, most, notes = _points_of(table, weights)
    return np.asarray(sum(points.values(), np.zeros(table.n_rows)) / sum(most.values())), notes


def scored(leads: Any, weights: Weights, *, lead_id: str = "lead_id") -> Scores:
    """Return what `score` returns, with what each column adds to each lead's score, in words and numbers.

    Parameters
    ----------
    leads, weights
        as of `score`
    lead_id
        the column of ids

    Raises
    ------
    InvalidInput
        as `score`, or an id that is missing or there twice

    Examples
    --------
    >>> leads = {"lead_id": ["A", "B"], "budget": ["yes", "no"], "visits": [0, 5]}
    >>> found = scored(leads, {"budget": {"yes": 3}, "visits": 1})
    >>> print(found.explain("A"))
    A: score 0.75 of 1, rank 1 of 2.
      budget=yes: 0.75 of 0.75.
      visits=0: 0 of 0.25.
    """
    table = leads if isinstance(leads, Table) else Table(leads, "leads")
    points, most, notes = _points_of(table, weights)
    whole = sum(most.values())
    return Scores(
        lead_ids=tuple(table.ids(lead_id)),
        values=np.asarray(sum(points.values(), np.zeros(table.n_rows)) / whole),
        parts={column: got / whole for column, got in points.items()},
        levels={column: tuple(table.levels(column)) for column in points},
        most={column: got / whole for column, got in most.items()},
        notes=tuple(notes),
        lead_id=lead_id,
        like=table,
    )


def _points_of(table: Table, weights: Weights) -> tuple[dict[str, Floats], dict[str, float], list[str]]:
    """Return the points of each column for each lead, the most that each can give, and what is said of them."""
    points, most, notes = dict[str, Floats](), dict[str, float](), list[str]()
    for column, weight in plain_weights(weights).items():
        if isinstance(weight, Mapping):
            points[column], unlisted = _level_points(table, column, weight)
            notes.extend(unlisted)
        else:
            points[column], empty = _scaled(table, column, weight)
            notes.extend(empty)
        most[column] = max(weight.values(), default=0.0) if isinstance(weight, Mapping) else weight
    if sum(most.values()) <= 0:
        raise InvalidInput("score: at least one column must give points")
    return points, most, notes


def tiers(scores: ArrayLike, shares: Mapping[str, float]) -> list[str]:
    """Return the tier of each lead: the best leads fill the first tier's share, the next ones the second's, and so on.

    Leads with equal scores share the tier of the first of them. Shares must sum to 1.

    Raises
    ------
    InvalidInput
        shares that are no numbers or do not sum to 1, or scores that are no finite numbers

    Examples
    --------
    >>> tiers([0.9, 0.1, 0.5, 0.4], {"hot": 0.25, "warm": 0.25, "cold": 0.5})
    ['hot', 'cold', 'warm', 'cold']
    """
    values, given = _scores("tiers", scores), _named("tiers", shares)
    # Not "less than 0": a NaN is neither.
    if not (
        all(is_number(share) and share >= 0.0 for share in given.values()) and abs(sum(given.values()) - 1.0) <= 1e-9
    ):
        raise InvalidInput(f"tiers: shares must be 0 or more and sum to 1; found {given}")
    if not np.isfinite(values).all():
        raise InvalidInput("tiers: scores must be finite")
    edges, rank = np.cumsum(list(given.values())), _rank(values)
    names = list(given)
    return [names[min(int(place), len(names) - 1)] for place in np.searchsorted(edges - 1e-12, rank, side="right")]


def tiers_by_threshold(scores: ArrayLike, least: Mapping[str, float]) -> list[str]:
    """Return the tier of each lead: the first one whose threshold its score reaches.

    Parameters
    ----------
    least
        the lowest score of each tier, the best tier first; the last one must be low enough for every lead

    Raises
    ------
    InvalidInput
        thresholds that do not fall, scores that are no numbers, or a score that reaches no tier

    Examples
    --------
    >>> tiers_by_threshold([0.9, 0.1, 0.5], {"hot": 0.5, "warm": 0.3, "cold": 0})
    ['hot', 'cold', 'hot']
    """
    values, least = _scores("tiers", scores), _named("tiers", least)
    edges = list(least.values())
    numbers = bool(edges) and all(is_number(edge) and not np.isnan(edge) for edge in edges)
    if not numbers or any(high <= low for high, low in pairwise(edges)):
        raise InvalidInput(f"tiers: thresholds must be numbers, from the best tier's down; found {dict(least)}")
    if np.isnan(values).any():
        raise InvalidInput("tiers: scores must be numbers; found nan")
    if (below := values[values < edges[-1]]).size:
        raise InvalidInput(
            f'tiers: a score of {below.min():g} reaches no tier, as "{list(least)[-1]}", the last one, begins at '
            f"{edges[-1]:g}; let it begin lower"
        )
    names, place = list(least), np.searchsorted(-np.array(edges, dtype=np.float64), -values)
    return [names[int(k)] for k in place]


def top(scores: ArrayLike, share: float) -> NDArray[np.int64]:
    """Return the indices of the best `share` of the leads, in order; who ties with the last of them is in it too.

    Scores of -inf are never in it.

    Raises
    ------
    InvalidInput
        a share that is not from 0 to 1, or scores that are no numbers

    Examples
    --------
    >>> top([0.9, 0.1, 0.5, 0.4], 0.5)
    array([0, 2])
    """
    values = _scores("top", scores)
    if not (is_number(share) and 0.0 <= share <= 1.0):
        raise InvalidInput(f"top: share must be a number from 0 to 1, such as 0.1; found {share!r}")
    if np.isnan(values).any():
        raise InvalidInput("top: scores must be numbers; found nan")
    return np.flatnonzero((_rank(values) < share - 1e-12) & (values > -np.inf))


def _scores(name: str, scores: ArrayLike) -> Floats:
    """Return scores as float64 (n_leads,)."""
    try:
        values = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name}: scores must be numbers, one for each lead; found {scores!r}") from None
    if values.ndim != 1:
        raise InvalidInput(f"{name}: scores must be one for each lead; found an array of shape {values.shape}")
    return values


def _named(name: str, parts: Any) -> dict[str, float]:
    if not isinstance(parts, Mapping):
        raise InvalidInput(f"{name}: must be given by name, like {{'hot': 0.2, 'cold': 0.8}}; found {parts!r}")
    return dict(parts)


def _rank(values: Floats) -> Floats:
    """Return which fraction of the values is greater than each, float64 in [0, 1)."""
    return (len(values) - np.searchsorted(np.sort(values), values, side="right")) / max(1, len(values))


def plain_weights(weights: Any) -> dict[str, float | dict[str, float]]:
    """Return weights as plain data, levels as text.

    Raises
    ------
    InvalidInput
        no mapping from columns, or points that are negative or no number
    """
    if not isinstance(weights, Mapping) or not all(isinstance(column, str) for column in weights):
        raise InvalidInput(f"score: must give points by column, like {{'budget': 3}}; found {weights!r}")
    return {column: _points(column, weight) for column, weight in weights.items()}


def _points(column: str, weight: Any) -> float | dict[str, float]:
    if isinstance(weight, Mapping):
        return {as_level(level) or "": _point(column, value) for level, value in weight.items()}
    return _point(column, weight)


def _point(column: str, value: Any) -> float:
    if not is_number(value) or not 0 <= float(value) <= _MOST:
        raise InvalidInput(f"score.{column}: points must be numbers from 0 to {_MOST:g}; found {value!r}")
    return int(value) if isinstance(value, Integral) else float(value)


def _level_points(table: Table, column: str, points: Mapping[str, float]) -> tuple[Floats, list[str]]:
    levels = table.levels(column)
    known = {level for level in levels if level is not None}
    named = sorted(level for level in known if level.strip())
    # Letter case and blanks make no other level, unless points are given to both.
    any_case = {alike(level): point for level, point in points.items()}
    of_level = {level: points.get(level, any_case.get(alike(level))) for level in known}
    notes = []
    if table.n_rows and not any(point is not None for point in of_level.values()) and not named:
        notes = [_nobody_has(column)]
    elif points and named and not any(point is not None for point in of_level.values()):
        # A day without referrals is no mistake, and one with "Referrals" may be one.
        first = next(iter(points))
        others = f" or another of the {len(points)} with points" if len(points) > 1 else ""
        notes = [f'score.{column}: no lead has level "{first}"{others}{did_you_mean(first, named)}']
    of_lead = [of_level.get(level) or 0.0 if level is not None else 0.0 for level in levels]
    return np.array(of_lead, dtype=np.float64), notes


def _scaled(table: Table, column: str, points: float) -> tuple[Floats, list[str]]:
    values = table.numbers(column, low=-_MOST, high=_MOST, missing=np.nan)
    finite = np.isfinite(values)
    known = values[finite]
    if not len(known):
        return np.zeros(len(values)), [_nobody_has(column)] if len(values) else []
    if known.max() == known.min():
        return np.where(finite, points, 0.0), []
    return np.asarray(points * np.nan_to_num((values - known.min()) / (known.max() - known.min()), nan=0.0)), []


def _nobody_has(column: str) -> str:
    return f"score.{column}: no lead has any, so none has points by it"
