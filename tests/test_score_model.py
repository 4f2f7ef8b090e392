"""Learned scores: the truth of simulations, held-out calibration on real calls, and words that add up."""

from uuid import UUID

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import AffinityModel, Fairness, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.evaluate.seasons.floor import sales_floor
from leadopt.learning.scores import TOGETHER, Part
from leadopt.learning.scoring import top
from leadopt.score_model import ScoreModel
from tests.real_data import DATA
from tests.strategies import examples
from tests.tables_strategies import KINDS

LEADS = {"lead_id": [1, 2, 3], "source": ["web", "fair", "radio"], "size": ["big", "small", None]}


def history_of(cells):
    """Rows of history from (rep, source, size, won, tried)."""
    return [
        {"rep_id": rep, "source": source, "size": size, "converted": k < won}
        for rep, source, size, won, tried in cells
        for k in range(tried)
    ]


HISTORY = history_of([("Ann", "web", "big", 30, 60), ("Bo", "web", "small", 10, 50), ("Bo", "fair", "big", 4, 40)])


def logit(p):
    return np.log(p / (1 - p))


def log_loss(p, won):
    return -np.mean(np.where(won, np.log(p), np.log(1 - p)))


@given(st.lists(st.integers(0, 6), min_size=12, max_size=12))
@examples(12)
def test_what_columns_add_makes_the_logit_of_the_score(wins):
    kinds = [
        (rep, source, size) for rep in ("Ann", "Bo") for source in ("web", "fair", None) for size in ("big", "small")
    ]
    history = history_of([(*kind, won, 6) for kind, won in zip(kinds, wins, strict=True)])
    model = ScoreModel(columns=["source", "size"]).fit(history)
    found = model.scored(LEADS)
    assert found.values == pytest.approx(model.score(LEADS))
    assert found.base + sum(found.parts.values()) == pytest.approx(logit(found.values))
    assert list(found.parts) == ["source", "size", "together"]


def test_the_leads_of_a_good_rep_do_not_look_good_by_themselves():
    """Two sources of equal worth: a rep who wins twice as often had most leads of one of them."""
    rng, n = np.random.default_rng(5), 12_000
    strength = np.linspace(-1.0, 1.0, 10)
    rep = rng.integers(10, size=n)
    source = np.where(rng.random(n) < 1 / (1 + np.exp(-3 * strength[rep])), "web", "fair")
    won = rng.random(n) < 1 / (1 + np.exp(1.5 - strength[rep]))
    history = pl.DataFrame({"rep_id": [f"R{j}" for j in rep], "source": source, "converted": won})
    raw = {name: won[source == name].mean() for name in ("web", "fair")}
    web, fair = ScoreModel(columns="source").fit(history).score({"source": ["web", "fair"]})
    naive_web, naive_fair = ScoreModel(columns="source").fit(history.drop("rep_id")).score({"source": ["web", "fair"]})
    assert logit(raw["web"]) - logit(raw["fair"]) > 0.7
    assert naive_web / naive_fair == pytest.approx(raw["web"] / raw["fair"], rel=0.05)
    assert abs(logit(web) - logit(fair)) < 0.15


@pytest.fixture(scope="module")
def floor():
    return sales_floor(n_leads=600, n_history=20_000, rng=1)


@pytest.fixture(scope="module")
def learned(floor):
    return ScoreModel(columns=["industry", "source"]).fit(floor.history)


def test_scores_are_near_the_true_chance_with_a_typical_rep(floor, learned):
    true = 1 / (1 + np.exp(-logit(floor.rates).mean(axis=1)))[floor.segment_of_lead]
    scores = learned.score(floor.leads)
    settled = np.array([won is not None for won in floor.history["converted"]])
    won = np.array([won or 0 for won in floor.history["converted"]])[settled]
    segment = floor.segment_of_history[settled]
    raw = (np.bincount(segment, won) / np.bincount(segment))[floor.segment_of_lead]
    error = {name: np.sqrt(np.mean((found / true - 1) ** 2)) for name, found in (("scores", scores), ("raw", raw))}
    assert error["scores"] < 0.8 * error["raw"]  # past leads went to reps by merit, and to some by luck
    assert error["scores"] < 0.1
    low, high = learned.interval(floor.leads).T
    assert ((low < scores) & (scores < high)).all()
    assert ((low < true) & (true < high)).mean() > 0.9


