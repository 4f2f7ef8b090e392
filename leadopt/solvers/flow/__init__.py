"""Nested limits as a flow in a network: exact, in whole numbers, with prices read off the residual graph.

`limit_tree` says whether limits are nested, `equal_leads` merges leads that are alike, `costs` makes gains whole
numbers, `core` solves (`backend` is the only file that calls OR-Tools), `duals` finds the prices, `infeasible` says
why nothing fits. `every_pair` does all of this for a whole problem, `column_generation` for large ones under further
limits. Others use `limit_tree`, `group_leads`, `solve_core`, `prices_of`, `solve_every_pair`.
"""
