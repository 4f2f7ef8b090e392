"""Chances from a classifier that the user brings: any object with `predict_proba`, as scikit-learn has it."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.learning.history.codes import distinct
from leadopt.problem.gains import Affinity
from leadopt.tables import Table
from leadopt.tables.cells import as_outcome, is_hashable

_BLOCK = 200_000  # pairs that are asked for at a time


@runtime_checkable
class Classifier(Protocol):
    """A fitted classifier of outcomes, by scikit-learn's conventions.

    `feature_names_in_` names the columns that it takes. `classes_` says which outcome each column of `predict_proba`
    stands for; without it there are two, the second for won.
    """

    def predict_proba(self, X: Any) -> Any:
        """Return the chance of each class for each row of a table, (n_rows, n_classes)."""
        ...


def chances(model: Classifier, leads: Table, reps: Table, rep_id: str, rep_by: Sequence[str] = ()) -> Affinity:
    """Return the chance of every lead with every rep, a row of rates for each distinct lead.

    Each pair is a row of a table of the kind that `leads` is, with the columns that the model names. Those that only
    one table has come from there; of those that both have, the rep's id and `rep_by` from reps, the others from leads.

    Parameters
    ----------
    model
        fitted on a table with named columns
    leads, reps
        the tables
    rep_id
        name of the column of ids of reps
    rep_by
        names of columns that describe a rep

    Raises
    ------
    InvalidInput
        the model names no columns, or one that neither table has; it fails; or what it returns are no chances

    Notes
    -----
    Time and memory grow with distinct leads x reps; 200,000 pairs are asked for at a time.
    """
    name, features = type(model).__name__, _features(model)
    if not (leads.n_rows and reps.n_rows):
        return Affinity(rates=np.empty((leads.n_rows, reps.n_rows)))
    of_reps = [column for column in features if column in reps and (column in (rep_id, *rep_by) or column not in leads)]
    of_leads = [column for column in features if column not in of_reps]
    for column in of_leads:
        if column not in leads:
            known = dict.fromkeys((*leads.columns, *reps.columns))
            raise InvalidInput(
                f'affinity: {name} was fitted on a column "{column}", which neither leads nor reps have'
                f"{did_you_mean(column, known)}"
            )
    first, row = _distinct_rows(leads, of_leads)
    won = _place_of_won(model, name)
    step = max(1, _BLOCK // reps.n_rows)
    rates = np.empty((len(first), reps.n_rows))
    for start in range(0, len(first), step):
        some = first[start : start + step]
        of_pair = reps.take(np.tile(np.arange(reps.n_rows), len(some)))
        pairs = leads.take(np.repeat(some, reps.n_rows)).beside(of_pair, of_leads, of_reps, features)
        rates[start : start + step] = _asked(model, name, pairs, won).reshape(len(some), reps.n_rows)
    return Affinity(rates=rates, row=row)


def _features(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is None or not all(isinstance(column, str) for column in names):
        raise InvalidInput(
            f"affinity: {type(model).__name__} does not say which columns it takes; fit it on a data frame, or set its "
            "feature_names_in_"
        )
    return [str(column) for column in names]


def _distinct_rows(leads: Table, columns: Sequence[str]) -> tuple[Ints, Ints]:
    """Return the first of each kind of lead, and each lead's kind."""
    values = [leads.values(column) for column in columns]
    for column, cells in zip(columns, values, strict=True):
        for number, cell in enumerate(cells):
            if not is_hashable(cell):
                leads.refuse(column, number, "must be a plain value, not a collection", cell)
    kinds, kind = distinct(list(zip(*values, strict=True)) if values else [()] * leads.n_rows)
    first = np.full(len(kinds), leads.n_rows, dtype=np.int64)
    np.minimum.at(first, kind, np.arange(leads.n_rows))
    return first, kind


def _place_of_won(model: Any, name: str) -> tuple[int, int]:
    """Return which column of `predict_proba` is that of won, -1 if none, and how many there are."""
    classes = getattr(model, "classes_", None)
    if classes is None:
        return 1, 2
    outcomes = [as_outcome(one) for one in list(classes)]
    if None in outcomes or len(set(outcomes)) < len(outcomes):
        found = ", ".join(map(repr, list(classes)[:4]))
        raise InvalidInput(f"affinity: {name} must tell won from lost (classes 0 and 1, won and lost); found {found}")
    return outcomes.index(1) if 1 in outcomes else -1, len(outcomes)


def _asked(model: Classifier, name: str, pairs: Table, won: tuple[int, int]) -> Floats:
    try:
        answer = model.predict_proba(pairs.native)
        found = np.asarray(answer, dtype=np.float64)
    except Exception as error:  # whatever the user's own model raises, it has to be told where
        said = str(error).splitlines()[0] if str(error) else ""
        raise InvalidInput(
            f"affinity: {name}.predict_proba failed on a table ({type(pairs.native).__name__}) with columns "
            f"{', '.join(pairs.columns)}; {type(error).__name__}: {said}"
        ) from error
    place, n_classes = won
    if found.shape != (pairs.n_rows, n_classes):
        raise InvalidInput(
            f"affinity: {name}.predict_proba must return a row per pair and a column per class, "
            f"({pairs.n_rows}, {n_classes}); found {found.shape}"
        )
    if not ((found >= 0.0) & (found <= 1.0)).all():  # NaN is not either
        wrong = found[~((found >= 0.0) & (found <= 1.0))][0]
        raise InvalidInput(f"affinity: {name}.predict_proba must return chances from 0 to 1; found {wrong}")
    return found[:, place] if place >= 0 else np.zeros(len(found))
