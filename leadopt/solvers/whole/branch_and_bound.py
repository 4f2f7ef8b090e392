"""Branch and bound over linear programs: better than an exact search among thousands of options, and near to exact.

SCIP, as OR-Tools has it: like any such search it keeps to tolerances, which are for numbers about 1. So rows are in
parts of the most that an option takes of them, and gains in parts of the largest; where numbers are too far apart for
that, what it calls best may not be.

References
----------
Bestuzheva et al. (2023), Enabling research through the SCIP optimization suite 8.0. doi:10.1145/3585516
"""

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import LATE_S, OutOfTime, apart, loaded
from leadopt.solvers.whole.exact import Found, WholeProgram

_MOMENT_S = 1e-3  # the backend wants a positive limit
_APART = 1e-5  # the smallest of some amounts by the largest: beyond, tolerances of 1e-9 could hide what counts
_SETTINGS = """numerics/feastol = 1e-09
limits/gap = 0
limits/absgap = 0
misc/catchctrlc = FALSE
limits/nodes = {nodes}
"""


def branched(program: WholeProgram, at: Ints, most_nodes: int, left_s: float) -> Found:
    """Return the best answer that is found, from an option of each lead that is known, in so many nodes and seconds.

    It counts as complete only if numbers are near enough to each other for that to be believed.
    """
    loaded("scipy.sparse")
    from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack

    n_options, n_leads = len(program.gain), len(program.first) - 1
    most = most_taken(program.used)
    bound = np.flatnonzero((most > 0) & (np.isfinite(program.upper) | (program.lower > 0)))
    rows = diags_array(1.0 / most[bound]) @ program.used[bound]
    soft = np.flatnonzero(np.isfinite(program.penalty[bound]))
    slack = eye_array(len(bound)).tocsr()[:, soft]
    lead = np.repeat(np.arange(n_leads), np.diff(program.first))
    each = csr_array((np.ones(n_options), (lead, np.arange(n_options))), shape=(n_leads, n_options + 2 * len(soft)))
    size = float(np.abs(program.gain).max(initial=0.0)) or 1.0
    dear = program.penalty[bound][soft] * most[bound][soft] / size
    known = np.zeros(n_options + 2 * len(soft))
    known[at] = 1.0
    found = mixed(
        cost=np.concatenate([-program.gain / size, dear, dear]),
        matrix=vstack([each, hstack([rows, slack, -slack])]),
        lower=np.concatenate([np.ones(n_leads), program.lower[bound] / most[bound]]),
        upper=np.concatenate([np.ones(n_leads), program.upper[bound] / most[bound]]),
        most=np.concatenate([np.ones(n_options), np.full(2 * len(soft), np.inf)]),
        n_whole=n_options,
        known=known,
        most_nodes=most_nodes,
        left_s=left_s,
    )
    if found.values is None:
        return Found(None, False)
    best = [start + int(np.argmax(found.values[start:stop])) for start, stop in _spans(program.first)]
    return Found(np.array(best, dtype=np.int64), found.complete and _are_near(program))


def most_taken(used: Any) -> Floats:
    """Return the most that an option takes of each row of a sparse matrix, float64 (n_rows,); 0 where none does."""
    return np.asarray(used.max(axis=1).toarray()).reshape(-1) if used.shape[1] else np.zeros(used.shape[0])


class Mixed(NamedTuple):
    """The best values found, None if there are none; whether nothing is better, or nothing is possible."""

    values: Floats | None
    complete: bool


def mixed(
    *,
    cost: Floats,
    matrix: Any,
    lower: Floats,
    upper: Floats,
    most: Floats,
    n_whole: int,
    known: Floats | None,
    most_nodes: int,
    left_s: float,
) -> Mixed:
    """Return what minimises a cost under rows ``lower <= matrix @ x <= upper`` and ``0 <= x <= most``.

    Parameters
    ----------
    matrix
        sparse (n_rows, n_variables)
    n_whole
        how many variables, the first ones, are whole numbers
    known
        (n_variables,), where to begin; None = nowhere
    """
    until = perf_counter() + left_s
    try:
        loaded("ortools.linear_solver.python.model_builder", left_s)
    except OutOfTime:
        return Mixed(None, False)
    from ortools.linear_solver.python import model_builder

    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    model: Any = model_builder.Model()  # type: ignore[no-untyped-call]
    model.helper.fill_model_from_sparse_data(np.zeros(len(cost)), most, cost, lower, upper, csr_matrix(matrix))
    for variable in range(n_whole):
        model.helper.set_var_integrality(variable, True)
        if known is not None:
            model.helper.add_hint(variable, float(known[variable]))
    model.helper.set_maximize(False)
    solver = model_builder.Solver("scip")
    solver.set_solver_specific_parameters(_SETTINGS.format(nodes=most_nodes))
    if np.isfinite(left_s):
        solver.set_time_limit_in_seconds(max(until - perf_counter(), _MOMENT_S))
    try:
        status = apart(lambda: solver.solve(model), solver.stop_search, until - perf_counter() + LATE_S)
    except OutOfTime:
        return Mixed(None, False)
    if status not in (model_builder.SolveStatus.OPTIMAL, model_builder.SolveStatus.FEASIBLE):
        return Mixed(None, status == model_builder.SolveStatus.INFEASIBLE)
    values = np.array([solver.value(model.var_from_index(variable)) for variable in range(len(cost))])
    return Mixed(values, status == model_builder.SolveStatus.OPTIMAL)


def _spans(first: Ints) -> list[tuple[int, int]]:
    return list(zip(first[:-1].tolist(), first[1:].tolist(), strict=True))


def _are_near(program: WholeProgram) -> bool:
    """Return whether the gains, and the amounts of each row, are near enough to each other for tolerances."""
    rows = [program.used.data[start:stop] for start, stop in _spans(program.used.indptr)]
    return all(_near(some) for some in (program.gain, *rows))


def _near(values: Floats) -> bool:
    sizes = np.abs(values[values != 0])
    return not len(sizes) or bool(sizes.min() >= _APART * sizes.max())
