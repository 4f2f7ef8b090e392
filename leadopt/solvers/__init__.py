"""The solvers, one per file, each a value with its options.

Only this folder imports OR-Tools and SciPy's optimisers, and loads compiled loops.
"""

from leadopt.solvers.auction import Auction
from leadopt.solvers.auto import Auto
from leadopt.solvers.base import Answer, Near, Solver
from leadopt.solvers.envelope import Envelope
from leadopt.solvers.hungarian import Hungarian
from leadopt.solvers.milp import Milp
from leadopt.solvers.min_cost_flow import MinCostFlow

__all__ = ["Answer", "Auction", "Auto", "Envelope", "Hungarian", "Milp", "MinCostFlow", "Near", "Solver"]
