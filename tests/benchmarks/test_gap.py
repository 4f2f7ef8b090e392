"""Generalised assignment, and limits of every kind: the instances of the benchmarks, small, beside other solvers."""

import numpy as np
import pytest

import leadopt
from benchmarks import gap, limits, matrices
from leadopt.problem.certify import certify

FEW = [f"gap{size}-{number}" for size, number in ((1, 0), (2, 1), (3, 2), (4, 3), (5, 4))]


def library(name):
    if not gap.optima():
        pytest.skip(f"no OR-Library gap instances in {matrices.data_folder() / 'gap'}")
    return gap.library(name)


@pytest.mark.parametrize("name", FEW)
def test_match_reaches_the_published_optimum_and_knows_it(name):
    pytest.importorskip("leadopt.solvers.milp", reason="no solver for limits on amounts yet")
    instance = library(name)
    found = leadopt.match(**instance.settings())
    assert found.status is not leadopt.Status.FEASIBLE
    assert instance.total(found.rep_of_lead) == -found.objective == gap.optima()[name]


def test_the_published_optima_are_those_of_our_reading():
    instance = library("gap1-0")
    assert instance.cost.shape == (15, 5) and len(gap.optima()) == 60
    assert instance.most.tolist() == [36, 34, 38, 27, 33]
    assert gap.highs(["gap1-0"])["gap1-0"]["cost"] == gap.optima()["gap1-0"] == 261


def test_an_instance_is_read_agent_by_agent(tmp_path):
    path = tmp_path / "tiny"
    path.write_text("2 3\n 1 2 3\n 4 5 6\n 7 8 9\n 10 11 12\n 13 14", encoding="utf-8")
    instance = gap.read(path)
    assert instance.cost.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert instance.use.tolist() == [[7, 10], [8, 11], [9, 12]]
    assert instance.most.tolist() == [13, 14]


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "short"
    path.write_text("2 3\n 1 2 3", encoding="utf-8")
    with pytest.raises(ValueError, match="must hold 16 numbers; found 5"):
        gap.read(path)


def test_absent_data_are_no_optima(monkeypatch, tmp_path):
    monkeypatch.setenv("LEADOPT_DATA", str(tmp_path))
    assert gap.optima() == {}
    (row,) = gap._library_rows([])
    assert "skipped" in row.note


def test_totals_refuse_answers_that_break_a_rule():
    instance = gap.Instance(cost=np.ones((2, 2)), use=np.full((2, 2), 3.0), most=np.array([5.0, 5.0]))
    assert instance.total([0, 1]) == 2
    with pytest.raises(AssertionError, match="without a rep"):
        instance.total([0, -1])
    with pytest.raises(AssertionError, match="exceeds a rep's time"):
        instance.total([0, 0])


@pytest.mark.parametrize("kind", gap.TYPES)
def test_generated_types_come_from_their_seed_and_can_be_met(kind):
    one, same, other = (gap.generated(kind, 20, 3, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.cost, same.cost)
    assert not np.array_equal(one.cost, other.cost)
    assert (one.use >= 1).all() and gap.named(f"{kind} 20 x 3").cost.tolist() == one.cost.tolist()
    result = gap.highs([f"{kind} 20 x 3"])[f"{kind} 20 x 3"]
    assert result["gap"] <= 1e-9
    correlation = np.corrcoef(*(cells.ravel().argsort().argsort() for cells in (one.cost, one.use)))[0, 1]
    assert abs(correlation) < 0.4 if kind == "C" else correlation < -0.7


@pytest.mark.parametrize("kind", gap.TYPES)
def test_match_highs_and_cp_sat_agree_on_generated_types(kind):
    pytest.importorskip("leadopt.solvers.milp", reason="no solver for limits on amounts yet")
    name = f"{kind} 20 x 3"
    found, peer, other = gap.ours([name])[name], gap.highs([name])[name], gap.cp_sat([name], 60.0)[name]
    assert found["cost"] == peer["cost"] == other["cost"]
    assert max(found["bound"], peer["bound"], other["bound"]) <= peer["cost"] + 1e-6


@pytest.mark.parametrize("maker", ["dense", "factored"])
def test_bands_can_be_met_and_bind(maker):
    instance = matrices.MAKERS[maker](n=120, m=5)
    plain = limits.plain(maker, 120, 5)
    made = limits.banded(instance, plain)
    assert len(made) == 2 * 5 + 1
    peer = limits.highs(maker, 120, 5, "bands", plain, 1e-4)
    assert peer["objective"] <= plain + 1e-6
    problem = leadopt.Problem(affinity=instance.affinity(), capacity=instance.capacity, limits=made)
    unlimited = leadopt.match(instance.affinity(), instance.capacity).rep_of_lead
    assert certify(problem, unlimited).violations


def test_nested_limits_are_a_flow_with_the_optimum_of_highs(monkeypatch):
    monkeypatch.setattr(limits, "TEAM", 2)
    found = limits.ours("factored", 200, 5, "nested", 0.0)
    peer = limits.highs("factored", 200, 5, "nested", 0.0, 0.0)
    assert found["objective"] == pytest.approx(peer["objective"], rel=1e-9)
    assert (found["solver"], found["n_limits"]) == ("MinCostFlow", 3 + 2 * 5)


def test_hot_leads_are_the_most_valuable_fifth():
    instance = matrices.factored(100, 4)
    hot = limits.hot_leads(instance)
    assert len(hot) == 20 and instance.scale[hot].min() >= np.delete(instance.scale, hot).max()


def test_goals_say_which_are_met():
    case = limits.Case(name="a", maker="dense", n=1, m=1, seconds=1.0, gap=1e-4)
    goals = limits._goals(case, {"seconds": 0.5, "gap": 1e-3, "peak": 9.0})
    assert goals == {"1.0 s": True, "gap 0.0001": False}
    line = limits.Limited(instance="a", solver="s", seconds=0.5, gap=1e-3, goals=goals)
    assert line.cells[-2:] == ("1.0 s, gap 0.0001 (**no**)", "**no**")
