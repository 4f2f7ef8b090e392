"""Envelopes say the same as a look at every lead, for any box of prices."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.problem.gains import Affinity
from leadopt.solvers.oracles import envelopes
from leadopt.solvers.oracles.envelopes import EnvelopeOracle
from leadopt.solvers.oracles.pruning import RowOracle
from tests.strategies import RESERVES, affinities, examples


@st.composite
def questions(draw):
    """Leads of a factored affinity, some of them, a reserve and a box of prices."""
    n_leads, n_reps = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    affinity = draw(affinities(n_leads, n_reps))
    leads = np.array(sorted(draw(st.sets(st.integers(0, n_leads - 1), min_size=1))), dtype=np.int64)
    reserve = draw(st.sampled_from(RESERVES))
    amounts = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 7.0]), min_size=n_reps, max_size=n_reps)
    low = np.array(draw(amounts))
    return affinity, leads, reserve, low, low + np.array(draw(amounts))


def options(found):
    return {
        lead: set(found.rep[start:stop].tolist())
        for lead, start, stop in zip(found.lead.tolist(), found.first[:-1], found.first[1:], strict=True)
    }


def worth(affinity, leads, choice, prices, reserve):
    gains = np.column_stack([affinity.of(leads) - prices, np.full(len(leads), reserve)])
    return gains[np.arange(len(leads)), choice]


@given(question=questions())
@examples(50)
def test_what_is_open_holds_all_that_a_look_at_every_lead_finds(question):
    affinity, leads, reserve, low, high = question
    assume(affinity.largest <= 1e3)  # beyond, what rounding can hide differs by design
    quick = EnvelopeOracle.of(affinity, leads, reserve).open(low, high)
    slow = RowOracle(affinity=affinity, leads=leads, reserve=reserve).open(low, high)
    some, every = options(quick), options(slow)
    assert all(lead in some and reps <= some[lead] for lead, reps in every.items())
    np.testing.assert_allclose(
        worth(affinity, leads, quick.choice, high, reserve),
        worth(affinity, leads, slow.choice, high, reserve),
        atol=1e-9,
    )


@given(question=questions())
@examples(40)
def test_compiled_and_plain_walks_find_the_same_pieces(question):
    affinity, leads, reserve, low, _ = question
    oracle = EnvelopeOracle.of(affinity, leads, reserve)
    rows = np.flatnonzero(np.diff(oracle.first))
    begin, end = oracle.scales[oracle.first[rows]], oracle.scales[oracle.first[rows + 1] - 1]
    heights = np.append(-low, reserve)
    compiled = envelopes._walk_compiled(oracle.lines[rows], oracle.rising[rows], heights, begin, end)
    plain = envelopes._walk(oracle.lines[rows], oracle.rising[rows], heights, begin, end)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)


@given(question=questions())
@examples(40)
def test_loads_and_the_dual_value_are_those_of_every_leads_best_option(question):
    affinity, leads, reserve, low, _ = question
    oracle = EnvelopeOracle.of(affinity, leads, reserve)
    choice = oracle.open(low, low).choice
    assume(np.isfinite(reserve) or (choice >= 0).all())
    loads = oracle.loads(low)
    assert loads.load.tolist() == np.bincount(choice[choice >= 0], minlength=affinity.n_reps).tolist()
    best = np.maximum((affinity.of(leads) - low).max(axis=1), reserve).sum()
    np.testing.assert_allclose(loads.value, best, rtol=1e-9, atol=1e-9 * (1 + affinity.largest))


def test_an_entry_price_is_the_highest_at_which_some_lead_comes():
    affinity = Affinity(rates=[[1.0, 2.0, 1.5]], row=[0, 0, 0], scale=[1.0, 2.0, 3.0])
    oracle = EnvelopeOracle.of(affinity, np.arange(3), 0.0)
    prices = np.array([0.0, 2.0, 9.0])
    entry = float(oracle.entries(prices, np.array([2]))[0])
    assert entry == 1.0  # at scale 2, where reps 0 and 1 are worth 2 each, rep 2 is worth 3
    assert (oracle.open(np.array([0.0, 2.0, entry - 1e-9]), np.array([0.0, 2.0, entry - 1e-9])).choice == 2).any()
    assert (oracle.open(np.array([0.0, 2.0, entry + 1e-9]), np.array([0.0, 2.0, entry + 1e-9])).choice != 2).all()


def test_the_weights_are_the_derivatives_of_the_loads():
    rng = np.random.default_rng(0)
    scale = np.sort(rng.random(20_001)) * 10
    affinity = Affinity(rates=[[1.0, 2.0]], row=np.zeros(len(scale), dtype=np.int64), scale=scale)
    oracle = EnvelopeOracle.of(affinity, np.arange(len(scale)), 0.0)
    loads = oracle.loads(np.array([0.0, 5.0]), broad=0.5)
    shifted = oracle.loads(np.array([0.0, 5.5]), broad=0.5)
    assert loads.a.tolist() == [0]
    assert loads.b.tolist() == [1]
    np.testing.assert_allclose(0.5 * loads.weight[0], loads.load[1] - shifted.load[1], rtol=0.1)
