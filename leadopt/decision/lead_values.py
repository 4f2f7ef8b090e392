"""What each lead is worth if won: as its table says, as won values of history suggest, or as the other leads are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.learning.lead_worth import Valued
from leadopt.learning.scoring import noted_score
from leadopt.learning.value_model import ValueModel
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.amounts import MOST_AMOUNT
from leadopt.tables.currencies import check_one, check_unit, currency_code, rates_of, with_signs
from leadopt.tables.text import count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """What each lead multiplies its chances by.

    Parameters
    ----------
    values
        float64 (n_leads,)
    unit
        what that makes of a gain of 1; None = nothing, each lead counts 1
    valued
        the leads whose value was learned; None if none was
    notes
        what was assumed, in words
    """

    values: Floats
    unit: str | None
    valued: Valued | None
    notes: tuple[str, ...]


def scale_of(
    leads: Table,
    history: Table | None,
    segment_by: Sequence[str],
    policy: Policy,
    learned: ValueModel | None = None,
    usual: float | None = None,
) -> Scale:
    """Return what leads are worth, times their score where the policy has one.

    A value that a lead lacks is learned from the won values of history (`ValueModel`), by the columns that chances are
    learned by. Where history has none, it is the median of the others, and without any each lead counts 1. `learned`
    is such a model that was fitted before, `usual` what a lead counts of which nothing is known.

    Raises
    ------
    InvalidInput
        a value is not a number, or below 0, and so a won one; a currency has no rate, or several are mixed
    """
    found = _worth(leads, history, segment_by, policy, learned, usual)
    if policy.score is None:
        return found
    unit = f"score-weighted {found.unit or 'deals'}"
    points, unlisted = noted_score(leads, policy.score)
    if leads.n_rows and not points.any():
        # Nobody's points tell leads apart today; all of them for nothing, and so in the pool, is not what is meant.
        return replace(found, notes=(*found.notes, *unlisted, "no lead has any points, so the score does not count"))
    same = leads.n_rows > 1 and bool((points == points[0]).all())
    notes = ["all leads have the same score, which tells none from another"] if same else []
    return replace(found, values=found.values * points, unit=unit, notes=(*found.notes, *unlisted, *notes))


def values_of(leads: Table, policy: Policy, valued: Valued | None) -> Floats | None:
    """Return what each lead is worth if won, without its score, float64 (n_leads,); None where nothing says.

    What a lead lacks was learned, or is the median of the others.
    """
    values, _ = _own_values(leads, policy)
    gone = np.isnan(values)
    if valued is not None:
        values[gone] = valued.worths.expected[valued.segment_of_lead[gone]]
    elif policy.columns.value not in leads:
        return None
    elif gone.any():
        values[gone] = np.median(values[~gone]) if not gone.all() else 1.0
    return values


def _worth(
    leads: Table,
    history: Table | None,
    segment_by: Sequence[str],
    policy: Policy,
    learned: ValueModel | None,
    usual: float | None,
) -> Scale:
    column = policy.columns.value
    values, codes = _own_values(leads, policy)
    gone = np.isnan(values)
    model = learn_values(history, segment_by, policy) if gone.any() and history is not None else learned
    if model is not None and model.n_won_ and gone.any():
        if policy.currencies is None:
            check_one(f"leads and history, {policy.columns.currency}", [*codes, *model.currencies_])
        valued = _valued(leads, gone, model)
        values[gone] = valued.worths.expected[valued.segment_of_lead[gone]]
        notes = [*_learned_notes(valued, policy, gone, model), *_rate_notes(policy, [*codes, *model.currencies_])]
        return Scale(values=values, unit="value", valued=valued, notes=tuple(notes))
    if column not in leads:
        return Scale(values=np.ones(leads.n_rows), unit=None, valued=None, notes=())
    notes = _rate_notes(policy, codes)
    if gone.any():
        if usual is None:
            usual = float(np.median(values[~gone])) if not gone.all() else 1.0
        values = np.where(gone, usual, values)
        notes = [f"{count(int(gone.sum()), 'lead')} without {column}, counted as the median: {usual:g}", *notes]
    return Scale(values=values, unit="value", valued=None, notes=tuple(notes))


def _own_values(leads: Table, policy: Policy) -> tuple[Floats, list[str | None]]:
    """Return the values that leads come with in the unit of the plan, NaN where there is none, and their currencies."""
    columns = policy.columns
    if columns.value not in leads:
        return np.full(leads.n_rows, np.nan), []
    named = f"leads.{columns.currency if columns.currency in leads else columns.value}"
    leads = with_signs(leads, columns.value, columns.currency, policy.currencies)
    values = leads.numbers(columns.value, low=0, high=MOST_AMOUNT, missing=np.nan)
    if policy.value_zero == "missing":
        values[values == 0.0] = np.nan
    if columns.currency not in leads:
        return values, []
    known = np.flatnonzero(~np.isnan(values))
    cells = leads.values(columns.currency)
    codes = [currency_code(cells[lead]) for lead in known]
    rates = rates_of(named, codes, policy.currencies)
    check_unit(f"leads.{columns.value}", values[known], rates)
    values[known] *= rates
    return values, codes


def learn_values(history: Table, segment_by: Sequence[str], policy: Policy) -> ValueModel | None:
    """Return what won values of a history tell, None where it has no such column."""
    columns = policy.columns
    if columns.value not in history:
        return None
    bins: Mapping[str, Any] = policy.bins or {}
    return ValueModel(
        columns=segment_by,
        bins={name: asked for name, asked in bins.items() if name in segment_by},
        currencies=policy.currencies,
        value=columns.value,
        converted=columns.converted,
        rep=columns.rep_id,
        currency=columns.currency,
        value_zero=policy.value_zero,
    ).fit(history)


def _valued(leads: Table, gone: Bools, model: ValueModel) -> Valued:
    places = np.flatnonzero(gone)
    for column in model.bins_:
        leads = leads.measured(column, asked=True)
    worths, segment = model.worths(leads if gone.all() else leads.take(places))
    segment_of_lead = np.full(leads.n_rows, -1, dtype=np.int64)
    segment_of_lead[places] = segment
    return Valued(
        columns=model.columns_,
        n_won=model.n_won_,
        noise=model.scatter_,
        worths=worths,
        segment_of_lead=segment_of_lead,
    )


def _learned_notes(valued: Valued, policy: Policy, gone: Bools, model: ValueModel) -> list[str]:
    column, past = policy.columns.of("leads").value, policy.columns.of("history").value
    notes = [
        f"{column} learned from {valued.source} (without {past} in history, each deal counts 1)"
        if gone.all()
        else f"{count(int(gone.sum()), 'lead')} without {column}: learned from {valued.source}"
    ]
    notes += [f"{column}: {note}" for note in model.notes_]
    if model.n_missing_:
        notes.append(
            f"{count(model.n_missing_, 'won lead')} of history without {past}, left out of what is learned of it"
        )
    return notes


def _rate_notes(policy: Policy, codes: Sequence[str | None]) -> list[str]:
    if policy.currencies is None:
        return []
    used = sorted({code for code in codes if code is not None})
    if not used:
        column = policy.columns.currency
        return [f"currencies have rates, but no value names one in a column {column}: values count as they are"]
    return ["rates of currencies: " + ", ".join(f"{code} {policy.currencies[code]:g}" for code in used)]
