"""The harness, the instances and the peers of `benchmarks`: a timing is worth nothing if these are wrong."""

import math

import numpy as np
import pytest

import leadopt
from benchmarks import harness, honesty, match_peers, matrices, peers, plot, sparse
from benchmarks.auto_table import BreakEven

SMALL = {
    "dense": {"n": 60, "m": 6},
    "factored": {"n": 60, "m": 6},
    "identical": {"n": 60, "m": 6},
    "uniform": {"n": 60, "m": 6},
    "whole": {"n": 60, "m": 6, "most": 3},
    "tied_kinds": {"n": 60, "m": 6},
    "rank_one": {"n": 60, "m": 6},
    "territories": {"n": 60, "m": 40},
    "wide": {"n": 60, "m": 6},
    "signed": {"n": 60, "m": 6},
    "each": {"n": 60, "m": 6, "capacity": 2},
}


def made(maker: str, **settings: object) -> matrices.Instance:
    return matrices.MAKERS[maker](**{**SMALL[maker], **settings})


def test_every_maker_but_that_of_files_is_tested_here():
    assert set(matrices.MAKERS) == {*SMALL, "orlib"}


@pytest.mark.parametrize("maker", SMALL)
def test_an_instance_comes_from_its_seed_alone(maker):
    one, same, other = made(maker), made(maker), made(maker, seed=1)
    np.testing.assert_array_equal(one.gains(), same.gains())
    np.testing.assert_array_equal(one.capacity, same.capacity)
    assert not np.array_equal(one.gains(), other.gains())


@pytest.mark.parametrize("maker", SMALL)
def test_a_saved_instance_comes_back(maker, tmp_path):
    instance = made(maker)
    matrices.save(instance, str(tmp_path))
    again = matrices.load(str(tmp_path))
    np.testing.assert_array_equal(again.gains(), instance.gains())
    assert (again.shape, again.reserve) == (instance.shape, instance.reserve)
    assert again.input_mb == instance.input_mb > 0


def test_chunks_do_not_change_an_instance(monkeypatch):
    assert len(np.unique(made("dense").rates[:, 0])) == 60
    monkeypatch.setattr(matrices, "_CHUNK", 7 * 6)
    assert len(np.unique(made("dense").rates[:, 0])) == 60
    assert (made("dense").rates > 0).all()


@pytest.mark.parametrize("slots", [0.7, 1.0, 1.1])
def test_capacities_add_up_to_the_wanted_share(slots):
    assert made("dense", slots=slots).capacity.sum() == round(60 * slots)


def test_territories_leave_each_lead_its_own_and_those_who_work_everywhere():
    eligible = np.isfinite(made("territories").rates)
    assert eligible.any(axis=1).all() and not eligible.all()
    assert eligible.all(axis=0).sum() == 20


def test_worth_counts_gains_and_reserves_and_refuses_too_many():
    instance = matrices.Instance(rates=np.array([[3.0], [2.0]]), capacity=np.array([1]), reserve=-0.5)
    assert instance.worth([0, -1]) == 2.5
    with pytest.raises(AssertionError, match="exceeds a capacity"):
        instance.worth([0, 0])


