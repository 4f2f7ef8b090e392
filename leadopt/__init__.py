"""leadopt decides which sales rep gets which lead: learned from history, provably best, explained.

>>> import leadopt
>>> leadopt.match([[0.3, 0.1], [0.4, 0.3]], capacity=1).rep_of_lead
array([0, 1])
"""

import typing as _typing

from leadopt.affinity import AffinityModel
from leadopt.assign import assign
from leadopt.errors import Infeasible, InvalidInput, LeadoptError
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.frontier import frontier
from leadopt.matching import Match, Status, match
from leadopt.plans.plan import Plan
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import Auction, Auto, Envelope, Hungarian, Milp, MinCostFlow
from leadopt.tables.columns import Columns
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes

__all__ = [
    "Affinity",
    "AffinityModel",
    "Auction",
    "Auto",
    "Columns",
    "Envelope",
    "Fairness",
    "Formats",
    "Hungarian",
    "Infeasible",
    "InvalidInput",
    "LeadoptError",
    "Limit",
    "Match",
    "Milp",
    "MinCostFlow",
    "NewcomerQuota",
    "Outcomes",
    "Plan",
    "Policy",
    "Problem",
    "Status",
    "assign",
    "frontier",
    "match",
]

__version__ = "0.2.0.dev0"

if _typing.TYPE_CHECKING:
    from leadopt import evaluate as evaluate
    from leadopt.desk.desk import Desk as Desk
    from leadopt.solvers.compiled import compiled as compiled
else:

    def __getattr__(name: str) -> object:
        """Import `leadopt.evaluate`, `leadopt.compiled` and `leadopt.Desk` when they are first asked for."""
        from importlib import import_module

        if name == "compiled":
            return import_module(f"{__name__}.solvers.compiled").compiled
        if name == "evaluate":
            return import_module(f"{__name__}.evaluate")
        if name == "Desk":
            try:
                import_module(f"{__name__}.progress").loaded("sqlalchemy.dialects.sqlite")
                return import_module(f"{__name__}.desk.desk").Desk
            except ModuleNotFoundError as error:
                if error.name != "sqlalchemy":
                    raise
                raise InvalidInput('the desk needs sqlalchemy; install it with: pip install "leadopt[desk]"') from None
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
