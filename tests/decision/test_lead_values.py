"""Leads keep the values they come with; missing ones are learned from won values, and the plan says so."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from leadopt import Plan, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.learning.value_model import ValueModel
from leadopt.tables.columns import Columns

REPS = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 2}]
LEADS = [{"lead_id": k, "source": source} for k, source in enumerate(["fair", "fair", "web", "web"])]


def history_of(n=240, **changes):
    """Half the leads won; fairs are worth ten times as much."""
    rng = np.random.default_rng(0)
    source = ["fair" if k % 3 == 0 else "web" for k in range(n)]
    won = (rng.random(n) < 0.5).tolist()
    value = np.where(np.array(source) == "fair", 1_000.0, 100.0) * np.exp(rng.normal(0.0, 0.3, n))
    columns = {
        "rep_id": ["Ann" if k % 2 else "Bo" for k in range(n)],
        "source": source,
        "converted": won,
        "value": [float(v) if w else None for v, w in zip(value, won, strict=True)],
    }
    return columns | changes


HISTORY = history_of()
N_WON = sum(HISTORY["converted"])
EXPECTED = ValueModel(columns="source").fit(HISTORY).expected(LEADS)


def with_values(*values, **columns):
    more = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)] or [{}] * 4
    return [lead | {"value": value} | extra for lead, value, extra in zip(LEADS, values, more, strict=True)]


def refused(*arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        assign(*arguments, **more)
    return str(caught.value)


def test_values_that_leads_lack_altogether_are_learned_and_a_note_says_so():
    plan = assign(LEADS, REPS, HISTORY)
    assert plan.unit == "value"
    np.testing.assert_allclose(plan.case.gains.scale, EXPECTED)
    assert EXPECTED[0] == pytest.approx(1_046.0, rel=0.1)
    assert EXPECTED[2] == pytest.approx(105.0, rel=0.1)
    note = f"value learned from {N_WON} won leads by source (without value in history, each deal counts 1)"
    assert note in plan.notes


@pytest.mark.parametrize("kind", [pl.DataFrame, pd.DataFrame])
def test_frames_learn_the_same(kind):
    plan = assign(kind(LEADS), kind(REPS), kind(HISTORY))
    np.testing.assert_allclose(plan.case.gains.scale, EXPECTED)


def test_values_that_leads_have_stay_and_only_the_missing_ones_are_learned():
    plan = assign(with_values(7.0, None, 0.0, None), REPS, HISTORY)
    np.testing.assert_allclose(plan.case.gains.scale, [7.0, EXPECTED[1], 0.0, EXPECTED[3]])
    assert f"2 leads without value: learned from {N_WON} won leads by source" in plan.notes
    assert not any("median" in note for note in plan.notes)


def test_values_that_all_leads_have_are_not_learned():
    plan = assign(with_values(1.0, 2.0, 3.0, 4.0), REPS, history_of(value=[-1.0] * 240))
    assert plan.case.gains.scale.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert plan.case.valued is None
    assert not any("learned from" in note and "value" in note for note in plan.notes)


def test_won_leads_without_a_value_are_left_out_and_a_note_says_so():
    value = list(HISTORY["value"])
    first = HISTORY["converted"].index(True)
    value[first] = None
    plan = assign(LEADS, REPS, history_of(value=value))
    assert "1 won lead of history without value, left out of what is learned of it" in plan.notes
    assert any(note.startswith(f"value learned from {N_WON - 1} won leads by source") for note in plan.notes)


def test_where_history_has_no_won_value_the_median_counts_as_before():
    without = {name: cells for name, cells in HISTORY.items() if name != "value"}
    for past in (without, history_of(value=[None] * 240), history_of(converted=[False] * 240), None):
        plan = assign(with_values(10.0, None, 30.0, 50.0), REPS, past)
        assert plan.case.gains.scale.tolist() == [10.0, 30.0, 30.0, 50.0]
        assert "1 lead without value, counted as the median: 30" in plan.notes
        plain = assign(LEADS, REPS, past)
        assert plain.case.gains.scale.tolist() == [1.0] * 4
        assert plain.unit in ("deals", "leads")


def test_a_score_multiplies_learned_values():
    plan = assign(LEADS, REPS, HISTORY, policy=Policy(score={"source": {"web": 1, "fair": 2}}))
    np.testing.assert_allclose(plan.case.gains.scale, EXPECTED * np.array([1.0, 1.0, 0.5, 0.5]))
    assert plan.unit == "score-weighted value"


def test_explanations_say_where_a_value_was_learned():
    plan = assign(with_values(7.0, None, 5.0, None), REPS, HISTORY)
    low, high = ValueModel(columns="source").fit(HISTORY).interval(LEADS)[1]
    fairs = sum(won and source == "fair" for won, source in zip(HISTORY["converted"], HISTORY["source"], strict=True))
    sentence = (
        f"Its value, {EXPECTED[1]:,.0f} if won (90% interval {low:,.0f} to {high:,.0f}), was learned from "
        f"{N_WON} won leads by source, {fairs} of them with source=fair."
    )
    assert plan.explain(1).learned_value == sentence
    assert sentence in plan.explain(1).lines
    assert plan.explain(0).learned_value is None
    assert "was learned" not in str(plan.explain(0))


def test_explanations_say_so_of_leads_in_the_pool_and_without_columns():
    plan = assign(LEADS, REPS, HISTORY, policy=Policy(segment_by=(), reserve=1e6))
    lines = plan.explain(0).lines
    assert lines[0].startswith("0 stays in the pool")
    assert lines[2].startswith("Its value, ")
    assert lines[2].endswith(f", was learned from {N_WON} won leads.")
    assert f"value learned from {N_WON} won leads (without value in history, each deal counts 1)" in plan.notes


def test_a_saved_plan_still_knows():
    plan = assign(with_values(7.0, None, 5.0, None), REPS, HISTORY)
    again = Plan.from_json(plan.to_json())
    assert str(again.explain(1)) == str(plan.explain(1))
    assert again.explain(0).learned_value is None
    assert again.to_json() == plan.to_json()
    assert plan.what_if(capacity={"Ann": 1}).plan.explain(1).learned_value == plan.explain(1).learned_value


@pytest.mark.parametrize("bad", [-0.1, -5.0])
def test_a_won_value_below_0_is_refused(bad):
    value = list(HISTORY["value"])
    row = HISTORY["converted"].index(True)
    value[row] = bad
    assert refused(LEADS, REPS, history_of(value=value)) == (
        f"history.value, row {row + 1}: what a won lead was worth must be a number from 0 to 1e+100; "
        f"found {bad}. Leave it empty where it is not known."
    )


def test_columns_may_be_called_anything():
    named = {"rep_id": "owner", "value": "amount", "converted": "stage"}
    past = {named.get(name, name): cells for name, cells in HISTORY.items()}
    reps = [{"owner": rep["rep_id"], "capacity": 2} for rep in REPS]
    plan = assign(LEADS, reps, past, policy=Policy(columns=Columns(rep_id="owner", value="amount", converted="stage")))
    np.testing.assert_allclose(plan.case.gains.scale, EXPECTED)
    assert any(note.startswith(f"amount learned from {N_WON} won leads by source") for note in plan.notes)


def test_bins_of_numbers_count_for_values_too():
    size = np.where(np.array(HISTORY["source"]) == "fair", 80, 20).tolist()
    leads = [lead | {"size": 70 if lead["source"] == "fair" else 10} for lead in LEADS]
    policy = Policy(segment_by="size", bins={"size": [50.0]})
    plan = assign(leads, REPS, history_of(size=size), policy=policy)
    assert plan.case.gains.scale[0] > 5.0 * plan.case.gains.scale[2]
    assert "of them with size=50 or more" in plan.explain(0).learned_value


# Currencies

RATES = {"EUR": 1.25, "USD": 1.0}
IN_BOTH = ["EUR" if k % 4 == 0 else "usd" for k in range(240)]
CONVERTED = [
    None if value is None else value / (1.25 if currency == "EUR" else 1.0)
    for value, currency in zip(HISTORY["value"], IN_BOTH, strict=True)
]


def test_values_of_leads_are_brought_into_one_unit():
    leads = with_values(8.0, 10.0, 4.0, None, currency=["EUR", "USD", " eur", "GBP"])
    plan = assign(leads, REPS, policy=Policy(currencies=RATES))
    assert plan.case.gains.scale.tolist() == [10.0, 10.0, 5.0, 10.0]
    assert "1 lead without value, counted as the median: 10" in plan.notes
    assert "rates of currencies: EUR 1.25, USD 1" in plan.notes


def test_won_values_are_brought_into_one_unit():
    plan = assign(LEADS, REPS, history_of(value=CONVERTED, currency=IN_BOTH), policy=Policy(currencies=RATES))
    np.testing.assert_allclose(plan.case.gains.scale, EXPECTED, rtol=1e-6)
    assert "rates of currencies: EUR 1.25, USD 1" in plan.notes
    assert not any("currency" in note for note in plan.notes if note.startswith("segments by"))


def test_one_currency_needs_no_rates():
    plan = assign(with_values(1.0, 2.0, 3.0, None, currency=["EUR", "EUR", None, None]), REPS, HISTORY)
    assert plan.case.gains.scale[:3].tolist() == [1.0, 2.0, 3.0]
    assert not any("rates" in note for note in plan.notes)


def test_several_currencies_without_rates_are_refused():
    mend = (
        " Say what one unit of each is worth: "
        'Policy(currencies={"EUR": ..., "USD": ...}), or [currencies] in a policy file'
    )
    several = "values in several currencies cannot be compared without rates; found EUR, USD."
    mixed = with_values(1.0, 2.0, 3.0, 4.0, currency=["EUR", "USD", "EUR", "EUR"])
    assert refused(mixed, REPS) == f"leads.currency: {several}{mend}"
    past = history_of(currency=IN_BOTH)
    assert refused(LEADS, REPS, past) == f"history.currency: {several}{mend}"
    euros = with_values(1.0, 2.0, 3.0, None, currency=["EUR"] * 4)
    dollars = history_of(currency=["USD"] * 240)
    assert refused(euros, REPS, dollars) == f"leads and history, currency: {several}{mend}"


def test_currencies_of_values_that_nobody_reads_do_not_matter():
    past = history_of(currency=IN_BOTH)
    assert assign(with_values(1.0, 2.0, 3.0, 4.0), REPS, past).unit == "value"
    leads = [lead | {"currency": currency} for lead, currency in zip(LEADS, ["EUR", "USD", "EUR", "GBP"], strict=True)]
    assert assign(leads, REPS).unit == "leads"


@pytest.mark.parametrize(
    ("leads", "past", "message"),
    [
        (
            with_values(1.0, 2.0, 3.0, 4.0, currency=["EUR", "USD", "CHF", "EUR"]),
            None,
            "leads.currency: no rate for the currency CHF; known are EUR, USD. "
            'Add it: Policy(currencies={"CHF": ...}), or CHF = ... under [currencies] in a policy file',
        ),
        (
            LEADS,
            history_of(currency=["CHF"] * 240),
            "history.currency: no rate for the currency CHF; known are EUR, USD. "
            'Add it: Policy(currencies={"CHF": ...}), or CHF = ... under [currencies] in a policy file',
        ),
        (
            with_values(1.0, 2.0, 3.0, 4.0, currency=["EUR", None, "EUR", "EUR"]),
            None,
            "leads.currency: with rates, every value needs a currency (EUR, USD); found nothing",
        ),
    ],
)
def test_a_currency_without_a_rate_is_refused(leads, past, message):
    assert refused(leads, REPS, past, policy=Policy(currencies=RATES)) == message


def test_rates_that_no_value_needs_are_noticed():
    plan = assign(with_values(1.0, 2.0, 3.0, 4.0), REPS, policy=Policy(currencies=RATES))
    note = "currencies have rates, but no value names one in a column currency: values count as they are"
    assert note in plan.notes


def test_a_column_that_names_won_leads_is_left_out_of_their_value_and_a_note_says_so():
    rows = [{"rep_id": "AB"[k % 2], "deal": f"deal {k}", "value": 100.0 + k, "converted": k < 20} for k in range(40)]
    rows += [{"rep_id": "A", "deal": f"lost {k % 4}", "value": None, "converted": 0} for k in range(60)]
    leads, reps = {"lead_id": [1], "deal": ["deal 3"]}, {"rep_id": ["A", "B"]}
    plan = assign(leads, reps, rows, policy=Policy(segment_by="deal"))
    assert "value: deal has 20 levels in 20 won leads: it names leads, so it is left out" in plan.notes
    assert plan.case.valued.columns == ()
    assert "was learned from 20 won leads." in plan.explain(1).learned_value


def test_a_value_of_0_may_mean_that_nobody_filled_it_in():
    leads = with_values(7.0, 0.0, 0.0, None)
    plan = assign(leads, REPS, HISTORY)
    assert plan.case.gains.scale.tolist()[:3] == [7.0, 0.0, 0.0]
    assert any("2 leads have a value of 0, not above the reserve" in note for note in plan.notes)
    assert len(plan.unassigned) == 2
    filled = assign(leads, REPS, HISTORY, policy=Policy(value_zero="missing"))
    np.testing.assert_allclose(filled.case.gains.scale, [7.0, *EXPECTED[1:]])
    assert f"3 leads without value: learned from {N_WON} won leads by source" in filled.notes
    assert filled.unassigned == []
    again = Plan.from_json(filled.to_json())
    assert again.case.policy.value_zero == "missing"
    past = assign(leads, REPS, policy=Policy(value_zero="missing"))
    assert past.case.gains.scale.tolist() == [7.0] * 4


def test_won_leads_of_value_0_count_as_what_they_are_unless_they_are_said_to_be_missing():
    value = [
        0.0 if k % 5 == 0 and won else cell
        for k, (cell, won) in enumerate(zip(*(HISTORY[name] for name in ("value", "converted")), strict=True))
    ]
    past = history_of(value=value)
    n = value.count(0.0)
    plan = assign(LEADS, REPS, past)
    said = f"{n} of {N_WON} won leads were won for 0, which counts as it is"
    assert f'value: {said}: set value_zero = "missing" where 0 means "not filled in"' in plan.notes
    known = assign(LEADS, REPS, past, policy=Policy(value_zero="missing"))
    assert f"{n} won leads of history without value, left out of what is learned of it" in known.notes
    assert not any(said in note for note in known.notes)
    share = plan.case.gains.scale / known.case.gains.scale
    assert share == pytest.approx(1.0 - n / N_WON, abs=0.08)


def test_a_day_without_the_level_that_has_points_is_noted():
    policy = Policy(score={"source": {"referral": 3}})
    plan = assign(LEADS, REPS, policy=policy)
    assert (plan.unit, len(plan.assignments)) == ("leads", 4)
    assert 'score.source: no lead has level "referral"; known are fair, web' in plan.notes
    assert "no lead has any points, so the score does not count" in plan.notes
    both = Policy(score={"source": {"referral": 3, "Refferal": 1}, "lead_id": 1})
    plan = assign(LEADS, REPS, policy=both)
    assert plan.unit == "score-weighted deals"
    np.testing.assert_allclose(plan.case.gains.scale, [0.0, 1 / 12, 2 / 12, 3 / 12])
    assert (
        'score.source: no lead has level "referral" or another of the 2 with points; known are fair, web' in plan.notes
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (None, "no lead has any, so none has points by it"),
        ("", "no lead has any, so none has points by it"),
        ("web", 'no lead has level "referral" or another of the 2 with points; known are web'),
        ("chat", None),
    ],
)
def test_a_day_on_which_no_lead_has_points_places_all_and_is_noted(cell, said):
    leads = {"lead_id": list("abcd"), "source": [cell] * 4}
    plan = assign(leads, REPS, policy=Policy(score={"source": {"referral": 3, "chat": 0}}))
    assert (plan.unit, len(plan.assignments)) == ("leads", 4)
    assert "no lead has any points, so the score does not count" in plan.notes
    assert [note for note in plan.notes if note.startswith("score.")] == (
        [] if said is None else [f"score.source: {said}"]
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (None, "no lead has any points, so the score does not count"),
        (0, "all leads have the same score, which tells none from another"),
    ],
)
def test_a_column_of_points_that_is_empty_or_the_same_for_all_places_all_and_is_noted(cell, said):
    plan = assign({"lead_id": list("abcd"), "visits": [cell] * 4}, REPS, policy=Policy(score={"visits": 1}))
    assert len(plan.assignments) == 4
    assert said in plan.notes
    assert ("score.visits: no lead has any, so none has points by it" in plan.notes) == (cell is None)
