"""The suite looks at the same examples on every machine; `make fuzz` looks for new ones."""

import os

import pytest
from hypothesis import settings

FUZZ = int(os.environ.get("LEADOPT_FUZZ", "0"))
many_seeds = pytest.mark.seeds  # a claim about what comes of many seeds, which `make fuzz` asks of more of them


def seeds(usual, more):
    """As many seeds as a test of the suite can afford, or, where LEADOPT_FUZZ is set, so many more; or sizes alike."""
    chosen = more if FUZZ else usual
    return range(chosen) if isinstance(chosen, int) else chosen


settings.register_profile("suite", max_examples=FUZZ or 60, deadline=None, derandomize=not FUZZ, database=None)
settings.load_profile("suite")
