"""Hypothesis strategies, shared by all tests and grown with every feature; small enough for brute force.

`LEADOPT_FUZZ=5000` raises the number of examples and makes them different every time.
"""

import numpy as np
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from tests import FUZZ


def examples(usual=300):
    """Settings for a test that looks at `usual` examples, or as many as LEADOPT_FUZZ says; no deadline."""
    return settings(
        max_examples=FUZZ or usual,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )


GAINS = {
    "tied": st.just(1.0),
    "few": st.integers(0, 2).map(float),
    "integers": st.integers(-5, 9).map(float),
    "floats": st.floats(0, 1, allow_subnormal=False).map(lambda x: round(x, 4)),
    "negative": st.integers(-90, -1).map(lambda x: x / 10),
    "wide": st.builds(lambda k, sign: sign * 10.0**k, st.integers(-12, 12), st.sampled_from([1.0, -1.0])),
}


def _matrix(draw, values, shape):
    cells = draw(st.lists(values, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(cells, dtype=np.float64).reshape(shape)


@st.composite
def affinities(draw, n_leads, n_reps, kind=None):
    """Dense or factored, of one kind of gains, with a few ineligible pairs."""
    values = GAINS[kind or draw(st.sampled_from(sorted(GAINS)))]
    factored = draw(st.booleans())
    n_rows = draw(st.integers(1, 3)) if factored else n_leads
    rates = _matrix(draw, values, (n_rows, n_reps))
    if draw(st.booleans()):
        cells = range(rates.size)
        bits = st.integers(0, 2**rates.size - 1)
        once, twice = draw(bits), draw(bits)  # both: a quarter of the pairs
        rates.reshape(-1)[[cell for cell in cells if once & twice & (1 << cell)]] = -np.inf
    if not factored:
        return Affinity(rates=rates)
    row = draw(st.lists(st.integers(0, n_rows - 1), min_size=n_leads, max_size=n_leads))
    scale = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 30.0]), min_size=n_leads, max_size=n_leads))
    return Affinity(rates=rates, row=np.array(row, dtype=np.int64), scale=np.array(scale, dtype=np.float64))


@st.composite
def bounds(draw, most):
    """Bounds, mostly wide, seldom fractional, and a penalty now and then."""
    lower = draw(st.sampled_from([0, 0, 0, 1, 2, most]))
    upper = draw(st.sampled_from([np.inf, np.inf, most + 4, lower, lower + 1, lower + 2]))
    penalty = draw(st.sampled_from([None, None, 0.0, 0.5, 3.0, 100.0]))
    if penalty is None and draw(st.integers(0, 4)) == 0:
        lower, upper = max(0.0, lower - 0.5), upper + 0.5
    return {"lower": lower, "upper": upper, "penalty": penalty}


@st.composite
def nested_limits(draw, n_leads, n_reps):
    """All reps, teams, a newcomer group within a team, a band per rep, quotas of some leads within a rep."""
    order = draw(st.permutations(range(n_reps)))
    cut = draw(st.integers(0, n_reps))
    newcomers = draw(st.integers(0, cut))
    leads = draw(st.permutations(range(n_leads)))
    tier = draw(st.integers(0, n_leads))
    shapes = [
        ("company", None, None),
        ("team North", order[:cut], None),
        ("team South", order[cut:], None),
        ("newcomers", order[:newcomers], None),
        *((f"band {rep}", [rep], None) for rep in order[:2]),
        *((f"tier A of {rep}", [rep], leads[:tier]) for rep in order[:2]),
        *((f"tier B of {rep}", [rep], leads[tier:]) for rep in order[:1]),
    ]
    kept = draw(st.lists(st.sampled_from(shapes), max_size=4, unique_by=lambda shape: shape[0]))
    return tuple(
        Limit(
            name=name,
            reps=None if reps is None else np.array(reps, dtype=np.int64),
            leads=None if chosen is None else np.array(chosen, dtype=np.int64),
            **draw(bounds(2)),
        )
        for name, reps, chosen in kept
    )


