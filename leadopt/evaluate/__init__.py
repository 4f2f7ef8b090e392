"""Does it help? Whether a history can tell, what a log says about another policy, and how to find out by a trial.

Reached as ``leadopt.evaluate.backtest(...)``, and so on. What is heavy is imported inside the functions.
"""

from leadopt.evaluate.backtest import backtest
from leadopt.evaluate.backtested import Backtest
from leadopt.evaluate.experiment import Lift, measure_lift
from leadopt.evaluate.holdout import Holdout, holdout
from leadopt.evaluate.off_policy import off_policy
from leadopt.evaluate.power import detectable_lift, leads_needed, power_of
from leadopt.evaluate.simulate import simulate
from leadopt.evaluate.simulation import Simulation
from leadopt.evaluate.stream import Floor
from leadopt.evaluate.valued import OffPolicy
from leadopt.plan_value import plan_value

__all__ = [
    "Backtest",
    "Floor",
    "Holdout",
    "Lift",
    "OffPolicy",
    "Simulation",
    "backtest",
    "detectable_lift",
    "holdout",
    "leads_needed",
    "measure_lift",
    "off_policy",
    "plan_value",
    "power_of",
    "simulate",
]
