"""Small problems under capacities alone, and such of few slots per rep: one compiled pass from gains to prices.

`options_kernels` writes the best pairs of each lead as arcs, `places_kernels` lets leads bid for places,
`paths_kernels` places the others along shortest paths and finds the least prices, `assign_kernels` does all of that and
tells ties. `capacities_alone` is what solvers call: `solve_capacities`, `is_quick`.
"""
