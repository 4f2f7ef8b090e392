"""What one move costs the whole plan, exactly, without solving again.

Moving one lead from rep a to rep b leaves b with one lead too many and a with one too few. The cheapest way to set
that right is a shortest path from b to a in the residual graph, where a step passes a lead on to another rep, sends one
to the pool or takes a free slot. The move costs the lead's own loss plus that path: it can be cheap although the new
rep is full, if that rep has another lead that somebody else wants nearly as much.
"""

from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import largest_gain
from leadopt.solvers.flow.costs import every_pair, whole_costs
from leadopt.solvers.flow.duals import Constraints, pair_constraints, tree_constraints
from leadopt.solvers.flow.equal_leads import group_leads
from leadopt.solvers.flow.limit_tree import LimitTree, NotNested, Room, limit_tree

_MOST = 2.0**52  # up to which whole costs are exact as float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """The residual graph of an optimal answer.

    Parameters
    ----------
    problem, rep_of_lead
        the answer, which must be optimal
    tree
        its limits
    steps
        from which node (`tail`) to which (`head`) one lead can be passed; the last node is the pool
    loss
        float64 (n_steps,), what each of these loses at least
    noise
        losses below this are rounding
    """

    problem: Problem
    rep_of_lead: Ints
    tree: LimitTree
    steps: Constraints
    loss: Floats
    noise: float
    _distances: dict[int, Floats] = field(default_factory=dict, repr=False)

    @classmethod
    def if_nested(cls, problem: Problem, rep_of_lead: Ints) -> "Exchange | None":
        """Return what `of` does, None where the limits are not nested: there is no such graph then."""
        try:
            limit_tree(problem)
        except NotNested:
            return None
        return cls.of(problem, rep_of_lead)

    @classmethod
    def of(cls, problem: Problem, rep_of_lead: Ints) -> "Exchange":
        """Return the residual graph of an optimal answer to a problem with nested limits.

        O(distinct leads x reps) time.
        """
        tree = limit_tree(problem)
        free = np.flatnonzero(problem.pins < 0)
        groups = group_leads(problem.affinity, tree.class_of_lead, free)
        # A rep without slots may be given one; and pinned leads may be asked about too, so their slots count as room.
        asked = Room(lower=tree.lower, upper=np.maximum(tree.upper, 1))
        pairs = every_pair(problem, groups, tree, asked)
        costs = whole_costs(problem, groups, tree, pairs, _MOST)
        group_of_lead = np.empty(problem.n_leads, dtype=np.int64)
        group_of_lead[groups.members] = np.repeat(np.arange(len(groups.size)), groups.size)
        sitting = np.stack([group_of_lead[free], rep_of_lead[free]])
        group, rep = np.unique(sitting, axis=1)
        # Bounds and loads with the pins, not beside them: a pinned lead that leaves may be missed by a minimum.
        bounds, load = Room(lower=tree.lower, upper=tree.upper), tree.loads_of(rep_of_lead)
        parts = pair_constraints(costs, tree, group, rep), tree_constraints(tree, bounds, costs.penalty, load)
        steps = Constraints.of(chain(*parts), tree.root + 1)
        return cls(
            problem=problem,
            rep_of_lead=rep_of_lead,
            tree=tree,
            steps=steps,
            loss=costs.gain(-steps.least),
            noise=1e-11 * largest_gain(problem),
        )

    def move_costs(self, lead: int) -> Floats:
        """Return what the plan would lose if the lead had to go elsewhere, float64 (n_reps + 1,), the pool last.

        0 where it is; inf where no plan allows it. Negative for a pinned lead that is better off elsewhere.
        """
        here = self.rep_of_lead[lead]
        gains = np.append(self.problem.affinity.of([lead])[0], self.problem.reserve)
        nodes = np.append(self.tree.entry[self.tree.class_of_lead[lead]], self.tree.root)
        back = self._distances_to(int(nodes[here]))  # the pool is -1, which is last
        with np.errstate(invalid="ignore"):
            cost = gains[here] - gains + back[nodes]
        cost[~np.isfinite(gains)] = np.inf
        cost[np.abs(cost) <= self.noise] = 0.0
        cost[here] = 0.0
        return np.asarray(cost)

    def slot_gain(self, rep: int) -> float:
        """Return what one more slot of a rep adds, exactly: nothing where a limit around it would still hold.

        The prices of a slot and of that limit are worth the same there, and say together what each says at most.
        """
        passed_on = float(self._distances_to(rep)[self.tree.parent[rep]])
        return -passed_on if passed_on < -self.noise else 0.0

    def _distances_to(self, target: int) -> Floats:
        """Return the shortest path from every node to one (Bellman-Ford: steps may be negative, cycles are not).

        Kept, as many leads are asked about and few nodes they sit at.
        """
        if target in self._distances:
            return self._distances[target]
        distance = np.full(self.steps.n_nodes, np.inf)
        distance[target] = 0.0
        active = np.array([target])
        for _ in range(len(distance)):
            candidate = self._closest(distance, active)
            closer = candidate < distance - self.noise
            if not closer.any():
                break
            distance[closer] = candidate[closer]
            active = np.flatnonzero(closer)
        self._distances[target] = distance
        return distance

    def _closest(self, distance: Floats, active: Ints) -> Floats:
        """Return how far each node is by one step to one of the active ones."""
        if 16 * len(self.loss) >= self.steps.n_nodes**2:
            return np.asarray((self._matrix[:, active] + distance[active]).min(axis=1))
        is_active = np.zeros(len(distance), dtype=bool)
        is_active[active] = True
        at = np.flatnonzero(is_active[self.steps.head])
        found, tail = np.full(len(distance), np.inf), self.steps.tail[at]  # ascending
        start = np.flatnonzero(np.diff(tail, prepend=-1))
        if len(at):
            found[tail[start]] = np.minimum.reduceat(self.loss[at] + distance[self.steps.head[at]], start)
        return found

    @property
    def _matrix(self) -> Floats:
        """All steps as a matrix, inf where there is none: where most nodes have one, it is quicker than the list."""
        if -1 not in self._distances:
            matrix = np.full((self.steps.n_nodes, self.steps.n_nodes), np.inf)
            matrix[self.steps.tail, self.steps.head] = self.loss
            self._distances[-1] = matrix
        return self._distances[-1]
