"""The solvers, one per file, each a value with its options; only this folder imports OR-Tools or SciPy's optimisers."""

from leadopt.solvers.auction import Auction
from leadopt.solvers.base import Answer, Solver
from leadopt.solvers.hungarian import Hungarian
from leadopt.solvers.min_cost_flow import MinCostFlow

__all__ = ["Answer", "Auction", "Hungarian", "MinCostFlow", "Solver"]
