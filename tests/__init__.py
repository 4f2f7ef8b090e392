"""The suite looks at the same examples on every machine; `make fuzz` looks for new ones."""

import os

from hypothesis import settings

FUZZ = int(os.environ.get("LEADOPT_FUZZ", "0"))

settings.register_profile("suite", derandomize=not FUZZ, database=None)
settings.load_profile("suite")
