"""Who may get which lead: each rule against its definition, and what is refused."""

from uuid import UUID

import numpy as np
import pytest

from leadopt.eligibility import ExcludeRule, MatchRule, ProtectRule, exclude, judge, match, pinned_reps, skills
from leadopt.errors import InvalidInput
from leadopt.tables import Table


def allowed(rule, leads, reps):
    lead_table, rep_table = Table(leads, "leads"), Table(reps, "reps")
    verdicts = judge(rule, lead_table, lead_table.ids("lead_id"), rep_table, rep_table.ids("rep_id"))
    return verdicts.allowed[verdicts.kind_of_lead].astype(int).tolist()


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


def test_match_needs_equal_levels_whatever_their_case_or_type():
    leads = {"lead_id": [1, 2, 3, 4], "zone": ["North", " south ", None, 7]}
    reps = {"rep_id": ["a", "b", "c", "d"], "zone": ["NORTH", "South", None, 7.0]}
    assert allowed(match("zone"), leads, reps) == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]]


def test_match_may_look_at_another_column_of_reps():
    leads, reps = {"lead_id": [1], "country": ["de"]}, {"rep_id": [1, 2], "market": ["de", "fr"]}
    assert allowed(match("country", "market"), leads, reps) == [[1, 0]]
    assert refused(allowed, match("country"), leads, reps).startswith('reps: column "country" is missing; known are')


@pytest.mark.parametrize(
    "needs", [[["de", "FR"], ["de"], [], None], ["de; fr", "de", "", None], ["fr|de", "DE", " ", None]]
)
@pytest.mark.parametrize("has", [[["fr", "de", "en"], ["de"], None], ["en;fr;de", "de", ""]])
def test_skills_needs_every_skill(needs, has):
    leads, reps = {"lead_id": [1, 2, 3, 4], "skills": needs}, {"rep_id": [1, 2, 3], "skills": has}
    assert allowed(skills(), leads, reps) == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_exclude_takes_single_pairs_out_and_those_that_a_column_lists():
    leads = {"lead_id": [1, 2, 3], "not_to": [None, "a;b", 5]}
    reps = {"rep_id": ["a", "b", "5"]}
    rule = exclude([(1, "a"), (2, "5")], column="not_to")
    assert allowed(rule, leads, reps) == [[0, 1, 1], [0, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize("lead, rep", [(1, 7), (np.int64(1), 7.0), ("1", "7")])
def test_excluded_pairs_are_found_whatever_type_a_file_made_of_their_ids(lead, rep):
    assert allowed(exclude([(lead, rep)]), {"lead_id": [1, 2]}, {"rep_id": [7, 8]}) == [[0, 1], [1, 1]]


def test_excluded_uuids_are_found_as_text_too():
    ids = [UUID(int=1), UUID(int=2)]
    for lead in (ids[0], str(ids[0])):
        assert allowed(exclude([(lead, 7)]), {"lead_id": ids}, {"rep_id": [7]}) == [[0], [1]]


def test_leads_of_one_kind_are_judged_once():
    lead_table = Table({"lead_id": range(100), "zone": ["N", "S"] * 50}, "leads")
    rep_table = Table({"rep_id": [1, 2], "zone": ["N", "S"]}, "reps")
    verdicts = judge(match("zone"), lead_table, range(100), rep_table, [1, 2])
    assert verdicts.allowed.tolist() == [[True, False], [False, True]]
    assert verdicts.words == ('zone must be "n"', 'zone must be "s"')
    assert not verdicts.excludes


def test_rules_say_what_they_ask():
    assert skills().words(frozenset({"fr", "de"})) == "skills must include de and fr"
    assert exclude().words(frozenset({"b", "a"})) == "must not go to a, b"
    assert MatchRule("zone", "area").words("n") == 'area must be "n"'


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: match(5), "eligibility.match: column must be the name of a column; found 5"),
        (lambda: match("a", 5), "eligibility.match: reps_column must be the name of a column; found 5"),
        (lambda: skills(has=None), "eligibility.skills: has must be the name of a column; found None"),
        (lambda: exclude(column=5), "eligibility.exclude: column must be the name of a column; found 5"),
        (lambda: exclude(5), "eligibility.exclude: pairs must be a list of (lead id, rep id); found 5"),
        (lambda: exclude("ab"), "eligibility.exclude: pairs must be a list of (lead id, rep id); found 'ab'"),
        (lambda: exclude([(1, 2, 3)]), "eligibility.exclude: a pair must be (lead id, rep id); found (1, 2, 3)"),
        (lambda: exclude([(1, None)]), "eligibility.exclude: a pair must be (lead id, rep id); found (1, None)"),
        (lambda: ExcludeRule(pairs=(7,)), "eligibility.exclude: a pair must be (lead id, rep id); found 7"),
    ],
)
def test_what_is_no_rule_is_refused(make, said):
    assert refused(make) == said


def test_excluded_ids_must_exist():
    leads, reps = {"lead_id": [1]}, {"rep_id": ["a"]}
    assert refused(allowed, exclude([(9, "a")]), leads, reps) == (
        "eligibility.exclude: lead 9 is not in leads; remove the pair"
    )
    assert refused(allowed, exclude([(1, "z")]), leads, reps) == (
        "eligibility.exclude: rep 'z' is not in reps; remove the pair"
    )


def pinned(pins, lead_ids=(1, 2), rep_ids=("a", "b")):
    tables = Table({"lead_id": lead_ids}, "leads"), Table({"rep_id": rep_ids}, "reps")
    return pinned_reps(pins, tables[0], lead_ids, tables[1], rep_ids).tolist()


def test_pins_become_indices():
    assert pinned({}) == [-1, -1]
    assert pinned({2: "a"}) == [-1, 0]


def test_pins_may_be_numpy_scalars():
    assert pinned({np.int64(2): np.str_("b"), 1.0: "a"}) == [0, 1]


@pytest.mark.parametrize(
    "pins, said",
    [
        ({9: "a"}, "pins: lead 9 is not in leads; remove the pin or add the lead"),
        ({True: "a"}, "pins: lead True is not in leads; remove the pin or add the lead"),
        ({1: "z"}, "pins: lead 1 is pinned to rep 'z', who is not in reps; known are a, b"),
        ({1: None}, "pins: lead 1 is pinned to rep None, who is not in reps; known are a, b"),
        (
            {"1": "a"},
            "pins (lead ids) holds text ('1') and leads holds whole numbers (1): ids must be of one kind to match. "
            "Read both columns as text.",
        ),
        (
            {1: 5},
            "pins (rep ids) holds whole numbers (5) and reps holds text ('a'): ids must be of one kind to match. "
            "Read both columns as text.",
        ),
        ([(1, "a")], "pins: must be a dict from lead id to rep id; found list"),
    ],
)
def test_pins_that_meet_nobody_are_refused(pins, said):
    assert refused(pinned, pins) == said


def test_protected_leads_are_for_everybody_but_newcomers():
    rule = ProtectRule("key", (True, False))
    leads, reps = Table({"lead_id": [1, 2, 3], "key": ["yes", None, 0]}, "leads"), Table({"rep_id": [1, 2]}, "reps")
    verdicts = judge(rule, leads, [1, 2, 3], reps, [1, 2])
    assert verdicts.allowed[verdicts.kind_of_lead].tolist() == [[False, True], [True, True], [True, True]]
    assert verdicts.words == ("not a newcomer (key)", "anyone")
