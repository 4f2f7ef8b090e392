"""The harness, the instances and the peers of `benchmarks`: a timing is worth nothing if these are wrong."""

import math

import numpy as np
import pytest

import leadopt
from benchmarks import harness, honesty, match_peers, matrices, peers, plot, small_problems, sparse, tied
from benchmarks.auto_table import BreakEven

SMALL = {
    "dense": {"n": 60, "m": 6},
    "factored": {"n": 60, "m": 6},
    "identical": {"n": 60, "m": 6},
    "uniform": {"n": 60, "m": 6},
    "whole": {"n": 60, "m": 6, "most": 3},
    "tied_kinds": {"n": 60, "m": 6},
    "rank_one": {"n": 60, "m": 6},
    "near_ties": {"n": 60, "m": 6},
    "rounded": {"n": 60, "m": 6, "decimals": 1},
    "ineligible": {"n": 60, "m": 6, "share": 0.5},
    "diagonal": {"n": 60, "m": 6, "n_blocks": 3},
    "line": {"n": 20},
    "territories": {"n": 60, "m": 40},
    "wide": {"n": 60, "m": 6},
    "signed": {"n": 60, "m": 6},
    "each": {"n": 60, "m": 6, "capacity": 2},
}


def made(maker: str, **settings: object) -> matrices.Instance:
    return matrices.MAKERS[maker](**{**SMALL[maker], **settings})


def test_every_maker_but_those_without_chance_is_tested_here():
    assert set(matrices.MAKERS) == {*SMALL, "orlib", "machol_wien"}


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
    found = harness.sections(rows, "measured today.", name="x")
    assert list(found) == ["From tables to plans, and claims", "One time by another"]
    page = "\n\n".join(found.values())
    assert page.count("## ") == page.count("\n\n`x`: measured today.\n\n|") == 2
    assert "| a | 1.000 |  | 2.000 | yes |  |\n| d |  |  |  |  | e |" in page
    assert "| b | s | 3.0000 | c | 1.0000 | 3.00 | 2 | **no** |" in page
    assert "| --- | ---: | ---: | ---: | --- | --- |" in page


def test_sections_of_a_page_stand_alone():
    found = harness.sections([harness.Row(instance="a")])
    kept = harness.split_sections("# Page\n\nText\n\n## Other\n\nas it was\n\n" + "\n\n".join(found.values()) + "\n")
    assert kept == {"Other": "## Other\n\nas it was", **found}


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


def test_machol_and_wiens_costs_as_gains():
    instance = matrices.machol_wien(3)
    np.testing.assert_array_equal(9.0 - instance.gains(), [[1, 2, 3], [2, 4, 6], [3, 6, 9]])
    assert instance.capacity.tolist() == [1, 1, 1]


def test_gains_nearly_tie_or_are_rounded_or_in_blocks():
    assert np.ptp(made("near_ties").rates, axis=1).max() < 1e-6
    assert set(np.unique(made("rounded").rates * 10).round(9)) <= set(range(11))
    assert 0.4 < np.isneginf(made("ineligible").rates).mean() < 0.6
    blocks = np.isfinite(made("diagonal").rates)
    assert blocks.sum() == 60 * 2
    assert blocks[:20, :2].all()


def test_a_tied_instance_is_met_only_beside_the_peer_and_the_uniform_one():
    def row(seconds, its_seconds, uniform):
        return tied.Tied(
            instance="x", solver="Auction", seconds=seconds, peer="POT", its_seconds=its_seconds, uniform=uniform
        )

    assert row(1.0, 0.5, 0.05).is_met
    assert not row(1.0, 0.4, 0.05).is_met
    assert not row(1.0, 0.5, 0.04).is_met
    assert row(1.0, None, None).is_met
    assert not row(None, 1.0, 1.0).is_met
    assert row(1.0, 0.5, 0.05).cells == ("x", "Auction", "1.000", "POT", "0.500", "2.00", "0.050", "20.0", "yes")
    assert row(None, 1.0, 1.0).cells[2] == "too slow"
    assert {case.maker for case in tied.CASES} <= set(matrices.MAKERS)


def test_small_problems_are_measured_beside_each_peer():
    for peer in ("ot", "lap"):
        pytest.importorskip(peer)
    case = next(case for case in small_problems.CASES if case.name == "10 x 3")
    found = small_problems.beside(case, turns=1)
    assert set(found["peers"]) == set(small_problems.NAMES)
    line = small_problems.Small(case=case, **found)
    assert len(line.cells) == len(small_problems.Small.HEAD)
    assert (float(line.cells[5]) < 1) == bool(line.cells[7])


def test_sparse_small_problems_have_no_worth_for_who_is_not_eligible():
    case = next(case for case in small_problems.CASES if case.kind == "sparse")
    gains, slots = small_problems.instance(case)
    assert 0.005 < np.isfinite(gains).mean() < 0.02
    assert slots.tolist() == [1] * 1_000


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
