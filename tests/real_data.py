"""Where the real data lie that some tests read; those are skipped where it is missing."""

import os
from pathlib import Path

DATA = Path(os.environ.get("LEADOPT_DATA", Path(__file__).parents[2] / "shared" / "data"))
