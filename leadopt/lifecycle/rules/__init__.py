"""The rules of a desk: every setting there is as frozen data, and the conditions by which some hold for some leads.

`Rules` is the door; `conditions` has `where`, and each other file a table of the file of rules.
"""

from leadopt.lifecycle.rules.conditions import Where
from leadopt.lifecycle.rules.periods import Periods
from leadopt.lifecycle.rules.settings import Rules

__all__ = ["Periods", "Rules", "Where"]
