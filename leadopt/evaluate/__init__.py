"""Does it help? Whether a history can tell, what a log says about another policy, and how to find out by a trial.

Reached as ``leadopt.evaluate.leads_needed(...)``, and so on. What is heavy is imported inside the functions.
"""

from leadopt.evaluate.backtest import backtest
from leadopt.evaluate.backtested import Backtest
from leadopt.evaluate.off_policy import off_policy
from leadopt.evaluate.power import detectable_lift, leads_needed, power_of
from leadopt.evaluate.valued import OffPolicy
from leadopt.plan_value import plan_value

__all__ = [
    "Backtest",
    "OffPolicy",
    "backtest",
    "detectable_lift",
    "leads_needed",
    "off_policy",
    "plan_value",
    "power_of",
]
