"""Simulated seasons: queues and chances against plain loops, one luck for all policies, and what managers are shown."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.evaluate import Floor, simulate
from leadopt.evaluate.seasons.floor import Strengths
from leadopt.evaluate.seasons.simulate import _decided, _past
from leadopt.evaluate.seasons.simulation import MEASURES
from leadopt.evaluate.seasons.stream import Stream, Team, queue
from leadopt.policy import Policy
from tests.strategies import examples

SMALL = Floor(n_reps=5, n_newcomers=1, leads_a_rep=24)
POLICIES = {"round robin": "round robin", "leadopt": Policy(), "same": Policy(), "oracle": "oracle"}


@pytest.fixture(scope="module")
def found():
    return simulate(SMALL, POLICIES, seasons=2, past_seasons=1, batches=2, n_runs=2, like=pl.DataFrame())


def stream_of(floor=SMALL, seed=0, seasons=1):
    return Stream.draw(floor, seasons, 1, 2, np.random.default_rng(seed))


@given(st.lists(st.floats(0, 50), max_size=12), st.floats(0.01, 9), st.floats(-5, 30))
@examples(40)
def test_who_waits_in_a_queue_is_answered_one_after_the_other(arrivals, service, free_on):
    arrival, waits, free = np.sort(np.array(arrivals, dtype=float)), [], free_on
    for moment in arrival:
        free = max(moment, free) + service
        waits.append(free - moment)
    days, last = queue(arrival, service, free_on)
    np.testing.assert_allclose(days, waits, atol=1e-9)
    assert last == pytest.approx(free)


def test_chances_follow_the_documented_formula():
    stream = stream_of()
    team, batch = Team.fresh(stream), stream.batches[-1]
    team.experience[:] = np.arange(5) * 10.0
    rep = np.random.default_rng(1).integers(-1, 5, len(batch.segment))
    gap = np.where(stream.newcomer, 0.6 * np.exp(-team.experience / 40.0), 0.0)
    seen, floor = team.follow(batch, rep), stream.floor
    load = np.bincount(rep[rep >= 0], minlength=5)
    for lead, j in enumerate(rep):
        if j < 0:
            assert seen.chance[lead] == 0.0 and not seen.won[lead] and np.isnan(seen.response_days[lead])
            continue
        beyond = max(0.0, load[j] / (stream.throughput[j] * 45.0) - 1.0)
        logit = batch.logit[batch.segment[lead], j] - gap[j] - floor.overload * beyond
        logit -= floor.waiting * np.log1p(seen.response_days[lead])
        assert seen.chance[lead] == pytest.approx(1 / (1 + np.exp(-logit)))
    assert (seen.won == (batch.luck < seen.chance)).all()
    np.testing.assert_array_equal(team.experience, np.arange(5) * 10.0 + load)


def test_newcomers_join_when_the_past_is_over_and_drift_moves_chances():
    stream = stream_of()
    player, before = _past(stream)
    assert set(player.history["rep_id"]) == {"rep 1", "rep 2", "rep 3", "rep 4"}
    assert len(player.history["converted"]) == 4 * 24
    assert before[list(MEASURES).index("newcomer_share")] == 0.0
    first, last = stream.batches[0].logit, stream.batches[-1].logit
    assert 0.05 < (last - first).std() < 0.3
    still = stream_of(Floor(n_reps=5, drift_sd=0.0))
    np.testing.assert_array_equal(still.batches[0].logit, still.batches[-1].logit)


def test_nobody_decides_better_than_the_oracle_where_load_costs_nothing():
    floor = Floor(n_reps=5, n_newcomers=1, leads_a_rep=24, overload=0.0, waiting=0.0)
    for seed in range(3):
        stream = stream_of(floor, seed)
        player, _ = _past(stream)
        batch = stream.batches[-1]
        worth = {
            name: float(batch.value @ player.copy().team.follow(batch, _decided(player.copy(), batch, policy)).chance)
            for name, policy in (POLICIES | {"greedy": "greedy", "performance": "performance"}).items()
        }
        assert max(worth.values()) == pytest.approx(worth["oracle"])
        assert worth["oracle"] > worth["round robin"]


def test_policies_have_the_same_leads_and_the_same_luck(found):
    np.testing.assert_array_equal(found.after[:, 1], found.after[:, 2])
    assert not np.array_equal(found.after[:, 0], found.after[:, 1])
    alone = simulate(SMALL, {"oracle": "oracle"}, seasons=2, past_seasons=1, batches=2, n_runs=2)
    np.testing.assert_array_equal(alone.after[:, 0], found.after[:, 3])
    np.testing.assert_array_equal(alone.before, found.before)
    other = simulate(SMALL, {"oracle": "oracle"}, seasons=2, past_seasons=1, batches=2, n_runs=2, rng=1)
    assert not np.array_equal(other.before, found.before)


def test_all_baselines_play_and_all_measures_are_possible():
    every = {name: name for name in ("round robin", "territory", "performance", "profile", "greedy")}
    got = simulate(SMALL, every, seasons=1, past_seasons=1, batches=2, n_runs=2)
    shares = [list(MEASURES).index(name) for name in MEASURES if name not in ("value", "response_days", "utilisation")]
    inside = got.after[..., shares]
    assert ((inside >= 0) & (inside <= 1) | np.isnan(inside)).all()
    assert (got.after[..., list(MEASURES).index("response_days")] > 0).all()


def test_slots_beyond_what_reps_can_follow_up_hurt():
    roomy, fitting = (
        simulate(
            Floor(n_reps=6, n_newcomers=0, leads_a_rep=24, slots=slots, overload=3.0, strengths=Strengths(rep_sd=0.8)),
            {"greedy": "greedy"}, seasons=2, past_seasons=1, batches=2, n_runs=2,
        )
        for slots in (2.5, 1.0)
    )  # fmt: skip
    place = {name: list(MEASURES).index(name) for name in ("conversion", "response_days", "overloaded", "load_gini")}
    roomy_means, fitting_means = (one.after.mean(axis=(0, 1, 2)) for one in (roomy, fitting))
    assert roomy_means[place["conversion"]] < fitting_means[place["conversion"]]
    for name in ("response_days", "overloaded", "load_gini"):
        assert roomy_means[place[name]] > fitting_means[place[name]]
    assert fitting_means[place["overloaded"]] == 0.0


def test_the_frame_holds_means_and_standard_errors_and_is_of_the_users_kind(found):
    frame = found.frame()
    assert isinstance(frame, pl.DataFrame) and len(frame) == 1 + 4 * 2
    row = frame.row(by_predicate=(pl.col("policy") == "leadopt") & (pl.col("season") == 2), named=True)
    values = found.after[:, 1, 1, 0]
    assert row["conversion"] == pytest.approx(values.mean())
    assert row["conversion_se"] == pytest.approx(values.std(ddof=1) / np.sqrt(2))
    value = found.after[:, :, 1, 1]
    assert row["lift"] == pytest.approx(value[:, 1].mean() / value[:, 0].mean() - 1)
    assert found.lifts[:, 1, 1].mean() == pytest.approx(row["lift"])
    assert frame["lift"][1] == frame["lift_se"][1] == 0.0


def test_before_and_after_are_shown_with_their_change(found):
    table = found.before_after("leadopt")
    assert table["measure"].to_list() == list(MEASURES)
    change = (found.after[:, 1, :, 0].mean(axis=1) - found.before[:, 0]).mean()
    assert table["change"][0] == pytest.approx(change)
    assert table["after"][0] - table["before"][0] == pytest.approx(change)
    with pytest.raises(InvalidInput, match="policy 'leadop' was not simulated; did you mean \"leadopt\""):
        found.before_after("leadop")


def test_it_can_be_read_drawn_and_exported(found):
    text = str(found)
    assert "2 floors of 5 reps, 1 of them new, over 2 seasons" in text and "| leads won" in text
    assert text.count("\n") == 3 + len(MEASURES) + 1 and "<table>" in found._repr_html_()
    data = json.loads(found.to_json())
    assert data["policies"] == list(POLICIES) and len(data["seasons"]["policy"]) == 9
    assert data["floor"]["strengths"]["rep_sd"] == 0.3
    labels = [text.get_text() for text in found.plot().get_legend().get_texts()]
    assert sorted(labels) == sorted(POLICIES)


@pytest.mark.parametrize("n_newcomers", [0, 1])
def test_one_lead_a_batch_can_be_played(n_newcomers):
    """Six leads a season in six batches: loads are compared with what a batch's days allow, however few leads come."""
    tiny = Floor(n_reps=2, n_newcomers=n_newcomers, leads_a_rep=1)
    found = simulate(tiny, {"round robin": "round robin"}, seasons=1, past_seasons=1, batches=6, n_runs=2)
    assert all(0.0 < row["utilisation"] < np.inf for row in found.frame())


