"""One solve under way: an allowed answer comes of chains, also where there is no time left."""

import numpy as np
import pytest

from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.drafts import worth
from leadopt.solvers.lagrangian.dual import priced
from leadopt.solvers.lagrangian.ejection_chains import losses
from leadopt.solvers.lagrangian.relax_and_fix import largest
from leadopt.solvers.lagrangian.work import Work
from tests import many_seeds, seeds
from tests.loops import needs_loops


def under_bands_and_hours(seed, n=600, m=8):
    """A problem whose minimums no draft meets: each rep at least .9 of a mean share of what leads are worth at best."""
    rng = np.random.default_rng(seed)
    gains, hours = rng.random((n, m)) * rng.lognormal(0, 1, n)[:, None], rng.lognormal(0, 0.5, n)
    share = gains.max(axis=1).sum() / m
    limits = [Limit(reps=[rep], usage=hours, upper=0.9 * hours.sum() / m) for rep in range(m)]
    limits += [Limit(reps=[rep], usage=gains, lower=0.9 * share, upper=1.1 * share) for rep in range(m)]
    return Problem(affinity=gains, capacity=np.full(m, n), limits=limits)


class Over(Meter):
    """A meter that says that time is over, and one second is left for an answer."""

    left_s = 0.0
    grace_s = 1.0


@needs_loops  # plain ones look at too few options
@many_seeds
@pytest.mark.parametrize("seed", seeds(2, 30))
def test_chains_find_an_allowed_answer_though_time_is_over(seed):
    problem = under_bands_and_hours(seed)
    work = Work.of(problem, Over())
    assert work.draft is None
    y = priced(problem, work.rows, work.oracle.leads, np.zeros(work.rows.n), Meter())
    core, others = work.opened(y, work.n_leads)
    at, best = work.chained(core, y, largest(core, -losses(core, y)), others)
    assert len(at) == work.n_leads
    assert worth(problem, best) > -np.inf
    assert work.lacking(best, y) < 0.01
