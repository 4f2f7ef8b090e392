"""How long `import leadopt` takes in a fresh interpreter, with byte code present."""

import sys
from collections.abc import Iterator

from benchmarks.harness import Row, median, run_json

_SCRIPT = """
import time
a = time.perf_counter(); import numpy
b = time.perf_counter(); import leadopt
c = time.perf_counter(); print([b - a, c - a])
"""


def rows() -> Iterator[Row]:
    writing = {"PYTHONDONTWRITEBYTECODE": ""}  # the goal is with byte code present
    run_json([sys.executable, "-c", _SCRIPT], writing)
    times = [run_json([sys.executable, "-c", _SCRIPT], writing) for _ in range(9)]
    numpy, both = (median(column) for column in zip(*times, strict=True))
    yield Row(
        instance="import leadopt", seconds=both, goal=0.2, note=f"fresh process; {numpy:.3f} s of it import numpy"
    )
