"""From the user's tables to a decision that is solved: what `assign` does between its arguments and its plan.

`build` reads, learns and sets limits, which makes a `Case` (a problem with its names and evidence); `entitlements`
and `shares` add what each rep should get, `lead_values` what leads are worth, `keep` what a move costs, `owners` who
gets a lead first, `substitutes` who stands in, `explore` draws chances, `setting` changes one setting of a policy;
`solve` solves it, or says in the user's names what contradicts what. Others use `Case`, `Answered` (a case with its
answer and prices), `build`, `solved` and `setting`.
"""
