"""Does it help? Whether a history can tell, what a log says about another policy, and how to find out by a trial.

Reached as ``leadopt.evaluate.backtest(...)``, and so on. What is heavy is imported inside the functions.
"""

from leadopt.evaluate.backtests.backtest import backtest
from leadopt.evaluate.backtests.method_scores import Backtest
from leadopt.evaluate.counterfactual.estimate import OffPolicy
from leadopt.evaluate.counterfactual.off_policy import off_policy
from leadopt.evaluate.quarters.setting import Quarter
from leadopt.evaluate.quarters.simulate_desk import DeskSimulation, simulate_desk
from leadopt.evaluate.seasons.simulate import simulate
from leadopt.evaluate.seasons.simulation import Simulation
from leadopt.evaluate.seasons.stream import Floor
from leadopt.evaluate.trials.holdout import Holdout, holdout
from leadopt.evaluate.trials.measure_lift import Lift, measure_lift
from leadopt.evaluate.trials.power import detectable_lift, leads_needed, power_of
from leadopt.plans.outcome import plan_value

__all__ = [
    "Backtest",
    "DeskSimulation",
    "Floor",
    "Holdout",
    "Lift",
    "OffPolicy",
    "Quarter",
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
    "simulate_desk",
]