def test_who_is_served_first_converts_more_often(floor, learned):
    found = learned.scored(floor.leads)
    true = floor.probability.mean(axis=1)[found.order]
    assert true[:60].mean() > 1.3 * true.mean()
    assert true[:60].mean() > 0.95 * np.sort(true)[-60:].mean()  # nearly what knowing the truth would bring


def test_a_learned_score_is_a_value_and_a_tier_for_quotas(floor, learned):
    scores = learned.score(floor.leads)
    leads = floor.leads | {"score": scores.tolist()}
    plan = assign(
        leads,
        floor.reps,
        policy=Policy(score={"score": 1}, fairness=Fairness(of="hot", low=0.5, high=1.5, hot_share=0.1)),
    )
    assert plan.case.shared[0].leads.tolist() == top(scores, 0.1).tolist()
    as_value = assign(leads | {"value": scores.tolist()}, floor.reps)
    left = as_value.rep_of_lead < 0
    assert left.any()
    assert scores[left].max() <= scores[~left].min() + 1e-12  # the least worth are left in the pool
    assert as_value.objective == pytest.approx(scores[~left].sum())


def test_scores_are_calibrated_on_later_calls_of_a_bank():
    path = DATA / "bank" / "bank-additional-full.csv.gz"
    if not path.exists():
        pytest.skip(f"the data are absent: {path}")
    columns = ["job", "contact", "month", "poutcome"]
    calls = pl.read_csv(path, separator=";", columns=[*columns, "y"]).rename({"y": "converted"})
    order = np.random.default_rng(0).permutation(len(calls))
    history, later = calls[order[:30_000]], calls[order[30_000:]]
    won = (later["converted"] == "yes").to_numpy()
    scores = ScoreModel(columns=columns).fit(history).score(later)
    rate = (history["converted"] == "yes").mean()
    cells = history.group_by(columns).agg(raw=(pl.col("converted") == "yes").mean())
    raw = later.join(cells, on=columns, how="left", maintain_order="left")["raw"].fill_null(rate).clip(0.01, 0.99)
    assert log_loss(scores, won) < log_loss(raw.to_numpy(), won) < log_loss(np.full(len(won), rate), won)
    assert log_loss(scores, won) < 0.29  # knowing nothing: 0.35
    # In each tenth of the calls by score, as many were won as expected, within four standard errors.
    for rows in np.array_split(np.argsort(scores, kind="stable"), 10):
        spread = np.sqrt((scores[rows] * (1 - scores[rows])).sum())
        assert abs(won[rows].sum() - scores[rows].sum()) < 4 * spread


@pytest.mark.parametrize(
    "adds, said",
    [
        (np.log(1.5), "source=web raises the odds by 50%"),
        (np.log(0.8), "source=web lowers the odds by 20%"),
        (np.log(12), "source=web raises the odds 12 times"),
        (0.0001, "source=web hardly matters"),
    ],
)
def test_what_a_column_adds_is_told_in_odds(adds, said):
    assert Part(column="source", level="web", adds=float(adds), most=None).words == said
    assert Part(column=TOGETHER, level=None, adds=float(adds), most=None).words == said.replace(
        "source=web", "the combination"
    )


