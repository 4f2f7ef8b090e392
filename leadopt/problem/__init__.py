"""What is to be solved, and what any answer to it is worth: the mathematics on one shelf.

`gains` holds `Affinity` (`rates`: every pair, or the eligible ones alone where they are few), `problem` holds `Limit`
and `Problem`, all frozen and validated once. `Problem.counted` says who counts in which limit, by content: `by_content`
makes one object of equal sets and usages, `counted` numbers them.
`certify` works out what an answer is worth, whether it breaks a limit and what no answer can exceed; `knapsack_bound`
bounds more tightly where each rep has so much time. Nothing here solves anything or imports what does, and no solver
imports `certify`: a certificate can be trusted whatever the solver was. Others use `Affinity`, `Limit`, `Problem`,
`certify` (not solvers), `reduced_gains` and, for work over large matrices, `blocks.over_blocks` and `linear_algebra`,
whose figures do not depend on threads.
"""