@pytest.mark.filterwarnings("ignore")  # what other libraries warn about is theirs
@pytest.mark.parametrize("peer", peers.PEERS)
@pytest.mark.parametrize("maker", SMALL)
def test_peers_find_what_match_finds(maker, peer):
    pytest.importorskip({"POT": "ot", "lapx": "lap"}.get(peer, "scipy"))
    instance = made(maker)
    answer = peers.solve(peer, instance.gains(), instance.capacity)
    found = leadopt.match(
        instance.affinity(), instance.capacity, reserve=instance.reserve, solver=leadopt.MinCostFlow()
    )
    assert math.isclose(instance.worth(answer), found.objective, rel_tol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("slots", [0.7, 1.0])
def test_pot_balances_too_few_slots_and_just_enough(slots):
    pytest.importorskip("ot")
    instance = made("dense", slots=slots)
    answer = peers.solve("POT", instance.gains(), instance.capacity)
    assert (answer >= 0).sum() == round(60 * slots)
    assert math.isclose(
        instance.worth(answer), leadopt.match(instance.rates, instance.capacity).objective, rel_tol=1e-9
    )


def test_or_library_costs_become_gains_with_the_published_optimum():
    if not (matrices.data_folder() / "orlib-assign").exists():
        pytest.skip(f"no OR-Library in {matrices.data_folder()}")
    instance = matrices.orlib(100)
    found = leadopt.match(instance.rates, instance.capacity, reserve=instance.reserve)
    assert found.objective == matrices.orlib_optimum(100) == 100 * 100 - 305


def test_objectives_agree_to_a_billionth():
    harness.agree(1e6, 1e6 + 0.9e-3, "same")
    with pytest.raises(AssertionError, match=r"other: objective 1000000.0, independent solve 1000000.01"):
        harness.agree(1e6, 1e6 + 1e-2, "other")


def test_a_table_has_a_section_for_each_class_of_rows():
    rows = [
        harness.Row(instance="a", seconds=1.0, goal=2.0),
        harness.Ratio(instance="b", solver="s", seconds=3.0, beside="c", its_seconds=1.0, goal=2.0),
        harness.Row(instance="d", seconds=None, note="e"),
    ]
    page = harness.sections(rows)
    assert page.count("## ") == 2
    assert "| a | 1.000 |  | 2.000 | yes |  |\n| d |  |  |  |  | e |" in page
    assert "| b | s | 3.0000 | c | 1.0000 | 3.00 | 2 | **no** |" in page
    assert "| --- | ---: | ---: | ---: | --- | --- |" in page


def test_a_goal_names_what_is_met_and_what_is_not():
    goal = match_peers.Goal(times={"POT": 2, "slow": 10}, seconds=1.0, above_input_mb=50, gap=1e-9)
    found = {"seconds": 0.5, "peak": 160.0, "input_mb": 100.0, "gap": 0.0}
    peers_ = {"POT": {"seconds": 0.9}, "slow": {"why": "stopped"}}
    assert [met for _, met in goal.parts(found, peers_)] == [False, True, True, False, True]


def test_cases_name_solvers_and_peers_that_are_known():
    cases = (
        *match_peers.DENSE,
        *match_peers.LARGE,
        *match_peers.SQUARE,
        *match_peers.FACTORED,
        *match_peers.HARD,
    )
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        assert case.maker in matrices.MAKERS
        assert set(case.ours) <= set(match_peers.OURS) and case.ours[0] == "Auto"
        assert set(case.goal.times) <= set(case.peers) <= set(peers.PEERS)


def test_auto_is_right_where_its_choice_is_near_the_fastest():
    seconds = {"Auction": 0.1, "MinCostFlow": 0.2}
    row = BreakEven(form="f", n=10, m=2, seconds=seconds, auto="MinCostFlow", refused=["Hungarian"])
    assert row.cells == ("f", "10 x 2", "20", "refuses", "0.2000", "0.1000", "-", "Auction", "MinCostFlow", "**no**")


def test_a_verdict_is_wrong_where_more_was_to_be_had():
    affinity, capacity = leadopt.Affinity(rates=np.array([[1.0, 2.0]])), np.array([1, 1])
    best = honesty.Fraction(2)
    assert honesty.verdict(affinity, capacity, 0.0, best, leadopt.MinCostFlow()) == "exact"
    assert honesty.verdict(affinity, capacity, 0.0, best + 1, leadopt.MinCostFlow()) == "wrong"
    assert honesty.verdict(affinity, capacity, 0.0, None, leadopt.MinCostFlow()) == "wrong"


def test_every_kind_of_hard_instance_is_made():
    for number, kind in enumerate(honesty.KINDS):
        affinity, capacity, _ = honesty.small(np.random.default_rng(number), kind)
        assert affinity.n_reps == len(capacity)


def test_names_in_the_figure_keep_apart():
    heights = plot._apart([0.50, 0.51, 0.51, 0.9])
    assert min(np.diff(heights)) >= plot.APART - 1e-6
    assert heights[3] == 0.9


def test_a_figure_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    curves = {"OR-Tools": [[1000, 0.1], [10000, 2.0]], "leadopt Auction": [[1000, 0.01], [10000, 0.1]]}
    plot.draw([{"title": "dense", "curves": curves}], str(tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("gains", sparse.KINDS)
@pytest.mark.parametrize("peer", sparse.SOLVERS)
def test_peers_on_eligible_pairs_find_the_best_answer(peer, gains):
    pairs, capacity = sparse.instance(40, 40, 0.1, gains=gains, seed=2)
    found = sparse.SOLVERS[peer](pairs, capacity)
    placed = np.flatnonzero(found >= 0)
    assert np.bincount(found[placed], minlength=40).max() <= 1
    assert all(pairs.indptr[lead] < pairs.indptr[lead + 1] for lead in placed)
    best = leadopt.match(pairs, capacity, solver=leadopt.MinCostFlow()).objective
    assert sparse.worth(pairs, found) == pytest.approx(best, rel=1e-12)


def test_a_line_of_eligible_pairs_says_whether_its_goal_is_met():
    settings = {"instance": "a", "gains": "real", "pairs": 9, "beside": "OR-Tools", "its_mb": 3.0}
    fast = sparse.SparseLine(seconds=1.0, mb=2.0, its_seconds=2.0, **settings)
    slow = sparse.SparseLine(seconds=1.0, mb=2.0, its_seconds=0.5, **settings)
    large = sparse.SparseLine(seconds=1.0, mb=201.0, its_seconds=2.0, **settings)
    assert [line.cells[-2:] for line in (fast, slow, large)] == [
        ("2.00", "yes"),
        ("0.50", "**no**"),
        ("2.00", "**no**"),
    ]
    assert len(fast.cells) == len(sparse.SparseLine.HEAD)
