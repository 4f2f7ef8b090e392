"""Text in any kind of table is read as numbers, days and outcomes, and what was recognised is noted."""

import numpy as np
import pandas as pd
import pytest

from leadopt import AffinityModel, Formats, Outcomes, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.evaluate import backtest
from leadopt.tables import Table
from leadopt.tables.reading.reader import Reading
from tests.tables_strategies import KINDS

REPS = {"rep_id": ["Ann", "Bo"], "capacity": ["3", "3"], "available": ["ja", "50%"]}
LEADS = {"lead_id": [1, 2, 3], "source": ["web", "fair", "web"], "value": ["$22,700.00", "", "$8,400.00"]}
HISTORY = {
    "rep_id": ["Ann", "Bo", "Ann", "Bo"],
    "source": ["web", "fair", "fair", "web"],
    "converted": ["成交", "丢单", "进行中", "Closed Won"],
    "at": ["14-11-2018 10:05", "27-09-2018", "", "04-05-2018"],
    "value": ["$1,000", "", "", "$2,500.50"],
}
NOTES = (
    "history.converted: read '成交', 'Closed Won' as won, '丢单' as lost, '进行中' as open",
    "history.at: text read as dates, '14-11-2018",
    "leads.value: text read as numbers, '$22,700.00' as 22,700 in $",
    "history.value: text read as numbers, '$1,000' as 1,000 in $",
    "reps.available: text read as numbers, '50%' as 0.5",
    "reps.available: read 'ja' as 1",
    "1 history row without an outcome, left out",
)


