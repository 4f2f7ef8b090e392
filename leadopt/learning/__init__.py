"""History in, posterior out: what leads are worth, how many a rep can follow up, and how leads score.

`chances` learns chances of conversion, `value_model` values, `throughput` loads, `scoring` makes scores of stated
weights. What is learned comes back as `estimates` and `lead_worth`; `intervals` are of counted rates. `history`
reads, `effects` is the statistics. Users reach `ValueModel`, scores and tiers here, and
`leadopt.learning.throughput.estimate`.
"""

from leadopt.learning.scores import Scores
from leadopt.learning.scoring import score, scored, tiers, tiers_by_threshold, top
from leadopt.learning.value_model import ValueModel

__all__ = ["Scores", "ValueModel", "score", "scored", "tiers", "tiers_by_threshold", "top"]
