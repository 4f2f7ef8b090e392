"""What cells tell under each of several delays that may be, where leads are open still."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.logistic import Binomial
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.posterior import Effects
from leadopt.learning.effects.waiting import OtherDelays

_SEED = 20_260_104  # which delays meet which standard deviations is part of the estimate, and the same anywhere


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alternatives:
    """What cells tell under each of some delays, and which of them each node of a mixture has.

    Parameters
    ----------
    information, seen
        float64 (n_delays, n_cells), as of `Mixture`
    of_node
        int64 (n_nodes,)
    """

    information: Floats
    seen: Floats
    of_node: Ints

    @classmethod
    def of(cls, effects: Effects, n_nodes: int) -> "Alternatives | None":
        """Return them for a mixture of so many nodes; None where nothing else may be than what was fitted.

        Delays are in the order of what they make of the level, so that nodes have them evenly from low to high; the
        nodes' standard deviations are met in another order, as if neither told of the other.
        """
        told = _told(effects)
        if told is None:
            return None
        information, seen = told
        places = ((np.arange(n_nodes) + 0.5) / n_nodes * len(information)).astype(np.int64)
        return cls(information=information, seen=seen, of_node=np.random.default_rng(_SEED).permutation(places))


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


def _told(effects: Effects) -> tuple[Floats, Floats] | None:
    """Return information and seen logit of each cell under the other delays, float64 (n_delays, n_cells) each.

    One Newton step from where the fit has ended, but for what these delays make of all logits.
    """
    others, outcomes = others_of(effects), effects.likelihood
    if others is None or not isinstance(outcomes, Binomial | OffsetBinomial) or outcomes.waiting is None:
        return None
    fitted, variance, found = effects.crossed.add_up(effects.mean) + effects.own_mean, effects.cell_variance, []
    for other, by in enumerate(others.raised.tolist()):
        logit = fitted + by
        pull, information = replace(outcomes, waiting=outcomes.waiting.under(other)).slopes(logit, variance)
        found.append((information, logit + pull / information))
    information, seen = (np.array(part) for part in zip(*found, strict=True))
    return information, seen