def test_progress_is_told():
    stages = []
    simulate(SMALL, {"a": "oracle"}, seasons=1, past_seasons=1, batches=1, n_runs=2, on_progress=stages.append)
    assert list(dict.fromkeys(one.stage for one in stages)) == ["run 1 of 2: a", "run 2 of 2: a"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"floor": 5}, r"floor: must be leadopt.evaluate.Floor\(...\); found 5"),
        ({"policies": {}}, "policies: must be a dict from a name to a policy; found {}"),
        ({"policies": {"a": "greed"}}, "policies: 'greed' is unknown; did you mean \"greedy\""),
        ({"policies": {"a": 5}}, "policies: 'a' must be a Policy or the name of a baseline; found 5"),
        ({"seasons": 0}, "seasons: must be a whole number, 1 or more; found 0"),
        ({"n_runs": 1}, "n_runs: must be a whole number, 2 or more; found 1"),
        ({"batches": True}, "batches: must be a whole number, 1 or more; found True"),
    ],
)
def test_wrong_settings_get_one_sentence(settings, message):
    with pytest.raises(InvalidInput, match=message):
        simulate(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_reps": 1}, "floor.n_reps: must be a whole number, 2 or more; found 1"),
        ({"n_newcomers": 16}, "floor.n_newcomers: must be below n_reps, 16; found 16"),
        ({"strengths": 3}, r"floor.strengths: must be leadopt.truth.Strengths\(...\); found 3"),
        ({"waiting": -1.0}, "floor.waiting: must be a number, 0 or more; found -1.0"),
        ({"throughput": 0.0}, "floor: throughput and learning_leads must be above 0; found 0.0 and 40.0"),
    ],
)
def test_an_impossible_floor_gets_one_sentence(settings, message):
    with pytest.raises(InvalidInput, match=message):
        Floor(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_rate": 1.0}, "strengths.base_rate: must be between 0 and 1, such as 0.16; found 1.0"),
        ({"rep_sd": -0.1}, "strengths.rep_sd: must be a number, 0 or more; found -0.1"),
    ],
)
def test_impossible_strengths_get_one_sentence(settings, message):
    with pytest.raises(InvalidInput, match=message):
        Strengths(**settings)


def test_seasons_beyond_today_are_played_with_a_half_life_too(monkeypatch):
    monkeypatch.setattr("leadopt.evaluate.seasons.stream.NOW", date(2999, 1, 1))
    floor = Floor(n_reps=3, n_newcomers=0, leads_a_rep=10)
    played = simulate(floor, {"leadopt": Policy(half_life_days=90)}, seasons=2, batches=1, n_runs=2)
    assert len(played.frame()) == 3  # and the past
