from datetime import date

import numpy as np
import pytest

from leadopt.assign import assign
from leadopt.errors import InvalidInput
from leadopt.evaluate.seasons.floor import NOW, SalesFloor, sales_floor
from leadopt.policy import Policy

SIZES = [(240, 12, 6000), (0, 1, 0), (1, 3, 5), (50, 4, 100), (300, 70, 500)]


@pytest.fixture(scope="module")
def floor():
    return sales_floor()


def n_rows(table):
    lengths = {len(column) for column in table.values()}
    assert len(lengths) == 1
    return lengths.pop()


@pytest.mark.parametrize(("n_leads", "n_reps", "n_history"), SIZES)
def test_tables_have_the_sizes_asked_for(n_leads, n_reps, n_history):
    floor = sales_floor(n_leads=n_leads, n_reps=n_reps, n_history=n_history)
    assert (n_rows(floor.leads), n_rows(floor.reps), n_rows(floor.history)) == (n_leads, n_reps, n_history)
    assert floor.probability.shape == (n_leads, n_reps)
    assert len(set(floor.reps["rep_id"])) == n_reps
    assert len(set(floor.leads["lead_id"])) == n_leads


@pytest.mark.parametrize(("n_leads", "n_reps", "n_history"), SIZES)
def test_every_size_can_be_planned(n_leads, n_reps, n_history):
    floor = sales_floor(n_leads=n_leads, n_reps=n_reps, n_history=n_history)
    plan = assign(floor.leads, floor.reps, floor.history, policy=Policy(segment_by=("industry", "source")))
    assert plan.status == "OPTIMAL"


def test_same_seed_same_floor_and_other_seed_other_floor(floor):
    again, other = sales_floor(rng=0), sales_floor(rng=1)
    for name in ("leads", "reps", "history"):
        assert getattr(again, name) == getattr(floor, name)
        assert getattr(other, name) != getattr(floor, name)
    assert (again.rates == floor.rates).all()


def test_past_outcomes_follow_the_true_chances():
    floor = sales_floor(n_leads=1, n_history=60_000, rng=3)
    index = {rep: j for j, rep in enumerate(floor.reps["rep_id"])}
    settled = np.array([won is not None for won in floor.history["converted"]])
    won = np.array([won or 0 for won in floor.history["converted"]])[settled]
    chance = floor.rates[floor.segment_of_history, [index[rep] for rep in floor.history["rep_id"]]][settled]
    # In each tenth of the rows by true chance, the wins are within four standard errors of what is expected.
    for rows in np.array_split(np.argsort(chance), 10):
        spread = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        assert abs(won[rows].sum() - chance[rows].sum()) < 4 * spread


def test_strengths_spread_as_documented():
    floor = sales_floor(n_leads=1, n_reps=400, n_history=0, rng=5)
    logits = np.log(floor.rates / (1 - floor.rates))
    of_rep = logits - logits.mean(axis=1, keepdims=True)
    pair = of_rep - of_rep.mean(axis=0)
    assert of_rep.mean(axis=0).std() == pytest.approx(0.3, abs=0.05)
    assert pair.std() == pytest.approx(0.25, abs=0.02)
    spread = [
        np.log(f.rates / (1 - f.rates)).mean(axis=1).std()
        for f in (sales_floor(n_leads=0, n_reps=50, n_history=0, rng=k) for k in range(60))
    ]
    assert 0.6 < np.mean(spread) < 0.85  # 0.8 less what the mean of 6 and of 4 draws takes


def test_true_deals_and_gain_add_up_the_placed_leads(floor):
    answer = np.full(240, -1)
    assert floor.true_deals(answer) == floor.true_gain(answer) == 0.0
    answer[7], answer[9] = 3, 0
    chances = floor.probability[7, 3], floor.probability[9, 0]
    assert floor.true_deals(answer) == pytest.approx(sum(chances))
    values = floor.leads["value"][7], floor.leads["value"][9]
    assert floor.true_gain(answer) == pytest.approx(chances[0] * values[0] + chances[1] * values[1])


@pytest.mark.parametrize("answer", [[0] * 239, [12] + [0] * 239, [-2] + [0] * 239])
def test_true_gain_refuses_what_is_no_answer(floor, answer):
    with pytest.raises(InvalidInput, match=r"rep_of_lead: must hold -1 or an index below 12 for each of 240 leads"):
        floor.true_gain(answer)


@pytest.mark.parametrize(("name", "least"), [("n_leads", 0), ("n_reps", 1), ("n_history", 0)])
def test_sizes_below_the_least_are_refused(name, least):
    with pytest.raises(InvalidInput, match=rf"{name}: must be {least} or more; found {least - 1}"):
        sales_floor(**{name: least - 1})


def test_the_team_has_newcomers_a_vacation_and_a_part_timer(floor):
    tenure, available = np.array(floor.reps["tenure_days"]), np.array(floor.reps["available"])
    assert (tenure < 90).sum() == 2
    assert sorted(available)[:3] == [0.0, 0.5, 1.0]
    assert (available[tenure < 90] == 1.0).all()


def test_slots_are_a_little_fewer_than_leads(floor):
    slots = np.floor(np.array(floor.reps["capacity"]) * np.array(floor.reps["available"])).sum()
    assert 0.9 * 240 <= slots < 240


def test_history_is_of_the_last_year_and_of_trained_reps(floor):
    tenure = dict(zip(floor.reps["rep_id"], floor.reps["tenure_days"], strict=True))
    for rep, won, at in zip(*(floor.history[name] for name in ("rep_id", "converted", "at")), strict=True):
        assert (won is None) == (at is None)
        if at is not None:
            assert date(2025, 1, 31) <= at < NOW
            assert (NOW - at).days <= tenure[rep] - 30
    assert 0 < sum(at is None for at in floor.history["at"]) < 0.06 * 6000


def test_history_went_to_reps_who_speak_the_language(floor):
    speaks = dict(zip(floor.reps["rep_id"], floor.reps["languages"], strict=True))
    pairs = set(zip(floor.history["rep_id"], floor.history["language"], strict=True))
    assert all(language in speaks[rep].split(";") for rep, language in pairs)


def test_history_is_not_random_assignment(floor):
    home = dict(zip(floor.reps["rep_id"], floor.reps["territory"], strict=True))
    at_home = np.mean([home[r] == t for r, t in zip(floor.history["rep_id"], floor.history["territory"], strict=True)])
    assert at_home > 0.33  # 0.25 if it were


def test_the_true_chance_of_rows_is_that_of_their_segment_and_rep(floor):
    index = {rep: j for j, rep in enumerate(floor.reps["rep_id"])}
    reps = [index[rep] for rep in floor.history["rep_id"]]
    assert (floor.true_chance(floor.history) == floor.rates[floor.segment_of_history, reps]).all()


def test_the_true_chance_of_a_stranger_is_refused(floor):
    rows = {"rep_id": ["Ana", "Zed"], "industry": ["retail"] * 2, "source": ["website"] * 2}
    with pytest.raises(InvalidInput, match=r"rows\.rep_id, row 2: must be one of Ana, Bo, .*; found 'Zed'"):
        floor.true_chance(rows)


def test_is_frozen(floor):
    assert isinstance(floor, SalesFloor)
    with pytest.raises(AttributeError):
        floor.now = None
