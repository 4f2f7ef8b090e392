"""Programs in whole numbers: leads that each take one option, as a whole, under bounds of any kind.

`exact` states the program and searches it without tolerances (CP-SAT); `branch_and_bound` searches thousands of options
over linear programs (SCIP). Others use `exact.WholeProgram` and `branch_and_bound.branched`.
"""
