"""Leads that history shows as settled are told of; reps and levels are one however they are written."""

import re

import pytest

from leadopt import AffinityModel, InvalidInput, Policy, assign
from leadopt.errors import UnknownReps
from tests.tables_strategies import KINDS, framed, records

LEADS = {"lead_id": ["L1", "L2", "L3"], "source": ["web", "FAIR ", "Fair"]}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [3, 3]}
RECORD = [("Ann", "web", 18), ("Bo", "web", 4), ("Ann", "fair", 4), ("Bo", "fair", 18)]
ROWS = [(rep, source, k < won) for rep, source, won in RECORD for k in range(20)]
HISTORY = {
    "lead_id": [f"H{k}" for k in range(80)],
    "rep_id": [rep for rep, _, _ in ROWS],
    "source": [source for _, source, _ in ROWS],
    "converted": [won for _, _, won in ROWS],
}


def respelt(how, *columns):
    """History with every other cell of some columns written otherwise."""
    return HISTORY | {name: [how(cell) if k % 2 else cell for k, cell in enumerate(HISTORY[name])] for name in columns}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_leads_with_an_outcome_are_told(kind):
    history = framed(kind, HISTORY | {"lead_id": ["L1", "L3", *HISTORY["lead_id"][2:]]})
    notes = assign(framed(kind, LEADS), framed(kind, REPS), history).notes
    said = "2 leads of this batch with an outcome in history already (L1, L3): they are handed out again"
    assert any(note.startswith(said) for note in notes)


@pytest.mark.parametrize("converted", [None, ""])
def test_leads_that_are_still_open_are_not(converted):
    history = HISTORY | {
        "lead_id": ["L1", *HISTORY["lead_id"][1:]],
        "converted": [converted, *HISTORY["converted"][1:]],
    }
    assert not any("already" in note for note in assign(LEADS, REPS, history).notes)


def test_ids_of_another_kind_are_other_leads():
    history = HISTORY | {"lead_id": list(range(80))}
    assert not any("already" in note for note in assign(LEADS, REPS, history).notes)


@pytest.mark.parametrize("how", [str.upper, str.lower, lambda cell: f"{cell} ", lambda cell: f"\u00a0{cell}"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_case_and_blanks_split_neither_reps_nor_segments(how, kind):
    usual = assign(LEADS, REPS, HISTORY)
    plan = assign(framed(kind, LEADS), framed(kind, REPS), framed(kind, respelt(how, "rep_id", "source")))
    assert plan.objective == pytest.approx(usual.objective, rel=1e-12)
    assert [row["rep_id"] for row in records(plan.assignments)] == ["Ann", "Bo", "Bo"]
    assert plan.case.evidence.n_outcomes == 80
    assert not any("without history" in note or "never saw" in note for note in plan.notes)


def test_what_was_written_otherwise_is_told():
    notes = assign(LEADS, REPS, respelt(str.upper, "rep_id", "source")).notes
    assert 'reps of history written in another way are one: "ANN" is "Ann", "BO" is "Bo"' in notes
    assert 'levels of source written in another way are one: "fair" is "FAIR", "web" is "WEB"' in notes


def test_two_reps_who_differ_in_case_alone_are_two_if_the_table_has_both():
    reps = {"rep_id": ["bo", "Bo"], "capacity": [3, 3]}
    history = HISTORY | {"rep_id": [{"Ann": "bo"}.get(rep, rep) for rep in HISTORY["rep_id"]]}
    plan = assign(LEADS, reps, history)
    assert [row["rep_id"] for row in plan.assignments] == ["bo", "Bo", "Bo"]
    # A third spelling may be either, and so is neither.
    third = HISTORY | {"rep_id": ["BO"] * 80}
    with pytest.warns(UnknownReps):
        assert any(note.startswith("2 reps without history") for note in assign(LEADS, reps, third).notes)


def test_blanks_alone_make_no_second_rep():
    with pytest.raises(InvalidInput) as caught:
        assign(LEADS, {"rep_id": ["Ann", "Bo", "Ann "], "capacity": [1, 1, 1]})
    assert str(caught.value) == (
        "reps.rep_id, row 3: ids must be unique, and 'Ann' differs from it in blanks alone; found 'Ann '. "
        "Remove one of them."
    )


def test_the_ids_of_the_tables_come_back_as_they_are():
    plan = assign({"lead_id": [" L1"]}, {"rep_id": ["ANN ", "Bo"], "capacity": [1, 0]}, HISTORY)
    assert (plan.assignments[0]["lead_id"], plan.assignments[0]["rep_id"]) == (" L1", "ANN ")


def test_a_model_joins_spellings_by_itself():
    model, usual = AffinityModel(segment_by="source"), AffinityModel(segment_by="source").fit(HISTORY)
    model.fit(respelt(lambda cell: f" {cell.upper()}", "rep_id", "source"))
    assert len(model.reps_) == len(model.segments_) == 2
    rows = [{"rep_id": "ann", "source": "Web"}, {"rep_id": "BO", "source": "fair "}]
    assert model.probability(rows) == pytest.approx(usual.probability([
        {"rep_id": "Ann", "source": "web"}, {"rep_id": "Bo", "source": "fair"},
    ]), rel=1e-12)  # fmt: skip


def test_states_of_reps_and_scores_are_one_too():
    team = HISTORY | {"team": ["North", "north "] * 40}
    policy = Policy(rep_by="team", score={"source": {"Web": 3, "fair": 1}})
    plan = assign(LEADS, REPS | {"team": ["NORTH", "south"]}, team, policy=policy)
    assert plan.case.evidence.states.levels[0] in (("North",), ("north ",))
    assert sorted(plan.case.gains.scale.tolist()) == [pytest.approx(1 / 3)] * 2 + [1.0]


def test_history_of_nobody_here_is_told_loudly():
    strangers = {"rep_id": ["ann@firm.com", "R7"], "capacity": [3, 3]}
    with pytest.warns(UnknownReps, match=re.escape("history knows none of the reps (ann@firm.com, R7)")):
        plan = assign(LEADS, strangers, HISTORY)
    assert plan.notes[0] == (
        "history knows none of the reps (ann@firm.com, R7), it is of Ann, Bo: all reps count as average; if they are "
        'the same people, write them alike: "ann@firm.com" may be "Ann"'
    )


def test_a_rep_without_history_who_may_be_somebody_is_told_of():
    notes = assign(LEADS, {"rep_id": ["Ann", "Bo Li"], "capacity": [3, 3]}, HISTORY).notes
    assert (
        '1 rep without history, counted as average: Bo Li; who may be the same is "Bo Li" in reps and "Bo" in history: '
        "write them alike" in notes
    )
