"""Any classifier with `predict_proba` serves as affinity: each kind of lead with each rep is asked for, once."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadopt
from leadopt import InvalidInput, Plan, Policy, assign
from leadopt.learning import classifier as module
from tests.tables_strategies import KINDS, framed, records

LEADS = {
    "lead_id": [1, 2, 3, 4],
    "source": ["web", "fair", "web", "web"],
    "size": [5.0, 50.0, 5.0, 7.0],
    "value": [10.0, 20.0, 30.0, 40.0],
}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [2, 2], "years": [1, 9]}


class Rule:
    """A fitted classifier by hand, of the source, the size, the rep and its years; it keeps what it was asked."""

    feature_names_in_ = np.array(["years", "source", "size", "rep_id"], dtype=object)
    classes_ = np.array([0, 1])

    def __init__(self, **more):
        self.asked = []
        for name, value in more.items():
            setattr(self, name, value)

    def predict_proba(self, table):
        self.asked.append(table)
        chance = np.array([self.chance(row) for row in records(table)])
        return np.column_stack([1 - chance, chance])

    @staticmethod
    def chance(row):
        return (
            0.1 + 0.3 * (row["source"] == "fair") + 0.02 * row["years"] + 0.001 * row["size"] * (row["rep_id"] == "Bo")
        )


EXPECTED = np.array([
    [Rule.chance({"source": source, "size": size, "years": years, "rep_id": rep})
     for rep, years in zip(REPS["rep_id"], REPS["years"], strict=True)]
    for source, size in zip(LEADS["source"], LEADS["size"], strict=True)
])  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_chances_are_asked_for_once_for_each_kind_of_lead(kind):
    model = Rule()
    plan = assign(framed(kind, LEADS), framed(kind, REPS), affinity=model)
    assert plan.case.gains.dense() == pytest.approx(EXPECTED * np.array(LEADS["value"])[:, None])
    assert plan.case.unit == "value"
    assert plan.notes[0] == "chances are those of Rule, asked for 3 kinds of leads"
    (asked,) = model.asked
    assert len(records(asked)) == 3 * 2
    chance = {row["lead_id"]: row["probability"] for row in records(plan.assignments)}
    assert [chance[lead] for lead in LEADS["lead_id"]] == pytest.approx(EXPECTED[np.arange(4), plan.rep_of_lead])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_the_model_gets_the_users_kind_of_frame_with_its_columns_in_its_order_and_types(make):
    model, types = Rule(), {"size": np.float32} if make is pd.DataFrame else {}
    leads = make(LEADS)
    if types:
        leads = leads.astype(types | {"source": "category"}).set_index(pd.Index([7, 7, 3, 1]))
    assign(leads, make(REPS), affinity=model)
    (asked,) = model.asked
    assert type(asked) is type(leads)
    assert list(asked.columns if make is not pa.table else asked.column_names) == list(Rule.feature_names_in_)
    if types:
        assert asked.dtypes.astype(str).to_dict() | {"rep_id": "", "years": "int64"} == {
            "years": "int64", "source": "category", "size": "float32", "rep_id": ""
        }  # fmt: skip


def test_leads_and_reps_may_be_tables_of_two_kinds():
    plain = assign(LEADS, REPS, affinity=Rule())
    for leads, reps in (
        (pl.DataFrame(LEADS), pd.DataFrame(REPS)),
        (pd.DataFrame(LEADS), REPS),
        (LEADS, pa.table(REPS)),
    ):
        assert assign(leads, reps, affinity=Rule()).objective == pytest.approx(plain.objective)


def test_blocks_change_nothing(monkeypatch):
    whole = assign(LEADS, REPS, affinity=Rule())
    monkeypatch.setattr(module, "_BLOCK", 3)
    model = Rule()
    assert (assign(LEADS, REPS, affinity=model).case.gains.rates == whole.case.gains.rates).all()
    assert [len(rows) for rows in model.asked] == [2, 2, 2]


def test_a_column_of_both_tables_is_the_leads_unless_it_describes_reps():
    class Local(Rule):
        feature_names_in_ = np.array(["zone"], dtype=object)

        @staticmethod
        def chance(row):
            return 0.9 if row["zone"] == "N" else 0.2

    leads, reps = {"lead_id": [1, 2], "zone": ["N", "S"]}, {"rep_id": [1, 2], "zone": ["S", "N"]}
    assert assign(leads, reps, affinity=Local()).case.gains.dense().tolist() == [[0.9, 0.9], [0.2, 0.2]]
    by_rep = assign(leads, reps, affinity=Local(), policy=Policy(rep_by="zone"))
    assert by_rep.case.gains.dense().tolist() == [[0.2, 0.9], [0.2, 0.9]]
    # Who had the lead so far is no matter: the rep is the one that is asked about.
    had = assign(LEADS | {"rep_id": ["Zoe"] * 4}, REPS, affinity=Rule())
    assert had.case.gains.dense() == pytest.approx(EXPECTED * np.array(LEADS["value"])[:, None])


def test_the_outcome_won_is_found_among_the_classes():
    turned = Rule(classes_=["won", "lost"])
    turned.predict_proba = lambda table: Rule.predict_proba(turned, table)[:, ::-1]
    nameless = Rule()
    del Rule.classes_
    try:
        same = assign(LEADS, REPS, affinity=nameless).case.gains.dense()
    finally:
        Rule.classes_ = np.array([0, 1])
    expected = EXPECTED * np.array(LEADS["value"])[:, None]
    assert same == pytest.approx(expected) and assign(LEADS, REPS, affinity=turned).case.gains.dense() == pytest.approx(
        expected
    )
    for only, gain in ((0, 0.0), (1, 1.0)):
        one = Rule(classes_=[only], predict_proba=lambda table: np.ones((len(table), 1)))
        assert (assign(LEADS, REPS, affinity=one).case.gains.rates == gain).all()


def test_a_plan_by_a_classifier_explains_itself_changes_and_comes_back_from_json():
    plan = assign(LEADS, REPS, affinity=Rule(), pins={1: "Bo"})
    again = Plan.from_json(plan.to_json())
    assert records(again.assignments) == records(plan.assignments)
    assert "expected value" in str(plan.explain(2)) and "Rule" in plan.report()
    assert plan.compare().outcomes[0].gain == pytest.approx(plan.objective)
    assert plan.what_if(away=["Bo"], pins={1: None}).plan.objective < plan.objective
    assert leadopt.frontier(LEADS, REPS, affinity=Rule(), over="band", values=[1, 0]).plans


def test_empty_tables_ask_nothing():
    for leads, reps in (([], REPS), ({"lead_id": [], "source": [], "size": []}, REPS)):
        model = Rule()
        assert len(assign(leads, reps, affinity=model).assignments) == 0 and model.asked == []
    assert len(assign(LEADS, {"rep_id": [], "years": []}, affinity=Rule()).assignments) == 0


def refusal(model, leads=LEADS, reps=REPS):
    with pytest.raises(InvalidInput) as refused:
        assign(leads, reps, affinity=model)
    return str(refused.value)


def test_what_is_wrong_with_a_model_is_told():
    silent = "affinity: Rule does not say which columns it takes; fit it on a data frame, or set its feature_names_in_"
    assert refusal(Rule(feature_names_in_=None)) == silent
    assert refusal(Rule(feature_names_in_=[0, 1])) == silent
    assert refusal(Rule(feature_names_in_=["sorce"])) == (
        'affinity: Rule was fitted on a column "sorce", which neither leads nor reps have; did you mean "source"?'
    )
    assert refusal(Rule(classes_=[0, 1, 2])) == (
        "affinity: Rule must tell won from lost (classes 0 and 1, won and lost); found 0, 1, 2"
    )
    assert refusal(Rule(predict_proba=lambda table: np.ones(6))) == (
        "affinity: Rule.predict_proba must return a row per pair and a column per class, (6, 2); found (6,)"
    )
    assert refusal(Rule(predict_proba=lambda table: np.full((6, 2), np.nan))) == (
        "affinity: Rule.predict_proba must return chances from 0 to 1; found nan"
    )
    assert refusal(Rule(predict_proba=lambda table: np.full((6, 2), 1.5))).endswith("from 0 to 1; found 1.5")
    assert refusal(Rule(predict_proba=lambda table: 1 / 0)) == (
        "affinity: Rule.predict_proba failed on a table (list) with columns years, source, size, rep_id; "
        "ZeroDivisionError: division by zero"
    )
    assert refusal(Rule(), leads=LEADS | {"source": [["web"]] * 4}) == (
        "leads.source, row 1: must be a plain value, not a collection; found ['web']"
    )
    with pytest.raises(InvalidInput, match=r"^history and affinity: give one of them, not both$"):
        assign(LEADS, REPS, [], affinity=Rule())


def test_a_pipeline_of_scikit_learn_serves_as_it_is():
    compose, linear, pipeline, code_book = (
        pytest.importorskip(f"sklearn.{name}", reason="scikit-learn is an extra for benchmarks")
        for name in ("compose", "linear_model", "pipeline", "preprocessing")
    )
    rng = np.random.default_rng(0)
    history = pd.DataFrame(
        {"rep_id": rng.choice(["Ann", "Bo"], 800), "source": rng.choice(["web", "fair"], 800), "size": rng.random(800)}
    )
    won = rng.random(800) < np.where((history["rep_id"] == "Ann") == (history["source"] == "web"), 0.6, 0.2)
    columns = ["rep_id", "source"]
    crossed = pipeline.make_pipeline(
        compose.make_column_transformer((code_book.OneHotEncoder(), columns), remainder="passthrough"),
        code_book.PolynomialFeatures(2),
        linear.LogisticRegression(max_iter=1000),
    ).fit(history, won)
    plan = assign(pd.DataFrame(LEADS), pd.DataFrame(REPS), affinity=crossed)
    pairs = pd.DataFrame(LEADS).merge(pd.DataFrame(REPS), how="cross")
    expected = crossed.predict_proba(pairs[["rep_id", "source", "size"]])[:, 1].reshape(4, 2)
    assert plan.case.gains.dense() == pytest.approx(expected * np.array(LEADS["value"])[:, None])