def test_an_explanation_says_what_each_column_does_to_the_odds():
    found = ScoreModel(columns=["source", "size"]).fit(HISTORY).scored(LEADS)
    explained = found.explain(1)
    lines = str(explained).splitlines()
    assert lines[0].startswith("1: ")
    assert "chance with a typical rep, rank 1 of 3; a lead of which nothing is known has " in lines[0]
    odds = {part.column: np.exp(part.adds) for part in explained.parts}
    assert odds["source"] > 1
    assert f"  source=web raises the odds by {100 * (odds['source'] - 1):.0f}%." in lines
    assert "  source=radio hardly matters." in str(found.explain(3)).splitlines()  # never seen: no effect
    assert str(found) == (
        f"3 leads scored by source, size, learned from 150 outcomes; median chance {100 * np.median(found.values):.1f}%"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_history_need_not_say_who_had_a_lead(kind):
    columns = {name: [row[name] for row in HISTORY] for name in ("source", "size", "converted")}
    nobody = ScoreModel(columns=["source", "size"]).fit(KINDS[kind](columns))
    one_rep = AffinityModel(segment_by=["source", "size"]).fit([row | {"rep_id": "all"} for row in HISTORY])
    expected = one_rep.probability({"rep_id": ["all"] * 3} | {name: LEADS[name] for name in ("source", "size")})
    assert nobody.score(KINDS[kind](LEADS)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("reps", [["Ann", "Bo"], [7, 8], [UUID(int=0), UUID(int=1)]])
def test_reps_of_any_kind_have_a_typical_one(reps):
    name = dict(zip(("Ann", "Bo"), reps, strict=True))
    history = [row | {"rep_id": name[row["rep_id"]]} for row in HISTORY]
    expected = ScoreModel(columns=["source"]).fit(HISTORY).score(LEADS)
    assert ScoreModel(columns=["source"]).fit(history).score(LEADS) == pytest.approx(expected)


def test_without_outcomes_all_leads_are_alike():
    model = ScoreModel(columns="source").fit([])
    assert model.n_outcomes_ == 0
    assert len(set(model.score(LEADS))) == 1


def test_a_rep_as_good_as_the_average_changes_little():
    model = ScoreModel(columns=["source", "size"]).fit(HISTORY)
    affinity = AffinityModel(segment_by=["source", "size"]).fit(HISTORY)
    unknown = affinity.probability({"rep_id": ["Zed"] * 3, "source": LEADS["source"], "size": LEADS["size"]})
    assert model.score(LEADS) == pytest.approx(unknown)


def test_numbers_are_scored_by_bins_that_are_given_or_found():
    rows = [{"rep_id": "Ann", "budget": b, "converted": k < b // 10} for b in range(5, 95, 10) for k in range(10)]
    leads = {"lead_id": [1, 2, 3], "budget": [15, 30, 1000]}
    given = ScoreModel(columns="budget", bins={"budget": [30, 60]}).fit(rows)
    assert given.bins_ == {"budget": (30.0, 60.0)}
    scores = given.scored(leads)
    assert (np.diff(scores.values) > 0.1).all()
    assert [part.level for lead in (1, 2, 3) for part in scores.explain(lead).parts] == [
        "below 30", "30 to 60", "60 or more"
    ]  # fmt: skip
    thirds = ScoreModel(columns="budget", bins={"budget": 3}).fit(rows)
    assert thirds.bins_ == {"budget": (35.0, 65.0)}
    measured = [row | {"budget": row["budget"] + 0.1 * k} for k, row in enumerate(rows)]
    assert len(ScoreModel(columns="budget").fit(measured).bins_["budget"]) == 7


def test_a_column_that_names_leads_adds_nothing_and_one_class_scores_all_alike():
    rows = [row | {"mail": f"{k}@x.org"} for k, row in enumerate(HISTORY)]
    leads = LEADS | {"mail": ["1@x.org", "new@x.org", None]}
    scores = ScoreModel(columns=["source", "mail"]).fit(rows).scored(leads)
    assert (scores.values == ScoreModel(columns="source").fit(HISTORY).score(LEADS)).all()
    assert scores.summary().endswith("; mail has 150 levels in 150 outcomes: it names leads, so it is left out")
    alone = ScoreModel(columns="mail").fit(rows)
    assert (alone.columns_, len(set(alone.score(leads)))) == ((), 1)
    assert str(alone.scored(leads)).startswith("3 leads scored by nothing, learned from 150 outcomes; median chance ")
    won = ScoreModel(columns="source").fit([row | {"converted": True} for row in HISTORY])
    assert len(set(won.score(LEADS))) == 1
    assert won.scored(LEADS).notes == (
        "all of 150 outcomes are won: nothing tells one rep or segment from another, so all have the same chance",
    )


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: ScoreModel(columns=[]).fit(HISTORY), "ScoreModel.columns: must name a column at least; found none"),
        (lambda: ScoreModel(columns="source").score(LEADS),
         "ScoreModel: has learned nothing yet; call fit(history) first"),
        (lambda: ScoreModel(columns="source", bins={"size": 3}).fit(HISTORY),
         "ScoreModel.bins: 'size' is none of the columns ['source']"),
        (lambda: ScoreModel(columns="source", bins={"source": 1}).fit(HISTORY),
         "ScoreModel.bins.source: must be a number of bins, 2 or more, 0 for none, or ascending edges; found 1"),
        (lambda: ScoreModel(columns="sorce").fit(HISTORY),
         'history: column "sorce" is missing; did you mean "source"? '
         "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"),
        (lambda: ScoreModel(columns="source").fit(HISTORY).score({"lead_id": [1]}),
         'leads: column "source" is missing; known are lead_id '
         "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused(act, said):
    with pytest.raises(InvalidInput) as caught:
        act()
    assert str(caught.value) == said
