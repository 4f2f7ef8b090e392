"""Columns as levels: measurements binned by what they weigh, names left out with the reason."""

import numpy as np
import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.learning import ValueModel
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results


def read(table, cells, outcomes, **settings):
    """Return what is read where all outcomes are lost."""
    return read_attributes(table, cells, outcomes, Results.of_won(np.zeros(len(outcomes)), outcomes), **settings)


def test_categories_stay_measurements_are_binned_and_names_are_left_out():
    cells = {
        "source": ["web", None] * 20,
        "size": [k + 0.5 for k in range(20)] * 2,
        "mail": [f"{k}@x.org" for k in range(40)],
        "number": list(range(40)),
    }
    found = read("history", cells, np.ones(40, dtype=np.int64), noun="won lead")
    assert list(found.levels) == ["source", "size", "number"]
    assert found.levels["source"] == cells["source"]
    assert list(found.edges) == ["size", "number"]
    assert [len(set(found.levels[name])) for name in found.edges] == [8, 8]
    assert found.notes == [
        "mail has 40 levels in 40 won leads: it names leads, so it is left out",
        "size holds numbers, 20 levels in 40 won leads: it counts in 8 bins (below 2.5, 2.5 to 5.5, 5.5 to 7.5, 7.5 to "
        "10.5, 10.5 to 12.5, 12.5 to 15.5, 15.5 to 17.5, 17.5 or more); edges of your own, or 0 where they are "
        "codes, say otherwise: bins={'size': [...]}",
        "number holds numbers, 40 levels in 40 won leads: it counts in 8 bins (below 5, 5 to 10, 10 to 15, 15 to 20, "
        "20 to 25, 25 to 30, 30 to 35, 35 or more); edges of your own, or 0 where they are codes, say otherwise: "
        "bins={'number': [...]}",
    ]


def test_bins_that_are_asked_for_make_levels_of_numbers_that_would_name_leads():
    found = read("history", {"number": list(range(40))}, np.ones(40, dtype=np.int64), bins={"number": (10.0, 20.0)})
    assert (set(found.levels["number"]), found.notes) == ({"below 10", "10 to 20", "20 or more"}, [])


def test_bins_hold_equally_much_of_the_weights():
    outcomes, heavy = np.full(4, 10), np.array([1.0, 1.0, 1.0, 97.0])
    cells = {"size": [1, 2, 3, 4]}
    even = read("history", cells, outcomes, bins={"size": 2})
    assert even.edges == {"size": (3.0,)}
    assert read("history", cells, outcomes, weights=heavy, bins={"size": 2}).edges == {"size": (4.0,)}


def test_what_is_no_number_cannot_be_binned():
    with pytest.raises(InvalidInput) as caught:
        read("history", {"size": [1, "big"]}, np.ones(2, dtype=np.int64), bins={"size": 2})
    assert str(caught.value) == "history.size: is binned, so values must be numbers; found 'big'"


TRUTH = {"words": (True, False), "digits": (1, 0), "floats": (1.0, 0.0), "text": ("TRUE", "False"), "cells": ("1", "0")}


@pytest.mark.parametrize("past", TRUTH)
@pytest.mark.parametrize("new", TRUTH)
def test_true_and_false_are_1_and_0_in_another_table(past, new):
    x = np.random.default_rng(0).integers(0, 2, 3_000)
    won = np.random.default_rng(1).random(3_000) < np.where(x, 0.6, 0.2)
    rows = {"rep_id": ["a"] * 3_000, "x": [TRUTH[past][1 - one] for one in x], "converted": won.tolist()}
    leads = {"lead_id": [1, 2], "x": list(TRUTH[new])}
    plan = assign(leads, {"rep_id": ["a"], "capacity": [2]}, rows, policy=Policy(segment_by=["x"]))
    assert [row["probability"] for row in plan.assignments] == pytest.approx([0.6, 0.2], abs=0.04)
    assert not any("never saw" in note for note in plan.notes)


