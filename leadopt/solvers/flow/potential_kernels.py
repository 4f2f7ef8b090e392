"""The loop that raises potentials until every difference constraint is met."""

from leadopt.arrays import Bools, Ints
from leadopt.solvers.compiled import kernel


@kernel
def raise_potentials(
    first: Ints, head: Ints, least: Ints, fixed: Bools, y: Ints, unknown: int, nodes: Ints, waits: Bools
) -> bool:
    """Raise, in place, what is not `fixed` until ``y[head] >= y[tail] + least``; return whether that came to an end.

    The constraints of tail t are ``first[t] : first[t + 1]``; nodes at `unknown` push nobody yet. `nodes` and `waits`,
    one entry each a node, are written over. First in, first out: after as many rounds as there are nodes, only a
    positive cycle still raises any (Bellman and Ford).
    """
    n, at, n_queued = len(y), 0, 0
    for node in range(n):
        waits[node] = y[node] > unknown
        if waits[node]:
            nodes[n_queued] = node
            n_queued += 1
    rounds, left = 0, n_queued
    while n_queued > 0:
        if left == 0:
            rounds, left = rounds + 1, n_queued
            if rounds > n:
                return False
        node = nodes[at]
        at, n_queued, left, waits[node] = (at + 1) % n, n_queued - 1, left - 1, False
        for k in range(first[node], first[node + 1]):
            to, pushed = head[k], y[node] + least[k]
            if pushed > y[to] and not fixed[to]:
                y[to] = pushed
                if not waits[to]:
                    nodes[(at + n_queued) % n], waits[to] = to, True
                    n_queued += 1
    return True
