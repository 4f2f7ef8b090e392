"""Kinds of arrays that signatures name, of any shape; docstrings say which."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Compiled loops say how many axes there are, as `Floats`, `Ints` and `Bools` have one there.
Floats2 = Floats
Floats3 = Floats
Ints2 = Ints
Shorts = NDArray[np.int32]
Shorts2 = Shorts