def said(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    text = str(caught.value)
    assert "\n" not in text
    return text


def plan(leads=LEADS, reps=REPS, history=HISTORY, **settings):
    return assign(leads, reps, history, policy=Policy(**settings), now="2026-01-01")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_table_is_read_alike_and_says_so(kind):
    found = plan(*(KINDS[kind](table) for table in (LEADS, REPS, HISTORY)), half_life_days=90)
    typed = plan(
        LEADS | {"value": [22700.0, np.nan, 8400.0]},
        REPS | {"capacity": [3, 3], "available": [1.0, 0.5]},
        HISTORY
        | {
            "converted": [1, 0, None, 1],
            "at": ["2018-11-14", "2018-09-27", None, "2018-05-04"],
            "value": [1000.0, None, None, 2500.5],
        },
        half_life_days=90,
    )
    assert found.objective == pytest.approx(typed.objective, abs=1e-9)
    # An engine has no first row: words of a column that stays there are in alphabetical order.
    stays = kind in ("polars lazy", "duckdb")
    notes = [note.replace("'成交', 'Closed Won'", "'Closed Won', '成交'") if stays else note for note in NOTES]
    assert all(any(note.startswith(start) for note in found.notes) for start in notes)
    assert not any("read" in note.split(": ")[-1] for note in typed.notes)


def test_a_doubt_names_both_readings_and_the_setting_ends_it():
    leads = LEADS | {"value": ["1.500", "2.000", "7"]}
    assert said(plan, leads) == (
        "leads.value, row 1: may be 1.5 or 1,500, and nothing in the column tells which; found '1.500'. "
        'Set [formats] decimal = "." for 1.5 or decimal = "," for 1,500 in the policy, '
        'Policy(formats=Formats(decimal="."))'
    )
    assert Table(leads, "leads", Reading(formats=Formats(decimal=","))).numbers("value").tolist() == [1500, 2000, 7]
    own = Formats(decimal={"leads.value": ".", "value": ","})
    assert Table(leads, "leads", Reading(formats=own)).numbers("value").tolist() == [1.5, 2, 7]
    dated = HISTORY | {"at": ["03/04/2025", "05/06/2025", None, "07/08/2025"]}
    assert said(plan, history=dated, half_life_days=9) == (
        "history.at, row 1: may be 3 April 2025 or 4 March 2025, and nothing in the column tells which; "
        'found \'03/04/2025\'. Set [formats] dates = "day first" or "month first" in the policy, '
        'Policy(formats=Formats(dates="day first"))'
    )
    assert plan(history=dated, half_life_days=9, formats=Formats(dates="month first")).objective > 0
    assert plan(history=dated).objective > 0  # dates do not count here


def test_another_column_of_the_table_may_tell():
    table = Table({"a": ["1.500", "2.000"], "b": ["2,50", "x,y"], "c": ["2,50", "1"]}, "leads")
    assert table.numbers("a").tolist() == [1500, 2000]
    assert 'as column c is written (set [formats] decimal = "," or the other to be sure)' in next(
        iter(table.reading.notes)
    )
    table = Table({"a": ["03/04/2025"] * 2, "b": ["31/12/2024", "01/01/2025"]}, "leads")
    assert table.days("a") == Table({"a": ["2025-04-03"] * 2}, "leads").days("a")
    against = Table({"a": ["1.500"], "b": ["2,50"], "c": ["2.50"]}, "leads")
    assert "nothing in the column tells" in said(against.numbers, "a")


def test_two_ways_in_one_column_are_refused():
    assert said(Table({"a": ["1,000.50", "1.000,50"]}, "leads").numbers, "a") == (
        "leads.a, row 1: numbers of one column must have one decimal mark; '1,000.50' has a point, '1.000,50' a comma; "
        "found '1,000.50'. Write all in one way."
    )
    assert said(Table({"a": ["70%", "30"]}, "reps").numbers, "a") == (
        "reps.a, row 2: all numbers of a column must be per cents or none; '70%' is; found '30'. Write all in one way."
    )
    assert said(Table({"a": ["25/12/2024", "12/25/2024"]}, "history").days, "a") == (
        "history.a, row 1: no one order of day and month reads all dates; '12/25/2024' has another; "
        "found '25/12/2024'. Write all in one way."
    )


def test_what_stands_for_nothing_is_missing_and_said():
    table = Table({"a": ["7", "n/a", " ", "-"]}, "leads")
    assert table.numbers("a", missing=0.0).tolist() == [7, 0, 0, 0]
    assert list(table.reading.notes) == ["leads.a: 'n/a', '-' counts as missing"]
    assert said(table.numbers, "a") == "leads.a, row 2: must be a finite number; found 'n/a' (and 2 more rows)"


def test_an_unknown_outcome_proposes_the_lines_to_write():
    history = HISTORY | {"converted": ["won", "Handshake", "Lost to rival", "won"]}
    assert said(plan, history=history) == (
        "history.converted, row 2: an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is "
        "open; found 'Handshake'. Nor is 'Lost to rival' known. Say in the policy what 'Handshake' means: "
        '[outcomes] won = ["Handshake"], lost = ["Handshake"] or open = ["Handshake"]; '
        'if this is right, also lost = ["Lost to rival"]'
    )
    own = Outcomes(won="Handshake", lost=["Lost to rival"])
    assert "learned from 4 settled outcomes" in plan(history=history, outcomes=own).notes


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_numbers_may_be_outcomes_of_their_own(kind):
    history = KINDS[kind](HISTORY | {"converted": [1, 2, 3, 1]})
    found = plan(history=history, outcomes=Outcomes(won=[2], lost=["1"], open=[3]))
    assert "learned from 3 settled outcomes" in found.notes
    with pytest.raises(InvalidInput, match="found 2"):
        plan(history=history)


def test_models_and_backtests_read_alike():
    model = AffinityModel(segment_by="source", half_life_days=90).fit(HISTORY)
    assert (model.n_outcomes_, model.n_open_) == (3, 1)
    rows = [
        {"rep_id": "AB"[k % 2], "converted": ["gagné", "perdu"][k // 2 % 2], "at": f"{k + 5:02d}/04/2025"}
        for k in range(12)
    ]
    assert any("'13/04/2025' as 13 April 2025" in note for note in backtest(rows, now="2026-01-01").notes)


def test_text_that_measures_is_binned():
    history = {name: cells * 10 for name, cells in HISTORY.items() if name != "at"}
    size = [f"{k},5" for k in range(40)]
    model = AffinityModel(segment_by="size").fit(history | {"size": size})
    assert len(model.bins_["size"]) == 7
    assert model.segments_of({"size": ["0,5", "39,5"]}) == model.segments_of({"size": [0.5, 39.5]})
    few = AffinityModel(segment_by="size", bins={"size": [10.0]}).fit(history | {"size": ["$5.00", "$20.00"] * 20})
    assert few.segments_of({"size": ["$7.50", None]}) == [("below 10",), (None,)]


@pytest.mark.parametrize(
    ("values", "settings", "outcome"),
    [
        (["$5", "€7"], {}, "leads.value: values in several currencies cannot be compared without rates; found $, EUR"),
        (["$5", "€7"], {"currencies": {"USD": 1, "EUR": 2}}, 19.0),
        (["$5", "$7"], {"currencies": {"USD": 1, "CAD": 2}}, "leads.value: the sign $ may be CAD or USD"),
        (["$5", "7"], {"currencies": {"USD": 1}}, "leads.value: with rates, every value needs a currency (USD)"),
        (["€5", "7 EUR"], {}, 12.0),
        (["€5", "7"], {}, 12.0),
    ],
)
def test_signs_say_the_currency(values, settings, outcome):
    leads = {"lead_id": [1, 2], "value": values}
    if isinstance(outcome, float):
        assert plan(leads, history=None, **settings).objective == outcome
    else:
        assert said(plan, leads, history=None, **settings).startswith(outcome)


def test_signs_must_agree_with_the_column_of_currencies():
    leads = {"lead_id": [1, 2], "value": ["$5", "$7"], "currency": ["CAD", "CAD"]}
    assert plan(leads, history=None).objective == 12.0
    assert said(plan, leads | {"value": ["€5", "$7"]}, history=None).startswith(
        "leads.value, row 1: the sign must be that of the currency in column currency, CAD; found '€5'"
    )


def test_formats_are_proposed_of_what_leaves_no_doubt():
    columns = {"a": ["1.500", "2,5"], "b": ["31/12/2024", None], "c": ["03/04/2025"] * 2, "d": ["x", "y"]}
    assert Table(columns, "leads").propose_formats() == Formats(dates="day first", decimal=",")
    assert Table({"c": ["03/04/2025"], "n": ["7"], "m": ["1.500"]}, "leads").propose_formats() == Formats()
    both = Table({"a": ["31/12/2024"], "b": ["12/31/2024"]}, "leads").propose_formats()
    assert both == Formats(dates={"a": "day first", "b": "month first"})


@pytest.mark.parametrize("bad", [{"dates": "day"}, {"decimal": ";"}, {"dates": 5}, {"decimal": {"a": "x"}}])
def test_what_is_no_format_is_refused(bad):
    assert said(Formats, **bad).startswith(f"policy.formats.{next(iter(bad))}")


def test_half_a_million_moments_are_not_read_one_by_one(monkeypatch):
    import leadopt.tables.reading.moments as reading

    read = []
    monkeypatch.setattr(reading, "moment_readings", lambda text: read.append(text) or {})
    times = [f"2024-03-{k % 28 + 1:02d} {k % 24:02d}:{k % 60:02d}" for k in range(5000)]
    frame = pd.DataFrame({"at": times, "rep_id": ["A"] * 5000})
    assert len(Table(frame, "history").grouped(["rep_id"], "at")[0]) == 28
    assert read == []


def test_what_the_whole_column_tells_holds_for_its_parts():
    rows = [
        {
            "rep_id": "AB"[k % 2],
            "source": ["web", "fair"][k // 2 % 2],
            "converted": ["won", "lost"][k // 3 % 2],
            "at": f"{min(k, 11) + 1:02d}/04/2025" if k < 20 else "25/05/2025",
            "value": "12.5" if k == 3 else "1.500",
        }
        for k in range(24)
    ]
    assert backtest(rows, segment_by="source", half_life_days=90, now="2026-01-01").notes
    for kind in (list, pd.DataFrame):
        leads = {"lead_id": [1, 2], "source": ["web", "fair"], "value": [None, 5.0]}
        found = assign(
            leads, REPS | {"rep_id": ["A", "B"]}, kind(rows), policy=Policy(half_life_days=90), now="2026-01-01"
        )
        assert any("1 lead without value: learned from 12 won leads" in note for note in found.notes)


def test_notes_call_a_column_as_the_user_does():
    cells = {"Betrag": ["1.500,00", "2,5", "n/a"], "Tag": ["31.12.2025", "1.2.2026", "-"], "Da": ["ja", "Urlaub", None]}
    table = Table(cells, "reps").called({"Betrag": "value", "Tag": "at", "Da": "available"})
    table.numbers("value", missing=0.0), table.days("at"), table.fractions("available")
    notes = table.reading.notes
    assert len(notes) >= 5
    assert {note.split(":")[0] for note in notes} == {"reps.Betrag", "reps.Tag", "reps.Da"}
    counted = Table({"Tag": [46023]}, "history").called({"Tag": "at"})
    counted.days("at")
    assert list(counted.reading.notes) == ["history.Tag: numbers read as dates, as Excel, Unix or ISO count them"]


def test_an_unknown_word_may_mean_any_of_three():
    """Proposed as open alone, whoever pasted the line threw all wins in a language that is not known away."""
    history = HISTORY | {"converted": ["won", "Выиграно", "Проиграно", "won"]}
    assert said(plan, history=history).endswith(
        "found 'Выиграно'. Nor is 'Проиграно' known. Say in the policy what 'Выиграно', 'Проиграно' mean: "
        '[outcomes] won = ["Выиграно", ...], lost = ["Выиграно", ...] or open = ["Выиграно", ...]'
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whole_numbers_with_decimals_are_outcomes_as_those_without(kind):
    words = KINDS[kind](HISTORY | {"converted": ["1.0", "0.0", "won", "0,0"]})
    numbers = KINDS[kind](HISTORY | {"converted": ["1", "0", "won", "0"]})
    assert plan(history=words).objective == plan(history=numbers).objective
    with pytest.raises(InvalidInput, match=r"found '1\.5'"):
        plan(history=KINDS[kind](HISTORY | {"converted": ["1.5", "0.0", "won", "0"]}))
