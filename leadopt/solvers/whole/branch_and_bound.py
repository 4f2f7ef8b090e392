"""Branch and bound over linear programs: better than an exact search among thousands of options, and near to exact.

SCIP, as OR-Tools has it: like any such search it keeps to tolerances, which are for numbers about 1. So rows are in
parts of the most that an option takes of them, and gains in parts of the largest; where numbers are too far apart for
that, what it calls best may not be.

References
----------
Bestuzheva et al. (2023), Enabling research through the SCIP optimization suite 8.0. doi:10.1145/3585516
"""

from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.solvers.whole.exact import Found, WholeProgram

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
    from ortools.linear_solver.python import model_builder
    from scipy.sparse import csr_array, csr_matrix, diags_array, eye_array, hstack, vstack

    n_options, n_leads = len(program.gain), len(program.first) - 1
    most = np.asarray(program.used.max(axis=1).toarray()).reshape(-1)
    bound = np.flatnonzero((most > 0) & (np.isfinite(program.upper) | (program.lower > 0)))
    rows = diags_array(1.0 / most[bound]) @ program.used[bound]
    soft = np.flatnonzero(np.isfinite(program.penalty[bound]))
    slack = eye_array(len(bound)).tocsr()[:, soft]
    lead = np.repeat(np.arange(n_leads), np.diff(program.first))
    each = csr_array((np.ones(n_options), (lead, np.arange(n_options))), shape=(n_leads, n_options + 2 * len(soft)))
    size = float(np.abs(program.gain).max(initial=0.0)) or 1.0
    dear = (program.penalty * most)[bound][soft] / size
    model: Any = model_builder.Model()  # type: ignore[no-untyped-call]
    model.helper.fill_model_from_sparse_data(
        np.zeros(n_options + 2 * len(soft)),
        np.concatenate([np.ones(n_options), np.full(2 * len(soft), np.inf)]),
        np.concatenate([-program.gain / size, dear, dear]),
        np.concatenate([np.ones(n_leads), (program.lower[bound] / most[bound])]),
        np.concatenate([np.ones(n_leads), (program.upper[bound] / most[bound])]),
        csr_matrix(vstack([each, hstack([rows, slack, -slack])])),
    )
    known = np.zeros(n_options)
    known[at] = 1.0
    for option, value in enumerate(known.tolist()):
        model.helper.set_var_integrality(option, True)
        model.helper.add_hint(option, value)
    model.helper.set_maximize(False)
    solver = model_builder.Solver("scip")
    solver.set_solver_specific_parameters(_SETTINGS.format(nodes=most_nodes))
    if np.isfinite(left_s):
        solver.set_time_limit_in_seconds(left_s)
    status = solver.solve(model)
    if status not in (model_builder.SolveStatus.OPTIMAL, model_builder.SolveStatus.FEASIBLE):
        return Found(None, False)
    values = [solver.value(model.var_from_index(option)) for option in range(n_options)]
    best = [start + int(np.argmax(values[start:stop])) for start, stop in _spans(program.first)]
    complete = status == model_builder.SolveStatus.OPTIMAL and _are_near(program)
    return Found(np.array(best, dtype=np.int64), complete)


def _spans(first: Ints) -> list[tuple[int, int]]:
    return list(zip(first[:-1].tolist(), first[1:].tolist(), strict=True))


def _are_near(program: WholeProgram) -> bool:
    """Return whether the gains, and the amounts of each row, are near enough to each other for tolerances."""
    rows = [program.used.data[start:stop] for start, stop in _spans(program.used.indptr)]
    return all(_near(some) for some in (program.gain, *rows))


def _near(values: Floats) -> bool:
    sizes = np.abs(values[values != 0])
    return not len(sizes) or bool(sizes.min() >= _APART * sizes.max())