RESERVES = (0.0, 0.0, 0.3, 2.0, -1.5, -np.inf)


@st.composite
def problems(draw, *, max_leads=6, max_reps=4, kind=None, limits=True, pins=True, reserves=RESERVES, most_capacity=4):
    """Problems of every feature that there is; many infeasible ones among them."""
    n_leads, n_reps = draw(st.integers(0, max_leads)), draw(st.integers(0, max_reps))
    affinity = draw(affinities(n_leads, n_reps, kind))
    capacity = draw(st.lists(st.integers(0, most_capacity), min_size=n_reps, max_size=n_reps))
    gains = affinity.dense()
    eligible = np.isfinite(gains)
    pinned = {}
    for lead in draw(st.sets(st.integers(0, n_leads - 1), max_size=2)) if pins and n_leads else ():
        if options := np.flatnonzero(eligible[lead]).tolist():
            pinned[lead] = draw(st.sampled_from(options))
    chosen = draw(nested_limits(n_leads, n_reps)) if limits else ()
    largest = np.abs(gains[eligible]).max(initial=0.0)
    # Beside much larger penalties, gains do not fit the integers of a flow; `match` warns, and has its own test for it.
    assume(largest == 0 or all(limit.penalty is None or limit.penalty <= 1e5 * largest for limit in chosen))
    return Problem(
        affinity=affinity,
        capacity=np.array(capacity, dtype=np.int64),
        limits=chosen,
        pins=pinned,
        reserve=draw(st.sampled_from(reserves)),
    )


SIZES = {
    "ties": st.sampled_from([0.0, 0.5, 1.0, 2.0, 30.0]),
    "small differences": st.sampled_from([1.0, 1.0 + 2**-52, 1.0 - 2**-53, 1.0 + 2**-50]),
    "any": st.floats(0.0, 1e6, allow_subnormal=False),
}
RATES = {
    "ties": st.sampled_from([0.0, 1.0, 1.0, 2.0, -np.inf]),
    "small differences": st.sampled_from([0.3, 0.1 + 0.2, 0.3 - 2**-54, -np.inf]),
    "any": st.one_of(st.floats(-5.0, 5.0, allow_subnormal=False), st.just(-np.inf)),
}


@st.composite
def shared_rows(draw):
    """Problems where many leads share a row, and prices."""
    n_rows, n_reps, n_leads = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(0, 40))
    rate, size = (kinds[draw(st.sampled_from(sorted(kinds)))] for kinds in (RATES, SIZES))
    rates = np.array(draw(st.lists(rate, min_size=n_rows * n_reps, max_size=n_rows * n_reps))).reshape(n_rows, n_reps)
    row = np.array(draw(st.lists(st.integers(0, n_rows - 1), min_size=n_leads, max_size=n_leads)), dtype=np.int64)
    scale = np.array(draw(st.lists(size, min_size=n_leads, max_size=n_leads)))
    pins = {lead: 0 for lead in draw(st.sets(st.integers(0, 40), max_size=3)) if lead < n_leads}
    problem = Problem(
        affinity=Affinity(rates=rates, row=row, scale=scale),
        capacity=3,
        pins={lead: rep for lead, rep in pins.items() if rates[row[lead], rep] > -np.inf},
        reserve=draw(st.sampled_from([0.0, 0.3, -1.5, 40.0, -np.inf])),
    )
    price = st.one_of(
        st.sampled_from([0.0, 0.0, 1.0, 0.3, 0.1 + 0.2, 30.0]), st.floats(0.0, 1e3, allow_subnormal=False)
    )
    return problem, np.array(draw(st.lists(price, min_size=n_reps, max_size=n_reps)))


