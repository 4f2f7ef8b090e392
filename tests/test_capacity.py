"""How many leads a rep can take: the formula, its defaults, and its refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.capacity import hours_limits, minimum_limits, placeable_in_time, slots
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.columns import Columns
from tests.strategies import examples


def slots_of(n_leads=10, **columns):
    return slots(Table(columns, "reps"), Columns(), n_leads)


@given(
    st.lists(
        st.tuples(*[st.integers(0, 9)] * 4, st.sampled_from([0, 0.1, 0.3, 0.5, 0.7, 1, True, False])),
        min_size=1,
        max_size=4,
    )
)
@examples(40)
def test_most_is_capacity_times_availability_within_the_room_for_open_work(reps):
    capacity, ceiling, held, least, available = map(list, zip(*reps, strict=True))
    found = slots_of(capacity=capacity, max_open=ceiling, open_leads=held, min_leads=least, available=available)
    for k, (most, cap, open_, work, there) in enumerate(
        zip(found.most, capacity, ceiling, held, available, strict=True)
    ):
        assert most == min(int(round(cap * there * 10, 6) // 10), max(0, open_ - work))
        assert found.least[k] == int(round(least[k] * there * 10, 6) // 10)
        assert found.away[k] == (there == 0)
    assert found.notes == ()
    assert found.most.dtype == found.least.dtype == np.int64


@pytest.mark.parametrize(("cells", "who"), [([None, 1, 0], "1 rep (row 1)"), (["yes", "", " "], "2 reps (row 2, ...)")])
def test_who_has_a_blank_cell_counts_as_there_and_that_is_said(cells, who):
    found = slots_of(capacity=[3, 3, 3], available=cells)
    assert found.most.tolist() == [0 if cell == 0 else 3 for cell in cells]
    assert found.notes == (f'"available" is blank for {who}: who has no word there counts as there',)


def test_a_product_that_should_be_whole_is_not_rounded_down():
    assert slots_of(capacity=[10], available=[0.7]).most.tolist() == [7]
    assert slots_of(capacity=[100], available=[0.29]).most.tolist() == [29]


def test_without_max_open_the_capacity_is_the_ceiling_on_open_work():
    found = slots_of(capacity=[5, 2], open_leads=[3, 4])
    assert found.most.tolist() == [2, 0]
    assert found.notes == (
        '"capacity" counts open leads too, as there is no column "max_open": "open_leads" was subtracted',
    )


def test_max_open_alone_is_the_capacity():
    assert slots_of(max_open=[5, 3], open_leads=[1, 1]).most.tolist() == [4, 2]
    assert slots_of(max_open=[5]).most.tolist() == [5]


def test_without_any_capacity_nobody_has_a_ceiling_and_shares_go_by_availability():
    found = slots_of(rep_id=["a", "b", "c"], available=[1, 0.5, 0])
    assert found.most.tolist() == [10, 10, 0]
    assert found.assumed.tolist() == [1, 0.5, 0]
    assert found.weight.tolist() == [1, 0.5, 1]  # of who is away, what it would be
    assert found.notes == ()
    assert slots_of(rep_id=["a"], available=[0]).most.tolist() == [0]
    assert slots_of(n_leads=0, rep_id=["a"]).most.tolist() == [0]
    for said in ({"capacity": [3]}, {"max_open": [3]}):
        assert slots_of(rep_id=["a"], **said).assumed is None


@pytest.mark.parametrize(
    "columns, said",
    [
        ({"capacity": [3, -1]}, "reps.capacity, row 2: must be a finite number, 0 or more; found -1"),
        ({"capacity": [-2.5]}, "reps.capacity, row 1: must be a finite number, 0 or more; found -2.5"),
        ({"capacity": [1], "carried": [-0.5]}, "reps.carried, row 1: must be a finite number, 0 or more; found -0.5"),
        ({"capacity": [1], "max_open": [2.5]}, "reps.max_open, row 1: must be a whole number, 0 or more; found 2.5"),
        ({"capacity": [None]}, "reps.capacity, row 1: must be a finite number, 0 or more; found nothing"),
        ({"capacity": [float("nan")]}, "reps.capacity, row 1: must be a finite number, 0 or more; found nothing"),
        ({"capacity": [float("inf")]}, "reps.capacity, row 1: must be a finite number from 0 to 9.0072e+15; found inf"),
        (
            {"capacity": ["three"]},
            "reps.capacity, row 1: must be a finite number, 0 or more; found 'three'",
        ),
        ({"capacity": [True]}, "reps.capacity, row 1: must be a finite number, 0 or more; found True"),
        (
            {"capacity": [1], "available": [1.2]},
            "reps.available, row 1: must be true, false or a number from 0 to 1; found 1.2",
        ),
        ({"max_open": [None]}, "reps.max_open, row 1: must be a whole number, 0 or more; found nothing"),
        ({"max_open": [-2]}, "reps.max_open, row 1: must be a whole number, 0 or more; found -2"),
        (
            {"capacity": [1], "min_leads": [0.5]},
            "reps.min_leads, row 1: must be a whole number, 0 or more; found 0.5",
        ),
    ],
)
def test_what_is_no_capacity_is_refused(columns, said):
    with pytest.raises(InvalidInput) as caught:
        slots_of(**columns)
    assert str(caught.value) == said


def timed(leads=None, **columns):
    return slots(Table(columns, "reps"), Columns(), len((leads or {}).get("effort", [])), Table(leads or {}, "leads"))


efforts = st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.5, 4.0]), min_size=1, max_size=5)


@given(efforts, st.data(), st.integers(1, 3))
@examples(40)
def test_hours_allow_exactly_what_fits_into_them(effort, data, n_reps):
    def column(*values):
        return data.draw(st.lists(st.sampled_from(values), min_size=n_reps, max_size=n_reps))

    hours, held, pace, there = column(0, 2, 5.5), column(0, 1, None), column(0.5, 1, 2, None), column(0, 0.5, 1)
    found = timed({"effort": effort}, hours=hours, open_hours=held, pace=pace, available=there)
    limits = {limit.name: limit for limit in hours_limits(found.hours, "abc"[:n_reps])}
    together = 0.0
    for rep in range(n_reps):
        left = max(0, hours[rep] * there[rep] - (held[rep] or 0))
        each = np.array(effort) * (pace[rep] or 1)
        subsets = [[i for i in range(len(effort)) if bits >> i & 1] for bits in range(2 ** len(effort))]
        fit = [leads for leads in subsets if each[leads].sum() <= left]
        assert found.most[rep] == max(map(len, fit))
        together += left / (pace[rep] or 1)
        for leads in map(np.array, subsets[1:] if limits else ()):
            limit = limits[f"hours of {'abc'[rep]}"]
            assert (limit.usage_at(leads, np.full(len(leads), rep)).sum() <= limit.upper) == (leads.tolist() in fit)
    if not limits:  # every lead takes the same time: slots say it all
        assert len(set(effort)) == 1
    shortest_first = np.cumsum(np.sort(effort))
    assert placeable_in_time(found.hours) == (shortest_first <= together).sum()


def test_capacity_and_hours_hold_both():
    found = timed({"effort": [1, 2, 3]}, capacity=[2, 5, 1], hours=[9, 3, 9])
    assert found.most.tolist() == [2, 2, 1]
    assert found.weight.tolist() == [2, 2, 1]
    assert [limit.upper for limit in hours_limits(found.hours, ["a", "b", "c"])] == [9, 3, 9]


def test_all_limits_on_hours_share_one_usage():
    limits = hours_limits(timed({"effort": [1, 2]}, hours=[9, 3], pace=[1, 2]).hours, ["a", "b"])
    assert limits[0].usage is limits[1].usage
    assert limits[0].usage.dense().tolist() == [[1, 2], [2, 4]]


def test_working_time_weighs_reps_where_they_have_hours_alone():
    found = timed({"effort": [1, 2, 3]}, hours=[8, 8, 4], pace=[1, 2, 1], available=[1, 1, 0])
    assert found.weight.tolist() == [8, 4, 4]
    assert found.most.tolist() == [3, 2, 0]


def test_a_ramp_scales_capacity_hours_and_minimums():
    columns = {"capacity": [10, 10], "hours": [40, 40], "min_leads": [4, 4], "available": [0.5, 1]}
    ramp, leads = np.array([0.5, 1.0]), Table({"effort": [1, 2] * 20}, "leads")
    found = slots(Table(columns, "reps"), Columns(), 40, leads, ramp)
    assert found.most.tolist() == [2, 10]
    assert found.least.tolist() == [1, 4]
    assert found.hours.left.tolist() == [10, 40]


def test_effort_without_hours_is_noted_and_hours_without_effort_are_refused():
    assert timed({"effort": [1]}, capacity=[1]).notes == (
        '"effort" is not used, as there is no column "hours" in reps',
    )
    with pytest.raises(InvalidInput) as caught:
        slots(Table({"hours": [8]}, "reps"), Columns(), 1, Table({"lead_id": [1]}, "leads"))
    assert str(caught.value) == (
        'reps.hours: needs a column "effort" of leads, the hours that each lead takes; add it (1 where every lead '
        'takes an hour), or leave "hours" out'
    )
    assert timed({}, hours=[8]).most.tolist() == [0]


@pytest.mark.parametrize(
    "effort, columns, said",
    [
        ([-1], {"hours": [8]}, "leads.effort, row 1: must be a finite number, 0 or more; found -1"),
        ([None], {"hours": [8]}, "leads.effort, row 1: must be a finite number, 0 or more; found nothing"),
        ([1], {"hours": [float("nan")]}, "reps.hours, row 1: must be a finite number, 0 or more; found nothing"),
        ([1], {"hours": [8], "pace": [0]},
         "reps.pace, row 1: must be above 0, the hours of a lead as a multiple of the usual; found 0.0"),
        ([1], {"hours": [8], "open_hours": [-2]},
         "reps.open_hours, row 1: must be a finite number, 0 or more; found -2"),
    ],
)  # fmt: skip
def test_what_is_no_working_time_is_refused(effort, columns, said):
    with pytest.raises(InvalidInput) as caught:
        timed({"effort": effort}, **columns)
    assert str(caught.value) == said


def test_minimums_become_limits_that_name_the_rep():
    limits = minimum_limits(np.array([0, 2]), ["Ann", "Bo"])
    assert [(limit.name, limit.lower, limit.upper, limit.reps.tolist()) for limit in limits] == [
        ("minimum of Bo", 2, np.inf, [1])
    ]


def test_no_open_leads_and_no_minimum_may_be_left_empty():
    reps = Table({"capacity": [5, 5], "max_open": [8, 8], "open_leads": [None, 6], "min_leads": [1, None]}, "reps")
    found = slots(reps, Columns(), 10)
    assert (found.most.tolist(), found.least.tolist()) == ([5, 2], [1, 0])


def test_a_fraction_of_a_capacity_is_carried_over():
    found = slots_of(capacity=[0.45, 2.5, 3, 0.9], available=[1, 1, 1, 0], carried=[0.6, 0.5, None, 0.9])
    assert found.most.tolist() == [1, 3, 3, 0]
    assert found.carried == pytest.approx([0.05, 0, 0, 0.9])
    assert found.weight == pytest.approx([0.45, 2.5, 3, 0.9])
    assert 'to be read as "carried" next time' in found.notes[0]


def test_whole_capacities_carry_nothing_over():
    assert slots_of(capacity=[2, 3], available=[0.5, 0.5]).carried is None
    assert slots_of(rep_id=["a"]).carried is None


def test_a_rate_is_no_ceiling_on_open_work():
    found = slots_of(capacity=[1.5], open_leads=[9])
    assert found.most.tolist() == [1] and any("is not subtracted" in note for note in found.notes)
    assert slots_of(capacity=[1.5], open_leads=[9], max_open=[9]).most.tolist() == [0]


@examples(30)
@given(st.data())
def test_over_a_month_slots_are_within_one_of_what_a_capacity_promises(data):
    n = data.draw(st.integers(1, 4))
    rate = st.sampled_from([0.0, 0.45, 10 / 22, 1 / 3, 0.1, 2.75, 1.0, 7 / 30])
    capacity = data.draw(st.lists(rate, min_size=n, max_size=n))
    carried, got, promised = [0.0] * n, np.zeros(n), np.zeros(n)
    for _ in range(30):
        there = data.draw(st.lists(st.sampled_from([0, 1, 1, 0.5]), min_size=n, max_size=n))
        found = slots_of(capacity=capacity, available=there, carried=carried)
        got, promised = got + found.most, promised + np.array(capacity) * there
        carried = found.carried.tolist()
        assert (np.abs(got - promised) < 1).all()