def test_true_and_false_that_join_later_are_one_with_1_and_0():
    x = [k % 2 for k in range(400)]
    won = [k % 10 < 3 + 4 * one for k, one in zip(range(400), x, strict=True)]
    rows = [{"rep_id": "a", "x": one, "converted": w} for one, w in zip(x, won, strict=True)]
    words = [row | {"x": bool(row["x"])} for row in rows[200:]]
    both = AffinityModel(segment_by="x").fit(rows[:200]).partial_fit(words)
    assert len(both.segments_) == 2
    whole = AffinityModel(segment_by="x").fit(rows)
    asked = [{"rep_id": "a", "x": one} for one in (1, True, 0, "false")]
    assert both.probability(asked) == pytest.approx(whole.probability(asked), abs=1e-9)


def test_1_and_true_are_two_levels_where_there_are_others():
    assert read("history", {"x": [1, True, 2]}, np.full(3, 9)).levels == {"x": ["1", "true", "2"]}


@pytest.mark.parametrize("n_copies", [1, 4])
@pytest.mark.parametrize("side", ["segment_by", "rep_by"])
def test_copies_of_a_column_change_no_answer_and_are_told(n_copies, side):
    rng = np.random.default_rng(0)
    rows = [
        {"rep_id": int(rep), "a": int(level), "b": "xyz"[other], "converted": bool(chance < 0.1 + 0.1 * level)}
        for rep, level, other, chance in zip(
            rng.integers(5, size=900),
            rng.integers(4, size=900),
            rng.integers(3, size=900),
            rng.random(900),
            strict=True,
        )
    ]
    asked = [*rows[:20], {"rep_id": 0, "a": 9, "b": "new"}, {"rep_id": 99, "a": 1, "b": "x"}]
    copies = {f"copy{k}": lambda row, k=k: f"{k} {row['a']}" for k in range(n_copies)}
    with_copies = [row | {name: of(row) for name, of in copies.items()} for row in rows]
    plain = AffinityModel(**{side: ["a", "b"]}).fit(rows)
    model = AffinityModel(**{side: ["a", *copies, "b"]}).fit(with_copies)
    asked_too = [row | {name: of(row) for name, of in copies.items()} for row in asked]
    assert model.probability(asked_too).tolist() == plain.probability(asked).tolist()
    assert model.interval(asked_too).tolist() == plain.interval(asked).tolist()
    assert model.notes_ == [f"{name} tells the same as a, level by level: it is left out" for name in copies]


def test_columns_that_differ_in_one_outcome_or_describe_another_are_no_copies():
    cells = {"a": ["x", "y"] * 100, "b": ["p", "q"] * 99 + ["p", "p"], "c": ["1", "2"] * 100}
    found = read("history", cells, np.ones(200, dtype=np.int64), of_reps=["c"])
    assert (list(found.levels), found.notes) == (["a", "b", "c"], [])
    few = read("history", cells, np.concatenate([np.ones(99, dtype=np.int64), np.zeros(101, dtype=np.int64)]))
    assert list(few.levels) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("ways", "asked", "said"),
    [
        (
            [None, ""],
            "N/A",
            [
                'history.s: "" is read as a missing cell; if it is a kind of its own, write it in another way',
                'leads.s: "N/A" is read as a missing cell, by which history says that nothing is known',
            ],
        ),
        (["NA"], None, ['leads.s: a missing cell is read as "NA", by which history says that nothing is known']),
        (["NA"], "NA", []),
        ([None], " ", []),
        ([""], None, []),
    ],
)
def test_what_says_nothing_is_one_level_in_history_and_leads(ways, asked, said):
    levels = ["web", "fair", *ways]
    history = [
        {"lead_id": k, "rep_id": "AB"[k % 2], "s": levels[k // 2 % len(levels)], "converted": k % 5 < 2, "value": 9.0}
        for k in range(240)
    ]
    leads = [{"lead_id": k, "s": level, "value": 1.0} for k, level in enumerate((asked, "web"))]
    plan = assign(leads, [{"rep_id": "A"}, {"rep_id": "B"}], history)
    assert [note for note in plan.notes if ".s:" in note] == said
    model = AffinityModel(segment_by="s").fit(history)
    chances = model.probability([{"rep_id": "A", "s": level} for level in (asked, *ways, "never seen")])
    assert len(set(chances[:-1].tolist())) == 1 != chances[-1]
    worth = ValueModel(columns="s").fit(history).expected([{"s": level} for level in (asked, *ways)])
    assert len(set(worth.tolist())) == 1
