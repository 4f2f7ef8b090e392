"""What bad input gets: a sentence in `InvalidInput` or `Infeasible`, or a valid plan; never anything else."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

import leadopt
from leadopt import AffinityModel, Columns, Fairness, NewcomerQuota, Policy, assign
from leadopt.errors import Infeasible, InvalidInput
from leadopt.plans.baselines import ALL
from leadopt.policy import exclude, match, skills
from leadopt.problem.certify import certify
from tests.strategies import examples
from tests.tables_strategies import KINDS, framed, nasty_floors, records

LEADS = {"lead_id": [1, 2, 3], "industry": ["steel", "wood", "steel"]}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [2, 2]}
HISTORY = {"rep_id": ["Ann", "Bo"] * 6, "industry": ["steel", "wood", "glass"] * 4, "converted": [1, 0, 0, 1] * 3}
SETTINGS = "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"
KIND = "ids must be of one kind to match. Read both columns as text."


def refusal(leads=LEADS, reps=REPS, history=None, error=InvalidInput, **more):
    with pytest.raises(error) as caught:
        assign(leads, reps, history, **more)
    return str(caught.value)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_duplicate_ids(kind):
    assert refusal(leads=framed(kind, {"lead_id": [7, 8, 7]})) == (
        "leads.lead_id, row 3: ids must be unique, and row 1 has the same; found 7. "
        "Remove the duplicate or give it an id of its own."
    )
    assert refusal(reps=framed(kind, {"rep_id": ["Ann", "Ann"], "capacity": [1, 1]})) == (
        "reps.rep_id, row 2: ids must be unique, and row 1 has the same; found 'Ann'. "
        "Remove the duplicate or give it an id of its own."
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_missing_columns_name_the_nearest(kind):
    leads = framed(kind, {"Lead-ID": [1], "industry": ["x"]})
    assert refusal(leads=leads) == (
        'leads: column "lead_id" is missing; "Lead-ID" looks like it: Policy(columns=Columns(lead_id="Lead-ID")), or '
        'lead_id = "Lead-ID" under [columns] in a policy file'
    )
    reps = framed(kind, {"x": ["x"]})
    assert refusal(reps=reps) == f'reps: column "rep_id" is missing; known are x {SETTINGS}'
    history = framed(kind, {"rep_id": ["Ann"], "convertd": [1]})
    assert refusal(history=history) == (
        'history: column "converted" is missing; "convertd" looks like it: Policy(columns=Columns(converted='
        '"convertd")), or converted = "convertd" under [columns] in a policy file'
    )
    # What one table alone calls otherwise is set for it alone, or the other one would lack the column.
    history = framed(kind, {"Owner": ["Ann"], "converted": [1]})
    assert refusal(history=history) == (
        'history: column "rep_id" is missing; "Owner" looks like it: Policy(columns=Columns(history={"rep_id": '
        '"Owner"})), or rep_id = "Owner" under [columns.history] in a policy file'
    )


def test_missing_columns_that_a_setting_asks_for():
    asked = [
        (Policy(segment_by="indusry"),
         'leads and history: column "indusry" (segment_by) is missing; did you mean "industry"?'),
        (Policy(eligibility=[match("zone")]),
         'leads: column "zone" (eligibility, match) is missing; known are lead_id, industry; a rule may name both: '
         'column = "..." for leads, reps_column = "..." for reps'),
        (Policy(eligibility=[skills()]),
         'leads: column "skills" (eligibility, skills) is missing; known are lead_id, industry'),
        (Policy(score={"size": 1}), 'leads: column "size" (score) is missing; known are lead_id, industry'),
        (Policy(half_life_days=9),
         f'history: column "at" is missing; known are rep_id, industry, converted {SETTINGS}'),
        (Policy(columns=Columns(lead_id="id")),
         'leads: column "id" (columns.lead_id) is missing; "lead_id" looks like it: Policy(columns=Columns(lead_id='
         '"lead_id")), or lead_id = "lead_id" under [columns] in a policy file'),
        (Policy(fairness=Fairness(entitlement="weight")),
         'fairness.entitlement: must be "capacity", "equal", "performance" or a column of reps '
         "(rep_id, capacity); found 'weight'"),
        (Policy(newcomers=NewcomerQuota(share=0.1)),
         'reps: a newcomer quota needs a column "is_newcomer", "tenure_days" or "hired_on"; found rep_id, capacity'),
    ]  # fmt: skip
    for policy, said in asked:
        assert refusal(history=HISTORY, policy=policy) == said


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("capacity", [-1, -0.5, float("nan"), float("inf")])
def test_capacities_that_are_no_counts(kind, capacity):
    said = refusal(reps=framed(kind, {"rep_id": ["Ann", "Bo"], "capacity": [1, capacity]}))
    rule, _, found = said.partition("; found ")
    most = " from 0 to 9.0072e+15" if capacity == float("inf") else ", 0 or more"
    assert rule == f"reps.capacity, row 2: must be a finite number{most}"
    assert found == "nothing" if np.isnan(capacity) else float(found) == capacity


@pytest.mark.parametrize("value", [-0.5, 1.2, 7])
def test_availability_outside_zero_and_one(value):
    said = f"reps.available, row 2: must be true, false or a number from 0 to 1; found {value}"
    assert refusal(reps=REPS | {"available": [1, value]}) == said


def test_outcomes_that_are_no_outcomes():
    assert refusal(history=HISTORY | {"converted": [1, 0.5] * 6}) == (
        "history.converted, row 2: an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is "
        "open; found 0.5 (and 5 more rows)"
    )


@pytest.mark.parametrize(
    "value, rule", [(-1, ", 0 or more"), (float("inf"), " from 0 to 1e+100"), ("much", ", 0 or more")]
)
def test_values_that_are_no_values(value, rule):
    said = f"leads.value, row 3: must be a finite number{rule}; found {value!r}"
    assert refusal(leads=LEADS | {"value": [1, None, value]}) == said


@pytest.mark.parametrize("gain", [float("nan"), float("inf")])
def test_gains_that_are_not_finite(gain):
    said = f"affinity, row 1, rep 1: gains must be finite, or -inf for an ineligible pair; found {gain}"
    assert refusal(affinity=[[1, 1], [1, gain], [1, 1]]) == said


@pytest.mark.parametrize("shape", [(3, 3), (2, 2), (0, 0)])
def test_affinity_of_the_wrong_shape(shape):
    said = f"affinity: must have a row per lead and a column per rep, (3, 2); found {shape}"
    assert refusal(affinity=np.ones(shape)) == said


def test_affinity_that_is_no_matrix():
    assert refusal(affinity=[1, 2, 3]) == "affinity.rates: must have 2 dimensions; found 1"
    assert refusal(affinity="model").startswith("affinity.rates: must be numbers of shape (rows, reps); ")
    assert refusal(affinity=[[1], [1, 2]]).startswith("affinity.rates: must be numbers of shape (rows, reps); ")
    assert refusal(affinity=AffinityModel()) == (
        "affinity: this AffinityModel has learned nothing yet; call fit(history) first"
    )


def test_both_history_and_affinity():
    assert refusal(history=HISTORY, affinity=np.ones((3, 2))) == "history and affinity: give one of them, not both"


def test_ids_that_are_whole_numbers_here_and_text_there():
    assert refusal(leads={"lead_id": [1, "2"]}) == (
        "leads.lead_id, row 2: ids must be of one kind, and row 1 holds whole numbers (1); found '2'. "
        "Read the column as text."
    )
    assert refusal(history=HISTORY | {"rep_id": [1, 2] * 6}) == (
        f"reps.rep_id holds text ('Ann') and history.rep_id holds whole numbers (1): {KIND}"
    )
    assert refusal(pins={"1": "Ann"}) == f"pins (lead ids) holds text ('1') and leads holds whole numbers (1): {KIND}"
    assert refusal(pins={1: 2}) == f"pins (rep ids) holds whole numbers (2) and reps holds text ('Ann'): {KIND}"


def test_pins_of_unknown_leads_and_reps():
    assert refusal(pins={9: "Ann"}) == "pins: lead 9 is not in leads; remove the pin or add the lead"
    assert refusal(pins={1: "Zoe"}) == ("pins: lead 1 is pinned to rep 'Zoe', who is not in reps; known are Ann, Bo")
    assert refusal(pins={1: "Anne"}) == (
        "pins: lead 1 is pinned to rep 'Anne', who is not in reps; did you mean \"Ann\"?"
    )
    assert assign(LEADS, REPS, pins={1: " ann"}).assignments[0]["rep_id"] == "Ann"
    assert refusal(pins=[(1, "Ann")]) == "pins: must be a dict from lead id to rep id; found list"


def test_a_pin_that_the_given_affinity_rules_out():
    assert refusal(affinity=[[1, -np.inf]] * 3, pins={2: "Bo"}) == (
        "pins: lead 2 is pinned to rep 'Bo', a pair that the given affinity rules out (-inf); give it a gain or remove "
        "the pin"
    )


def test_pins_beyond_a_capacity_name_ids_and_not_indices():
    assert refusal(error=Infeasible, pins={1: "Ann", 2: "Ann", 3: "Ann"}) == (
        "no plan meets every limit: 3 leads (1, 2, 3) are pinned to Ann, with room for 2. "
        "Remove a pin, or raise that limit."
    )
    away = REPS | {"available": [1, 0]}
    assert "1 lead (3) is pinned to Bo, who is away. " in refusal(error=Infeasible, reps=away, pins={3: "Bo"})


def test_pins_beyond_a_fairness_band_name_the_band():
    said = refusal(reps=REPS | {"capacity": [3, 3]}, error=Infeasible, pins=dict.fromkeys((1, 2, 3), "Ann"),
                   fairness=Fairness(low=1, high=1))  # fmt: skip
    assert said == (
        "no plan meets every limit: 3 leads (1, 2, 3) are pinned to Ann, with room for 2 under fairness band of Ann. "
        "Remove a pin, or raise that limit."
    )


def test_leads_that_must_be_placed_and_cannot_be():
    everybody = Policy(reserve=float("-inf"))
    assert refusal(leads={"lead_id": list("abcde")}, error=Infeasible, policy=everybody) == (
        "no plan meets every limit: every lead must be placed (reserve = -inf), but 5 leads (a, b, c, d, e) can only "
        "go to Ann, Bo, with room for 4. Raise a capacity, let other reps take these leads, or set a finite reserve."
    )
    nobody = everybody.replace(eligibility=[exclude([(2, "Ann"), (2, "Bo")])])
    assert "but 1 lead (2) is eligible for no rep. " in refusal(error=Infeasible, policy=nobody)


def test_leads_that_must_be_placed_beside_a_minimum_are_not_called_pinned():
    leads = {"lead_id": [1, 2, 3], "zone": ["N", "N", None]}
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [2, 2], "zone": ["N", "S"], "min_leads": [0, 2]}
    policy = Policy(eligibility=[match("zone")], reserve=float("-inf"))
    assert "pinned" not in refusal(leads=leads, reps=reps, error=Infeasible, policy=policy)


def test_minimums_that_cannot_be_met():
    assert refusal(reps=REPS | {"min_leads": [2, 2]}, error=Infeasible) == (
        "no plan meets every limit: minimum of Ann, minimum of Bo cannot be met: Ann, Bo must get 4 leads or more, and "
        "can get 3. Lower these minimums: there are only 3 leads."
    )
    quota = {"reps": REPS | {"capacity": [5, 1], "is_newcomer": [0, 1]}, "newcomers": NewcomerQuota(share=1.0)}
    assert "newcomer quota cannot be met: Bo must get 3 leads or more, and can get 1. " in refusal(
        error=Infeasible, **quota
    )


def test_witnesses_hold_indices_for_programs():
    with pytest.raises(Infeasible) as caught:
        assign(LEADS, REPS, pins={1: "Bo", 2: "Bo", 3: "Bo"})
    assert (caught.value.witness.leads, caught.value.witness.reps) == ((0, 1, 2), (1,))
    assert (caught.value.witness.need, caught.value.witness.room) == (3, 2)


UTC_NOON, NAIVE = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 12)


MIXED_TEXT = ["2026-01-31T10:00Z", "2026-01-31T10:00"]
MIXED = [
    ("pandas", [UTC_NOON, NAIVE]),
    ("list of dicts", [UTC_NOON, NAIVE]),
    *((kind, MIXED_TEXT) for kind in sorted(KINDS)),
]


@pytest.mark.parametrize("kind, at", MIXED)
def test_mixed_time_zones(kind, at):
    history = framed(kind, HISTORY | {"at": at * 6})
    said = "history.at: times must be either all with a time zone or all without; found both"
    assert refusal(history=history, policy=Policy(half_life_days=9)) == said


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "list of dicts"])
def test_one_time_zone_throughout_is_legal(kind):
    at = [UTC_NOON - timedelta(days=k) for k in range(12)]
    plan = assign(LEADS, REPS, framed(kind, HISTORY | {"at": at}), policy=Policy(half_life_days=9))
    assert plan.status == "OPTIMAL"


def test_a_hiring_date_without_a_today():
    said = 'reps.hired_on: needs now=, the date to count tenure to, as in now="2026-01-31"; found None'
    assert refusal(reps=REPS | {"hired_on": ["2026-01-01"] * 2}, newcomers=NewcomerQuota(share=0.1)) == said


def test_categories_that_history_never_saw_are_legal_and_counted():
    plan = assign(LEADS | {"industry": ["steel", "tin", "tin"]}, REPS, HISTORY, policy=Policy(segment_by="industry"))
    assert "2 leads of a segment that history never saw: what is known of its parts was used" in plan.notes
    assert plan.status == "OPTIMAL"


def test_reps_without_history_are_legal_and_named():
    plan = assign(LEADS, {"rep_id": ["Ann", "Zoe"], "capacity": [2, 2]}, HISTORY)
    assert "1 rep without history, counted as average: Zoe" in plan.notes


def test_settings_that_are_no_settings():
    assert refusal(policy={"reserve": 1}) == "policy: must be a leadopt.Policy; found dict"
    assert refusal(fairness=0.9) == "policy.fairness: must be Fairness(...); found 0.9"
    assert refusal(newcomers=0.1) == "policy.newcomers: must be NewcomerQuota(...); found 0.1"


def test_what_is_no_table():
    table = "must be a data frame (pandas, polars, pyarrow, ...), a list of dicts or a dict of lists; found"
    assert refusal(leads="leads.csv").startswith(f"leads: {table} str (")
    assert refusal(reps=5).startswith(f"reps: {table} int (")
    assert refusal(history=np.ones(3)).startswith(f"history: {table} ndarray (")
    assert refusal(leads=[1, 2]) == "leads, row 1: a list must hold dicts, one per row; found int"


EMPTY_COLUMNS = {"lead_id": [], "rep_id": [], "converted": []}
EMPTY = {
    "nothing": [],
    "no columns": {},
    "dict of lists": EMPTY_COLUMNS,
    "pandas": pd.DataFrame(EMPTY_COLUMNS),
    "pandas without columns": pd.DataFrame(),
    "polars": pl.DataFrame(EMPTY_COLUMNS),
    "polars without columns": pl.DataFrame(),
    "polars lazy": pl.LazyFrame(EMPTY_COLUMNS),
    "pyarrow": pa.table({name: pa.array([], pa.int64()) for name in EMPTY_COLUMNS}),
}


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
def test_empty_tables_give_empty_plans(empty):
    for leads, reps in ((empty, REPS), (LEADS, empty), (empty, empty)):
        plan = assign(leads, reps)
        _use(plan)
        assert records(plan.assignments) == []
        assert len(records(plan.unassigned)) == (3 if leads is LEADS else 0)
        assert plan.objective == 0
    _use(assign(LEADS, REPS, empty))


@pytest.mark.parametrize("empty", EMPTY.values(), ids=EMPTY)
def test_empty_tables_meet_every_setting(empty):
    policy = Policy(
        eligibility=[match("territory"), skills(), exclude(column="x")] if empty is EMPTY["nothing"] else (),
        fairness=Fairness(),
        reserve=float("-inf"),
        score={"lead_id": 1},
        segment_by=(),
    )
    reps = {"rep_id": ["Ann"], "capacity": [1], "territory": ["N"], "skills": ["de"], "is_newcomer": [False]}
    _use(assign(empty, reps, HISTORY, policy=policy.replace(newcomers=NewcomerQuota(share=0.5))))


def test_whole_numbers_of_every_type_are_whole_numbers():
    reps = [
        {"rep_id": np.int64(k), "capacity": one}
        for k, one in enumerate([1, 1.0, np.int8(1), Decimal("1.0"), np.float32(1)])
    ]
    plan = assign([{"lead_id": Decimal(k)} for k in range(5)], reps)
    assert len(plan.assignments) == 5


def test_exclusions_of_uuids_and_numpy_numbers_can_be_reported():
    plan = assign(LEADS, REPS, policy=Policy(eligibility=[exclude([(np.int64(1), "Ann")])]))
    assert plan.case.policy.fingerprint in plan.report()


def test_a_column_of_lists_in_history_is_no_segment():
    history = HISTORY | {"industry": [["steel"]] * 12}
    for kind in ("pandas", "polars", "pyarrow"):
        _use(assign(LEADS, REPS, framed(kind, history)))


def test_ids_beyond_arrow_s_integers_come_back():
    plan = assign(pa.table({"lead_id": [Decimal(10**25), Decimal(3)]}), REPS)
    assert {int(row["lead_id"]) for row in records(plan.assignments)} == {10**25, 3}


def test_worthless_leads_with_ineligible_reps_compare_without_a_warning():
    leads, reps = LEADS | {"value": [0, 1, 2], "zone": ["N", "S", "N"]}, REPS | {"zone": ["N", "S"]}
    _use(assign(leads, reps, policy=Policy(eligibility=[match("zone")])))


def _use(plan):
    """Every view of a plan works, whatever went in."""
    assert plan.certificate.violations == ()
    assert plan.status == "OPTIMAL"
    assert "<script>" not in plan._repr_html_()
    plan.assignments, plan.unassigned, plan.loads(), plan.prices, plan.limit_prices, str(plan), plan.report()
    for lead in plan.case.lead_ids:
        str(plan.explain(lead))
    alike = 1e-9 * max(1.0, abs(plan.bound))  # OPTIMAL means no more
    for outcome in plan.compare().outcomes[1:]:
        other = certify(plan.case.problem, ALL[outcome.method](plan.case, 0).rep_of_lead)  # its penalties count, too
        assert other.violations or plan.objective >= other.objective - alike
    assert leadopt.Plan.from_json(plan.to_json()).to_json() == plan.to_json()


@given(nasty_floors())
@examples(30)
def test_any_tables_get_a_valid_plan_or_one_sentence(case):
    tables, more = case
    try:
        plan = leadopt.assign(**tables, **more)
    except (InvalidInput, Infeasible) as error:
        assert 20 < len(str(error)) < 1200
    else:
        _use(plan)


def test_a_plan_says_that_one_class_tells_nothing_and_is_an_even_split():
    lost = HISTORY | {"converted": [0] * 12}
    plan = assign({"lead_id": [1, 2, 3, 4], "industry": ["steel"] * 4}, REPS, lost)
    assert (
        "all of 12 outcomes are lost: nothing tells one rep or segment from another, so all have the same chance"
        in (plan.notes)
    )
    assert np.bincount(plan.rep_of_lead).tolist() == [2, 2]


def test_a_plan_says_which_column_names_leads():
    history = HISTORY | {"contact": [f"person {k}" for k in range(12)]}
    leads = LEADS | {"contact": ["person 1", "person 2", "somebody"]}
    plan = assign(leads, REPS, history, policy=Policy(segment_by=["industry", "contact"]))
    assert "contact has 12 levels in 12 outcomes: it names leads, so it is left out" in plan.notes
    assert plan.explain(1).evidence.segment == "industry=steel"
    assert plan.objective == pytest.approx(assign(LEADS, REPS, HISTORY).objective, rel=1e-12)


DATED = HISTORY | {"at": ["2026-01-05"] * 11 + ["2062-01-05"]}
MEND = "Mend the date, or set now to the day that it is."


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_outcomes_later_than_now(kind):
    history = framed(kind, DATED)
    where = "in 1 row" if kind in ("polars lazy", "duckdb") else "row 12"  # rows of an engine have no number
    said = f"history.at, {where}: an outcome cannot be settled after 2026-01-31; found '2062-01-05'. {MEND}"
    assert refusal(history=history, now="2026-01-31") == said
    assert refusal(history=history, now="2026-01-31", policy=Policy(half_life_days=90)) == said
    assert refusal(history=history, policy=Policy(half_life_days=90)).startswith(
        f"history.at, {where}: an outcome cannot be settled after 2"
    )
    assert assign(LEADS, REPS, history).rep_of_lead.min() >= 0  # nobody said what day it is, and dates do not count
    open_lead = framed(kind, DATED | {"converted": [1, 0, 0, 1] * 2 + [1, 0, 0, None]})
    assert (
        assign(LEADS, REPS, open_lead, now="2026-01-31").rep_of_lead.min() >= 0
    )  # a date of closing that is only expected


def test_dates_that_cannot_be_read_matter_only_where_dates_count():
    spoken = HISTORY | {"at": ["last week"] * 12}
    assert assign(LEADS, REPS, spoken, now="2026-01-31").rep_of_lead.min() >= 0
    assert refusal(history=spoken, policy=Policy(half_life_days=90)) == (
        "history.at, row 1: must be a date or an ISO date like 2026-01-31; found 'last week' (and 11 more rows)"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_plan_says_how_many_outcomes_stand_twice(kind):
    history = HISTORY | {"lead_id": [*range(10), 0, 1], "at": ["2026-01-05"] * 12}
    copied = {name: [*cells[:10], *cells[:2]] for name, cells in history.items()}
    said = (
        "2 rows of history repeat the outcome of another (same lead_id, rep_id and at), and all count: remove those "
        "that are copies"
    )
    assert said in assign(LEADS, REPS, framed(kind, copied)).notes
    one = copied | {"converted": [*copied["converted"][:11], None], "lead_id": [*range(10), 0, 1]}
    assert any(note.startswith("1 row of history repeats the") for note in assign(LEADS, REPS, framed(kind, one)).notes)
    none = copied | {"lead_id": [*range(10), None, 11]}
    assert not any("repeat" in note for note in assign(LEADS, REPS, framed(kind, none)).notes)
    undated = {name: cells for name, cells in copied.items() if name != "at"}
    assert any("(same lead_id and rep_id)" in note for note in assign(LEADS, REPS, framed(kind, undated)).notes)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("won", "lost"), [(1, 0), ("Won", "Closed-Lost"), (True, False), ("1", "verloren")])
def test_what_stands_there_as_won_and_as_lost_is_no_copy(kind, won, lost):
    """Rows that contradict each other were called repetitions, and the chances of all went to one half."""
    events = [*range(8), 0, 1, 2, 2]  # the lead 0 twice alike, 1 as won and lost, 2 three times
    said = [won, won, lost, lost, won, lost, won, lost, won, lost, won, lost]
    history = HISTORY | {"lead_id": events, "converted": said, "at": ["2026-01-05"] * 12}
    for name, cells in history.items():
        if name not in ("lead_id", "converted", "at"):
            history[name] = [*cells[:8], cells[0], cells[1], cells[2], cells[2]]
    notes = assign(LEADS, REPS, framed(kind, history)).notes
    what = "(same lead_id, rep_id and at), and"
    assert f"2 rows of history repeat the outcome of another {what} all count: remove those that are copies" in notes
    both = f"2 outcomes of history stand there both as won and as lost {what} both count: keep the one that holds"
    assert both in notes
    undated = {name: cells for name, cells in history.items() if name != "at"}
    told = [note for note in assign(LEADS, REPS, framed(kind, undated)).notes if "both as won" in note]
    assert told == [
        "2 outcomes of history stand there both as won and as lost (same lead_id and rep_id), and both count: keep the "
        "one that holds, or add at, the day of each, if both happened"
    ]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_open_leads_that_stand_twice_are_no_outcomes(kind):
    said = ["won", "lost"] * 4 + ["open"] * 4
    history = HISTORY | {"lead_id": [*range(8), 8, 8, 9, 9], "converted": said}
    assert not any("repeat" in note for note in assign(LEADS, REPS, framed(kind, history)).notes)


def test_what_history_alone_calls_otherwise_is_called_so_in_notes():
    """Notes named the columns of leads, which the history does not have."""
    past = [{"Nr": k // 2, "who": "Ann", "won": 1, "Betrag": f"1.{k // 2}00,5" if k < 8 else None} for k in range(10)]
    names = {"lead_id": "Nr", "rep_id": "who", "converted": "won", "value": "Betrag"}
    policy = Policy(columns=Columns(history=names))
    plan = assign(
        [{"lead_id": "a", "value": None}, {"lead_id": "b", "value": 5}], [{"rep_id": "Ann"}], past, policy=policy
    )
    about = [note for note in plan.notes if "history" in note and not note.startswith("columns read")]
    assert any("(same Nr and who)" in note for note in about)
    assert any("2 won leads of history without Betrag" in note for note in about)
    assert any(note.startswith("history.Betrag: text read as numbers") for note in about)


def test_collections_for_ids_of_past_leads_are_counted_by_what_they_hold():
    history = HISTORY | {"lead_id": [[k] for k in range(10)] + [[0], [1]]}
    copied = {name: [*cells[:10], *cells[:2]] for name, cells in history.items()}
    assert any(note.startswith("2 rows of history repeat") for note in assign(LEADS, REPS, copied).notes)


def test_reps_in_a_history_of_floats_are_those_of_whole_numbers():
    reps, history = {"rep_id": [1, 2], "capacity": [2, 2]}, HISTORY | {"rep_id": [1.0, 2.0] * 6}
    for kind in sorted(KINDS):
        plan = assign(framed(kind, LEADS), framed(kind, reps), framed(kind, history))
        assert not any("without history" in note for note in plan.notes)
        assert plan.objective == pytest.approx(
            assign(LEADS, {"rep_id": ["Ann", "Bo"], "capacity": [2, 2]}, HISTORY).objective
        )
    half = HISTORY | {"rep_id": [1.0, 1.5] * 6}
    assert refusal(reps=reps, history=half) == (
        "history.rep_id, row 2: an id must be text or a whole number; found 1.5"
    )
