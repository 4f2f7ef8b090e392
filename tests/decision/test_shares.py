"""What is shared and who is entitled to how much of it, against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.decision.shares import (
    Shared,
    best_gains,
    eligible_counts,
    most_worth,
    with_credit,
    worth,
)
from leadopt.problem.gains import Affinity
from tests.strategies import affinities, examples


def shared_of(usage=1.0, leads=None, n_reps=2):
    every = np.ones(n_reps)
    return Shared(
        of="leads", words="band", leads=leads, usage=usage, weight=every, most=every, credit=every, entitlement=every
    )


@given(st.data(), st.integers(0, 6), st.integers(1, 4))
@examples(40)
def test_received_is_what_the_leads_of_a_rep_count(data, n_leads, n_reps):
    usage = worth(data.draw(affinities(n_leads, n_reps)))
    answer = np.array(data.draw(st.lists(st.integers(-1, n_reps - 1), min_size=n_leads, max_size=n_leads)), dtype=int)
    leads = np.array(sorted(data.draw(st.sets(st.integers(0, n_leads - 1))) if n_leads else []), dtype=np.int64)
    amounts = usage.dense()
    for chosen in (None, leads):
        inside = range(n_leads) if chosen is None else chosen
        expected = [sum(amounts[i, j] for i in inside if answer[i] == j) for j in range(n_reps)]
        assert shared_of(usage, chosen, n_reps).received(answer) == pytest.approx(expected, abs=1e-9)
        counted = [sum(answer[i] == j for i in inside) for j in range(n_reps)]
        assert shared_of(1.0, chosen, n_reps).received(answer).tolist() == counted


@given(st.data(), st.integers(0, 6), st.integers(1, 4))
@examples(40)
def test_worth_is_the_gain_and_0_where_negative_or_ineligible(data, n_leads, n_reps):
    affinity = data.draw(affinities(n_leads, n_reps))
    assert (worth(affinity).dense() == np.maximum(affinity.dense(), 0.0)).all()
    assert worth(affinity).row is affinity.row or np.shares_memory(worth(affinity).row, affinity.row) or not n_leads
    assert (worth(affinity) is affinity) == bool((affinity.rates >= 0).all())


@given(st.data(), st.integers(1, 6), st.integers(1, 4), st.booleans())
@examples(40)
def test_most_worth_is_the_sum_of_as_many_leads_as_there_are_slots(data, n_leads, n_reps, many):
    usage = worth(data.draw(affinities(n_leads, n_reps)))
    if many:  # the other way to the same sums
        row = np.resize(usage.row, 512 * len(usage.rates) + 3)
        usage = Affinity(rates=usage.rates, row=row, scale=np.resize([0.0, 0.5, 0.5, 2.0, 3.7], len(row)))
    most = usage.n_leads + 2
    slots = np.array(data.draw(st.lists(st.integers(0, most), min_size=n_reps, max_size=n_reps)), dtype=np.int64)
    best_first = np.sort(usage.dense(), axis=0)[::-1]
    expected = [best_first[:k, j].sum() for j, k in enumerate(slots)]
    assert most_worth(usage, slots) == pytest.approx(expected, rel=1e-9, abs=1e-12 * best_first.max(initial=0))


@given(st.data(), st.integers(0, 6), st.integers(1, 4))
@examples(40)
def test_best_gains_look_at_open_reps_alone(data, n_leads, n_reps):
    affinity = data.draw(affinities(n_leads, n_reps))
    open_reps = np.array(data.draw(st.lists(st.booleans(), min_size=n_reps, max_size=n_reps)))
    expected = affinity.dense()[:, open_reps].max(axis=1, initial=-np.inf)
    assert best_gains(affinity, open_reps) == pytest.approx(expected)
    chosen = np.flatnonzero(np.arange(n_leads) % 2)
    assert eligible_counts(affinity, chosen).tolist() == np.isfinite(affinity.dense()[chosen]).sum(axis=0).tolist()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(-9, 9)), min_size=1, max_size=5),
    st.integers(0, 30),
)
@examples(75)
def test_credit_shifts_entitlements_and_keeps_their_sum(reps, total):
    weight, most, credit = (np.array(column, dtype=float) for column in zip(*reps, strict=True))
    fair = with_credit(weight, most, total, np.zeros(len(reps)))
    found = with_credit(weight, most, total, credit)
    assert (found <= most + 1e-9).all() and (found >= 0).all()
    owed = np.maximum(fair + credit, 0)
    if owed[most > 0].any():
        assert found.sum() == pytest.approx(min(total, most[owed > 0].sum()))
        below = (found < most - 1e-9) & (owed > 0)
        if below.any() and total:
            assert found[below] / owed[below] == pytest.approx((found[below] / owed[below]).max())
    else:
        assert found == pytest.approx(fair)


def test_who_is_owed_as_much_as_another_owes_gets_exactly_that_more():
    assert with_credit(np.ones(3), np.full(3, 99.0), 12.0, np.array([2.0, -2.0, 0.0])).tolist() == [6, 2, 4]
