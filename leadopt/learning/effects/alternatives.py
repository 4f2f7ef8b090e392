"""What cells tell under each of several delays that may be, where leads are open still."""

from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats
from leadopt.learning.effects.logistic import Binomial
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.posterior import Effects, Likelihood
from leadopt.learning.effects.waiting import OtherDelays

_SEED = 20_260_104  # which delays meet which standard deviations is part of the estimate, and the same anywhere


def told_by_node(effects: Effects, n_nodes: int) -> tuple[Floats, Floats, tuple[Likelihood, ...]]:
    """Return information and seen logit of each cell, and the likelihood, of each of so many nodes of a mixture.

    Where nothing else may be than what was fitted, the first two are float64 (n_cells,), else (n_nodes, n_cells).
    Delays are in the order of what they make of the level, so that nodes have them evenly from low to high; the nodes'
    standard deviations are met in another order, as if neither told of the other.
    """
    told = told_by_others(effects)
    if not told:
        return effects.information, effects.seen, (effects.likelihood,) * n_nodes
    places = ((np.arange(n_nodes) + 0.5) / n_nodes * len(told)).astype(np.int64)
    of_node = np.random.default_rng(_SEED).permutation(places).tolist()
    information, seen, likelihoods = zip(*(told[delay] for delay in of_node), strict=True)
    return np.array(information), np.array(seen), tuple(likelihoods)


def others_of(effects: Effects) -> OtherDelays | None:
    """Return what else may be of the open leads that were fitted; None where there are none, or nothing else may be."""
    outcomes = effects.likelihood
    if not isinstance(outcomes, Binomial | OffsetBinomial) or outcomes.waiting is None:
        return None
    return outcomes.waiting.others


def raised_by_others(effects: Effects) -> float:
    """Return the mean square of what the other delays add to all logits."""
    others = others_of(effects)
    return 0.0 if others is None else float((others.raised**2).mean())


def told_by_others(effects: Effects) -> list[tuple[Floats, Floats, Likelihood]]:
    """Return information and seen logit of each cell, float64 (n_cells,), and the likelihood, under each other delay.

    One Newton step from where the fit has ended, but for what these delays make of all logits.
    """
    others, outcomes = others_of(effects), effects.likelihood
    if others is None or not isinstance(outcomes, Binomial | OffsetBinomial) or outcomes.waiting is None:
        return []
    found: list[tuple[Floats, Floats, Likelihood]] = []
    fitted, variance = effects.crossed.add_up(effects.mean) + effects.own_mean, effects.cell_variance
    for other, by in enumerate(others.raised.tolist()):
        logit, likelihood = fitted + by, replace(outcomes, waiting=outcomes.waiting.under(other))
        pull, information = likelihood.slopes(logit, variance)
        found.append((information, logit + pull / information, likelihood))
    return found