@st.composite
def amounts(draw, n_leads, n_reps):
    """What leads take: a number, one a lead, one a pair, or one a row and rep."""
    size = st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0, 3.7])
    shape = draw(st.sampled_from(["number", "lead", "pair", "row"]))
    if shape == "number":
        return draw(st.sampled_from([1.0, 1.0, 0.5, 2.0]))
    if shape == "lead":
        return np.array(draw(st.lists(size, min_size=n_leads, max_size=n_leads)))
    cells = np.array(draw(st.lists(size, min_size=n_leads * n_reps, max_size=n_leads * n_reps))).reshape(
        n_leads, n_reps
    )
    if shape == "pair" or not n_leads:
        return cells
    row = draw(st.lists(st.integers(0, n_leads - 1), min_size=n_leads, max_size=n_leads))
    scale = draw(st.lists(size, min_size=n_leads, max_size=n_leads))
    return Affinity(rates=cells, row=np.array(row), scale=np.array(scale))


@st.composite
def general_limits(draw, n_leads, n_reps):
    """Limits of any kind: overlapping, in any amounts, with minimums and penalties."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        lower = draw(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 2.0]))
        found.append(
            Limit(
                name=f"limit {number}",
                reps=draw(st.none() | st.lists(st.integers(0, n_reps - 1), unique=True)) if n_reps else None,
                leads=draw(st.none() | st.lists(st.integers(0, n_leads - 1), unique=True)) if n_leads else None,
                usage=draw(amounts(n_leads, n_reps)),
                lower=lower,
                upper=lower + draw(st.sampled_from([np.inf, 0.0, 0.5, 1.0, 2.5, 4.0])),
                penalty=draw(st.sampled_from([None, None, 0.0, 0.3, 5.0])),
            )
        )
    return tuple(found)


@st.composite
def general_problems(draw, *, max_leads=6, max_reps=3, reserves=RESERVES):
    """Problems under limits of any kind; many infeasible ones among them."""
    problem = draw(
        problems(
            max_leads=max_leads,
            max_reps=max_reps,
            kind=draw(st.sampled_from(["tied", "few", "floats", "integers"])),
            limits=False,
            reserves=reserves,
        )
    )
    return problem.replace(limits=draw(general_limits(problem.n_leads, problem.n_reps)))


@st.composite
def around_known(draw, *, max_leads=10, max_reps=4):
    """A problem with limits of every kind around an answer that they allow, and that answer."""
    n_leads, n_reps = draw(st.integers(1, max_leads)), draw(st.integers(1, max_reps))
    affinity = draw(affinities(n_leads, n_reps, draw(st.sampled_from(["tied", "few", "floats", "integers"]))))
    able = [np.flatnonzero(row).tolist() for row in np.isfinite(affinity.dense())]
    reserve = draw(st.sampled_from(RESERVES)) if all(able) else 0.0
    pool = [] if np.isneginf(reserve) else [-1]
    known = np.array([draw(st.sampled_from(pool + reps)) for reps in able], dtype=np.int64)
    count = np.bincount(known[known >= 0], minlength=n_reps)
    empty = Problem(affinity=affinity, capacity=count + draw(st.integers(0, 3)), reserve=reserve)
    limits = []
    for limit in draw(general_limits(n_leads, n_reps)) if draw(st.integers(0, 9)) else ():
        load = empty.replace(limits=[limit]).loads(known)[0]
        if limit.penalty is None:
            lower = load * draw(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0]))
            upper = load + draw(st.sampled_from([0.0, 0.0, 0.5, 2.0, np.inf]))
        else:
            lower, upper = limit.lower, limit.upper
        limits.append(
            Limit(
                reps=limit.reps, leads=limit.leads, usage=limit.usage, lower=lower, upper=upper, penalty=limit.penalty,
                name=limit.name,
            )
        )  # fmt: skip
    placed = np.flatnonzero(known >= 0).tolist()
    pinned = draw(st.sets(st.sampled_from(placed), max_size=2)) if placed else ()
    return empty.replace(limits=limits, pins={lead: int(known[lead]) for lead in pinned}), known


@st.composite
def together(draw, problem):
    """The problem with some leads that stay together, where pins do not contradict that."""
    groups = draw(st.lists(st.integers(-1, 2), min_size=problem.n_leads, max_size=problem.n_leads))
    try:
        return problem.replace(together=np.array(groups, dtype=np.int64))
    except InvalidInput:
        return assume(False)
